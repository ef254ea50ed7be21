// Package webhook is how the payment provider and the carrier tell us what they did by themselves: signed batches of
// events, posted over HTTP until they are accepted.
//
// Why it is shared by both ends: sender and receiver must agree on every byte that is signed. The scheme is Stripe's:
// the header Webhook-Signature holds "t=<unix seconds>,v1=<hex>", where v1 is the HMAC-SHA256 of "<t>.<body>". Deliveries
// may repeat and may overtake our own calls; events of one reference come in order. A receiver answers 2xx only once what
// it heard is durable.
package webhook

import (
	"encoding/json"
	"time"
)

// Types of events. The data of the provider's is psp.Notice, that of the carrier's is carrier.Entry.
const (
	ChargeAuthorized = "charge.authorized"
	ChargeDeclined   = "charge.declined"
	ChargeCaptured   = "charge.captured"
	ChargeVoided     = "charge.voided"
	ChargeExpired    = "charge.expired"
	RefundSucceeded  = "refund.succeeded"
	RefundFailed     = "refund.failed"

	BookingBooked     = "booking.booked"
	BookingRefused    = "booking.refused"
	BookingCancelled  = "booking.cancelled"
	BookingDispatched = "booking.dispatched"
	BookingDelivered  = "booking.delivered"
	BookingLost       = "booking.lost"
	BookingReturned   = "booking.returned"
)

// Event is one thing that happened at the sender.
type Event struct {
	ID        string          `json:"id"` // "evt_…", the same in every repetition
	Type      string          `json:"type"`
	Reference string          `json:"reference"` // ours: the order's id
	At        time.Time       `json:"at"`        // when it happened there
	Data      json.RawMessage `json:"data"`      // the charge, refund or booking as it was then
}

// Envelope is the body of one delivery.
type Envelope struct {
	Events []Event `json:"events"`
}
