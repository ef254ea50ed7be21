package psp_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/sagas"
)

func TestEveryMethodDoesWhatItSays(t *testing.T) {
	w := newWorld(t, psp.Options{SlowAnswer: time.Millisecond})
	for _, script := range append(psp.Methods(), psp.Script{Method: "pm_card_unheard_of", Decline: psp.CodeUnknownMethod}) {
		call := newCall(script.Method)
		if strings.Contains(script.Method, "timeout") {
			if c, err := w.hasty.Authorize(t.Context(), call, script.Method, pounds(1000)); err == nil {
				t.Errorf("%s: answered at once: %+v", script.Method, c)
			}
		}
		authorize := func() sagas.Charge {
			c, err := w.client.Authorize(t.Context(), call, script.Method, pounds(1000))
			if err != nil {
				t.Fatalf("%s: %v", script.Method, err)
			}
			return c
		}
		charge := authorize()
		if charge.Status == sagas.ChargePending {
			waitFor(t, func() bool { types, _ := w.notices(script.Method); return len(types) > 0 })
			charge = authorize()
		}
		want := sagas.ChargeAuthorized
		if script.Decline != "" {
			want = sagas.ChargeDeclined
		}
		if charge.Status != want || charge.DeclineCode != script.Decline || charge.Reference != script.Method {
			t.Errorf("%s: %+v", script.Method, charge)
		}
		if want == sagas.ChargeAuthorized && (charge.Authorized != pounds(1000) || charge.ExpiresAt.IsZero()) {
			t.Errorf("%s: %+v", script.Method, charge)
		}
		w.only(script.Method)
	}
}

func TestTimeOutAfterTheEffectChargesOnce(t *testing.T) {
	w := newWorld(t, psp.Options{})
	call := newCall("order")
	if c, err := w.hasty.Authorize(t.Context(), call, "pm_sim_timeoutAfter", pounds(1000)); !errors.Is(err, remote.ErrUnclear) {
		t.Errorf("the first call is answered: %+v, %v", c, err)
	}
	charge, err := w.client.Authorize(t.Context(), call, "pm_sim_timeoutAfter", pounds(1000))
	if err != nil || charge.Status != sagas.ChargeAuthorized {
		t.Errorf("the second call: %+v, %v", charge, err)
	}
	if e := w.only("order"); e.ID != charge.ID || len(e.Effects) != 1 || e.Effects[0].Key != call.Key.String() {
		t.Errorf("the ledger says %+v", e)
	}
}

func TestAfterATimeOutTheChargeIsFoundByOurReference(t *testing.T) {
	w := newWorld(t, psp.Options{})
	_, err := w.hasty.Authorize(t.Context(), newCall("order"), "pm_sim_timeoutAfter", pounds(1000))
	if !errors.Is(err, remote.ErrUnclear) {
		t.Errorf("the time-out is %v", err)
	}
	if c, err := w.client.Find(t.Context(), "order"); err != nil || c.Status != sagas.ChargeAuthorized {
		t.Errorf("found %+v, %v", c, err)
	}
}

func TestTimeOutBeforeTheEffectChargesOnceOnRetry(t *testing.T) {
	w := newWorld(t, psp.Options{})
	call := newCall("order")
	authorize := func(client *psp.Client) (sagas.Charge, error) {
		return client.Authorize(t.Context(), call, "pm_sim_timeoutBefore", pounds(1000))
	}
	if c, err := authorize(w.hasty); !errors.Is(err, remote.ErrUnclear) {
		t.Errorf("the first call is answered: %+v, %v", c, err)
	}
	if _, err := w.client.Find(t.Context(), "order"); !errors.Is(err, sagas.ErrNotFound) {
		t.Errorf("the first call had an effect: %v", err)
	}
	if c, err := authorize(w.client); err != nil || c.Status != sagas.ChargeAuthorized {
		t.Errorf("the second call: %+v, %v", c, err)
	}
	if e := w.only("order"); len(e.Effects) != 1 {
		t.Errorf("the ledger says %+v", e)
	}
}

func TestFiftyRepetitionsAtOnceChargeOnce(t *testing.T) {
	w := newWorld(t, psp.Options{})
	call := newCall("order")
	var mu sync.Mutex
	ids := map[string]bool{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			c, err := w.client.Authorize(t.Context(), call, "pm_card_visa", pounds(1000))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			ids[c.ID] = true
			mu.Unlock()
		})
	}
	all.Wait()
	if e := w.only("order"); len(ids) != 1 || !ids[e.ID] || len(e.Effects) != 1 {
		t.Errorf("%d answers, ledger %+v", len(ids), e)
	}
}

func TestAKeyIsNotUsedForAnotherRequest(t *testing.T) {
	w := newWorld(t, psp.Options{})
	call := newCall("order")
	first, err := w.client.Authorize(t.Context(), call, "pm_card_visa", pounds(1000))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.client.Authorize(t.Context(), call, "pm_card_visa", pounds(2000))
	problem, ok := errors.AsType[*remote.Problem](err)
	if _, refused := errors.AsType[*sagas.Refusal](err); !ok || problem.Code != remote.CodeKeyReused || refused {
		t.Errorf("another amount: %v", err)
	}
	if _, err := w.client.Capture(t.Context(), call, first.ID, pounds(1000)); err == nil {
		t.Error("the key of the authorization captures")
	}
	if e := w.only("order"); e.Authorized != 1000 || e.Captured != 0 {
		t.Errorf("the ledger says %+v", e)
	}
}

