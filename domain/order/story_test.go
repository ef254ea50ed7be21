package order_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/order"
)

func TestOrderIsPlacedConfirmedDeliveredPaidAndCompleted(t *testing.T) {
	domaintest.Given(t, order.Entity).
		When(order.Place{Placed: placed}).Then(placed).
		When(order.Confirm{}).Then(confirmed).
		When(order.NoteDelivered{}).Then(order.Delivered{}).
		When(order.NotePaid{}).Then(order.Paid{}, order.Completed{})
}

func TestMoneyMayComeBeforeTheParcelArrives(t *testing.T) {
	givenConfirmed(t).
		When(order.NotePaid{}).Then(order.Paid{}).
		When(order.NoteDelivered{}).Then(order.Delivered{}, order.Completed{})
}

func TestSameRequestTwiceIsOneOrder(t *testing.T) {
	for name, history := range histories() {
		t.Run(name, func(t *testing.T) {
			later := placed
			later.PaymentDeadline = placed.PaymentDeadline.Add(1) // made anew for each request, and not the customer's
			domaintest.Given(t, order.Entity, history...).
				When(order.Place{Placed: placed}).ThenNothing().
				When(order.Place{Placed: later}).ThenNothing()
		})
	}
}

func TestAnotherBodyUnderTheSameKeyIsRefusedForEver(t *testing.T) {
	other := placed
	other.RequestHash = "hash-2"
	for name, history := range histories() {
		t.Run(name, func(t *testing.T) {
			domaintest.Given(t, order.Entity, history...).When(order.Place{Placed: other}).ThenError(order.ErrKeyReused)
		})
	}
}

func TestDeclinedCardRejectsTheOrderOnce(t *testing.T) {
	rejection := order.Reject{Reason: order.PaymentDeclined, Detail: "insufficient_funds"}
	givenPlaced(t).
		When(rejection).Then(order.Rejected{Reason: order.PaymentDeclined, Detail: "insufficient_funds"}).
		When(order.Reject{Reason: order.PaymentExpired}).ThenNothing().
		When(order.Confirm{}).ThenNothing()
}

func TestShortageRejectsTheOrderAndSaysWhat(t *testing.T) {
	givenPlaced(t).
		When(order.Reject{Reason: order.OutOfStock, Detail: "71053: 3 of 5"}).
		Then(order.Rejected{Reason: order.OutOfStock, Detail: "71053: 3 of 5"})
}

func TestAuthorizationAfterTheDeadlineDoesNotReviveTheOrder(t *testing.T) {
	givenPlaced(t).
		When(order.Reject{Reason: order.PaymentExpired}).Then(order.Rejected{Reason: order.PaymentExpired}).
		When(order.Confirm{}).ThenNothing().
		When(order.NotePaid{}).ThenNothing()
}

func TestDeadlineAfterTheConfirmationRejectsNothing(t *testing.T) {
	givenConfirmed(t).When(order.Reject{Reason: order.PaymentExpired}).ThenNothing()
}

func TestCancellationBeforeConfirmationEndsTheOrderAtOnce(t *testing.T) {
	givenPlaced(t).
		When(order.Cancel{Reason: order.Customer}).Then(order.Cancelled{Reason: order.Customer}).
		When(order.Cancel{Reason: "changed my mind"}).ThenNothing().
		When(order.Confirm{}).ThenNothing().
		When(order.Reject{Reason: order.PaymentDeclined}).ThenNothing()
}

func TestCancellationAfterConfirmationWaitsForTheParcelToBeHeldBack(t *testing.T) {
	givenConfirmed(t).
		When(order.Cancel{Reason: order.Customer}).Then(order.CancellationRequested{Reason: order.Customer}).
		When(order.Cancel{Reason: order.Customer}).ThenNothing().
		When(order.EndShipment{Reason: order.Customer}).Then(order.Cancelled{Reason: order.Customer}).
		When(order.Cancel{Reason: order.Customer}).ThenNothing()
}

func TestCancellationThatFindsTheParcelGoneBecomesAReturn(t *testing.T) {
	givenConfirmed(t).
		When(order.Cancel{Reason: order.Customer}).Then(order.CancellationRequested{Reason: order.Customer}).
		When(order.RefuseCancellation{Reason: "already_dispatched"}).Then(order.CancellationRefused{Reason: "already_dispatched"}).
		When(order.Cancel{Reason: order.Customer}).ThenError(order.ErrDispatched).
		When(order.NotePaid{}).Then(order.Paid{}).
		When(order.NoteDelivered{}).Then(order.Delivered{}, order.Completed{})
}

func TestMoneyThatOvertakesTheRefusedCancellationCompletesTheOrderAllTheSame(t *testing.T) {
	domaintest.Given(t, order.Entity, placed, confirmed, order.CancellationRequested{Reason: order.Customer}).
		When(order.NotePaid{}).Then(order.Paid{}).
		When(order.NoteDelivered{}).Then(order.Delivered{}, order.Completed{}).
		When(order.RefuseCancellation{Reason: "already_dispatched"}).ThenNothing()
}

