package shipping_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain/shipping"
)

func TestWordWithoutATrackingNumberLeavesTheKnownOne(t *testing.T) {
	story := given(t, prepared, booked).When(shipping.RecordDispatched{Booking: "bk_1"}).Then(dispatched)
	wantTracking(t, story, "tr_1")
	given(t, prepared, booked).
		When(shipping.RecordDelivered{Booking: "bk_1"}).Then(dispatched, shipping.Delivered{})
	wantTracking(t, given(t, prepared, booked, shipping.Dispatched{}), "tr_1") // one that was recorded without
}

func TestTrackingNumberThatIsOnlyKnownAtDispatchIsKept(t *testing.T) {
	story := given(t, prepared, shipping.Booked{Booking: "bk_1"}).When(dispatchedBy).Then(dispatched)
	wantTracking(t, story, "tr_1")
}

func TestCarrierMayChangeTheTrackingNumberAtDispatch(t *testing.T) {
	story := given(t, prepared, booked).
		When(shipping.RecordDispatched{Booking: "bk_1", Tracking: "tr_2"}).Then(shipping.Dispatched{Tracking: "tr_2"})
	wantTracking(t, story, "tr_2")
}

func wantTracking(t *testing.T, s story, want string) {
	t.Helper()
	if got := s.State().Tracking; got != want {
		t.Errorf("the parcel is tracked as %q, want %q", got, want)
	}
}
