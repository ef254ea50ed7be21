package storetest

import (
	"fmt"
	"testing"

	"github.com/ordersaga/ordersaga/eventstore"
)

// RunDurable tells the stories of a store that is closed and opened again. It asks for a place, and then opens a store
// there as often as it likes, one at a time.
func RunDurable(t *testing.T, place func(t *testing.T) (open func() eventstore.Store)) {
	for _, s := range durable {
		t.Run(s.name, func(t *testing.T) {
			r := &restarting{t: t, open: place(t)}
			r.restart()
			defer func() { r.Close() }()
			s.tell(t, r)
		})
	}
}

type durableStory struct {
	name string
	tell func(t *testing.T, s *restarting)
}

// restarting is a store that can be closed and opened again.
type restarting struct {
	eventstore.Store
	t    *testing.T
	open func() eventstore.Store
}

func (r *restarting) restart() {
	r.t.Helper()
	if r.Store != nil {
		if err := r.Close(); err != nil {
			r.t.Fatalf("close: %v", err)
		}
	}
	r.Store = r.open()
}

var durable = []durableStory{
	{"EverythingIsThereAfterRestart", func(t *testing.T, s *restarting) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b")
		mustAppend(t, s, "payment-1", eventstore.NoStream, "c")
		before := collect(t, s.All(within(t), 0))
		for range 2 {
			s.restart()
			wantEqual(t, collect(t, s.All(within(t), 0)), before)
			wantEvents(t, streamOf(t, s, "order-1"), "a", "b")
			wantEvents(t, collect(t, s.ReadBackwards(within(t), "order-1")), "b", "a")
		}
	}},
	{"RetryAfterRestartAnswersTheFirstResult", func(t *testing.T, s *restarting) {
		first := mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b")
		second := mustAppend(t, s, "order-1", eventstore.Any, "c", "d")
		s.restart()
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b"), first)
		s.restart()
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.Any, "c", "d"), second)
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.Exists, "c", "d"), second)
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b", "c", "d")
	}},
	{"ExpectationsHoldAfterRestart", func(t *testing.T, s *restarting) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b")
		mustAppend(t, s, "order-10", eventstore.NoStream, "c")
		s.restart()
		ctx := within(t)
		for _, expected := range []eventstore.Revision{eventstore.NoStream, 0, 2} {
			wantConflict(t, s.Append(ctx, "order-1", expected, Draft("x")),
				eventstore.Conflict{Stream: "order-1", Expected: expected, Actual: 1})
		}
		wantError(t, s.Append(ctx, "order", eventstore.Exists, Draft("x")).Err, eventstore.ErrConflict)
		s.restart()
		mustAppend(t, s, "order-1", 1, "d")
		mustAppend(t, s, "order-10", eventstore.Exists, "e")
		mustAppend(t, s, "order-100", eventstore.NoStream, "f")
		wantEvents(t, collect(t, s.All(ctx, 0)), "a", "b", "c", "d", "e", "f")
	}},
	{"PositionsGoOnAfterRestart", func(t *testing.T, s *restarting) {
		var last eventstore.Position
		for i := range 5 {
			result := mustAppend(t, s, "order-1", eventstore.Any, fmt.Sprint("a", i), fmt.Sprint("b", i))
			if result.Position <= last {
				t.Fatalf("position %d after %d", result.Position, last)
			}
			last = result.Position
			s.restart()
		}
		wantGrowing(t, collect(t, s.All(within(t), 0)))
	}},
	{"FollowGoesOnFromAPositionAfterRestart", func(t *testing.T, s *restarting) {
		first := mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		mustAppend(t, s, "order-1", 0, "b")
		s.restart()
		next := follow(t, s.Store, first.Position)
		wantEqual(t, next().ID, Draft("b").ID)
		mustAppend(t, s, "order-1", 1, "c")
		wantEqual(t, next().ID, Draft("c").ID)
	}},
}
