package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/goccy/go-json"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// ParkedCategory holds what was set aside for a person. It is outside the relay's categories.
const ParkedCategory = "parked"

// The facts of the parking lot.
const (
	parkedAdded     = "parked.added.v1"
	parkedSettled   = "parked.settled.v1"
	parkedDismissed = "parked.dismissed.v1"
)

// ErrNotParked is the answer to an id that is not, or no longer, parked.
var ErrNotParked = errors.New("nothing is parked under this id")

// Parked is a trigger that failed by itself, or that came after one of the same order.
type Parked struct {
	ID       uuid.UUID   `json:"id"`
	Service  string      `json:"service"`
	Order    string      `json:"order"`
	Reaction string      `json:"reaction"` // the row that failed
	Row      string      `json:"row"`      // its name
	Source   string      `json:"source"`
	Number   uint64      `json:"number"`
	Event    parkedEvent `json:"event"`
	Error    string      `json:"error"`
	ParkedAt time.Time   `json:"parkedAt"`
}

// parkedEvent is the trigger, whole.
type parkedEvent struct {
	Position eventstore.Position `json:"position"`
	Stream   eventstore.StreamID `json:"stream"`
	Revision eventstore.Revision `json:"revision"`
	ID       uuid.UUID           `json:"id"`
	Type     string              `json:"type"`
	At       time.Time           `json:"recordedAt"`
	Metadata eventstore.Metadata `json:"metadata"`
	Data     string              `json:"data"` // it may be no JSON, which may be just why it was parked
}

func parkEvent(r eventstore.Recorded) parkedEvent {
	return parkedEvent{r.Position, r.Stream, r.Revision, r.ID, r.Type, r.At, r.Metadata, string(r.Data)}
}

func (e parkedEvent) recorded() eventstore.Recorded {
	return eventstore.Recorded{
		Position: e.Position, Stream: e.Stream, Revision: e.Revision, At: e.At,
		Draft: eventstore.Draft{ID: e.ID, Type: e.Type, Data: []byte(e.Data), Metadata: e.Metadata},
	}
}

// parked is the service's parking lot, kept in one stream of its store.
type parked struct {
	service *Service

	mu      sync.Mutex
	entries []Parked // in the order of their parking
}

func parkedStream(service string) eventstore.StreamID {
	return eventstore.NewStreamID(ParkedCategory, service)
}

// ReadParked reads what is parked from a service's store.
func ReadParked(ctx context.Context, store eventstore.Store, service string) ([]Parked, error) {
	var entries []Parked
	for recorded, err := range store.Read(ctx, parkedStream(service), eventstore.NoStream) {
		if err != nil {
			return nil, fmt.Errorf("read what is parked at %s: %w", service, err)
		}
		var p Parked
		if err := json.Unmarshal(recorded.Data, &p); err != nil {
			return nil, fmt.Errorf("what is parked at %s/%d cannot be read: %w", recorded.Stream, recorded.Revision, err)
		}
		entries = slices.DeleteFunc(entries, func(known Parked) bool { return known.ID == p.ID })
		if recorded.Type == parkedAdded {
			p.ParkedAt = recorded.At
			entries = append(entries, p)
		}
	}
	return entries, nil
}

func loadParked(ctx context.Context, s *Service) (*parked, error) {
	entries, err := ReadParked(ctx, s.store, s.name)
	s.metrics.Parked.Store(int64(len(entries)))
	return &parked{service: s, entries: entries}, err
}

// keepBehind parks the jobs that cannot be made and those of orders that have something parked, and answers with the
// others.
func (p *parked) keepBehind(ctx context.Context, jobs []*job) []*job {
	p.mu.Lock()
	blocked := make(map[string]uuid.UUID, len(p.entries))
	for _, e := range p.entries {
		blocked[e.Order] = e.ID
	}
	p.mu.Unlock()
	is := func(j *job) error {
		if j.hopeless != nil {
			return j.hopeless
		}
		if j.trigger == nil || j.byHand || len(blocked) == 0 {
			return nil
		}
		if first, behind := blocked[j.cause.correlation]; behind {
			return fmt.Errorf("behind %s of the same order", first)
		}
		return nil
	}
	if !slices.ContainsFunc(jobs, func(j *job) bool { return is(j) != nil }) {
		return jobs
	}
	free := make([]*job, 0, len(jobs))
	for _, j := range jobs {
		if err := is(j); err != nil {
			p.add(ctx, j, err)
			j.done(Outcome{})
			continue
		}
		free = append(free, j)
	}
	return free
}

