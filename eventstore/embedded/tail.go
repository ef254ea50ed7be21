package embedded

import (
	"sync"

	"github.com/ordersaga/ordersaga/eventstore"
)

const (
	tailEvents = 4096
	tailBytes  = 8 << 20 // of data
	runEvents  = 500
	runBytes   = 1 << 20 // of data; a single event may be larger
)

// tail is the end of history: the position up to which events may be seen, and the most recent events themselves, so
// that followers who keep up never read the disk.
type tail struct {
	mu     sync.RWMutex
	last   eventstore.Position   // the last durable event
	first  eventstore.Position   // the oldest event in the ring; last+1 when it is empty
	ring   []eventstore.Recorded // the event at position p is at p % tailEvents; made when it is needed
	bytes  int
	grown  chan struct{} // closed when there is more, or no more ever; nil while nobody waits
	closed bool
}

func newTail(last eventstore.Position) *tail { return &tail{last: last, first: last + 1} }

func (t *tail) position() eventstore.Position {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.last
}

func (t *tail) slot(p eventstore.Position) *eventstore.Recorded { return &t.ring[p%tailEvents] }

// push makes events visible; they follow on the last.
func (t *tail) push(events []eventstore.Recorded) {
	if len(events) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		t.ring = make([]eventstore.Recorded, tailEvents)
	}
	for i := range events {
		if t.last+1-t.first == tailEvents {
			t.evict()
		}
		t.last = events[i].Position
		*t.slot(t.last) = events[i]
		t.bytes += len(events[i].Data)
	}
	for t.bytes > tailBytes {
		t.evict()
	}
	t.announce()
}

func (t *tail) evict() {
	slot := t.slot(t.first)
	t.bytes -= len(slot.Data)
	*slot = eventstore.Recorded{}
	t.first++
}

func (t *tail) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.announce()
}

func (t *tail) announce() {
	if t.grown != nil {
		close(t.grown)
		t.grown = nil
	}
}

// wait yields nil when there are events after a position already, or a channel that is closed when there may be.
func (t *tail) wait(after eventstore.Position) (more <-chan struct{}, err error) {
	t.mu.RLock()
	last, closed := t.last, t.closed
	t.mu.RUnlock()
	if !closed && last > after {
		return nil, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return nil, eventstore.ErrClosed
	case t.last > after:
		return nil, nil
	case t.grown == nil:
		t.grown = make(chan struct{})
	}
	return t.grown, nil
}

// at yields the event at a position if it is in memory.
func (t *tail) at(p eventstore.Position) (eventstore.Recorded, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if p < t.first || p > t.last {
		return eventstore.Recorded{}, false
	}
	return *t.slot(p), true
}

// run adds the events after a position and up to another, as many as make one run, to what it was given. It yields none
// where the first of them is no longer in memory.
func (t *tail) run(into []eventstore.Recorded, after, upTo eventstore.Position) []eventstore.Recorded {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if after+1 < t.first {
		return into
	}
	bytes := 0
	for p := after + 1; p <= min(t.last, upTo) && len(into) < runEvents; p++ {
		e := t.slot(p)
		if bytes += len(e.Data); bytes > runBytes && len(into) > 0 {
			break
		}
		into = append(into, *e)
	}
	return into
}
