// Package service runs one service of the choreography: it hears the others' events, lets its deciders decide, records
// what they decided, and asks the outside world.
//
// Why one loop a service: everything that wants to be recorded (a reaction, an outcome, a request) waits in one inbox,
// and the loop takes all that is waiting as one batch, decides it stream by stream against cached states, and records it
// with one group commit. Under load the batches grow by themselves and the cost of a commit is shared; when idle a
// single event goes straight through. There are no locks on orders: what two instances of a service decide at the same
// time is settled by the expected revision, and decided again.
//
// Nothing here knows an order from a payment: what to do is read from the table of package sagas.
package service

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// Bus is what a service needs of the bus.
type Bus interface {
	Relay(ctx context.Context, source string, store eventstore.Store, categories ...string) error
	Consume(ctx context.Context, service, source string, settled func() uint64, handle func(*bus.Delivery)) error
	AckFloor(ctx context.Context, service, source string) (uint64, error)
	Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error]
}

// Options are what a service is made of.
type Options struct {
	Name         string // one of sagas.Services
	Choreography sagas.Choreography
	Events       *eventstore.Registry
	Store        eventstore.Store // its own
	Bus          Bus
	World        sagas.World
	Owner        *Owner     // nil for a service with many streams
	Snapshots    *Snapshots // of the owned stream; nil: it is always read from the beginning
	Logger       *slog.Logger
}

// Service is one running service.
type Service struct {
	name      string
	table     sagas.Choreography
	store     eventstore.Store
	bus       Bus
	world     sagas.World
	events    *eventstore.Registry
	owner     *Owner
	log       *slog.Logger
	reactions map[string][]*sagas.Row // by the type of their trigger; effects among them
	core      *core
	inbox     *inbox
	waiting   waiting
	effects   *effects
	deadlines *deadlines
	parked    *parked
	metrics   *Metrics

	lifetime     context.Context // of Run; calls to the outside world end with it
	checkpointMu sync.Mutex
	checkpoint   checkpoint
}

// Open makes a service and reads what it must remember of itself. Run makes it work.
func Open(ctx context.Context, o Options) (*Service, error) {
	s := &Service{
		name: o.Name, table: o.Choreography, store: o.Store, bus: o.Bus, world: o.World, events: o.Events, owner: o.Owner,
		log:       o.Logger.With("service", o.Name),
		reactions: map[string][]*sagas.Row{},
		inbox:     newInbox(),
		waiting:   waiting{},
		metrics:   &Metrics{},
	}
	for _, kind := range []sagas.Kind{sagas.Reaction, sagas.Asks} {
		for _, row := range s.table.Of(s.name, kind) {
			for _, trigger := range row.On {
				s.reactions[trigger] = append(s.reactions[trigger], row)
			}
		}
	}
	s.core = newCore(o.Store, o.Events, o.Snapshots, s.metrics, s.log)
	s.effects = newEffects(s)
	s.deadlines = newDeadlines(s)
	var err error
	if s.parked, err = loadParked(ctx, s); err != nil {
		return nil, err
	}
	if s.checkpoint, err = loadCheckpoint(ctx, s.store, s.name); err != nil {
		return nil, err
	}
	return s, nil
}

