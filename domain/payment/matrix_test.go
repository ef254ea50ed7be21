package payment_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/payment"
)

func commands() map[string]payment.Command {
	return map[string]payment.Command{
		"Request":                         request,
		"Authorize":                       payment.Authorize{},
		"Capture":                         payment.Capture{},
		"Undo":                            payment.Undo{},
		"ExpireAuthorization":             payment.ExpireAuthorization{},
		"RecordAuthorized":                authorizedNow,
		"RecordDeclined":                  payment.RecordDeclined{Code: "card_declined"},
		"RecordCaptured":                  capturedNow,
		"RecordCaptureFailed":             captureBroke,
		"RecordCaptureFailed (hold lost)": holdWasLost,
		"RecordVoided":                    payment.RecordVoided{},
		"RecordVoidFailed":                payment.RecordVoidFailed{Code: "charge_expired"},
		"RecordRefundPending":             payment.RecordRefundPending{Refund: "re_1"},
		"RecordRefunded":                  payment.RecordRefunded{Refund: "re_1"},
		"RecordRefundFailed":              payment.RecordRefundFailed{Code: "account_closed"},
	}
}

var phaseNames = map[payment.Phase]string{
	payment.Nothing: "nothing", payment.IsRequested: "requested", payment.Authorizing: "authorizing",
	payment.IsAuthorized: "authorized", payment.IsDeclined: "declined", payment.IsLost: "lost",
	payment.Capturing: "capturing", payment.IsCaptured: "captured", payment.IsCaptureFailed: "capture failed",
	payment.Voiding: "voiding", payment.IsVoided: "voided", payment.IsVoidFailed: "void failed",
	payment.Refunding: "refunding", payment.IsRefundPending: "refund pending",
	payment.IsRefunded: "refunded", payment.IsRefundFailed: "refund failed",
}

// phase names a phase, and says that it was undone where that is not plain from the phase.
func phase(s payment.State) string {
	name := phaseNames[s.Phase]
	switch s.Phase {
	case payment.Nothing, payment.IsRequested, payment.Authorizing, payment.IsAuthorized, payment.Capturing,
		payment.IsCaptured, payment.IsCaptureFailed, payment.IsLost:
		if s.Undone {
			return name + " undone"
		}
	}
	return name
}

type matrix = domaintest.Matrix[payment.State, payment.Command, payment.Event]

