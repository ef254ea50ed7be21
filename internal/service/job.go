package service

import (
	"context"
	"sync"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// job is one command on its way to being recorded, or, without a command, a question for a stream's state.
type job struct {
	row      *sagas.Row
	stream   eventstore.StreamID
	command  any
	cause    cause
	trigger  *trigger             // nil for a request
	attempts int                  // failures of its own so far
	hopeless error                // why it could not even be made: parked at once
	byHand   bool                 // a person tries it again and hears of its failure
	beyond   *eventstore.Revision // a question that waits until its stream is beyond this
	done     func(Outcome)        // called once, by the loop: must not block
}

// intent is the revision that a question for a state is about: the intent's, which another instance may have recorded. An
// effect that was asked about an older state would find nothing to do.
func (j *job) intent() eventstore.Revision {
	if j.trigger == nil || j.trigger.event.Stream != j.stream {
		return eventstore.NoStream
	}
	return j.trigger.event.Revision
}

// cause is what an event's metadata say about where it came from.
type cause struct {
	trigger     uuid.UUID // ids of recorded events are derived from it
	causation   uuid.UUID // the event that caused it, zero for what came from outside
	correlation string
	actor       string
	traceparent string
}

// trigger is the event that a job reacts to.
type trigger struct {
	source string
	event  bus.Event
}

func (t *trigger) view() sagas.Trigger {
	return sagas.Trigger{
		ID: t.event.ID, Source: t.source, Number: t.event.Number, Subject: t.event.Stream.ID(), RecordedAt: t.event.At,
	}
}

func (t *trigger) cause(service string) cause {
	m := t.event.Metadata
	return cause{trigger: t.event.ID, causation: t.event.ID, correlation: m.Correlation, actor: service, traceparent: m.Traceparent}
}

// inbox is where jobs wait for the loop.
type inbox struct {
	mu     sync.Mutex
	jobs   []*job
	signal chan struct{} // holds one token while jobs wait
	room   *sync.Cond
	closed chan struct{}
}

// roomFor is how many jobs may wait before a listener stops reading on; what is under way already is always let in.
const roomFor = 8192

// batchLimit bounds how many jobs are decided in one batch.
const batchLimit = 2048

func newInbox() *inbox {
	b := &inbox{signal: make(chan struct{}, 1), closed: make(chan struct{})}
	b.room = sync.NewCond(&b.mu)
	return b
}

func (b *inbox) put(jobs ...*job) {
	if len(jobs) == 0 {
		return
	}
	b.mu.Lock()
	b.jobs = append(b.jobs, jobs...)
	b.mu.Unlock()
	b.wake()
}

// putWhenRoom waits while too much is waiting already. It gives up when the inbox is closed.
func (b *inbox) putWhenRoom(jobs ...*job) {
	b.mu.Lock()
	for len(b.jobs) > roomFor && !b.isClosed() {
		b.room.Wait()
	}
	b.jobs = append(b.jobs, jobs...)
	b.mu.Unlock()
	b.wake()
}

func (b *inbox) wake() {
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

// take waits for jobs and takes all that are there, up to the limit of a batch.
func (b *inbox) take(ctx context.Context) ([]*job, bool) {
	for {
		b.mu.Lock()
		if n := min(len(b.jobs), batchLimit); n > 0 {
			batch := b.jobs[:n:n]
			if n == len(b.jobs) {
				b.jobs = nil
			} else {
				b.jobs = b.jobs[n:]
			}
			b.mu.Unlock()
			b.room.Broadcast()
			return batch, true
		}
		b.mu.Unlock()
		select {
		case <-b.signal:
		case <-ctx.Done():
			return nil, false
		}
	}
}

func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.isClosed() {
		close(b.closed)
	}
	b.room.Broadcast()
}

func (b *inbox) isClosed() bool {
	select {
	case <-b.closed:
		return true
	default:
		return false
	}
}
