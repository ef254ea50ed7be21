package shipping_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

func commands() map[string]shipping.Command {
	return map[string]shipping.Command{
		"Prepare":                   prepare,
		"Cancel":                    shipping.Cancel{},
		"RecordBooked":              bookedNow,
		"RecordFailed":              shipping.RecordFailed{Code: "bad_address", Detail: "no such street"},
		"RecordCancelled":           shipping.RecordCancelled{},
		"RecordCancellationRefused": shipping.RecordCancellationRefused{Code: "on_the_van"},
		"RecordDispatched":          dispatchedBy,
		"RecordDelivered":           deliveredBy,
		"RecordLost":                lostBy,
		"RecordReturned":            returnedBy,
	}
}

var phaseNames = map[shipping.Phase]string{
	shipping.Nothing: "nothing", shipping.IsPrepared: "prepared", shipping.IsBooked: "booked",
	shipping.IsFailed: "failed", shipping.IsCancelled: "cancelled", shipping.IsDispatched: "dispatched",
	shipping.IsDelivered: "delivered", shipping.IsLost: "lost", shipping.IsReturned: "returned",
}

// phase names a phase, and where a cancellation stands that still matters.
func phase(s shipping.State) string {
	name := phaseNames[s.Phase]
	switch {
	case s.Cancelling:
		return name + ", cancelling"
	case s.Refused && s.Phase != shipping.IsFailed:
		return name + ", refused"
	}
	return name
}

func TestEveryCommandInEveryPhase(t *testing.T) {
	domaintest.Matrix[shipping.State, shipping.Command, shipping.Event]{
		Entity: shipping.Entity, Commands: commands(), Sealed: "shippingCommand", Phase: phase,
		Errors: map[string]error{"Unknown": shipping.ErrUnknown},
		Grids: []string{`
			in the warehouse          | nothing   | prepared                    | booked
			Prepare                   | prepared  | -                           | -
			Cancel                    | cancelled | cancellation_started        | cancellation_started
			RecordBooked              | !Unknown  | booked                      | -
			RecordFailed              | !Unknown  | failed                      | failed
			RecordCancelled           | !Unknown  | failed                      | failed
			RecordCancellationRefused | !Unknown  | -                           | -
			RecordDispatched          | !Unknown  | booked+dispatched           | dispatched
			RecordDelivered           | !Unknown  | booked+dispatched+delivered | dispatched+delivered
			RecordLost                | !Unknown  | booked+dispatched+lost      | dispatched+lost
			RecordReturned            | !Unknown  | booked+dispatched+returned  | dispatched+returned
		`, `
			asked to hold it back     | prepared, cancelling                             | booked, cancelling
			Prepare                   | -                                                | -
			Cancel                    | -                                                | -
			RecordBooked              | booked                                           | -
			RecordFailed              | failed                                           | failed
			RecordCancelled           | cancelled                                        | cancelled
			RecordCancellationRefused | cancellation_refused                             | cancellation_refused
			RecordDispatched          | booked+dispatched+cancellation_refused           | dispatched+cancellation_refused
			RecordDelivered           | booked+dispatched+cancellation_refused+delivered | dispatched+cancellation_refused+delivered
			RecordLost                | booked+dispatched+cancellation_refused+lost      | dispatched+cancellation_refused+lost
			RecordReturned            | booked+dispatched+cancellation_refused+returned  | dispatched+cancellation_refused+returned
		`, `
			it cannot be held back    | prepared, refused           | booked, refused
			Prepare                   | -                           | -
			Cancel                    | -                           | -
			RecordBooked              | booked                      | -
			RecordFailed              | failed                      | failed
			RecordCancelled           | failed                      | failed
			RecordCancellationRefused | -                           | -
			RecordDispatched          | booked+dispatched           | dispatched
			RecordDelivered           | booked+dispatched+delivered | dispatched+delivered
			RecordLost                | booked+dispatched+lost      | dispatched+lost
			RecordReturned            | booked+dispatched+returned  | dispatched+returned
		`, `
			on its way, or there      | dispatched           | delivered            | lost                 | returned
			Prepare                   | -                    | -                    | -                    | -
			Cancel                    | cancellation_refused | cancellation_refused | cancellation_refused | cancellation_refused
			RecordBooked              | -                    | -                    | -                    | -
			RecordFailed              | -                    | -                    | -                    | -
			RecordCancelled           | -                    | -                    | -                    | -
			RecordCancellationRefused | -                    | -                    | -                    | -
			RecordDispatched          | -                    | -                    | -                    | -
			RecordDelivered           | delivered            | -                    | -                    | -
			RecordLost                | lost                 | -                    | -                    | -
			RecordReturned            | returned             | -                    | -                    | -
		`, `
			after a refusal           | dispatched, refused | delivered, refused | lost, refused | returned, refused
			Prepare                   | -                   | -                  | -             | -
			Cancel                    | -                   | -                  | -             | -
			RecordBooked              | -                   | -                  | -             | -
			RecordFailed              | -                   | -                  | -             | -
			RecordCancelled           | -                   | -                  | -             | -
			RecordCancellationRefused | -                   | -                  | -             | -
			RecordDispatched          | -                   | -                  | -             | -
			RecordDelivered           | delivered           | -                  | -             | -
			RecordLost                | lost                | -                  | -             | -
			RecordReturned            | returned            | -                  | -             | -
		`, `
			it never leaves           | failed | cancelled
			Prepare                   | -      | -
			Cancel                    | -      | -
			RecordBooked              | -      | -
			RecordFailed              | -      | -
			RecordCancelled           | -      | -
			RecordCancellationRefused | -      | -
			RecordDispatched          | -      | -
			RecordDelivered           | -      | -
			RecordLost                | -      | -
			RecordReturned            | -      | -
		`},
	}.Check(t)
}
