package audit

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// running is a system that was quiet for a while and still runs.
func running(c *checkout) func(*Sources) {
	return func(s *Sources) { s.Now = c.now.Add(time.Second) }
}

func TestARunningSystemAtRestIsAuditedAsAStoppedOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := everyEnd(t)
		c.clean(running(c))
		c.world.charges["completed"].Refunded = 500
		c.finds(c.audit(running(c)), 1, "completed", "refunded: 0 in our events, 500")
	})
}

// moving lets something happen whenever a store is about to be read.
type moving struct {
	eventstore.Store
	before func()
}

func (m moving) All(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		m.before()
		m.Store.All(ctx, after)(yield)
	}
}

// TestNothingIsFoundWhileOrdersMove places orders and lets them run to their end between any two readings of a store or
// of a ledger, one step at a time, so that every cut through the stores is a torn one.
func TestNothingIsFoundWhileOrdersMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := everyEnd(t)
		n := 0
		next := func() {
			if n++; n > 60 {
				return
			}
			id := "moving-" + uuid.NewString()
			c.place(id, 1, "visa")
			switch n % 3 {
			case 0:
				c.word(id, sagas.BookingDelivered)
			case 1:
				c.word(id, sagas.BookingLost)
			default:
				c.do("POST /v1/orders/{id}/cancel", id, id, order.Cancel{Reason: order.Customer})
				c.settle()
			}
		}
		c.world.onRead = next
		s := c.sources()
		for name, store := range s.Stores {
			s.Stores[name] = moving{store, next}
		}
		s.Now = c.now
		r, err := Run(t.Context(), s)
		if err != nil || !r.Clean() {
			t.Fatalf("%v\n%s", err, text(t, r))
		}
		if n < 15 || r.Orders < 20 || c.world.reads < 2 {
			t.Errorf("it moved %d times, %d orders, the ledger was read %d times", n, r.Orders, c.world.reads)
		}
	})
}

func TestAnOutcomeThatIsNotRecordedYetIsNoViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := everyEnd(t)
		c.world.charges["completed"].Captured = 0 // as a ledger would say that was read too early
		c.world.onRead = func() {
			if c.world.reads == 2 {
				c.world.charges["completed"].Captured = 500
			}
		}
		c.clean(running(c))
		if c.world.reads != 2 {
			t.Errorf("the ledger was read %d times", c.world.reads)
		}
	})
}

func TestAnOrderThatNeverStandsStillIsNotConvictedButNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := everyEnd(t)
		c.world.charges["under-way"].Captured = 250
		c.world.onRead = func() { // what happens is impossible as well, but that its own stream says
			c.raw("order-under-way", draft(uuid.New(), uuid.Nil, "under-way", order.Confirmed{}))
		}
		r := c.audit(running(c))
		if slices.ContainsFunc(r.Violations, func(v Violation) bool { return v.Invariant == 1 }) {
			t.Errorf("convicted while it moved:\n%s", text(t, r))
		}
		if !slices.ContainsFunc(r.NotChecked, func(s string) bool { return strings.Contains(s, "order under-way: it moved") }) {
			t.Errorf("not checked: %q", r.NotChecked)
		}
	})
}

func TestStandingStillCountsFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCheckout(t)
		c.place("o", 1, "visa")
		down := func(s *Sources) { s.Now, s.Since = c.now.Add(time.Hour), c.now.Add(time.Hour-bound) }
		if r := c.clean(down); r.Open != 1 {
			t.Errorf("%d open", r.Open)
		}
		c.finds(c.audit(func(s *Sources) { down(s); s.Since = s.Since.Add(-time.Second) }), 4, "o", "has not ended")
	})
}

func TestTheAuditEndsWithItsContext(t *testing.T) {
	c := everyEnd(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, c.sources()); err == nil {
		t.Error("it went on")
	}
}