func TestShipmentThatFailsDuringACancellationEndsItForTheReasonThatWasAsked(t *testing.T) {
	domaintest.Given(t, order.Entity, placed, confirmed, order.CancellationRequested{Reason: order.Customer}).
		When(order.EndShipment{Reason: order.ShipmentFailed, Detail: "bad_address"}).
		Then(order.Cancelled{Reason: order.Customer, Detail: "bad_address"})
}

func TestAddressThatTheCarrierRefusesCancelsTheOrder(t *testing.T) {
	givenConfirmed(t).
		When(order.EndShipment{Reason: order.ShipmentFailed, Detail: "bad_address"}).
		Then(order.Cancelled{Reason: order.ShipmentFailed, Detail: "bad_address"})
}

func TestParcelThatTheCarrierRefusesAfterARefusedCancellationCancelsTheOrder(t *testing.T) {
	domaintest.Given(t, order.Entity, placed, confirmed,
		order.CancellationRequested{Reason: order.Customer}, order.CancellationRefused{Reason: "too_late"}).
		When(order.EndShipment{Reason: order.ShipmentFailed, Detail: "damaged"}).
		Then(order.Cancelled{Reason: order.ShipmentFailed, Detail: "damaged"})
}

func TestOrderThatIsDeliveredIsNotCancelledByAWordThatContradictsIt(t *testing.T) {
	unshippable := order.EndShipment{Reason: order.ShipmentFailed, Detail: "bad_address"}
	givenConfirmed(t).
		When(order.NoteDelivered{}).Then(order.Delivered{}).
		When(unshippable).ThenNothing().
		When(order.NotePaid{}).Then(order.Paid{}, order.Completed{})
}

func TestOrderThatIsPaidIsNotCancelledByAWordThatContradictsIt(t *testing.T) {
	domaintest.Given(t, order.Entity, placed, confirmed, order.CancellationRequested{Reason: order.Customer}).
		When(order.NotePaid{}).Then(order.Paid{}).
		When(order.EndShipment{Reason: order.Customer}).ThenNothing().
		When(order.RefuseCancellation{Reason: "already_dispatched"}).Then(order.CancellationRefused{Reason: "already_dispatched"})
}

func TestParcelThatIsLostEndsTheOrderThoughItIsPaid(t *testing.T) {
	givenConfirmed(t).
		When(order.NotePaid{}).Then(order.Paid{}).
		When(order.Lose{}).Then(order.Lost{}).
		When(order.Return{}).ThenNothing().
		When(order.NoteDelivered{}).ThenNothing()
}

func TestParcelThatComesBackEndsTheOrder(t *testing.T) {
	givenConfirmed(t).
		When(order.Return{}).Then(order.Returned{}).
		When(order.NotePaid{}).ThenNothing().
		When(order.Lose{}).ThenNothing()
}

func TestAuthorizationLostBeforeConfirmationRejectsTheOrder(t *testing.T) {
	givenPlaced(t).When(order.LoseAuthorization{}).Then(order.Rejected{Reason: order.AuthorizationLost})
}

func TestAuthorizationLostBeforeDispatchHoldsTheParcelBack(t *testing.T) {
	givenConfirmed(t).
		When(order.LoseAuthorization{}).Then(order.CancellationRequested{Reason: order.AuthorizationLost}).
		When(order.Cancel{Reason: order.Customer}).ThenNothing().
		When(order.EndShipment{}).Then(order.Cancelled{Reason: order.AuthorizationLost})
}

func TestAuthorizationLostTooLateLeavesAPaymentDue(t *testing.T) {
	givenConfirmed(t).
		When(order.LoseAuthorization{}).Then(order.CancellationRequested{Reason: order.AuthorizationLost}).
		When(order.RefuseCancellation{Reason: "already_dispatched"}).Then(order.CancellationRefused{Reason: "already_dispatched"}).
		When(order.LoseAuthorization{}).ThenNothing().
		When(order.NotePaymentDue{Reason: "authorization_lost"}).Then(order.PaymentDue{Reason: "authorization_lost"}).
		When(order.NoteDelivered{}).Then(order.Delivered{})
}

func TestPaymentDueIsSettledByALaterPayment(t *testing.T) {
	settled := domaintest.Given(t, order.Entity, placed, confirmed, order.Delivered{}, order.PaymentDue{Reason: "declined"}).
		When(order.NotePaymentDue{Reason: "declined"}).ThenNothing().
		When(order.NotePaid{}).Then(order.Paid{}, order.Completed{}).
		When(order.NotePaymentDue{Reason: "declined"}).ThenNothing()
	if settled.State().PaymentDue {
		t.Error("the payment is still due")
	}
}

// histories are one order's, for each stage.
func histories() map[string][]event {
	asked := order.CancellationRequested{Reason: order.Customer}
	return map[string][]event{
		"placed":     {placed},
		"confirmed":  {placed, confirmed},
		"cancelling": {placed, confirmed, asked},
		"rejected":   {placed, order.Rejected{Reason: order.PaymentDeclined}},
		"cancelled":  {placed, confirmed, asked, order.Cancelled{Reason: order.Customer}},
		"completed":  {placed, confirmed, order.Delivered{}, order.Paid{}, order.Completed{}},
		"lost":       {placed, confirmed, order.Lost{}},
		"returned":   {placed, confirmed, order.Returned{}},
	}
}
