package api_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

// end is where an order stands once it has settled: in the views, in the provider's own ledger, and on the shelf.
type end struct {
	Status, Reason, Payment, Shipment, Stock string

	Charge                       sagas.ChargeStatus // at the provider; empty where it was never asked
	Authorized, Captured, Voided int64              // there, and in the views
	Refunded                     int64
	Charges, Bookings            int
	OnHand, Reserved             int64
}

func completed(quantity, onHand int64) end {
	total := quantity * 250
	return end{
		Status: "completed", Payment: "captured", Shipment: "delivered", Stock: "shipped", Charge: sagas.ChargeCaptured,
		Authorized: total, Captured: total, Charges: 1, Bookings: 1, OnHand: onHand - quantity,
	}
}

// ends waits until an order and its only product stand where the story wants them, and has the provider's ledger and the
// views checked against each other.
func (s *shop) ends(t testing.TB, id, sku string, want end) projections.OrderView {
	t.Helper()
	var v projections.OrderView
	eventually(t, func() string {
		v = s.order(t, id)
		level := s.level(t, sku)
		got := end{
			Status: v.Status, Reason: v.Reason, Payment: v.Payment.Status, Shipment: v.Shipment.Status, Stock: v.Stock.Status,
			OnHand: level.OnHand, Reserved: level.Reserved, Bookings: len(s.bookings(t, id)),
		}
		for _, charge := range s.charges(t, id) {
			got.Charge, got.Charges = charge.Status, got.Charges+1
			got.Authorized += charge.Authorized
			got.Captured += charge.Captured
			got.Voided += charge.Voided
			got.Refunded += charge.Refunded
			if err := charge.Check(); err != nil {
				t.Errorf("the provider's ledger does not add up: %v", err)
			}
		}
		viewed := end{Authorized: v.Payment.Authorized, Captured: v.Payment.Captured, Voided: v.Payment.Voided, Refunded: v.Payment.Refunded}
		ledger := end{Authorized: got.Authorized, Captured: got.Captured, Voided: got.Voided, Refunded: got.Refunded}
		if got != want || viewed != ledger {
			return fmt.Sprintf("the order has not ended as it should (-want +got):\n%s\nthe views against the ledger:\n%s", cmp.Diff(want, got), cmp.Diff(ledger, viewed))
		}
		return ""
	})
	return v
}

func TestAnOrderIsPaidAndDelivered(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	w := wishFor(sku, 2, "pm_card_visa", "1 High Street")
	w["shippingCharge"], w["discount"], w["email"] = 100, 100, "a@example.com"
	a := s.ask(t, "POST", "/v1/orders", w.json(), "Idempotency-Key: "+nameOf(t)).must(t, 202)
	placed := read[projections.OrderView](t, a)
	if placed.Status != "placed" || placed.Total != 500 || placed.Lines[0].LineID != "1" || a.header.Get("Location") != "/v1/orders/"+placed.ID {
		t.Errorf("got %s", a.body)
	}
	v := s.ends(t, placed.ID, sku, completed(2, 10))
	if v.EndedAt == nil || v.Shipment.Tracking == "" || v.Email != "a@example.com" || v.ShipTo.Line1 != "1 High Street" {
		t.Errorf("got %+v", v)
	}
}

func TestAnOrderThatCostsNothingAsksNobodyForMoney(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	w := wishFor(sku, 2, "pm_card_chargeDeclined", "1 High Street")
	w["discount"] = 500
	want := completed(2, 10)
	want.Charge, want.Charges, want.Authorized, want.Captured = "", 0, 0, 0
	s.ends(t, s.place(t, w), sku, want)
}

func TestADeclinedCardRejectsTheOrder(t *testing.T) {
	t.Parallel()
	s := quick(t)
	for method, code := range map[string]string{
		"pm_card_chargeDeclined": "card_declined", "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
		"pm_sim_asyncDeclined": "card_declined", "pm_nobody_knows": "invalid_payment_method",
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			sku := s.list(t, 10)
			v := s.ends(t, s.place(t, wishFor(sku, 2, method, "1 High Street")), sku, end{
				Status: "rejected", Reason: "payment_declined", Payment: "declined", Shipment: "none", Stock: "released",
				Charge: sagas.ChargeDeclined, Charges: 1, OnHand: 10,
			})
			if v.Detail != code || v.Payment.Code != code {
				t.Errorf("got %q and %q, want %q", v.Detail, v.Payment.Code, code)
			}
		})
	}
}

