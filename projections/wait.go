package projections

import (
	"context"
	"maps"
	"slices"

	"github.com/ordersaga/ordersaga/eventstore"
)

// waiter waits until a source's position is in the views.
type waiter struct {
	position eventstore.Position
	reached  chan struct{}
}

// Wait returns when the views hold everything that the source's store had recorded up to a position, as a
// Consistency-Token asks for. It returns the context's error, a [*Failure] where Run has stopped before the position, or
// [ErrClosed].
func (v *Views) Wait(ctx context.Context, source string, position eventstore.Position) error {
	v.mu.Lock()
	switch {
	case v.closed:
		v.mu.Unlock()
		return ErrClosed
	case v.readOnly:
		v.mu.Unlock()
		return ErrReadOnly
	case v.progress[source].Position >= position:
		v.mu.Unlock()
		return nil
	case v.failure != nil:
		defer v.mu.Unlock()
		return v.failure
	}
	w := &waiter{position, make(chan struct{})}
	v.waiters[source] = append(v.waiters[source], w)
	v.mu.Unlock()
	select {
	case <-w.reached:
		return v.outcome(source, position)
	case <-v.stopped:
		return ErrClosed
	case <-ctx.Done():
		v.mu.Lock()
		defer v.mu.Unlock()
		v.waiters[source] = slices.DeleteFunc(v.waiters[source], func(other *waiter) bool { return other == w })
		return ctx.Err()
	}
}

// outcome tells a waiter why it was woken.
func (v *Views) outcome(source string, position eventstore.Position) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failure != nil && v.progress[source].Position < position {
		return v.failure
	}
	return nil
}

// advance is told how far the sources are in the database.
func (v *Views) advance(marks map[string]Mark) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.progress = marks
	for source, waiting := range v.waiters {
		v.waiters[source] = slices.DeleteFunc(waiting, func(w *waiter) bool {
			reached := marks[source].Position >= w.position
			if reached {
				close(w.reached)
			}
			return reached
		})
	}
}

// fail wakes everybody who would wait in vain.
func (v *Views) fail(f *Failure) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.failure = f
	for _, waiting := range v.waiters {
		for _, w := range waiting {
			close(w.reached)
		}
	}
	clear(v.waiters)
}

// restart is told where a session begins.
func (v *Views) restart(marks map[string]Mark) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return ErrClosed
	}
	v.progress = maps.Clone(marks)
	return nil
}