func TestMoneyIsTakenAndGivenBackOnce(t *testing.T) {
	w := newWorld(t, psp.Options{})
	charge := w.authorized("order", "pm_card_visa")
	capture, refund := newCall("order"), newCall("order")
	for range 3 {
		c, err := w.client.Capture(t.Context(), capture, charge.ID, pounds(1000))
		if err != nil || c.Status != sagas.ChargeCaptured {
			t.Fatalf("capture: %+v, %v", c, err)
		}
	}
	for range 3 {
		r, err := w.client.Refund(t.Context(), refund, charge.ID, pounds(400))
		if err != nil || r.Status != sagas.RefundSucceeded || r.Key != refund.Key || r.Amount != pounds(400) {
			t.Fatalf("refund: %+v, %v", r, err)
		}
	}
	e := w.only("order")
	kinds := []psp.EffectKind{}
	for _, effect := range e.Effects {
		kinds = append(kinds, effect.Kind)
	}
	if diff := cmp.Diff([]psp.EffectKind{psp.Authorize, psp.Capture, psp.Refunding}, kinds); diff != "" {
		t.Error(diff)
	}
	if e.Captured != 1000 || e.Refunded != 400 || e.Open() != 0 {
		t.Errorf("the ledger says %+v", e)
	}
	if types, _ := w.notices("order"); len(types) != 0 {
		t.Errorf("what was answered is also told: %v", types)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, psp.Options{})
	ctx := t.Context()
	captured := w.captured("captured", "pm_card_visa")
	voided := w.authorized("voided", "pm_card_visa")
	for range 2 { // the second time with another key: nothing more to let go
		if c, err := w.client.Void(ctx, newCall("voided"), voided.ID); err != nil || c.Status != sagas.ChargeVoided {
			t.Fatalf("void: %+v, %v", c, err)
		}
	}
	partly := w.authorized("partly", "pm_card_visa")
	if c, err := w.client.Capture(ctx, newCall("partly"), partly.ID, pounds(300)); err != nil || c.Captured != pounds(300) {
		t.Fatalf("partial capture: %+v, %v", c, err)
	}
	charge := func(_ sagas.Charge, err error) error { return err }
	for want, err := range map[string]error{
		"charge_captured":   charge(w.client.Void(ctx, newCall("a"), captured.ID)),
		"charge_voided":     charge(w.client.Capture(ctx, newCall("a"), voided.ID, pounds(1000))),
		"charge_unknown":    charge(w.client.Capture(ctx, newCall("a"), "ch_none", pounds(1000))),
		"amount_too_large":  charge(w.client.Capture(ctx, newCall("a"), w.authorized("b", "pm_card_visa").ID, pounds(1001))),
		"capture_failed":    charge(w.client.Capture(ctx, newCall("a"), w.authorized("c", "pm_sim_captureFails").ID, pounds(1000))),
		"void_failed":       charge(w.client.Void(ctx, newCall("a"), w.authorized("d", "pm_sim_voidFails").ID)),
		"invalid_amount":    charge(w.client.Authorize(ctx, newCall("a"), "pm_card_visa", pounds(0))),
		"invalid_currency":  charge(w.client.Authorize(ctx, newCall("a"), "pm_card_visa", psp.Entry{}.AsCharge().Authorized)),
		"invalid_reference": charge(w.client.Authorize(ctx, newCall(""), "pm_card_visa", pounds(1))),
	} {
		refused, ok := errors.AsType[*sagas.Refusal](err)
		if want == "invalid_currency" && ok && strings.HasPrefix(refused.Code, "invalid_") {
			continue
		}
		if !ok || refused.Code != want {
			t.Errorf("want %s: %v", want, err)
		}
	}
	for want, id := range map[string]string{"charge_not_captured": voided.ID, "refund_too_large": partly.ID, "charge_unknown": "ch_none"} {
		r, err := w.client.Refund(ctx, newCall("a"), id, pounds(301))
		if err != nil || r.Status != sagas.RefundFailed || r.Reason != want {
			t.Errorf("want %s: %+v, %v", want, r, err)
		}
	}
	if e := w.only("partly"); e.Captured != 300 || e.Voided != 700 {
		t.Errorf("the ledger says %+v", e)
	}
}

func TestListingGoesOnWhereThePageEnded(t *testing.T) {
	w := newWorld(t, psp.Options{})
	for i := range 7 {
		w.authorized(fmt.Sprint(i), "pm_card_visa")
	}
	caller := remote.NewCaller(w.server.URL, nil, 0)
	var references []string
	after := ""
	for pages := 1; ; pages++ {
		answer, err := caller.Call(t.Context(), http.MethodGet, "/v1/charges", "limit=3&after="+after, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		page, err := remote.Decode[psp.Page](answer)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Charges {
			references = append(references, e.Reference)
		}
		if after = page.Next; after == "" || pages > 3 {
			break
		}
	}
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5", "6"}, references); diff != "" {
		t.Error(diff)
	}
}