func TestAShortageRejectsTheWholeOrderAndNamesTheSKU(t *testing.T) {
	t.Parallel()
	s := quick(t)
	plenty, scarce := s.list(t, 10), s.another(t, ".scarce")
	s.ask(t, "POST", "/v1/stock/receipts", fmt.Sprintf(`{"sku": %q, "quantity": 1, "reference": "first"}`, scarce)).must(t, 201)
	w := wishFor(plenty, 2, "pm_card_visa", "1 High Street")
	w["lines"] = append(w["lines"].([]any), map[string]any{"sku": scarce, "quantity": 2, "unitPrice": 250})
	v := s.ends(t, s.place(t, w), plenty, end{
		Status: "rejected", Reason: "out_of_stock", Payment: "cancelled", Shipment: "none", Stock: "refused", OnHand: 10,
	})
	if len(v.Stock.Shortages) != 1 || v.Stock.Shortages[0].SKU != scarce || v.Stock.Shortages[0].Requested != 2 || v.Stock.Shortages[0].Available != 1 {
		t.Errorf("got %+v", v.Stock.Shortages)
	}
	if v.Detail != scarce+": 2 requested, 1 available" {
		t.Errorf("got %q", v.Detail)
	}
	if level := s.level(t, scarce); level.Reserved != 0 || level.OnHand != 1 {
		t.Errorf("got %+v", level)
	}
}

func TestOfTwoBuyersOfTheLastMugExactlyOneGetsIt(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 1)
	ids := map[string]string{}
	for _, buyer := range []string{"one", "other"} {
		body := wishFor(sku, 1, "pm_card_visa", "1 High Street").json()
		a := s.ask(t, "POST", "/v1/orders", body, "Idempotency-Key: "+nameOf(t)+buyer).must(t, 202)
		ids[buyer] = read[projections.OrderView](t, a).ID
	}
	statuses := map[string]int{}
	for _, id := range ids {
		statuses[s.until(t, id, "ended", projections.OrderView.Ended).Status]++
	}
	if statuses["completed"] != 1 || statuses["rejected"] != 1 {
		t.Errorf("got %v", statuses)
	}
}

func TestALatePaymentIsLetGoAndTheOrderStaysRejected(t *testing.T) {
	t.Parallel()
	s := hurried(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_sim_async", "1 High Street"))
	v := s.until(t, id, "ended", projections.OrderView.Ended)
	if v.Status != "rejected" || v.Reason != "payment_expired" {
		t.Fatalf("got %s, %s", v.Status, v.Reason)
	}
	s.ends(t, id, sku, end{
		Status: "rejected", Reason: "payment_expired", Payment: "voided", Shipment: "none", Stock: "released",
		Charge: sagas.ChargeVoided, Authorized: 500, Voided: 500, Charges: 1, OnHand: 10,
	})
}

func TestAnAddressThatTheCarrierRefusesCancelsTheOrder(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	v := s.ends(t, s.place(t, wishFor(sku, 2, "pm_card_visa", "SIM-REFUSE 1 High Street")), sku, end{
		Status: "cancelled", Reason: "shipment_failed", Payment: "voided", Shipment: "failed", Stock: "released",
		Charge: sagas.ChargeVoided, Authorized: 500, Voided: 500, Charges: 1, Bookings: 1, OnHand: 10,
	})
	if v.Shipment.Code != "address_refused" {
		t.Errorf("got %q", v.Shipment.Code)
	}
}

func TestALostParcelIsRefundedAndGone(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	s.ends(t, s.place(t, wishFor(sku, 2, "pm_card_visa", "SIM-LOSE 1 High Street")), sku, end{
		Status: "lost", Payment: "refunded", Shipment: "lost", Stock: "shipped", Charge: sagas.ChargeCaptured,
		Authorized: 500, Captured: 500, Refunded: 500, Charges: 1, Bookings: 1, OnHand: 8,
	})
}

func TestAParcelThatComesBackIsRefundedAndRestocked(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	s.ends(t, s.place(t, wishFor(sku, 2, "pm_card_visa", "SIM-RETURN 1 High Street")), sku, end{
		Status: "returned", Payment: "refunded", Shipment: "returned", Stock: "restocked", Charge: sagas.ChargeCaptured,
		Authorized: 500, Captured: 500, Refunded: 500, Charges: 1, Bookings: 1, OnHand: 10,
	})
}
