package api_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

func TestACallThatTimesOutBeforeOrAfterItsEffectChargesOnce(t *testing.T) {
	t.Parallel()
	s := quick(t)
	for _, method := range []string{"pm_sim_timeoutBefore", "pm_sim_timeoutAfter"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			sku := s.list(t, 10)
			id := s.place(t, wishFor(sku, 2, method, "1 High Street"))
			s.ends(t, id, sku, completed(2, 10))
			if n := count(s.history(t, id)); n["payment.authorization_started.v1"] != 1 || n["payment.authorized.v1"] != 1 {
				t.Errorf("got %v", n)
			}
		})
	}
}

func TestABookingThatTimesOutBeforeOrAfterItsEffectBooksOnce(t *testing.T) {
	t.Parallel()
	s := quick(t)
	for _, line1 := range []string{"SIM-TIMEOUT-BEFORE", "SIM-TIMEOUT-AFTER"} {
		t.Run(line1, func(t *testing.T) {
			t.Parallel()
			sku := s.list(t, 10)
			s.ends(t, s.place(t, wishFor(sku, 2, "pm_card_visa", line1+" 1 High Street")), sku, completed(2, 10))
		})
	}
}

func TestAProviderThatDecidesLaterIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := quick(t)
	for _, method := range []string{"pm_sim_async", "pm_sim_slow"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			sku := s.list(t, 10)
			s.ends(t, s.place(t, wishFor(sku, 2, method, "1 High Street")), sku, completed(2, 10))
		})
	}
}

func TestWebhooksThatRepeatOrOvertakeOurCallsHaveOneEffect(t *testing.T) {
	t.Parallel()
	s := quick(t)
	for _, c := range []struct{ method, line1 string }{
		{"pm_sim_webhookDuplicate", "SIM-WEBHOOK-DUPLICATE"}, {"pm_sim_webhookEarly", "SIM-WEBHOOK-EARLY"}, {"pm_card_visa", "SIM-HANDOVER"},
	} {
		t.Run(c.method, func(t *testing.T) {
			t.Parallel()
			sku := s.list(t, 10)
			id := s.place(t, wishFor(sku, 2, c.method, c.line1+" 1 High Street"))
			s.ends(t, id, sku, completed(2, 10))
			for kind, n := range count(s.history(t, id)) {
				if n != 1 {
					t.Errorf("%s is there %d times", kind, n)
				}
			}
		})
	}
}

func TestARefundIsPendingUntilItIsSettled(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_card_pendingRefund", "SIM-RETURN 1 High Street"))
	s.until(t, id, "refund_pending", func(v projections.OrderView) bool { return v.Payment.Status == "refund_pending" })
	if refunds := s.charges(t, id)[0].Refunds; len(refunds) != 1 || refunds[0].Status != sagas.RefundPending {
		t.Errorf("the provider says %+v", refunds)
	}
	s.ends(t, id, sku, end{
		Status: "returned", Payment: "refunded", Shipment: "returned", Stock: "restocked", Charge: sagas.ChargeCaptured,
		Authorized: 500, Captured: 500, Refunded: 500, Charges: 1, Bookings: 1, OnHand: 10,
	})
	if n := len(s.charges(t, id)[0].Refunds); n != 1 {
		t.Errorf("it was refunded %d times", n)
	}
}

func TestWhatAPersonMustDecideIsOnTheAttentionList(t *testing.T) {
	t.Parallel()
	s := quick(t)
	for _, c := range []struct{ method, line1, reason, payment string }{
		{"pm_card_refundFail", "SIM-LOSE", "refund_failed", "refund_failed"},
		{"pm_sim_voidFails", "SIM-REFUSE", "void_failed", "void_failed"},
		{"pm_sim_captureFails", "", "payment_due", "capture_failed"},
	} {
		t.Run(c.method, func(t *testing.T) {
			t.Parallel()
			id := s.place(t, wishFor(s.list(t, 10), 2, c.method, c.line1+" 1 High Street"))
			v := s.until(t, id, "attention for "+c.reason, func(v projections.OrderView) bool {
				return v.Status == "attention" && v.Payment.Status == c.payment
			})
			if v.Attention != c.reason || v.Payment.Code == "" {
				t.Errorf("got %+v, payment %+v", v.Attention, v.Payment)
			}
			eventually(t, func() string {
				for _, o := range read[struct{ Orders []projections.OrderView }](t, s.ask(t, "GET", "/v1/attention?limit=500", "").must(t, 200)).Orders {
					if o.ID == id {
						return ""
					}
				}
				return "it is not on the list"
			})
			if charge := s.charges(t, id)[0]; charge.Refunded != 0 || charge.Check() != nil {
				t.Errorf("the provider says %+v", charge)
			}
		})
	}
}

func TestAnAuthorizationThatRunsOutCancelsTheOrder(t *testing.T) {
	t.Parallel()
	s := patient(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_sim_expires", "1 High Street"))
	s.ends(t, id, sku, end{
		Status: "cancelled", Reason: "authorization_lost", Payment: "authorization_lost", Shipment: "cancelled", Stock: "released",
		Charge: sagas.ChargeExpired, Authorized: 500, Charges: 1, Bookings: 1, OnHand: 10,
	})
	if v := s.order(t, id); v.Payment.Expired != 500 {
		t.Errorf("got %+v", v.Payment)
	}
}
