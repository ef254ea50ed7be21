package shipping_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

type event = domain.Event

type story = *domaintest.Story[shipping.State, shipping.Command, shipping.Event]

// The parcel that all stories are about.
var (
	items   = []shipping.Item{{SKU: "85123A", Quantity: 6}, {SKU: "71053", Quantity: 1}}
	address = shipping.Address{Name: "Ann", City: "Leeds", Country: "GB"}

	prepare      = shipping.Prepare{Warehouse: "main", ShipTo: address, Items: items}
	bookedNow    = shipping.RecordBooked{Booking: "bk_1", Tracking: "tr_1"}
	dispatchedBy = shipping.RecordDispatched{Booking: "bk_1", Tracking: "tr_1"}
	deliveredBy  = shipping.RecordDelivered{Booking: "bk_1", Tracking: "tr_1"}
	lostBy       = shipping.RecordLost{Booking: "bk_1", Tracking: "tr_1"}
	returnedBy   = shipping.RecordReturned{Booking: "bk_1", Tracking: "tr_1"}

	prepared   = shipping.Prepared{Warehouse: "main", ShipTo: address, Items: items}
	booked     = shipping.Booked{Booking: "bk_1", Tracking: "tr_1"}
	dispatched = shipping.Dispatched{Tracking: "tr_1"}
	tooLate    = shipping.CancellationRefused{Code: shipping.CodeAlreadyDispatched}
	returned   = shipping.Returned{Warehouse: "main", Items: items}
)

func given(t *testing.T, history ...event) story {
	t.Helper()
	return domaintest.Given(t, shipping.Entity, history...)
}