// add writes a job down. It returns once that is durable, or the context has ended.
func (p *parked) add(ctx context.Context, j *job, why error) {
	t := j.trigger
	entry := Parked{
		ID: uuid.NewSHA1(t.event.ID, []byte(j.row.Reaction())), Service: p.service.name, Order: j.cause.correlation,
		Reaction: j.row.Reaction(), Row: j.row.Name, Source: t.source, Number: t.event.Number, Event: parkEvent(t.event.Recorded),
		Error: why.Error(), ParkedAt: p.service.world.Now(),
	}
	p.mu.Lock()
	known := slices.ContainsFunc(p.entries, func(e Parked) bool { return e.ID == entry.ID })
	p.mu.Unlock()
	if known || p.write(ctx, parkedAdded, entry) != nil {
		return
	}
	p.service.log.Error("parked: a person must look at it", "id", entry.ID, "row", j.row.Name, "order", entry.Order, "error", why)
	p.mu.Lock()
	p.entries = append(p.entries, entry)
	p.mu.Unlock()
	p.service.metrics.Parked.Add(1)
}

func (p *parked) write(ctx context.Context, fact string, entry Parked) error {
	data, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	draft := eventstore.Draft{ID: uuid.New(), Type: fact, Data: data, Metadata: eventstore.Metadata{Correlation: entry.Order}}
	for attempt := 0; ; attempt++ {
		r := p.service.store.Append(ctx, parkedStream(p.service.name), eventstore.Any, draft)
		if r.Err == nil {
			return nil
		}
		if !pause(ctx, backoff(attempt)) {
			return r.Err
		}
	}
}

func (p *parked) remove(ctx context.Context, entry Parked, fact string) error {
	if err := p.write(ctx, fact, entry); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries = slices.DeleteFunc(p.entries, func(e Parked) bool { return e.ID == entry.ID })
	p.service.metrics.Parked.Store(int64(len(p.entries)))
	return nil
}

// Parked lists what is set aside, oldest first.
func (s *Service) Parked() []Parked {
	s.parked.mu.Lock()
	defer s.parked.mu.Unlock()
	return slices.Clone(s.parked.entries)
}

// Dismiss takes a parked trigger away without carrying it out.
func (s *Service) Dismiss(ctx context.Context, id uuid.UUID) error {
	entry, err := s.parkedEntry(id)
	if err != nil {
		return err
	}
	return s.parked.remove(ctx, entry, parkedDismissed)
}

// Retry carries a parked trigger out, and then those that are parked behind it. It stops at the first that fails again.
func (s *Service) Retry(ctx context.Context, id uuid.UUID) error {
	first, err := s.parkedEntry(id)
	if err != nil {
		return err
	}
	for _, entry := range s.Parked() {
		if entry.Order != first.Order || entry.ID != id && !entry.ParkedAt.After(first.ParkedAt) {
			continue
		}
		if err := s.retry(ctx, entry); err != nil {
			return fmt.Errorf("%s on %s: %w", entry.Row, entry.Event.Type, err)
		}
		if err := s.parked.remove(ctx, entry, parkedSettled); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) parkedEntry(id uuid.UUID) (Parked, error) {
	for _, entry := range s.Parked() {
		if entry.ID == id {
			return entry, nil
		}
	}
	return Parked{}, ErrNotParked
}

func (s *Service) retry(ctx context.Context, entry Parked) error {
	t := &trigger{source: entry.Source, event: bus.Event{Recorded: entry.Event.recorded()}}
	row, err := s.rowOf(entry)
	if err != nil {
		return err
	}
	fact, err := s.events.Decode(entry.Event.recorded())
	if err != nil {
		return err
	}
	answer := make(chan error, 1)
	j := s.jobOf(row, t, fact, nil, func() { answer <- nil })
	if j == nil || s.owner != nil && s.carriedOut(ctx, entry) {
		return nil
	}
	if j.hopeless != nil {
		return j.hopeless
	}
	j.byHand = true
	if done := j.done; row.Kind != sagas.Asks {
		j.done = func(o Outcome) { answer <- o.Err }
	} else {
		j.done = func(o Outcome) {
			if o.Err != nil {
				answer <- o.Err
				return
			}
			done(o)
		}
	}
	s.inbox.put(j)
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// carriedOut tells whether a trigger's events are in the owned stream already. The stream's own memory of what was heard
// has passed the trigger when it was parked, so a retry that crashed before it was noted down would count twice.
func (s *Service) carriedOut(ctx context.Context, entry Parked) bool {
	for recorded, err := range s.store.Read(ctx, s.owner.Stream, eventstore.NoStream) {
		if err == nil && recorded.Metadata.Causation == entry.Event.ID {
			return true
		}
	}
	return false
}

func (s *Service) rowOf(entry Parked) (*sagas.Row, error) {
	for _, row := range s.table.Rows {
		if row.Service() == s.name && row.Reaction() == entry.Reaction && slices.Contains(row.On, entry.Event.Type) {
			return row, nil
		}
	}
	return nil, fmt.Errorf("the choreography has no row for %s any more", entry.Reaction)
}
