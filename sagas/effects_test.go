package sagas_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/sagas"
)

// outside answers every call with the same charge, refund or booking, and counts the calls.
type outside struct {
	charge  sagas.Charge
	booking sagas.Booking
	refund  sagas.Refund
	err     error
	calls   int
	lookups int
}

func (o *outside) Authorize(context.Context, sagas.Call, string, domain.Money) (sagas.Charge, error) {
	o.calls++
	return o.charge, o.err
}

func (o *outside) Capture(context.Context, sagas.Call, string, domain.Money) (sagas.Charge, error) {
	o.calls++
	return sagas.Charge{Status: sagas.ChargeCaptured, Captured: gbp}, o.err
}

func (o *outside) Void(context.Context, sagas.Call, string) (sagas.Charge, error) {
	o.calls++
	return sagas.Charge{Status: sagas.ChargeVoided}, o.err
}

func (o *outside) Refund(context.Context, sagas.Call, string, domain.Money) (sagas.Refund, error) {
	o.calls++
	return o.refund, o.err
}

func (o *outside) Find(context.Context, string) (sagas.Charge, error) {
	o.lookups++
	return o.charge, o.err
}

type parcels struct{ *outside }

func (p parcels) Book(context.Context, sagas.Call, sagas.Parcel) (sagas.Booking, error) {
	p.calls++
	return p.booking, p.err
}

func (p parcels) Cancel(context.Context, sagas.Call) (sagas.Booking, error) {
	p.calls++
	return sagas.Booking{Status: sagas.BookingCancelled}, p.err
}

func (p parcels) Find(context.Context, string) (sagas.Booking, error) {
	p.lookups++
	return p.booking, p.err
}

var (
	gbp    = domain.Money{Amount: 500, Currency: "GBP"}
	intent = uuid.MustParse("6f7264e7-2073-5a61-8167-612e6f726465")
)

// perform lets the effect of an intent ask.
func (o *outside) perform(t *testing.T, fact domain.Event, age time.Duration, state any) (any, error) {
	t.Helper()
	now := time.Date(2010, 12, 1, 8, 26, 0, 0, time.UTC)
	world := sagas.World{Payments: o, Carrier: parcels{o}, Now: func() time.Time { return now }}
	for _, row := range sagas.Checkout.Rows {
		if row.Kind == sagas.Asks && row.On[0] == fact.EventType() {
			return row.Perform(t.Context(), world, fact, sagas.Trigger{ID: intent, Subject: "o1", RecordedAt: now.Add(-age)}, state)
		}
	}
	t.Fatalf("%s has no effect", fact.EventType())
	return nil, nil
}

func paymentIn(p payment.Phase) payment.State {
	return payment.State{Phase: p, Amount: gbp, Charge: "ch"}
}

// An intent older than the provider's memory of keys may have had its effect: it is looked up, and called again only if the
// charge or the booking stands where it stood before.
func TestAnOldIntentIsLookedUpAndNotCalledAgainBlindly(t *testing.T) {
	authorized := sagas.Charge{ID: "ch", Status: sagas.ChargeAuthorized, Authorized: gbp}
	captured := sagas.Charge{ID: "ch", Status: sagas.ChargeCaptured, Authorized: gbp, Captured: gbp}
	for name, c := range map[string]struct {
		fact    domain.Event
		state   any
		found   outside
		command any
		calls   int
	}{
		"authorized already": {payment.AuthorizationStarted{}, paymentIn(payment.Authorizing), outside{charge: authorized}, payment.RecordAuthorized{Charge: "ch", Amount: gbp}, 0},
		"captured already":   {payment.CaptureStarted{}, paymentIn(payment.Capturing), outside{charge: captured}, payment.RecordCaptured{Amount: gbp}, 0},
		"not captured yet":   {payment.CaptureStarted{}, paymentIn(payment.Capturing), outside{charge: authorized}, payment.RecordCaptured{Amount: gbp}, 1},
		"voided already":     {payment.VoidStarted{}, paymentIn(payment.Voiding), outside{charge: sagas.Charge{Status: sagas.ChargeVoided}}, payment.RecordVoided{}, 0},
		"not voided yet":     {payment.VoidStarted{}, paymentIn(payment.Voiding), outside{charge: authorized}, payment.RecordVoided{}, 1},
		"refunded already": {
			payment.RefundStarted{}, paymentIn(payment.Refunding),
			outside{charge: sagas.Charge{Status: sagas.ChargeCaptured, Refunds: []sagas.Refund{{ID: "re", Key: intent, Status: sagas.RefundSucceeded}}}},
			payment.RecordRefunded{Refund: "re"}, 0,
		},
		"not refunded yet": {
			payment.RefundStarted{}, paymentIn(payment.Refunding), outside{charge: captured, refund: sagas.Refund{ID: "re", Status: sagas.RefundSucceeded}},
			payment.RecordRefunded{Refund: "re"}, 1,
		},
		"booked already": {
			shipping.Prepared{}, shipping.State{Phase: shipping.IsPrepared}, outside{booking: sagas.Booking{ID: "bk", Tracking: "T", Status: sagas.BookingBooked}},
			shipping.RecordBooked{Booking: "bk", Tracking: "T"}, 0,
		},
		"cancelled already": {
			shipping.CancellationStarted{}, shipping.State{Phase: shipping.IsBooked, Cancelling: true}, outside{booking: sagas.Booking{Status: sagas.BookingCancelled}},
			shipping.RecordCancelled{}, 0,
		},
		"not cancelled yet": {
			shipping.CancellationStarted{}, shipping.State{Phase: shipping.IsBooked, Cancelling: true}, outside{booking: sagas.Booking{Status: sagas.BookingBooked}},
			shipping.RecordCancelled{}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			command, err := c.found.perform(t, c.fact, 24*time.Hour, c.state)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.command, command); diff != "" || c.found.calls != c.calls || c.found.lookups == 0 {
				t.Errorf("%d calls, %d look-ups, command (-want +got):\n%s", c.found.calls, c.found.lookups, diff)
			}
		})
	}
}

