package api_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

// bookedIs tells whether the carrier has said yes.
func bookedIs(v projections.OrderView) bool { return v.Shipment.Status == "booked" }

func TestAPlacedOrderIsCancelledAtOnce(t *testing.T) {
	t.Parallel()
	s := patient(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_sim_async", "1 High Street")) // the provider takes a second
	answer := read[struct{ ID, Status string }](t, s.cancel(t, id, "first").must(t, 202))
	if answer.ID != id || answer.Status != "cancelled" {
		t.Errorf("got %+v", answer)
	}
	s.cancel(t, id, "first").must(t, 202)
	s.cancel(t, id, "second").must(t, 202)
	v := s.until(t, id, "undone", func(v projections.OrderView) bool {
		return v.Status == "cancelled" && v.Stock.Status == "released" && v.Payment.Undone && (v.Payment.Status == "cancelled" || v.Payment.Status == "voided")
	})
	// How far payment and stock had come by then is a race; that nothing is left of it is not.
	for _, charge := range s.charges(t, id) {
		if charge.Status == sagas.ChargeAuthorized || charge.Captured != 0 {
			t.Errorf("the provider says %+v", charge)
		}
	}
	if level := s.level(t, sku); level.Reserved != 0 || level.OnHand != 10 {
		t.Errorf("got %+v", level)
	}
	if n := count(s.history(t, id)); n["order.cancelled.v1"] != 1 || v.Reason != "customer" || len(s.bookings(t, id)) != 0 {
		t.Errorf("got %v, reason %q", n, v.Reason)
	}
}

func TestAConfirmedOrderIsCancelledByTheCarriersLeave(t *testing.T) {
	t.Parallel()
	s := patient(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_card_visa", "1 High Street"))
	s.until(t, id, "booked", bookedIs)
	if answer := read[struct{ Status string }](t, s.cancel(t, id, "first").must(t, 202)); answer.Status != "cancelling" {
		t.Errorf("got %q", answer.Status)
	}
	s.cancel(t, id, "second").must(t, 202)
	s.ends(t, id, sku, end{
		Status: "cancelled", Reason: "customer", Payment: "voided", Shipment: "cancelled", Stock: "released", Charge: sagas.ChargeVoided,
		Authorized: 500, Voided: 500, Charges: 1, Bookings: 1, OnHand: 10,
	})
	if answer := read[struct{ Status string }](t, s.cancel(t, id, "third").must(t, 202)); answer.Status != "cancelled" {
		t.Errorf("got %q", answer.Status)
	}
	if status := s.bookings(t, id)[0].Status; status != sagas.BookingCancelled {
		t.Errorf("the carrier says %s", status)
	}
	if n := count(s.history(t, id)); n["order.cancellation_requested.v1"] != 1 || n["shipment.cancellation_started.v1"] != 1 || n["order.cancelled.v1"] != 1 {
		t.Errorf("got %v", n)
	}
}

func TestACancellationKeepsTheReasonThatItWasGiven(t *testing.T) {
	t.Parallel()
	s := patient(t)
	id := s.place(t, wishFor(s.list(t, 10), 1, "pm_sim_async", "1 High Street"))
	s.ask(t, "POST", "/v1/orders/"+id+"/cancel", `{"reason": "bought twice"}`, "Idempotency-Key: c").must(t, 202)
	if v := s.untilStatus(t, id, "cancelled"); v.Reason != "bought twice" {
		t.Errorf("got %q", v.Reason)
	}
	other := read[projections.OrderView](t, s.ask(t, "POST", "/v1/orders", wishFor(nameOf(t), 1, "pm_sim_async", "").json(), "Idempotency-Key: other "+nameOf(t)).must(t, 202)).ID
	s.ask(t, "POST", "/v1/orders/"+other+"/cancel", "", "Idempotency-Key: c").must(t, 202)
	if v := s.untilStatus(t, other, "cancelled"); v.Reason != "customer" {
		t.Errorf("without a body: got %q", v.Reason)
	}
}

func TestAParcelThatHasLeftIsNotCancelled(t *testing.T) {
	t.Parallel()
	s := patient(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_card_visa", "1 High Street"))
	s.until(t, id, "booked", bookedIs)
	s.move(t, id, "dispatched")
	s.until(t, id, "paid", func(v projections.OrderView) bool {
		return v.Status == "shipped" && count(s.history(t, id))["order.paid.v1"] == 1
	})
	if a := s.cancel(t, id, "late"); a.status != 409 {
		t.Errorf("got %d: %s", a.status, a.body)
	}
	s.move(t, id, "delivered")
	s.ends(t, id, sku, completed(2, 10))
	if a := s.cancel(t, id, "later"); a.status != 409 {
		t.Errorf("got %d: %s", a.status, a.body)
	}
	if n := count(s.history(t, id)); n["order.cancellation_requested.v1"] != 0 {
		t.Errorf("got %v", n)
	}
}

func TestACancellationThatTheCarrierRefusesLetsTheOrderGoOn(t *testing.T) {
	t.Parallel()
	s := patient(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_card_visa", "SIM-NOCANCEL 1 High Street"))
	s.until(t, id, "booked", bookedIs)
	s.cancel(t, id, "first").must(t, 202)
	s.until(t, id, "confirmed again", func(v projections.OrderView) bool {
		return v.Status == "confirmed" && count(s.history(t, id))["order.cancellation_refused.v1"] == 1
	})
	if a := s.cancel(t, id, "second"); a.status != 409 {
		t.Errorf("got %d: %s", a.status, a.body)
	}
	s.move(t, id, "delivered")
	s.ends(t, id, sku, completed(2, 10))
}

func TestARejectedOrderIsNotCancelled(t *testing.T) {
	t.Parallel()
	s := quick(t)
	id := s.place(t, wishFor(s.list(t, 1), 2, "pm_card_visa", "1 High Street"))
	s.untilStatus(t, id, "rejected")
	if a := s.cancel(t, id, "late"); a.status != 409 {
		t.Errorf("got %d: %s", a.status, a.body)
	}
}

func TestAnUnknownOrderIsNotFoundAnywhere(t *testing.T) {
	t.Parallel()
	s := quick(t)
	for _, id := range []string{"00000000-0000-5000-8000-000000000000", "4711", "%00", "..%2Fx"} {
		s.cancel(t, id, "c").must(t, 404)
		for _, path := range []string{"", "/events", "/watch"} {
			s.ask(t, "GET", "/v1/orders/"+id+path, "").must(t, 404)
		}
	}
	s.ask(t, "GET", "/v1/products/nobody-has-this", "").must(t, 404)
	s.ask(t, "GET", "/v1/stock/nobody-has-this", "").must(t, 404)
	s.ask(t, "GET", "/v1/nowhere", "").must(t, 404)
}
