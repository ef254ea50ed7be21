package embedded

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Readers work in pieces: Pebble is never held open while the consumer of a sequence does its work, which may take any
// time, stop half-way, or close the store. What a sequence shows is fixed by the position at its beginning.

// All implements [eventstore.Store].
func (s *Store) All(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		upTo, err := s.readable()
		if err != nil {
			yield(eventstore.Recorded{}, err)
			return
		}
		each(ctx, yield, func(piece []eventstore.Recorded) (_ []eventstore.Recorded, err error) {
			if after >= upTo {
				return piece, nil
			}
			if piece, err = s.run(piece, after, upTo); len(piece) > 0 {
				after = piece[len(piece)-1].Position
			}
			return piece, err
		})
	}
}

// each yields the events of one piece after the other, until one is empty. next fills the memory it is given.
func each(ctx context.Context, yield func(eventstore.Recorded, error) bool, next func([]eventstore.Recorded) ([]eventstore.Recorded, error)) {
	var piece []eventstore.Recorded
	for {
		var err error
		piece, err = next(piece[:0])
		for i := range piece {
			if ctx.Err() != nil {
				break
			}
			if !yield(piece[i], nil) {
				return
			}
		}
		if ended := ctx.Err(); ended != nil {
			err = ended
		}
		if err != nil {
			yield(eventstore.Recorded{}, err)
			return
		}
		if len(piece) == 0 {
			return
		}
	}
}

// Read implements [eventstore.Store].
func (s *Store) Read(ctx context.Context, from eventstore.StreamID, after eventstore.Revision) iter.Seq2[eventstore.Recorded, error] {
	return s.stream(ctx, span{stream: from, next: max(after, eventstore.NoStream) + 1, piece: 64})
}

// ReadBackwards implements [eventstore.Store].
func (s *Store) ReadBackwards(ctx context.Context, from eventstore.StreamID) iter.Seq2[eventstore.Recorded, error] {
	return s.stream(ctx, span{stream: from, next: math.MaxInt64, backwards: true, piece: 4})
}

func (s *Store) stream(ctx context.Context, events span) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		upTo, err := s.readable()
		if err == nil {
			err = events.stream.Validate() // a name with a NUL could reach into another stream
		}
		if err != nil {
			yield(eventstore.Recorded{}, err)
			return
		}
		rest := events // the sequence may be ranged over again
		rest.upTo = upTo
		each(ctx, yield, func(piece []eventstore.Recorded) ([]eventstore.Recorded, error) { return s.read(piece, &rest) })
	}
}

// span is what is still to be read of a stream.
type span struct {
	stream    eventstore.StreamID
	next      eventstore.Revision // the first to be read
	backwards bool
	upTo      eventstore.Position // later events are not shown
	piece     int                 // how many to read at once; grows, as most readers want few
}

func (r *span) bounds() *pebble.IterOptions {
	lower, upper := appendPlacePrefix(nil, r.stream), appendPlacePrefix(nil, r.stream)
	upper[len(upper)-1]++
	switch {
	case !r.backwards:
		lower = appendPlaceKey(nil, r.stream, r.next)
	case r.next < math.MaxInt64:
		upper = appendPlaceKey(nil, r.stream, r.next+1)
	}
	return &pebble.IterOptions{LowerBound: lower, UpperBound: upper}
}

// read reads the next piece of a stream; none at its end.
func (s *Store) read(into []eventstore.Recorded, r *span) (_ []eventstore.Recorded, err error) {
	done, err := s.reading()
	if err != nil {
		return into, err
	}
	defer done()
	if r.backwards && r.next < 0 {
		return into, nil
	}
	it, err := s.db.NewIter(r.bounds())
	if err != nil {
		return into, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	first, step, direction := it.First, it.Next, eventstore.Revision(1)
	if r.backwards {
		first, step, direction = it.Last, it.Prev, -1
	}
	bytes := 0
	for valid := first(); valid && len(into) < r.piece && bytes < runBytes; valid = step() {
		e, shown, err := s.place(it, r)
		if err != nil {
			return into, err
		}
		if shown {
			into = append(into, e)
			r.next, bytes = e.Revision+direction, bytes+len(e.Data)
		} else if !r.backwards {
			break
		}
	}
	r.piece = min(4*r.piece, runEvents)
	return into, it.Error()
}

// place reads the event of a place, unless it is not to be shown yet.
func (s *Store) place(it *pebble.Iterator, r *span) (e eventstore.Recorded, shown bool, err error) {
	position, err := readPosition(it.Value())
	if err != nil || position > r.upTo {
		return e, false, err
	}
	e, err = s.event(position)
	if err == nil && (e.Stream != r.stream || e.Revision != revisionOf(it.Key())) {
		err = fmt.Errorf("event %d is not %s/%d: %w", position, r.stream, revisionOf(it.Key()), errDamaged)
	}
	return e, err == nil, err
}