func TestAnEffectWhoseOutcomeIsKnownAsksForNothing(t *testing.T) {
	for _, c := range []struct {
		fact  domain.Event
		state any
	}{
		{payment.AuthorizationStarted{}, paymentIn(payment.IsAuthorized)},
		{payment.CaptureStarted{}, paymentIn(payment.IsCaptured)},
		{payment.VoidStarted{}, paymentIn(payment.IsVoided)},
		{payment.RefundStarted{}, paymentIn(payment.IsRefunded)},
		{payment.RefundPending{}, paymentIn(payment.IsRefundFailed)},
		{shipping.Prepared{}, shipping.State{Phase: shipping.IsBooked}},
		{shipping.CancellationStarted{}, shipping.State{Phase: shipping.IsCancelled}},
	} {
		var o outside
		if command, err := o.perform(t, c.fact, 0, c.state); command != nil || err != nil || o.calls+o.lookups > 0 {
			t.Errorf("%s: %v, %v, %d calls", c.fact.EventType(), command, err, o.calls+o.lookups)
		}
	}
}

func TestAnUnknownOutcomeIsAskedForAgainAndAFinalNoIsRecorded(t *testing.T) {
	o := outside{err: errors.New("connection reset")}
	if command, err := o.perform(t, payment.CaptureStarted{}, 0, paymentIn(payment.Capturing)); command != nil || err == nil {
		t.Errorf("a lost answer became %v", command)
	}
	o = outside{err: &sagas.Refusal{Code: "charge_expired"}}
	if command, err := o.perform(t, payment.CaptureStarted{}, 0, paymentIn(payment.Capturing)); err != nil || command != (payment.RecordCaptureFailed{Code: "charge_expired"}) {
		t.Errorf("a refusal became %v, %v", command, err)
	}
	if command, err := o.perform(t, payment.VoidStarted{}, 0, paymentIn(payment.Voiding)); err != nil || command != (payment.RecordVoided{}) {
		t.Errorf("what ran out by itself became %v, %v", command, err)
	}
	o = outside{charge: sagas.Charge{ID: "ch", Status: sagas.ChargePending}}
	var again *sagas.Retry
	if _, err := o.perform(t, payment.AuthorizationStarted{}, 0, paymentIn(payment.Authorizing)); !errors.As(err, &again) || again.After <= 0 {
		t.Errorf("a pending charge became %v", err)
	}
	o = outside{}
	_, err := o.perform(t, shipping.CancellationStarted{}, 0, shipping.State{Phase: shipping.IsPrepared, Cancelling: true})
	if missing, waits := domain.AsNotYet(err); !waits || missing.Type != (shipping.Booked{}).EventType() || o.calls > 0 {
		t.Errorf("a cancellation before the booking is known became %v after %d calls", err, o.calls)
	}
}
