package audit

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/sagas"
)

// everyEnd records an order for each way in which one can end, and one that is still under way.
func everyEnd(t *testing.T) *checkout {
	c := newCheckout(t)
	cancel := func(id string) {
		c.do("POST /v1/orders/{id}/cancel", id, id, order.Cancel{Reason: order.Customer})
		c.settle()
	}
	c.place("completed", 2, "visa")
	c.word("completed", sagas.BookingDelivered)
	c.place("declined", 1, "declined")
	c.place("out-of-stock", 1000, "visa")
	c.place("lost", 1, "visa")
	c.word("lost", sagas.BookingLost)
	c.place("returned", 3, "visa")
	c.word("returned", sagas.BookingDispatched)
	c.word("returned", sagas.BookingReturned)
	c.place("cancelled", 1, "visa")
	cancel("cancelled")
	c.place("too-late", 1, "visa")
	c.stopped = true
	c.word("too-late", sagas.BookingDispatched)
	cancel("too-late")
	c.stopped = false
	c.settle()
	c.word("too-late", sagas.BookingDelivered)
	c.place("free", 1, "free")
	c.word("free", sagas.BookingDelivered)
	c.place("free-and-lost", 1, "free")
	c.word("free-and-lost", sagas.BookingLost)
	c.place("refused", 1, "visa")
	c.word("refused", sagas.BookingCancelled) // by the carrier itself
	c.place("expired", 1, "visa")
	c.due("payment-expired", payment.Authorized{})
	c.world.charges["expired"].Expired = 250
	c.place("uncapturable", 1, "uncapturable")
	c.word("uncapturable", sagas.BookingDelivered)
	c.place("unrefundable", 1, "unrefundable")
	c.word("unrefundable", sagas.BookingLost)
	c.stopped = true
	c.place("late", 1, "visa")
	c.due("order-late", order.Placed{})
	c.stopped = false
	c.settle()
	c.pass(2 * bound)
	c.place("under-way", 1, "visa")
	return c
}

func TestEveryWayAnOrderCanEndIsClean(t *testing.T) {
	c := everyEnd(t)
	r := c.clean(func(s *Sources) { s.Acknowledged = []string{"completed", "lost", "under-way"} })
	if r.Orders != 15 || r.Open != 1 || r.Attention != 2 || r.Parked != 0 {
		t.Errorf("%d orders, %d open, %d on the attention list, %d parked", r.Orders, r.Open, r.Attention, r.Parked)
	}
	events := 0
	for _, name := range sagas.Services {
		events += len(c.events(name))
	}
	if r.Events != events || r.Checked[6] != events || r.Checked[9] != events+3 {
		t.Errorf("%d events: the report says %d, %v", events, r.Events, r.Checked)
	}
	if len(r.NotChecked) != 2 { // bus and read models
		t.Errorf("not checked: %q", r.NotChecked)
	}
	for _, id := range []string{"completed", "cancelled", "returned", "lost", "too-late"} {
		if n := len(c.world.charges[id].Effects); n < 2 {
			t.Errorf("%s had %d effects at the provider: the test's world does too little", id, n)
		}
	}
}

func TestWithoutLedgersTheReportSaysWhatItDidNotCheck(t *testing.T) {
	c := everyEnd(t)
	r := c.clean(func(s *Sources) { s.Charges, s.Bookings = nil, nil })
	if len(r.NotChecked) != 4 || !strings.Contains(text(t, r), "not checked: 1, 3: the payment provider's ledger") {
		t.Errorf("not checked: %q", r.NotChecked)
	}
}

func TestAStoreThatIsMissingCannotBeAudited(t *testing.T) {
	c := newCheckout(t)
	s := c.sources()
	delete(s.Stores, sagas.Payment)
	if _, err := Run(t.Context(), s); err == nil || !strings.Contains(err.Error(), "payment") {
		t.Errorf("error: %v", err)
	}
	if err := c.stores[sagas.Order].Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), c.sources()); err == nil || !strings.Contains(err.Error(), "order") {
		t.Errorf("error of a closed store: %v", err)
	}
}

func TestOneStoreSharedByAllServicesIsTakenApart(t *testing.T) {
	c := everyEnd(t)
	shared := eventstore.NewMemory()
	for _, name := range sagas.Services {
		for e, err := range c.stores[name].All(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if r := shared.Append(t.Context(), e.Stream, eventstore.Any, e.Draft); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
	}
	r := c.clean(func(s *Sources) {
		for name := range s.Stores {
			s.Stores[name] = shared
		}
	})
	if r.Orders != 15 {
		t.Errorf("%d orders", r.Orders)
	}
}

func TestTheReportNamesTheOrderWithItsEventsForPeopleAndAsJSON(t *testing.T) {
	c := everyEnd(t)
	c.plant("payment-completed", "shipment-completed", dispatched, payment.CaptureStarted{Charge: "ch", Amount: gbp(500)})
	r := c.audit()
	said := text(t, r)
	id := c.find("payment-completed", payment.Captured{}).ID.String()
	for _, words := range []string{"violation of invariant 3, order completed: ", "payment-completed/4  payment.captured.v1  " + id, "order-completed/0  order.placed.v1"} {
		if !strings.Contains(said, words) {
			t.Errorf("the text does not say %q:\n%s", words, said)
		}
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if text(t, &back) != said || back.Clean() {
		t.Errorf("read back it says something else:\n%s", text(t, &back))
	}
}

func TestWhatIsParkedIsCountedAndIsNoViolation(t *testing.T) {
	c := newCheckout(t)
	c.stopped = true
	c.place("stuck", 1, "visa")
	park(c, "stuck")
	c.pass(2 * bound)
	if r := c.clean(); r.Parked != 1 || r.Open != 0 {
		t.Errorf("%d parked, %d open", r.Parked, r.Open)
	}
}

func park(c *checkout, order string) {
	data, err := json.Marshal(service.Parked{ID: uuid.New(), Order: order, Service: sagas.Inventory, Error: "poison"})
	if err != nil {
		c.t.Fatal(err)
	}
	d := eventstore.Draft{ID: uuid.New(), Type: "parked.added.v1", Data: data}
	if r := c.stores[sagas.Inventory].Append(c.t.Context(), "parked-inventory", eventstore.Any, d); r.Err != nil {
		c.t.Fatal(r.Err)
	}
}

func TestAHistoryThatIsBrokenThroughoutFillsNoReport(t *testing.T) {
	a := &auditor{}
	for range listed + 5 {
		a.found(finding{invariant: 9, order: noOrder})
	}
	if r := a.finish(); len(r.Violations) != listed || r.Omitted != 5 || !strings.Contains(text(t, r), "5 more") {
		t.Errorf("%d listed, %d omitted", len(r.Violations), r.Omitted)
	}
}

func BenchmarkAudit(b *testing.B) {
	stores, events := manyOrders(b, 20_000)
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		r, err := Run(b.Context(), Sources{Stores: stores, Bound: bound})
		if err != nil || !r.Clean() {
			b.Fatal(err, r.Clean())
		}
		b.ReportMetric(float64(events)/time.Since(start).Seconds(), "events/s")
	}
}
