// Package shipping holds the rules of an order's parcel, from preparation to the carrier's last word.
//
// Why a bar: a cancellation may overtake the confirmation that it cancels. It then records Cancelled on the empty stream,
// and the late confirmation finds the parcel cancelled and prepares nothing. Exactly one of cancelled or dispatched is
// ever recorded; the carrier decides which, not our timing.
package shipping

import "github.com/ordersaga/ordersaga/domain"

// Event is the union of all that can happen to an order's shipment. The order's id is the stream's.
type Event interface {
	domain.Event
	shippingEvent()
}

// Item is a quantity of one SKU in the parcel.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Address is where the parcel goes.
type Address struct {
	Name     string `json:"name,omitempty"`
	Line1    string `json:"line1,omitempty"`
	City     string `json:"city,omitempty"`
	Postcode string `json:"postcode,omitempty"`
	Country  string `json:"country,omitempty"`
}

type (
	// Prepared is the intent to book the parcel with the carrier.
	Prepared struct {
		Warehouse string  `json:"warehouse"`
		ShipTo    Address `json:"shipTo"`
		Items     []Item  `json:"items"`
	}
	// Booked says that the carrier will fetch the parcel.
	Booked struct {
		Booking  string `json:"booking"` // the carrier's id
		Tracking string `json:"tracking"`
	}
	// Failed says that the carrier will not take the parcel, though it may be booked. It ends the shipment, and answers
	// an open cancellation.
	Failed struct {
		Code   string `json:"code"`
		Detail string `json:"detail,omitempty"`
	}
	// CancellationStarted is the intent to take the booking back.
	CancellationStarted struct{}
	// Cancelled ends a shipment that never left.
	Cancelled struct{}
	// CancellationRefused says that the parcel cannot be held back.
	CancellationRefused struct {
		Code string `json:"code"`
	}
	// Dispatched says that the carrier has the parcel.
	Dispatched struct {
		Tracking string `json:"tracking"`
	}
	// Delivered is the carrier's word that the parcel arrived.
	Delivered struct{}
	// Lost is the carrier's word that it will never arrive.
	Lost struct{}
	// Returned says that the parcel is back in the warehouse, with what was in it.
	Returned struct {
		Warehouse string `json:"warehouse"`
		Items     []Item `json:"items"`
	}
)

func (Prepared) EventType() string            { return "shipment.prepared.v1" }
func (Booked) EventType() string              { return "shipment.booked.v1" }
func (Failed) EventType() string              { return "shipment.failed.v1" }
func (CancellationStarted) EventType() string { return "shipment.cancellation_started.v1" }
func (Cancelled) EventType() string           { return "shipment.cancelled.v1" }
func (CancellationRefused) EventType() string { return "shipment.cancellation_refused.v1" }
func (Dispatched) EventType() string          { return "shipment.dispatched.v1" }
func (Delivered) EventType() string           { return "shipment.delivered.v1" }
func (Lost) EventType() string                { return "shipment.lost.v1" }
func (Returned) EventType() string            { return "shipment.returned.v1" }

func (Prepared) shippingEvent()            {}
func (Booked) shippingEvent()              {}
func (Failed) shippingEvent()              {}
func (CancellationStarted) shippingEvent() {}
func (Cancelled) shippingEvent()           {}
func (CancellationRefused) shippingEvent() {}
func (Dispatched) shippingEvent()          {}
func (Delivered) shippingEvent()           {}
func (Lost) shippingEvent()                {}
func (Returned) shippingEvent()            {}
