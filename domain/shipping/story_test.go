package shipping_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain/shipping"
)

func TestParcelIsPreparedBookedDispatchedAndDelivered(t *testing.T) {
	story := given(t).
		When(prepare).Then(prepared).
		When(bookedNow).Then(booked).
		When(dispatchedBy).Then(dispatched).
		When(deliveredBy).Then(shipping.Delivered{})
	if s := story.State(); s.Booking != "bk_1" || s.Tracking != "tr_1" {
		t.Errorf("the parcel is booked as %q and tracked as %q", s.Booking, s.Tracking)
	}
}

func TestParcelThatComesBackSaysWhatWasInItAndWhereItIs(t *testing.T) {
	given(t, prepared, booked, dispatched).When(returnedBy).Then(returned)
}

func TestLostParcelNeverArrives(t *testing.T) {
	given(t, prepared, booked, dispatched).
		When(lostBy).Then(shipping.Lost{}).
		When(deliveredBy).ThenNothing().
		When(returnedBy).ThenNothing()
}

func TestAddressThatTheCarrierRefusesEndsTheShipment(t *testing.T) {
	given(t, prepared).
		When(shipping.RecordFailed{Code: "bad_address", Detail: "no such street"}).
		Then(shipping.Failed{Code: "bad_address", Detail: "no such street"}).
		When(bookedNow).ThenNothing().
		When(shipping.Cancel{}).ThenNothing()
}

func TestBookingThatTheCarrierTakesBackByItselfIsAFailure(t *testing.T) {
	given(t, prepared, booked).
		When(shipping.RecordCancelled{}).Then(shipping.Failed{Code: shipping.CodeCancelledByCarrier})
}

func TestCancellationThatOvertakesTheConfirmationBarsTheParcel(t *testing.T) {
	given(t).
		When(shipping.Cancel{}).Then(shipping.Cancelled{}).
		When(prepare).ThenNothing().
		When(shipping.Cancel{}).ThenNothing().
		When(dispatchedBy).ThenNothing()
}

func TestParcelThatIsHeldBackInTimeNeverLeaves(t *testing.T) {
	given(t, prepared, booked).
		When(shipping.Cancel{}).Then(shipping.CancellationStarted{}).
		When(shipping.Cancel{}).ThenNothing().
		When(shipping.RecordCancelled{}).Then(shipping.Cancelled{}).
		When(dispatchedBy).ThenNothing()
}

func TestParcelHandedOverDuringACancellationLeavesAndSaysSo(t *testing.T) {
	given(t, prepared, booked).
		When(shipping.Cancel{}).Then(shipping.CancellationStarted{}).
		When(dispatchedBy).Then(dispatched, tooLate).
		When(shipping.RecordCancelled{}).ThenNothing().
		When(shipping.RecordCancellationRefused{Code: "on_the_van"}).ThenNothing().
		When(shipping.Cancel{}).ThenNothing()
}

func TestCancellationAfterDispatchIsRefusedOnce(t *testing.T) {
	given(t, prepared, booked, dispatched).
		When(shipping.Cancel{}).Then(tooLate).
		When(shipping.Cancel{}).ThenNothing().
		When(deliveredBy).Then(shipping.Delivered{})
}

func TestCarrierThatRefusesACancellationMayDispatchLater(t *testing.T) {
	given(t, prepared, booked, shipping.CancellationStarted{}).
		When(shipping.RecordCancellationRefused{Code: "on_the_van"}).Then(shipping.CancellationRefused{Code: "on_the_van"}).
		When(shipping.Cancel{}).ThenNothing().
		When(dispatchedBy).Then(dispatched)
}

func TestCancellationWaitsForTheBookingInFlight(t *testing.T) {
	story := given(t, prepared).When(shipping.Cancel{}).Then(shipping.CancellationStarted{})
	if story.State().BookingKnown() {
		t.Error("the booking is known before the carrier answered")
	}
	story = story.When(bookedNow).Then(booked)
	if s := story.State(); !s.BookingKnown() || !s.Cancelling {
		t.Errorf("the carrier answered, and the cancellation goes on: %+v", s)
	}
	story.When(shipping.RecordCancelled{}).Then(shipping.Cancelled{})
}

func TestBookingThatIsRefusedDuringACancellationAnswersIt(t *testing.T) {
	story := given(t, prepared, shipping.CancellationStarted{}).
		When(shipping.RecordFailed{Code: "bad_address"}).Then(shipping.Failed{Code: "bad_address"})
	if story.State().Cancelling {
		t.Error("the cancellation is still open")
	}
}

func TestCarrierMayRefuseAParcelThatItBooked(t *testing.T) {
	given(t, prepared, booked).
		When(shipping.RecordFailed{Code: "oversize", Detail: "30 kg"}).Then(shipping.Failed{Code: "oversize", Detail: "30 kg"}).
		When(dispatchedBy).ThenNothing().
		When(shipping.Cancel{}).ThenNothing()
}

func TestBookedParcelThatIsRefusedDuringACancellationAnswersIt(t *testing.T) {
	story := given(t, prepared, booked, shipping.CancellationStarted{}).
		When(shipping.RecordFailed{Code: "oversize"}).Then(shipping.Failed{Code: "oversize"}).
		When(shipping.RecordCancelled{}).ThenNothing()
	if story.State().Cancelling {
		t.Error("the cancellation is still open")
	}
}

func TestParcelThatLeftCannotBeRefused(t *testing.T) {
	given(t, prepared, booked, dispatched).When(shipping.RecordFailed{Code: "oversize"}).ThenNothing()
}

func TestWordThatContradictsTheEndOfTheShipmentIsNotRecorded(t *testing.T) {
	given(t, prepared, booked, dispatched, shipping.Delivered{}).When(lostBy).ThenNothing()
	given(t, prepared, booked, dispatched, returned).When(deliveredBy).ThenNothing()
	for _, end := range []event{shipping.Failed{Code: "oversize"}, shipping.Cancelled{}} {
		given(t, prepared, booked, end).
			When(dispatchedBy).ThenNothing().
			When(deliveredBy).ThenNothing()
	}
}

func TestWordOfDeliveryImpliesAllThatWasNotHeard(t *testing.T) {
	given(t, prepared).
		When(deliveredBy).Then(booked, dispatched, shipping.Delivered{}).
		When(dispatchedBy).ThenNothing().
		When(bookedNow).ThenNothing()
}

func TestWordOfReturnDuringACancellationImpliesAllThatWasNotHeard(t *testing.T) {
	given(t, prepared, shipping.CancellationStarted{}).When(returnedBy).Then(booked, dispatched, tooLate, returned)
}

func TestSameWordThreeTimesIsOneFact(t *testing.T) {
	given(t, prepared, booked).
		When(dispatchedBy).Then(dispatched).
		When(dispatchedBy).ThenNothing().
		When(dispatchedBy).ThenNothing()
}

func TestWordAboutAParcelThatWasNeverPreparedIsRefused(t *testing.T) {
	given(t).When(dispatchedBy).ThenError(shipping.ErrUnknown)
}
