package embedded

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Follow implements [eventstore.Store]. A follower that falls behind reads from disk until it has caught up.
func (s *Store) Follow(ctx context.Context, after eventstore.Position) iter.Seq2[[]eventstore.Recorded, error] {
	return func(yield func([]eventstore.Recorded, error) bool) {
		var run []eventstore.Recorded
		for {
			more, err := s.tail.wait(after)
			if err == nil && more != nil {
				select {
				case <-more:
					continue
				case <-ctx.Done():
				}
			}
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				run, err = s.run(run[:0], after, s.tail.position())
			}
			if err != nil {
				yield(nil, err)
				return
			}
			after = run[len(run)-1].Position
			if !yield(run, nil) {
				return
			}
		}
	}
}

// run reads the events after a position, up to another that is durable, as many as make one run; at least one.
func (s *Store) run(into []eventstore.Recorded, after, upTo eventstore.Position) ([]eventstore.Recorded, error) {
	done, err := s.reading()
	if err != nil {
		return into, err
	}
	defer done()
	if into = s.tail.run(into, after, upTo); len(into) > 0 {
		return into, nil
	}
	it, err := s.db.NewIter(eventBounds(after, upTo))
	if err != nil {
		return into, err
	}
	bytes := 0
	for valid := it.First(); valid && len(into) < runEvents && bytes < runBytes; valid = it.Next() {
		e, err := decodeEvent(it.Key(), it.Value())
		if err == nil && e.Position != after+1 {
			err = fmt.Errorf("event %d is missing: %w", after+1, errDamaged)
		}
		if err != nil {
			return into, errors.Join(err, it.Close())
		}
		into = append(into, e)
		after, bytes = e.Position, bytes+len(e.Data)
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return into, err
	}
	if len(into) == 0 {
		return into, fmt.Errorf("event %d is missing: %w", after+1, errDamaged)
	}
	return into, nil
}
