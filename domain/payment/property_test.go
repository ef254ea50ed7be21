package payment_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/payment"
)

// ledger is the provider's side of the story, kept from the events alone: which call is in flight, and where the money is.
type ledger struct {
	calls   map[string]bool // by wire type of the intent
	held    int64
	taken   int64
	back    int64
	history []payment.Event
}

func newLedger() *ledger { return &ledger{calls: map[string]bool{}} }

// record checks that an event may follow, and books it.
func (l *ledger) record(t *rapid.T, e payment.Event) {
	l.history = append(l.history, e)
	switch e := e.(type) {
	case payment.AuthorizationStarted, payment.CaptureStarted, payment.VoidStarted, payment.RefundStarted:
		l.start(t, e)
	case payment.Authorized:
		l.settle(t, payment.AuthorizationStarted{})
		l.held += e.Amount.Amount
	case payment.Declined:
		l.settle(t, payment.AuthorizationStarted{})
	case payment.AuthorizationLost:
		l.held = 0
	case payment.Captured:
		l.settle(t, payment.CaptureStarted{})
		l.held -= e.Amount.Amount
		l.taken += e.Amount.Amount
	case payment.CaptureFailed:
		if e.Code == payment.CodeAuthorizationLost { // said by the provider, or known before a call
			delete(l.calls, payment.CaptureStarted{}.EventType())
			l.held = 0
			return
		}
		l.settle(t, payment.CaptureStarted{})
	case payment.Voided:
		l.settle(t, payment.VoidStarted{})
		l.held -= e.Amount.Amount
	case payment.VoidFailed:
		l.settle(t, payment.VoidStarted{})
	case payment.RefundPending:
		if !l.calls[payment.RefundStarted{}.EventType()] {
			t.Fatalf("a refund is pending that nobody asked for: %v", l.history)
		}
	case payment.Refunded:
		l.settle(t, payment.RefundStarted{})
		l.back += e.Amount.Amount
	case payment.RefundFailed:
		l.settle(t, payment.RefundStarted{})
	}
	if l.held < 0 || l.back > l.taken {
		t.Fatalf("held %d, taken %d, given back %d: %v", l.held, l.taken, l.back, l.history)
	}
	if l.has(payment.VoidStarted{}) && l.has(payment.RefundStarted{}) {
		t.Fatalf("both voided and refunded: %v", l.history)
	}
}

func (l *ledger) start(t *rapid.T, intent payment.Event) {
	if l.has(payment.Cancelled{}) && (intent == payment.Event(authorizationStarted) || intent == payment.Event(captureStarted)) {
		t.Fatalf("%T after the payment was undone: %v", intent, l.history)
	}
	if len(l.calls) > 0 {
		t.Fatalf("%T while %v is in flight: %v", intent, l.calls, l.history)
	}
	l.calls[intent.EventType()] = true
}

func (l *ledger) settle(t *rapid.T, intent payment.Event) {
	if !l.calls[intent.EventType()] {
		t.Fatalf("an outcome of %T, which is not in flight: %v", intent, l.history)
	}
	delete(l.calls, intent.EventType())
}

func (l *ledger) has(e payment.Event) bool {
	return slices.ContainsFunc(l.history, func(h payment.Event) bool { return h.EventType() == e.EventType() })
}

// outcomes answer the calls, by wire type of the intent.
var outcomes = map[string][]payment.Command{
	authorizationStarted.EventType(): {authorizedNow, payment.RecordDeclined{Code: "card_declined"}},
	captureStarted.EventType():       {capturedNow, captureBroke, holdWasLost},
	voidStarted.EventType():          {payment.RecordVoided{}, payment.RecordVoidFailed{Code: "not_possible"}},
	refundStarted.EventType():        {payment.RecordRefunded{Refund: "re_1"}, payment.RecordRefundFailed{Code: "account_closed"}},
}

// Whatever is asked and answered in whatever order, and however often: an outcome is recorded only while its call is in
// flight, nothing is both voided and refunded, and once all calls are answered an undone payment holds no money, unless
// the provider refused to let it go, which is on record.
func TestAnyInterleavingOfAnUndonePaymentEndsWithNothingHeld(t *testing.T) {
	all := commands()
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(t *rapid.T) {
		book, state := newLedger(), payment.Entity.Initial()
		decide := func(c payment.Command) {
			var events []payment.Event
			state, events, _ = domaintest.Decide(t, payment.Entity, state, c)
			for _, e := range events {
				book.record(t, e)
			}
		}
		decide(request)
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 30).Draw(t, "commands") {
			decide(all[name])
		}
		decide(payment.Undo{})
		for len(book.calls) > 0 {
			call := slices.Sorted(maps.Keys(book.calls))[0]
			decide(rapid.SampledFrom(outcomes[call]).Draw(t, "outcome of "+call))
		}
		if (book.held > 0) != book.has(payment.VoidFailed{}) {
			t.Fatalf("undone, and %d is held: %v", book.held, book.history)
		}
		if (book.taken > book.back) != book.has(payment.RefundFailed{}) {
			t.Fatalf("undone, and %d was not given back: %v", book.taken-book.back, book.history)
		}
	})
}