// Run works until the context ends. It returns the context's error, or the reason why the service cannot go on: a bus
// that disagrees with the store.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.lifetime = ctx
	var group sync.WaitGroup
	start := func(actor func(context.Context) error) {
		group.Go(func() {
			if err := actor(ctx); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	start(s.loop)
	start(func(ctx context.Context) error {
		return s.bus.Relay(ctx, s.name, s.store, sagas.Categories(s.name)...)
	})
	for _, source := range s.table.Sources(s.name) {
		start(func(ctx context.Context) error { return s.listen(ctx, source) })
	}
	if s.deadlines.any() {
		start(s.deadlines.run)
	}
	start(s.keepCheckpoint)
	<-ctx.Done()
	group.Wait()
	s.effects.wait()
	return context.Cause(ctx)
}

// Request says who asks at an edge, and what makes the same request recognisable.
type Request struct {
	ID          uuid.UUID // the same for the same request
	Correlation string    // the order that it is about
	Actor       string
	Traceparent string
}

// Outcome is what became of a command.
type Outcome struct {
	Events   []domain.Event      // that it recorded; none where it was satisfied
	State    any                 // of the stream, afterwards
	Revision eventstore.Revision // of the stream, afterwards; NoStream where it has no events
	Position eventstore.Position // of the stream's last event
	At       time.Time           // when Events were recorded
	Err      error               // the decider's refusal
}

// Ask is a command that came through an edge, for one stream.
type Ask struct {
	Edge    *sagas.Row
	ID      string // of the stream, without its category
	Command any
	Request Request
}

func (s *Service) jobFor(a Ask) *job {
	return &job{
		row: a.Edge, stream: eventstore.NewStreamID(a.Edge.Machine.Category, a.ID), command: a.Command,
		cause: cause{trigger: a.Request.ID, correlation: a.Request.Correlation, actor: a.Request.Actor, traceparent: a.Request.Traceparent},
	}
}

// Do carries out a command that came through an edge. It returns once everything is durable, or the decider refused.
func (s *Service) Do(ctx context.Context, edge *sagas.Row, id string, command any, r Request) (Outcome, error) {
	return s.ask(ctx, s.jobFor(Ask{Edge: edge, ID: id, Command: command, Request: r}))
}

// DoAll carries out commands in their order and answers once all are durable or refused. Each outcome has its own error.
func (s *Service) DoAll(ctx context.Context, asks []Ask) ([]Outcome, error) {
	type answer struct {
		i int
		Outcome
	}
	answers := make(chan answer, len(asks))
	jobs := make([]*job, len(asks))
	for i, a := range asks {
		jobs[i] = s.jobFor(a)
		jobs[i].done = func(o Outcome) { answers <- answer{i, o} }
	}
	s.inbox.put(jobs...)
	outcomes := make([]Outcome, len(asks))
	for range asks {
		select {
		case a := <-answers:
			outcomes[a.i] = a.Outcome
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.inbox.closed:
			return nil, eventstore.ErrClosed
		}
	}
	return outcomes, nil
}

// State reads a stream's state.
func (s *Service) State(ctx context.Context, edge *sagas.Row, id string) (Outcome, error) {
	return s.ask(ctx, &job{row: edge, stream: eventstore.NewStreamID(edge.Machine.Category, id)})
}

func (s *Service) ask(ctx context.Context, j *job) (Outcome, error) {
	answer := make(chan Outcome, 1)
	j.done = func(o Outcome) { answer <- o }
	s.inbox.put(j)
	select {
	case o := <-answer:
		return o, o.Err
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	case <-s.inbox.closed:
		return Outcome{}, eventstore.ErrClosed
	}
}

// Remembered is how many events of each source the service has heard, as far as it keeps that itself.
func (s *Service) Remembered(ctx context.Context) (map[string]uint64, error) {
	s.checkpointMu.Lock()
	heard := maps.Clone(s.checkpoint.LowWater)
	s.checkpointMu.Unlock()
	if s.owner == nil {
		return heard, nil
	}
	o, err := s.ask(ctx, &job{row: s.owner.Edge, stream: s.owner.Stream})
	if err != nil {
		return nil, err
	}
	for _, source := range s.table.Sources(s.name) {
		heard[source] = s.owner.Heard(o.State, source)
	}
	return heard, nil
}

// Name is the service's name.
func (s *Service) Name() string { return s.name }

// Store is the service's own store.
func (s *Service) Store() eventstore.Store { return s.store }

// Metrics are the service's counters.
func (s *Service) Metrics() *Metrics { return s.metrics }

func backoff(attempt int) time.Duration {
	const first, most = 100 * time.Millisecond, 10 * time.Second
	if attempt > 7 {
		return most
	}
	return min(first<<attempt, most)
}
