package projections

import (
	"slices"

	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/eventstore"
)

// PaymentView is an order's payment: what the payment service's events say. Amounts are minor units of the order's
// currency; Authorized = Captured + Voided + Expired + what is still held.
type PaymentView struct {
	Status     string `json:"status,omitempty"`
	Method     string `json:"method,omitempty"`
	Amount     int64  `json:"amount,omitempty"` // asked for
	Authorized int64  `json:"authorized"`
	Captured   int64  `json:"captured"`
	Voided     int64  `json:"voided"`
	Expired    int64  `json:"expired"`
	Refunded   int64  `json:"refunded"`
	Code       string `json:"code,omitempty"` // the provider's, of a decline or a failure
	Detail     string `json:"detail,omitempty"`
	Undone     bool   `json:"undone,omitempty"` // the order was undone: what is in flight will be taken back
}

func (s PaymentView) evolve(event payment.Event) PaymentView {
	switch e := event.(type) {
	case payment.Requested:
		s.Status, s.Method, s.Amount = "requested", e.Method, e.Amount.Amount
	case payment.AuthorizationStarted:
		s.Status = "authorizing"
	case payment.Authorized:
		s.Status, s.Authorized = "authorized", s.Authorized+e.Amount.Amount
	case payment.Declined:
		s.Status, s.Code = "declined", e.Code
	case payment.AuthorizationLost:
		s.Status, s.Expired = "authorization_lost", s.Authorized
	case payment.Cancelled:
		s.Undone = true
		switch s.Status {
		case "authorizing", "capturing": // those wait for their outcome
		case "authorization_lost": // there is nothing to take back
		default:
			s.Status = "cancelled"
		}
	case payment.CaptureStarted:
		s.Status = "capturing"
	case payment.Captured:
		s.Status, s.Captured = "captured", s.Captured+e.Amount.Amount
	case payment.CaptureFailed:
		s.Status, s.Code, s.Detail = "capture_failed", e.Code, e.Detail
	default:
		return s.undo(event)
	}
	return s
}

func (s PaymentView) undo(event payment.Event) PaymentView {
	s.Undone = true
	switch e := event.(type) {
	case payment.VoidStarted:
		s.Status = "voiding"
	case payment.Voided:
		s.Status, s.Voided = "voided", s.Voided+e.Amount.Amount
	case payment.VoidFailed:
		s.Status, s.Code, s.Detail = paymentVoidFailed, e.Code, e.Detail
	case payment.RefundStarted:
		s.Status = "refunding"
	case payment.RefundPending:
		s.Status = "refund_pending"
	case payment.Refunded:
		s.Status, s.Refunded = "refunded", s.Refunded+e.Amount.Amount
	case payment.RefundFailed:
		s.Status, s.Code, s.Detail = paymentRefundFailed, e.Code, e.Detail
	}
	return s
}

const (
	paymentVoidFailed   = "void_failed"
	paymentRefundFailed = "refund_failed"
)

// shipmentSection is what the shipping service's events say.
type shipmentSection struct {
	Phase      string `json:"phase,omitempty"`
	Cancelling bool   `json:"cancelling,omitempty"`
	Booking    string `json:"booking,omitempty"`
	Tracking   string `json:"tracking,omitempty"`
	Code       string `json:"code,omitempty"` // the carrier's, of a failure
	Detail     string `json:"detail,omitempty"`
}

func (s shipmentSection) evolve(event shipping.Event) shipmentSection {
	switch e := event.(type) {
	case shipping.Prepared:
		s.Phase = "prepared"
	case shipping.Booked:
		s.Phase, s.Booking, s.Tracking = "booked", e.Booking, e.Tracking
	case shipping.Failed:
		s.Phase, s.Cancelling, s.Code, s.Detail = "failed", false, e.Code, e.Detail
	case shipping.CancellationStarted:
		s.Cancelling = true
	case shipping.Cancelled:
		s.Phase, s.Cancelling = "cancelled", false
	case shipping.CancellationRefused:
		s.Cancelling = false
	case shipping.Dispatched:
		s.Phase, s.Cancelling, s.Tracking = "dispatched", false, e.Tracking
	case shipping.Delivered:
		s.Phase = "delivered"
	case shipping.Lost:
		s.Phase = "lost"
	case shipping.Returned:
		s.Phase = "returned"
	}
	return s
}

func (s shipmentSection) status() string {
	if s.Cancelling {
		return StatusCancelling
	}
	return s.Phase
}

// hasLeft tells whether the carrier took the parcel, whatever became of it.
func (s shipmentSection) hasLeft() bool {
	switch s.Phase {
	case "dispatched", "delivered", "lost", "returned":
		return true
	}
	return false
}

// stockSection is what the inventory service's events say about one order.
type stockSection struct {
	Status    string               `json:"status,omitempty"`
	Shortages []inventory.Shortage `json:"shortages,omitempty"`
	Events    []EventRef           `json:"events,omitempty"`
}

// EventRef is an event's place in its store.
type EventRef struct {
	Stream   eventstore.StreamID `json:"stream"`
	Revision eventstore.Revision `json:"revision"`
}

func (s stockSection) evolve(event inventory.Event, f Fact) stockSection {
	switch e := event.(type) {
	case inventory.Reserved:
		s.Status, s.Shortages = "reserved", nil
	case inventory.Refused:
		s.Status, s.Shortages = "refused", e.Shortages
	case inventory.Released:
		s.Status = "released"
	case inventory.Shipped:
		s.Status = "shipped"
	case inventory.Restocked:
		s.Status = "restocked"
	}
	s.Events = append(slices.Clip(s.Events), EventRef{f.Stream, f.Revision})
	return s
}
