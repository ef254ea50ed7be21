package service_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/sagas"
)

const long = time.Hour

func delivered() shipping.Command { return shipping.RecordDelivered{Booking: "bk", Tracking: "T1"} }

func TestAnOrderIsReservedAuthorizedShippedCapturedAndCompleted(t *testing.T) {
	c := newCheckout(t)
	id := c.place(2, "visa", long)
	c.until(sagas.Shipping, "shipment", id, shipping.Booked{})
	if got, want := c.level(), (inventory.Level{OnHand: 10, Reserved: 2}); got != want {
		t.Errorf("stock is %+v, not %+v", got, want)
	}
	c.word(id, delivered())
	c.until(sagas.Order, "order", id, order.Completed{})
	want := []string{
		"payment.requested.v1", "payment.authorization_started.v1", "payment.authorized.v1", "payment.capture_started.v1", "payment.captured.v1",
	}
	if diff := cmp.Diff(want, c.history(sagas.Payment, "payment-"+eventstore.StreamID(id))); diff != "" {
		t.Errorf("payment (-want +got):\n%s", diff)
	}
	c.settlesAt(inventory.Level{OnHand: 8})
	for _, what := range []string{"authorize", "capture", "book"} {
		if n := c.world.count(what, id); n != 1 {
			t.Errorf("%s had %d effects", what, n)
		}
	}
}

func TestADeclinedCardReleasesTheStockAndRejectsTheOrder(t *testing.T) {
	c := newCheckout(t)
	id := c.place(2, "declined", long)
	c.until(sagas.Order, "order", id, order.Rejected{})
	c.settlesAt(inventory.Level{OnHand: 10})
	c.settlesWith(sagas.Inventory, "stock-main", "stock.released.v1", 1)
}

func TestAShortageRejectsTheOrderAndAsksForNoMoney(t *testing.T) {
	c := newCheckout(t)
	id := c.place(11, "visa", long)
	c.until(sagas.Payment, "payment", id, payment.Cancelled{})
	c.until(sagas.Order, "order", id, order.Rejected{})
	if n := c.world.count("authorize", id); n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
	c.settlesAt(inventory.Level{OnHand: 10})
}

func TestACancellationBeforeDispatchTakesTheBookingBackAndVoidsTheMoney(t *testing.T) {
	c := newCheckout(t)
	id := c.place(1, "visa", long)
	c.until(sagas.Shipping, "shipment", id, shipping.Booked{})
	c.do(sagas.Order, "POST /v1/orders/{id}/cancel", id, order.Cancel{Reason: order.Customer})
	c.until(sagas.Order, "order", id, order.Cancelled{})
	c.until(sagas.Payment, "payment", id, payment.Voided{})
	c.settlesAt(inventory.Level{OnHand: 10})
}

func TestACancellationWaitsForABookingInFlight(t *testing.T) {
	c := newCheckout(t)
	hold := make(chan struct{})
	c.world.mu.Lock()
	c.world.hold = hold
	c.world.mu.Unlock()
	id := c.place(1, "visa", long)
	c.until(sagas.Shipping, "shipment", id, shipping.Prepared{})
	c.do(sagas.Order, "POST /v1/orders/{id}/cancel", id, order.Cancel{Reason: order.Customer})
	c.until(sagas.Shipping, "shipment", id, shipping.CancellationStarted{})
	if n := c.world.count("cancel", id); n != 0 {
		t.Errorf("the carrier was asked to cancel what it had not answered")
	}
	close(hold)
	c.until(sagas.Shipping, "shipment", id, shipping.Cancelled{})
	c.until(sagas.Order, "order", id, order.Cancelled{})
}

func TestACancellationAfterDispatchIsRefusedAndTheOrderCompletes(t *testing.T) {
	c := newCheckout(t)
	id := c.place(1, "visa", long)
	c.until(sagas.Shipping, "shipment", id, shipping.Booked{})
	c.word(id, shipping.RecordDispatched{Booking: "bk", Tracking: "T1"})
	c.do(sagas.Order, "POST /v1/orders/{id}/cancel", id, order.Cancel{Reason: order.Customer})
	c.word(id, delivered())
	c.until(sagas.Order, "order", id, order.Completed{})
	if n := c.world.count("void", id) + c.world.count("refund", id); n != 0 {
		t.Errorf("money went back %d times", n)
	}
}

func TestALostParcelIsRefundedOnce(t *testing.T) {
	c := newCheckout(t)
	id := c.place(1, "visa", long)
	c.until(sagas.Shipping, "shipment", id, shipping.Booked{})
	c.word(id, shipping.RecordLost{Booking: "bk", Tracking: "T1"})
	c.until(sagas.Order, "order", id, order.Lost{})
	c.until(sagas.Payment, "payment", id, payment.Refunded{})
	c.settlesAt(inventory.Level{OnHand: 9})
}

