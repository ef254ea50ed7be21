// Package order holds the rules of an order: the one arbiter of the checkout.
//
// Why the arbiter: races (a cancellation against a confirmation, a deadline against a payment) are settled in one place,
// the order's own stream, by its decider and never by timing. Only the order's pivots (rejected, cancelled, lost,
// returned) make the other services undo their steps.
package order

import (
	"time"

	"github.com/ordersaga/ordersaga/domain"
)

// Event is the union of all that can happen to an order. The order's id is its stream's.
type Event interface {
	domain.Event
	orderEvent()
}

// Placed is the customer's wish, priced: it fixes what is asked of all other services.
type Placed struct {
	CustomerID      string          `json:"customerId,omitempty"` // empty: a guest
	Email           string          `json:"email,omitempty"`
	Currency        domain.Currency `json:"currency"`
	PaymentMethod   string          `json:"paymentMethod"` // the provider's token, never a card number
	Lines           []Line          `json:"lines"`
	ShippingCharge  int64           `json:"shippingCharge"` // minor units
	Discount        int64           `json:"discount"`       // minor units, taken off the whole order
	Total           int64           `json:"total"`          // lines + shippingCharge − discount
	ShipTo          Address         `json:"shipTo"`
	Warehouse       string          `json:"warehouse"`
	PaymentDeadline time.Time       `json:"paymentDeadline"` // not authorized by then: rejected
	RequestHash     string          `json:"requestHash"`     // tells a repeated request from another under the same key
}

// Line is one position of an order. The same SKU may stand on several lines at several prices.
type Line struct {
	LineID    string `json:"lineId"`
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unitPrice"` // minor units, as quoted by the shop
}

// Address is where the parcel goes.
type Address struct {
	Name     string `json:"name,omitempty"`
	Line1    string `json:"line1,omitempty"`
	City     string `json:"city,omitempty"`
	Postcode string `json:"postcode,omitempty"`
	Country  string `json:"country,omitempty"` // ISO 3166-1 alpha-2
}

// Reasons of a rejection or a cancellation that do not come from a person.
const (
	OutOfStock        = "out_of_stock"
	PaymentDeclined   = "payment_declined"
	PaymentExpired    = "payment_expired"
	ShipmentFailed    = "shipment_failed"
	AuthorizationLost = "authorization_lost"
	Customer          = "customer"
)

// The facts of an order. Rejected, Cancelled, Lost and Returned are its pivots: they make every service undo its step.
type (
	// Confirmed says that stock is held and payment authorized: the parcel may be prepared. It repeats what shipping
	// needs, so that shipping need not remember the placing.
	Confirmed struct {
		Warehouse string  `json:"warehouse"`
		ShipTo    Address `json:"shipTo"`
		Lines     []Line  `json:"lines"`
	}
	// Rejected ends an order that could not be confirmed.
	Rejected struct {
		Reason string `json:"reason"`
		Detail string `json:"detail,omitempty"`
	}
	// CancellationRequested asks shipping to hold a confirmed order back.
	CancellationRequested struct {
		Reason string `json:"reason"`
	}
	// CancellationRefused says that the parcel had left; from here it is a return.
	CancellationRefused struct {
		Reason string `json:"reason"`
	}
	// Cancelled ends an order before dispatch.
	Cancelled struct {
		Reason string `json:"reason"`
		Detail string `json:"detail,omitempty"`
	}
	// Delivered notes the carrier's word; with Paid it completes the order.
	Delivered struct{}
	// Paid notes the captured money; with Delivered it completes the order.
	Paid struct{}
	// PaymentDue says that the money could not be captured though the parcel left: a person must decide.
	PaymentDue struct {
		Reason string `json:"reason"`
	}
	// Completed ends an order that is delivered and paid.
	Completed struct{}
	// Lost ends an order whose parcel the carrier lost.
	Lost struct{}
	// Returned ends an order whose parcel came back to the sender.
	Returned struct{}
)

func (Placed) EventType() string                { return "order.placed.v1" }
func (Confirmed) EventType() string             { return "order.confirmed.v1" }
func (Rejected) EventType() string              { return "order.rejected.v1" }
func (CancellationRequested) EventType() string { return "order.cancellation_requested.v1" }
func (CancellationRefused) EventType() string   { return "order.cancellation_refused.v1" }
func (Cancelled) EventType() string             { return "order.cancelled.v1" }
func (Delivered) EventType() string             { return "order.delivered.v1" }
func (Paid) EventType() string                  { return "order.paid.v1" }
func (PaymentDue) EventType() string            { return "order.payment_due.v1" }
func (Completed) EventType() string             { return "order.completed.v1" }
func (Lost) EventType() string                  { return "order.lost.v1" }
func (Returned) EventType() string              { return "order.returned.v1" }

func (Placed) orderEvent()                {}
func (Confirmed) orderEvent()             {}
func (Rejected) orderEvent()              {}
func (CancellationRequested) orderEvent() {}
func (CancellationRefused) orderEvent()   {}
func (Cancelled) orderEvent()             {}
func (Delivered) orderEvent()             {}
func (Paid) orderEvent()                  {}
func (PaymentDue) orderEvent()            {}
func (Completed) orderEvent()             {}
func (Lost) orderEvent()                  {}
func (Returned) orderEvent()              {}
