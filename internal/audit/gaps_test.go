package audit

import (
	"context"
	"iter"
	"testing"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// damaged is a store that yields something else than was recorded.
type damaged struct {
	eventstore.Store
	damage func(*eventstore.Recorded) (lost bool)
}

func (d damaged) All(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		for e, err := range d.Store.All(ctx, after) {
			if d.damage(&e) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func TestAnEventThatWasLostIsFound(t *testing.T) {
	c := everyEnd(t)
	r := c.audit(func(s *Sources) {
		s.Stores[sagas.Payment] = damaged{s.Stores[sagas.Payment], func(e *eventstore.Recorded) bool {
			return e.Stream == "payment-completed" && e.Revision == 1
		}}
	})
	c.finds(r, 9, "completed", "payment-completed has revision 2 where 1 was expected")
	c.finds(r, 6, "completed", "does not exist")
	c.finds(r, 3, "completed", "which is no event's id")
}

func TestAStreamThatLostItsBeginningIsFound(t *testing.T) {
	c := everyEnd(t)
	r := c.audit(func(s *Sources) {
		s.Stores[sagas.Order] = damaged{s.Stores[sagas.Order], func(e *eventstore.Recorded) bool {
			return e.Stream == "order-lost" && e.Revision == 0
		}}
	})
	c.finds(r, 9, "lost", "order-lost has revision 1 where 0 was expected")
	c.finds(r, 9, "lost", "never placed")
}

func TestPositionsThatRunBackwardsAreFound(t *testing.T) {
	c := everyEnd(t)
	r := c.audit(func(s *Sources) {
		s.Stores[sagas.Order] = damaged{s.Stores[sagas.Order], func(e *eventstore.Recorded) bool {
			if e.Position == 5 {
				e.Position = 4
			}
			return false
		}}
	})
	c.finds(r, 9, "", "the store of order goes from position 4 to 4")
}
