package psp_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

func TestAnUncapturedAuthorizationExpires(t *testing.T) {
	w := newWorld(t, psp.Options{})
	charge := w.authorized("order", "pm_sim_expires")
	waitFor(t, func() bool { types, _ := w.notices("order"); return len(types) > 0 })
	types, notices := w.notices("order")
	if types[0] != webhook.ChargeExpired || notices[0].Charge.Expired != 1000 || notices[0].Charge.Status != sagas.ChargeExpired {
		t.Errorf("told %v, %+v", types, notices)
	}
	for what, err := range map[string]error{
		"capture": second(w.client.Capture(t.Context(), newCall("order"), charge.ID, pounds(1000))),
		"void":    second(w.client.Void(t.Context(), newCall("order"), charge.ID)),
	} {
		if refused, ok := errors.AsType[*sagas.Refusal](err); !ok || refused.Code != "charge_expired" {
			t.Errorf("%s after the end: %v", what, err)
		}
	}
	w.only("order")
}

func TestAnAuthorizationEndsOnTimeThoughItsTurnHasNotCome(t *testing.T) {
	var later atomic.Int64
	w := newWorld(t, psp.Options{Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	charge := w.authorized("order", "pm_card_visa")
	later.Store(int64(7 * 24 * time.Hour)) // the provider sleeps for up to a second more
	_, err := w.client.Capture(t.Context(), newCall("order"), charge.ID, pounds(1000))
	if refused, ok := errors.AsType[*sagas.Refusal](err); !ok || refused.Code != "charge_expired" {
		t.Errorf("a capture after seven days: %v", err)
	}
	if e := w.only("order"); e.Expired != 1000 {
		t.Errorf("the ledger says %+v", e)
	}
}

func second(_ sagas.Charge, err error) error { return err }

func TestCaptureAgainstExpiryExactlyOneWins(t *testing.T) {
	w := newWorld(t, psp.Options{ShortLife: 60 * time.Millisecond})
	var won sync.Map
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			reference := fmt.Sprint(i)
			charge := w.authorized(reference, "pm_sim_expires")
			timer := time.NewTimer(time.Until(charge.ExpiresAt.Add(time.Duration(i-20) * 200 * time.Microsecond)))
			defer timer.Stop()
			<-timer.C
			c, err := w.client.Capture(t.Context(), newCall(reference), charge.ID, pounds(1000))
			won.Store(reference, err == nil && c.Status == sagas.ChargeCaptured)
		})
	}
	all.Wait()
	waitFor(t, func() bool {
		for e := range w.provider.Ledger() {
			if e.Status == sagas.ChargeAuthorized {
				return false
			}
		}
		return true
	})
	for reference, charges := range w.ledger() {
		captured, _ := won.Load(reference)
		if (charges[0].Status == sagas.ChargeCaptured) != captured {
			t.Errorf("%s: answered captured %t, but is %s", reference, captured, charges[0].Status)
		}
	}
}

func TestAnAsynchronousDecisionIsAskedForAgainOrToldByWebhook(t *testing.T) {
	w := newWorld(t, psp.Options{SettleAfter: 300 * time.Millisecond})
	call := newCall("order")
	authorize := func() sagas.Charge {
		c, err := w.client.Authorize(t.Context(), call, "pm_sim_async", pounds(1000))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	pending := authorize()
	if pending.Status != sagas.ChargePending || !pending.Authorized.IsZero() {
		t.Errorf("at first %+v", pending)
	}
	if _, err := w.client.Capture(t.Context(), newCall("order"), pending.ID, pounds(1000)); !errors.Is(err, remote.ErrUnclear) {
		t.Errorf("a capture of what is not decided: %v", err)
	}
	waitFor(t, func() bool { return authorize().Status == sagas.ChargeAuthorized })
	waitFor(t, func() bool { types, _ := w.notices("order"); return len(types) > 0 })
	types, notices := w.notices("order")
	if types[0] != webhook.ChargeAuthorized || notices[0].Key != call.Key.String() || notices[0].Charge.AsCharge().Authorized != pounds(1000) {
		t.Errorf("told %v, %+v", types, notices)
	}
	w.only("order")
}

func TestRefundsThatSettleLater(t *testing.T) {
	w := newWorld(t, psp.Options{})
	for method, want := range map[string]string{
		"pm_card_refundFail": webhook.RefundFailed, "pm_card_pendingRefund": webhook.RefundSucceeded,
	} {
		charge, call := w.captured(method, method), newCall(method)
		r, err := w.client.Refund(t.Context(), call, charge.ID, pounds(1000))
		if err != nil || r.Status != sagas.RefundPending {
			t.Fatalf("%s: %+v, %v", method, r, err)
		}
		waitFor(t, func() bool { types, _ := w.notices(method); return len(types) > 0 })
		types, notices := w.notices(method)
		if types[0] != want || notices[0].Key != call.Key.String() || notices[0].Refund.ID != r.ID {
			t.Errorf("%s: told %v, %+v", method, types, notices)
		}
		found, err := w.client.Find(t.Context(), method)
		if err != nil || len(found.Refunds) != 1 || found.Refunds[0].Key != call.Key {
			t.Fatalf("%s: %+v, %v", method, found, err)
		}
		if diff := cmp.Diff(found.Refunds[0], notices[0].Refund.AsRefund()); diff != "" {
			t.Error(diff)
		}
		again, err := w.client.Refund(t.Context(), newCall(method), charge.ID, pounds(1000))
		failed := want == webhook.RefundFailed // the money is still there to be refunded
		if err != nil || (again.Status == sagas.RefundPending) != failed {
			t.Errorf("%s: a second refund is %+v, %v", method, again, err)
		}
		w.only(method)
	}
}

func TestEachWebhookThriceAtOnce(t *testing.T) {
	w := newWorld(t, psp.Options{})
	w.captured("order", "pm_sim_webhookDuplicate")
	waitFor(t, func() bool { types, _ := w.notices("order"); return len(types) == 6 })
	types, _ := w.notices("order")
	slices.Sort(types)
	want := []string{
		webhook.ChargeAuthorized, webhook.ChargeAuthorized, webhook.ChargeAuthorized,
		webhook.ChargeCaptured, webhook.ChargeCaptured, webhook.ChargeCaptured,
	}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Error(diff)
	}
	if len(w.ids) != 2 {
		t.Errorf("the copies differ in their ids: %v", w.ids)
	}
}

func TestTheWebhookOvertakesTheAnswer(t *testing.T) {
	w := newWorld(t, psp.Options{})
	w.authorized("order", "pm_sim_webhookEarly")
	if types, _ := w.notices("order"); !slices.Equal(types, []string{webhook.ChargeAuthorized}) {
		t.Errorf("when the answer came, %v had been told", types)
	}
}

func TestNotifyAllTellsAlsoWhatWasAnswered(t *testing.T) {
	w := newWorld(t, psp.Options{NotifyAll: true})
	charge := w.captured("order", "pm_card_visa")
	if _, err := w.client.Refund(t.Context(), newCall("order"), charge.ID, pounds(1)); err != nil {
		t.Fatal(err)
	}
	want := []string{webhook.ChargeAuthorized, webhook.ChargeCaptured, webhook.RefundSucceeded}
	waitFor(t, func() bool { types, _ := w.notices("order"); return slices.Equal(types, want) })
}
