// Package payment holds the rules of an order's payment: one authorization, captured at dispatch, or undone.
//
// Why so many states: money is moved by somebody else. Between an intent (…_started) and its outcome a call is in
// flight that may or may not have had its effect, and the order may be undone meanwhile. Undoing during a call records
// Cancelled at once; the outcome, when it comes, records the matching undo intent in the same write, so that no money
// is left behind.
package payment

import (
	"time"

	"github.com/ordersaga/ordersaga/domain"
)

// Event is the union of all that can happen to an order's payment. The order's id is the stream's.
type Event interface {
	domain.Event
	paymentEvent()
}

type (
	// Requested fixes what will be asked of the provider; no call yet.
	Requested struct {
		Amount domain.Money `json:"amount"`
		Method string       `json:"method"`
	}
	// AuthorizationStarted is the intent to hold the amount.
	AuthorizationStarted struct {
		Amount domain.Money `json:"amount"`
		Method string       `json:"method"`
	}
	// Authorized says that the provider holds the amount until ExpiresAt. Charge is the provider's id, empty where there
	// was nothing to pay.
	Authorized struct {
		Charge    string       `json:"charge,omitempty"`
		Amount    domain.Money `json:"amount"`
		ExpiresAt time.Time    `json:"expiresAt"`
	}
	// Declined is the provider's no.
	Declined struct {
		Code string `json:"code"`
	}
	// AuthorizationLost says that the hold ran out before the money was taken.
	AuthorizationLost struct{}
	// Cancelled undoes a payment that holds nothing yet, or nothing any more: it bars what is late, or marks a call in
	// flight as undone.
	Cancelled struct{}
	// CaptureStarted is the intent to take the held amount.
	CaptureStarted struct {
		Charge string       `json:"charge"`
		Amount domain.Money `json:"amount"`
	}
	// Captured says that the money is ours.
	Captured struct {
		Amount domain.Money `json:"amount"`
	}
	// CaptureFailed is the provider's final no to taking the money.
	CaptureFailed struct {
		Code   string `json:"code"`
		Detail string `json:"detail,omitempty"`
	}
	// VoidStarted is the intent to let the hold go.
	VoidStarted struct {
		Charge string       `json:"charge"`
		Amount domain.Money `json:"amount"`
	}
	// Voided says that nothing is held any more.
	Voided struct {
		Amount domain.Money `json:"amount"`
	}
	// VoidFailed is the provider's final no to letting go; it runs out by itself at ExpiresAt. A person should know.
	VoidFailed struct {
		Code   string `json:"code"`
		Detail string `json:"detail,omitempty"`
	}
	// RefundStarted is the intent to give captured money back.
	RefundStarted struct {
		Charge string       `json:"charge"`
		Amount domain.Money `json:"amount"`
	}
	// RefundPending says that the provider took the refund on and has not settled it yet.
	RefundPending struct {
		Charge string       `json:"charge"`
		Refund string       `json:"refund"` // the provider's id
		Amount domain.Money `json:"amount"`
	}
	// Refunded says that the money went back.
	Refunded struct {
		Refund string       `json:"refund,omitempty"`
		Amount domain.Money `json:"amount"`
	}
	// RefundFailed says that the money could not go back: a person must decide.
	RefundFailed struct {
		Code   string `json:"code"`
		Detail string `json:"detail,omitempty"`
	}
)

func (Requested) EventType() string            { return "payment.requested.v1" }
func (AuthorizationStarted) EventType() string { return "payment.authorization_started.v1" }
func (Authorized) EventType() string           { return "payment.authorized.v1" }
func (Declined) EventType() string             { return "payment.declined.v1" }
func (AuthorizationLost) EventType() string    { return "payment.authorization_lost.v1" }
func (Cancelled) EventType() string            { return "payment.cancelled.v1" }
func (CaptureStarted) EventType() string       { return "payment.capture_started.v1" }
func (Captured) EventType() string             { return "payment.captured.v1" }
func (CaptureFailed) EventType() string        { return "payment.capture_failed.v1" }
func (VoidStarted) EventType() string          { return "payment.void_started.v1" }
func (Voided) EventType() string               { return "payment.voided.v1" }
func (VoidFailed) EventType() string           { return "payment.void_failed.v1" }
func (RefundStarted) EventType() string        { return "payment.refund_started.v1" }
func (RefundPending) EventType() string        { return "payment.refund_pending.v1" }
func (Refunded) EventType() string             { return "payment.refunded.v1" }
func (RefundFailed) EventType() string         { return "payment.refund_failed.v1" }

func (Requested) paymentEvent()            {}
func (AuthorizationStarted) paymentEvent() {}
func (Authorized) paymentEvent()           {}
func (Declined) paymentEvent()             {}
func (AuthorizationLost) paymentEvent()    {}
func (Cancelled) paymentEvent()            {}
func (CaptureStarted) paymentEvent()       {}
func (Captured) paymentEvent()             {}
func (CaptureFailed) paymentEvent()        {}
func (VoidStarted) paymentEvent()          {}
func (Voided) paymentEvent()               {}
func (VoidFailed) paymentEvent()           {}
func (RefundStarted) paymentEvent()        {}
func (RefundPending) paymentEvent()        {}
func (Refunded) paymentEvent()             {}
func (RefundFailed) paymentEvent()         {}
