package sagas

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
)

// World is the outside world as effects see it.
type World struct {
	Payments Payments
	Carrier  Carrier
	Now      func() time.Time
}

// keyMemory is how long the other side is trusted to know an idempotency key: Stripe forgets them after 24 hours.
const keyMemory = 23 * time.Hour

// pendingDelay is how long an outcome that is pending at the other side is left alone before it is asked for again.
const pendingDelay = 500 * time.Millisecond

// forgotten tells whether an intent is so old that the other side may have forgotten its key. It is then looked up by
// our reference, never called again blindly.
func (w World) forgotten(t Trigger) bool { return w.Now().Sub(t.RecordedAt) > keyMemory }

func callOf(t Trigger) Call { return Call{Key: t.ID, Reference: t.Subject, IntendedAt: t.RecordedAt} }

// Retry is an effect's verdict that its outcome is not known yet and when to ask again. Every other error of an effect
// is retried as well, with a growing delay.
type Retry struct {
	After time.Duration
	Err   error
}

func (r *Retry) Error() string { return r.Err.Error() }
func (r *Retry) Unwrap() error { return r.Err }

// RetryAfter makes a Retry.
func RetryAfter(d time.Duration, err error) error { return &Retry{After: d, Err: err} }

// Call identifies one call to the outside world, so that however often it is made it has one effect.
type Call struct {
	Key        uuid.UUID // idempotency key: the id of the intent event
	Reference  string    // ours, kept by the other side: the order's id
	IntendedAt time.Time // when the intent was recorded; tells whether the other side may have forgotten the key
}

// ErrNotFound is what a look-up by reference answers when the other side has never heard of it.
var ErrNotFound = errors.New("not known there")

// Refusal is the other side's final no. Every other error of a port means that it is not known whether the call had an
// effect: it is made again, with the same key.
type Refusal struct {
	Code   string // the other side's own, such as "charge_expired"
	Detail string
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused (%s): %s", r.Code, r.Detail) }

// ChargeStatus is where a charge stands at the provider.
type ChargeStatus string

// A charge is pending while the provider has not decided yet; its outcome is asked for again, or comes by webhook.
const (
	ChargePending    ChargeStatus = "pending"
	ChargeAuthorized ChargeStatus = "authorized"
	ChargeDeclined   ChargeStatus = "declined"
	ChargeCaptured   ChargeStatus = "captured"
	ChargeVoided     ChargeStatus = "voided"
	ChargeExpired    ChargeStatus = "expired"
)

// Charge is the provider's record of one authorization and what became of it.
type Charge struct {
	ID          string // the provider's
	Reference   string // ours: the order's id
	Status      ChargeStatus
	DeclineCode string // such as "card_declined", "insufficient_funds"
	Authorized  domain.Money
	Captured    domain.Money
	Refunded    domain.Money
	ExpiresAt   time.Time // when an uncaptured authorization ends
	Refunds     []Refund
}

// RefundStatus is where a refund stands at the provider.
type RefundStatus string

// A pending refund is asked for again, or its outcome comes by webhook.
const (
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"
)

// Refund is the provider's record of money that goes back.
type Refund struct {
	ID     string    // the provider's
	Key    uuid.UUID // the call's
	Amount domain.Money
	Status RefundStatus
	Reason string // why it failed
}

// Payments is the payment provider as the payment service sees it. The same call again answers with the first outcome.
type Payments interface {
	// Authorize holds an amount on a payment method. A decline is an answer (ChargeDeclined), not an error.
	Authorize(ctx context.Context, call Call, method string, amount domain.Money) (Charge, error)
	// Capture takes an authorized amount. A final no is a *Refusal.
	Capture(ctx context.Context, call Call, charge string, amount domain.Money) (Charge, error)
	// Void lets an authorization go. A final no is a *Refusal.
	Void(ctx context.Context, call Call, charge string) (Charge, error)
	// Refund gives captured money back. A final no is a Refund with RefundFailed.
	Refund(ctx context.Context, call Call, charge string, amount domain.Money) (Refund, error)
	// Find looks a charge up by our reference, with its refunds. ErrNotFound where there is none.
	Find(ctx context.Context, reference string) (Charge, error)
}

// BookingStatus is where a parcel stands at the carrier.
type BookingStatus string

// The carrier's words, in the order in which they can come; a later one implies the earlier ones.
const (
	BookingBooked     BookingStatus = "booked"
	BookingCancelled  BookingStatus = "cancelled"
	BookingRefused    BookingStatus = "refused"
	BookingDispatched BookingStatus = "dispatched"
	BookingDelivered  BookingStatus = "delivered"
	BookingLost       BookingStatus = "lost"
	BookingReturned   BookingStatus = "returned"
)

// Parcel is what a carrier needs to know.
type Parcel struct {
	Name, Line1, City, Postcode, Country string
	Items                                int64 // pieces in the parcel
}

// Booking is the carrier's record of one parcel.
type Booking struct {
	ID        string // the carrier's
	Reference string // ours: the order's id
	Tracking  string
	Status    BookingStatus
	Reason    string // why it was refused
}

// Carrier is the parcel service as the shipping service sees it. The same call again answers with the first outcome.
type Carrier interface {
	// Book orders the pick-up of a parcel. A refused parcel (a bad address) is an answer (BookingRefused), not an error.
	Book(ctx context.Context, call Call, parcel Parcel) (Booking, error)
	// Cancel takes a booking back. A *Refusal says that the parcel has left, ErrNotFound that nothing was ever booked.
	Cancel(ctx context.Context, call Call) (Booking, error)
	// Find looks a booking up by our reference. ErrNotFound where there is none.
	Find(ctx context.Context, reference string) (Booking, error)
}
