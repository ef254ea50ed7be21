package order_test

import (
	"strings"
	"testing"

	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/order"
)

func commands() map[string]order.Command {
	return map[string]order.Command{
		"Place":              order.Place{Placed: placed},
		"Confirm":            order.Confirm{},
		"Reject":             order.Reject{Reason: order.PaymentDeclined, Detail: "insufficient_funds"},
		"Cancel":             order.Cancel{Reason: order.Customer},
		"LoseAuthorization":  order.LoseAuthorization{},
		"EndShipment":        order.EndShipment{Reason: order.ShipmentFailed, Detail: "bad_address"},
		"RefuseCancellation": order.RefuseCancellation{Reason: "already_dispatched"},
		"NoteDelivered":      order.NoteDelivered{},
		"NotePaid":           order.NotePaid{},
		"NotePaymentDue":     order.NotePaymentDue{Reason: "authorization_lost"},
		"Lose":               order.Lose{},
		"Return":             order.Return{},
	}
}

// phase names what matters of a state: its stage and what was noted since. A refused cancellation matters only as long
// as nothing else tells that the parcel has left.
func phase(s order.State) string {
	words := []string{s.Stage.String()}
	if s.Stage.Ended() {
		return words[0]
	}
	if s.Delivered {
		words = append(words, "delivered")
	}
	if s.Paid {
		words = append(words, "paid")
	}
	if s.PaymentDue {
		words = append(words, "due")
	}
	if len(words) == 1 && s.CancellationRefused {
		words = append(words, "refused")
	}
	return strings.Join(words, " ")
}

func TestEveryCommandInEveryPhase(t *testing.T) {
	domaintest.Matrix[order.State, order.Command, order.Event]{
		Entity:   order.Entity,
		Commands: commands(),
		Sealed:   "orderCommand",
		Phase:    phase,
		Errors: map[string]error{
			"Unknown": order.ErrUnknown, "Dispatched": order.ErrDispatched, "Ended": order.ErrEnded,
		},
		Grids: []string{`
			until dispatch     | unknown  | placed    | confirmed              | cancelling
			Place              | placed   | -         | -                      | -
			Confirm            | !Unknown | confirmed | -                      | -
			Reject             | !Unknown | rejected  | -                      | -
			Cancel             | !Unknown | cancelled | cancellation_requested | -
			LoseAuthorization  | !Unknown | rejected  | cancellation_requested | -
			EndShipment        | !Unknown | -         | cancelled              | cancelled
			RefuseCancellation | !Unknown | -         | -                      | cancellation_refused
			NoteDelivered      | !Unknown | -         | delivered              | delivered
			NotePaid           | !Unknown | -         | paid                   | paid
			NotePaymentDue     | !Unknown | -         | payment_due            | payment_due
			Lose               | !Unknown | -         | lost                   | lost
			Return             | !Unknown | -         | returned               | returned
		`, `
			after dispatch     | confirmed refused | confirmed delivered | confirmed paid      | confirmed due | confirmed delivered due
			Place              | -                 | -                   | -                   | -             | -
			Confirm            | -                 | -                   | -                   | -             | -
			Reject             | -                 | -                   | -                   | -             | -
			Cancel             | !Dispatched       | !Dispatched         | !Dispatched         | !Dispatched   | !Dispatched
			LoseAuthorization  | -                 | -                   | -                   | -             | -
			EndShipment        | cancelled         | -                   | -                   | cancelled     | -
			RefuseCancellation | -                 | -                   | -                   | -             | -
			NoteDelivered      | delivered         | -                   | delivered+completed | delivered     | -
			NotePaid           | paid              | paid+completed      | -                   | paid          | paid+completed
			NotePaymentDue     | payment_due       | payment_due         | -                   | -             | -
			Lose               | lost              | lost                | lost                | lost          | lost
			Return             | returned          | returned            | returned            | returned      | returned
		`, `
			overtaken refusal  | cancelling delivered | cancelling paid      | cancelling due       | cancelling delivered due
			Place              | -                    | -                    | -                    | -
			Confirm            | -                    | -                    | -                    | -
			Reject             | -                    | -                    | -                    | -
			Cancel             | -                    | -                    | -                    | -
			LoseAuthorization  | -                    | -                    | -                    | -
			EndShipment        | -                    | -                    | cancelled            | -
			RefuseCancellation | cancellation_refused | cancellation_refused | cancellation_refused | cancellation_refused
			NoteDelivered      | -                    | delivered+completed  | delivered            | -
			NotePaid           | paid+completed       | -                    | paid                 | paid+completed
			NotePaymentDue     | payment_due          | -                    | -                    | -
			Lose               | lost                 | lost                 | lost                 | lost
			Return             | returned             | returned             | returned             | returned
		`, `
			ended              | rejected   | cancelled  | completed  | lost       | returned
			Place              | -          | -          | -          | -          | -
			Confirm            | -          | -          | -          | -          | -
			Reject             | -          | -          | -          | -          | -
			Cancel             | !Ended     | -          | !Ended     | !Ended     | !Ended
			LoseAuthorization  | -          | -          | -          | -          | -
			EndShipment        | -          | -          | -          | -          | -
			RefuseCancellation | -          | -          | -          | -          | -
			NoteDelivered      | -          | -          | -          | -          | -
			NotePaid           | -          | -          | -          | -          | -
			NotePaymentDue     | -          | -          | -          | -          | -
			Lose               | -          | -          | -          | -          | -
			Return             | -          | -          | -          | -          | -
		`},
	}.Check(t)
}