func TestEveryCommandInEveryPhase(t *testing.T) {
	matrix{
		Entity: payment.Entity, Commands: commands(), Sealed: "paymentCommand", Phase: phase,
		Errors: map[string]error{"Unknown": payment.ErrUnknown},
		Grids: []string{`
			towards the hold                | nothing     | requested             | authorizing | authorized         | declined | lost           | lost undone
			Request                         | requested   | -                     | -           | -                  | -        | -              | -
			Authorize                       | ~requested  | authorization_started | -           | -                  | -        | -              | -
			Capture                         | ~authorized | ~authorized           | ~authorized | capture_started    | -        | capture_failed | -
			Undo                            | cancelled   | cancelled             | cancelled   | void_started       | -        | cancelled      | -
			ExpireAuthorization             | -           | -                     | -           | authorization_lost | -        | -              | -
			RecordAuthorized                | !Unknown    | -                     | authorized  | -                  | -        | -              | -
			RecordDeclined                  | !Unknown    | -                     | declined    | -                  | -        | -              | -
			RecordCaptured                  | !Unknown    | -                     | -           | -                  | -        | -              | -
			RecordCaptureFailed             | !Unknown    | -                     | -           | -                  | -        | -              | -
			RecordCaptureFailed (hold lost) | !Unknown    | -                     | -           | -                  | -        | -              | -
			RecordVoided                    | !Unknown    | -                     | -           | -                  | -        | -              | -
			RecordVoidFailed                | !Unknown    | -                     | -           | -                  | -        | -              | -
			RecordRefundPending             | !Unknown    | -                     | -           | -                  | -        | -              | -
			RecordRefunded                  | !Unknown    | -                     | -           | -                  | -        | -              | -
			RecordRefundFailed              | !Unknown    | -                     | -           | -                  | -        | -              | -
		`, `
			the money                       | capturing      | captured       | capture failed | capture failed undone
			Request                         | -              | -              | -              | -
			Authorize                       | -              | -              | -              | -
			Capture                         | -              | -              | -              | -
			Undo                            | cancelled      | refund_started | void_started   | -
			ExpireAuthorization             | -              | -              | -              | -
			RecordAuthorized                | -              | -              | -              | -
			RecordDeclined                  | -              | -              | -              | -
			RecordCaptured                  | captured       | -              | -              | -
			RecordCaptureFailed             | capture_failed | -              | -              | -
			RecordCaptureFailed (hold lost) | capture_failed | -              | -              | -
			RecordVoided                    | -              | -              | -              | -
			RecordVoidFailed                | -              | -              | -              | -
			RecordRefundPending             | -              | -              | -              | -
			RecordRefunded                  | -              | -              | -              | -
			RecordRefundFailed              | -              | -              | -              | -
		`, `
			undone                          | nothing undone | requested undone | authorizing undone      | capturing undone
			Request                         | -              | -                | -                       | -
			Authorize                       | -              | -                | -                       | -
			Capture                         | -              | -                | -                       | -
			Undo                            | -              | -                | -                       | -
			ExpireAuthorization             | -              | -                | -                       | -
			RecordAuthorized                | !Unknown       | -                | authorized+void_started | -
			RecordDeclined                  | !Unknown       | -                | declined                | -
			RecordCaptured                  | !Unknown       | -                | -                       | captured+refund_started
			RecordCaptureFailed             | !Unknown       | -                | -                       | capture_failed+void_started
			RecordCaptureFailed (hold lost) | !Unknown       | -                | -                       | capture_failed
			RecordVoided                    | !Unknown       | -                | -                       | -
			RecordVoidFailed                | !Unknown       | -                | -                       | -
			RecordRefundPending             | !Unknown       | -                | -                       | -
			RecordRefunded                  | !Unknown       | -                | -                       | -
			RecordRefundFailed              | !Unknown       | -                | -                       | -
		`, `
			giving back                     | voiding     | voided | void failed | refunding      | refund pending | refunded | refund failed
			Request                         | -           | -      | -           | -              | -              | -        | -
			Authorize                       | -           | -      | -           | -              | -              | -        | -
			Capture                         | -           | -      | -           | -              | -              | -        | -
			Undo                            | -           | -      | -           | -              | -              | -        | -
			ExpireAuthorization             | -           | -      | -           | -              | -              | -        | -
			RecordAuthorized                | -           | -      | -           | -              | -              | -        | -
			RecordDeclined                  | -           | -      | -           | -              | -              | -        | -
			RecordCaptured                  | -           | -      | -           | -              | -              | -        | -
			RecordCaptureFailed             | -           | -      | -           | -              | -              | -        | -
			RecordCaptureFailed (hold lost) | -           | -      | -           | -              | -              | -        | -
			RecordVoided                    | voided      | -      | -           | -              | -              | -        | -
			RecordVoidFailed                | void_failed | -      | -           | -              | -              | -        | -
			RecordRefundPending             | -           | -      | -           | refund_pending | -              | -        | -
			RecordRefunded                  | -           | -      | -           | refunded       | refunded       | -        | -
			RecordRefundFailed              | -           | -      | -           | refund_failed  | refund_failed  | -        | -
		`},
	}.Check(t)
}

// Where there is nothing to pay nobody is asked: each step is its own outcome.
func TestEveryCommandInEveryPhaseOfAFreeOrder(t *testing.T) {
	asked := commands()
	asked["Request"] = payment.Request{Amount: free, Method: "pm_card_visa"}
	for name := range asked {
		switch name {
		case "Request", "Authorize", "Capture", "Undo", "ExpireAuthorization", "RecordDeclined", "RecordRefunded":
		default:
			delete(asked, name)
		}
	}
	matrix{
		Entity: payment.Entity, Commands: asked, Phase: phase, Errors: map[string]error{"Unknown": payment.ErrUnknown},
		Grids: []string{`
			nothing to pay      | nothing     | requested   | authorized | captured | voided | refunded | nothing undone | requested undone
			Request             | requested   | -           | -          | -        | -      | -        | -              | -
			Authorize           | ~requested  | authorized  | -          | -        | -      | -        | -              | -
			Capture             | ~authorized | ~authorized | captured   | -        | -      | -        | -              | -
			Undo                | cancelled   | cancelled   | voided     | refunded | -      | -        | -              | -
			ExpireAuthorization | -           | -           | -          | -        | -      | -        | -              | -
			RecordDeclined      | !Unknown    | -           | -          | -        | -      | -        | !Unknown       | -
			RecordRefunded      | !Unknown    | -           | -          | -        | -      | -        | !Unknown       | -
		`},
	}.Check(t)
}