func TestAnUnpaidOrderIsRejectedAtItsDeadlineAlsoOverARestart(t *testing.T) {
	c := newCheckout(t)
	c.setDown(true)
	id := c.place(1, "visa", 1500*time.Millisecond)
	c.until(sagas.Payment, "payment", id, payment.AuthorizationStarted{})
	c.stop()
	c.start()
	c.until(sagas.Order, "order", id, order.Rejected{})
	c.settlesAt(inventory.Level{OnHand: 10})
	c.setDown(false)
	c.until(sagas.Payment, "payment", id, payment.Voided{}) // the call in flight succeeded after all
	if a, v := c.world.count("authorize", id), c.world.count("void", id); a != 1 || v != 1 {
		t.Errorf("authorized %d times, voided %d times", a, v)
	}
}

func TestTheBusMayBeLostBetweenTwoStarts(t *testing.T) {
	c := newCheckout(t)
	done := c.place(1, "visa", long)
	c.until(sagas.Shipping, "shipment", done, shipping.Booked{})
	c.word(done, delivered())
	c.until(sagas.Order, "order", done, order.Completed{})
	open := c.place(1, "visa", long)
	c.until(sagas.Shipping, "shipment", open, shipping.Booked{})
	c.stop()
	entries, _ := filepath.Glob(filepath.Join(c.busDir, "*"))
	for _, entry := range entries {
		if err := os.RemoveAll(entry); err != nil {
			t.Fatal(err)
		}
	}
	before := len(c.history(sagas.Order, "order-"+eventstore.StreamID(done)))
	c.start()
	c.word(open, delivered())
	c.until(sagas.Order, "order", open, order.Completed{})
	c.settlesAt(inventory.Level{OnHand: 8})
	if after := len(c.history(sagas.Order, "order-"+eventstore.StreamID(done))); after != before {
		t.Errorf("the finished order had %d events and has %d", before, after)
	}
	for _, what := range []string{"authorize", "capture", "book"} {
		if n := c.world.count(what, done); n != 1 {
			t.Errorf("%s had %d effects", what, n)
		}
	}
}

func TestAPoisonEventIsParkedWithItsOrderAndAllOthersGoOn(t *testing.T) {
	c := newCheckout(t)
	poisoned := uuid.NewString()
	draft := eventstore.Draft{
		ID: uuid.New(), Type: order.Placed{}.EventType(), Data: []byte(`{"total":"not a number"}`),
		Metadata: eventstore.Metadata{Correlation: poisoned},
	}
	if r := c.stores[sagas.Order].Append(t.Context(), eventstore.NewStreamID("order", poisoned), eventstore.NoStream, draft); r.Err != nil {
		t.Fatal(r.Err)
	}
	healthy := c.place(1, "visa", long)
	c.until(sagas.Shipping, "shipment", healthy, shipping.Booked{})
	parked := func() []service.Parked { return c.services[sagas.Payment].Parked() }
	c.eventually(func() bool { return len(parked()) == 1 }, func() any { return parked() })
	entry := parked()[0]
	if entry.Order != poisoned || entry.Row != "requestPayment" {
		t.Errorf("parked is %+v", entry)
	}
	if err := c.services[sagas.Payment].Retry(t.Context(), entry.ID); err == nil {
		t.Error("what cannot be read was carried out")
	}
	c.stop()
	c.start()
	if len(parked()) != 1 {
		t.Fatal("what was parked was forgotten over a restart")
	}
	if err := c.services[sagas.Payment].Dismiss(t.Context(), entry.ID); err != nil {
		t.Fatal(err)
	}
	if left, err := service.ReadParked(t.Context(), c.stores[sagas.Payment], sagas.Payment); err != nil || len(left) != 0 {
		t.Errorf("still parked: %v, %v", left, err)
	}
}

func TestTwoInstancesOfEachServiceShareTheWorkWithOneEffectEach(t *testing.T) {
	c := newCheckoutOf(t, 2)
	c.do(sagas.Inventory, "POST /v1/stock/receipts", "main", inventory.Receive{Received: inventory.Received{SKU: "mug", Quantity: 90, Reference: "PO-2"}})
	var ids []string
	for i := range 60 {
		method := "visa"
		if i%10 == 0 {
			method = "declined"
		}
		ids = append(ids, c.place(1, method, long))
	}
	for i, id := range ids {
		if i%10 == 0 {
			c.until(sagas.Order, "order", id, order.Rejected{})
			continue
		}
		c.until(sagas.Shipping, "shipment", id, shipping.Booked{})
		c.word(id, delivered())
		c.until(sagas.Order, "order", id, order.Completed{})
		for _, what := range []string{"authorize", "capture", "book"} {
			if n := c.world.count(what, id); n != 1 {
				t.Errorf("%s of %s had %d effects", what, id, n)
			}
		}
		want := []string{"order.placed.v1", "order.confirmed.v1", "order.delivered.v1", "order.paid.v1", "order.completed.v1"}
		got := c.history(sagas.Order, "order-"+eventstore.StreamID(id))
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order %s (-want +got):\n%s", id, diff)
		}
	}
	c.settlesAt(inventory.Level{OnHand: 100 - 54})
}
