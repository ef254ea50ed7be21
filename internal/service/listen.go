package service

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// Owner describes a stream that a service owns alone. Its events say how far each source was heard, so that no consumer
// keeps a position for it: whatever is delivered again is passed over by the decider.
type Owner struct {
	Stream  eventstore.StreamID
	Edge    *sagas.Row                             // of its housekeeping
	Heard   func(state any, source string) uint64  // the last trigger of a source that is accounted for
	CatchUp func(source string, number uint64) any // the command that records how far a source was heard
	Every   uint64                                 // how many triggers may pass unrecorded
}

// listen hears one source.
func (s *Service) listen(ctx context.Context, source string) error {
	if s.owner != nil {
		return s.listenAsOwner(ctx, source)
	}
	return s.bus.Consume(ctx, s.name, source, func() uint64 { return s.lowWater(source) }, func(d *bus.Delivery) {
		pending := new(atomic.Int64)
		pending.Store(1)
		settle := func() {
			if pending.Add(-1) == 0 {
				d.Ack()
			}
		}
		jobs := s.jobsOf(d.Run, settle)
		pending.Add(int64(len(jobs)))
		settle()
		s.inbox.putWhenRoom(jobs...)
	})
}

// listenAsOwner reads a source from where the owned stream's state says.
func (s *Service) listenAsOwner(ctx context.Context, source string) error {
	o, err := s.ask(ctx, &job{row: s.owner.Edge, stream: s.owner.Stream})
	if err != nil {
		return fmt.Errorf("read %s: %w", s.owner.Stream, err)
	}
	passed := s.owner.Heard(o.State, source)
	for run, err := range s.bus.Read(ctx, source, passed) {
		if err != nil {
			return err
		}
		jobs := s.jobsOf(run, func() {})
		if len(jobs) > 0 {
			passed = run.Last()
		} else if run.Last()-passed >= s.owner.Every {
			passed = run.Last()
			jobs = append(jobs, s.catchUp(source, run.Events[len(run.Events)-1]))
		}
		s.inbox.putWhenRoom(jobs...)
	}
	return ctx.Err()
}

func (s *Service) catchUp(source string, last bus.Event) *job {
	t := &trigger{source: source, event: last}
	return &job{
		row: s.owner.Edge, stream: s.owner.Stream, command: s.owner.CatchUp(source, last.Number), cause: t.cause(s.name),
		trigger: t, done: func(Outcome) {},
	}
}

// jobsOf makes the jobs of a run. Each calls settled once.
func (s *Service) jobsOf(run bus.Run, settled func()) []*job {
	var jobs []*job
	for _, e := range run.Events {
		rows := s.reactions[e.Type]
		if len(rows) == 0 {
			continue
		}
		t := &trigger{source: run.Source, event: e}
		fact, err := s.events.Decode(e.Recorded)
		for _, row := range rows {
			if j := s.jobOf(row, t, fact, err, settled); j != nil {
				jobs = append(jobs, j)
			}
		}
	}
	return jobs
}

// jobOf makes the job of one row and one trigger, nil where the row's policy has nothing to ask of this instance. A
// trigger that cannot be read makes a job that is parked.
func (s *Service) jobOf(row *sagas.Row, t *trigger, fact domain.Event, unreadable error, settled func()) *job {
	j := &job{row: row, cause: t.cause(s.name), trigger: t, hopeless: unreadable, done: func(Outcome) { settled() }}
	if unreadable != nil {
		return j
	}
	id, command, err := applyPolicy(row, fact, t)
	switch {
	case err != nil:
		j.hopeless = err
		return j
	case s.owner == nil:
	case id == sagas.Everywhere:
		id = s.owner.Stream.ID()
	case id != s.owner.Stream.ID():
		return nil
	}
	j.stream, j.command = eventstore.NewStreamID(row.Machine.Category, id), command
	if row.Kind == sagas.Asks {
		s.effects.prepare(j, fact, settled)
	}
	return j
}

func applyPolicy(row *sagas.Row, fact domain.Event, t *trigger) (id string, command any, err error) {
	defer recovered(&err)
	id, command = row.Policy(fact, t.view())
	return id, command, nil
}
