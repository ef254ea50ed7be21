package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// Failure is an event that cannot be folded. The views stay as they were before it.
type Failure struct {
	Source   string              `json:"source"`
	Number   uint64              `json:"number"`
	ID       uuid.UUID           `json:"id"`
	Stream   eventstore.StreamID `json:"stream"`
	Revision eventstore.Revision `json:"revision"`
	Type     string              `json:"type"`
	Err      error               `json:"-"`
}

func (f *Failure) Error() string {
	return fmt.Sprintf("views stopped at event %d of %s (%s at %s/%d): %v", f.Number, f.Source, f.Type, f.Stream, f.Revision, f.Err)
}

func (f *Failure) Unwrap() error { return f.Err }

// ErrGap says that events are missing between what was folded and what was read.
var ErrGap = errors.New("events are missing")

// errIdle is returned by a session whose sources have all come to their ends.
var errIdle = errors.New("all sources have ended")

// Run keeps the views up to date until the context ends. It returns a [*Failure] where an event cannot be folded,
// [ErrFenced] where another process writes the same views, the reader's error, or nil once every source's sequence has
// come to its end. A database that is taken away or damaged while Run goes on is built again from nothing.
//
// It may be called again after it returned, but not twice at once.
func (v *Views) Run(ctx context.Context, source Reader) error {
	if v.readOnly {
		return ErrReadOnly
	}
	if !v.running.CompareAndSwap(false, true) {
		return errors.New("views are run already")
	}
	defer v.running.Store(false)
	if err := v.begin(); err != nil {
		return err
	}
	defer v.finished.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-v.stopped:
			cancel(ErrClosed)
		case <-ctx.Done():
		}
	}()
	return v.run(ctx, source)
}

func (v *Views) begin() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return ErrClosed
	}
	v.finished.Add(1)
	v.failure = nil
	return nil
}

// rebuildPause keeps a broken disk from being written to without rest.
const rebuildPause = 5 * time.Second

func (v *Views) run(ctx context.Context, source Reader) error {
	var rebuilt time.Time
	for {
		err := v.session(ctx, source)
		var failure *Failure
		switch {
		case errors.Is(err, errIdle):
			return nil
		case errors.As(err, &failure):
			v.fail(failure)
			return err
		case !errors.Is(err, errLost) && !errors.Is(err, errForked):
			return err
		}
		v.log.Warn("views are built again from nothing", "path", v.path, "why", err)
		if time.Since(rebuilt) < rebuildPause {
			select {
			case <-time.After(rebuildPause):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if err := v.reopen(); err != nil {
			return err
		}
		rebuilt = time.Now()
	}
}

// session reads all sources from where the database is, and writes. Nothing of it outlives it: whatever ends it, the next
// one begins with what is in the database.
func (v *Views) session(ctx context.Context, source Reader) error {
	db, err := v.current()
	if err != nil {
		return err
	}
	marks, err := db.marks(ctx)
	if err != nil {
		return err
	}
	if err := v.restart(marks); err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	arrivals, done := make(chan arrival, 2*len(sagas.Services)), make(chan struct{}, len(sagas.Services))
	for _, name := range sagas.Services {
		go func() {
			defer func() { done <- struct{}{} }()
			listen(reading, source, name, marks[name], arrivals)
		}()
	}
	defer func() {
		stop()
		for range sagas.Services {
			<-done
		}
	}()
	w := &writer{views: v, db: db, marks: marks, projections: newViews(v.cacheBytes), arrivals: arrivals, open: len(sagas.Services)}
	return w.run(ctx)
}

// arrival is what a source has to say: facts, and after them an error or its end.
type arrival struct {
	source string
	facts  []Fact
	bytes  int
	err    error
	ended  bool
}

// listen hands a source's events on, decoded. It begins with the last event that was folded, to see that the history is
// still the same.
func listen(ctx context.Context, source Reader, name string, from Mark, to chan<- arrival) {
	hand := func(a arrival) bool {
		a.source = name
		select {
		case to <- a:
			return true
		case <-ctx.Done():
			return false
		}
	}
	folded := from.Number
	for run, err := range source.Read(ctx, name, max(folded, 1)-1) {
		if err != nil {
			hand(arrival{err: fmt.Errorf("read %s: %w", name, err)})
			return
		}
		a := take(name, run, from, folded)
		if n := len(a.facts); n > 0 {
			folded = a.facts[n-1].Number
		}
		if (len(a.facts) > 0 || a.err != nil) && !hand(a) || a.err != nil {
			return
		}
	}
	hand(arrival{ended: true})
}

// take decodes what is new in a run.
func take(source string, run bus.Run, from Mark, folded uint64) (a arrival) {
	for i := range run.Events {
		e := &run.Events[i]
		switch {
		case e.Number == from.Number && e.ID != from.ID:
			a.err = fmt.Errorf("event %d of %s is %s, not %s: %w", e.Number, source, e.ID, from.ID, errForked)
			return a
		case e.Number <= folded:
			continue
		case e.Number != folded+1:
			a.err = failure(source, e, fmt.Errorf("%w: %d to %d", ErrGap, folded+1, e.Number-1))
			return a
		}
		body, err := decode(e.Recorded)
		if err != nil {
			a.err = failure(source, e, err)
			return a
		}
		if a.facts == nil {
			a.facts = make([]Fact, 0, len(run.Events)-i)
		}
		a.facts = append(a.facts, Fact{Event: e, Source: source, Body: body})
		a.bytes += len(e.Data)
		folded = e.Number
	}
	return a
}

func failure(source string, e *bus.Event, err error) *Failure {
	return &Failure{Source: source, Number: e.Number, ID: e.ID, Stream: e.Stream, Revision: e.Revision, Type: e.Type, Err: err}
}
