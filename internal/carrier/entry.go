package carrier

import (
	"errors"
	"fmt"
	"time"

	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

// Entry is the carrier's record of one booking: what its API answers with, the data of its webhook events, and what
// audits read.
type Entry struct {
	ID        string              `json:"id"` // "bk_…", in the order of creation
	Reference string              `json:"reference"`
	Key       string              `json:"key"` // idempotency key of the call that made it
	Tracking  string              `json:"tracking,omitempty"`
	Status    sagas.BookingStatus `json:"status"`
	Reason    string              `json:"reason,omitempty"` // why it was refused
	Parcel    Parcel              `json:"parcel,omitzero"`  // left out of answers to calls and of webhooks
	BookedAt  time.Time           `json:"bookedAt"`
	ChangedAt time.Time           `json:"changedAt"`
	DueAt     time.Time           `json:"dueAt,omitzero"`    // when it moves on by itself
	Left      bool                `json:"left,omitempty"`    // it was dispatched
	Effects   []Effect            `json:"effects,omitempty"` // likewise
}

// brief is the entry without what its reader sent us.
func (e *Entry) brief() Entry {
	b := *e
	b.Parcel, b.Effects = Parcel{}, nil
	return b
}

// Parcel is a sagas.Parcel on the wire.
type Parcel struct {
	Name     string `json:"name,omitempty"`
	Line1    string `json:"line1,omitempty"`
	City     string `json:"city,omitempty"`
	Postcode string `json:"postcode,omitempty"`
	Country  string `json:"country,omitempty"`
	Items    int64  `json:"items"`
}

// Effect is one thing that a call brought about. A call with one key never brings about two; a refused call and a repeated
// one bring about none.
type Effect struct {
	Key  string     `json:"key"`
	Kind EffectKind `json:"kind"`
	At   time.Time  `json:"at"`
}

// EffectKind is what a call did.
type EffectKind string

// The kinds of effects.
const (
	Book   EffectKind = "book"
	Cancel EffectKind = "cancel"
)

// AsBooking is the entry as the shipping service knows it.
func (e Entry) AsBooking() sagas.Booking {
	return sagas.Booking{ID: e.ID, Reference: e.Reference, Tracking: e.Tracking, Status: e.Status, Reason: e.Reason}
}

// Check tells what in the entry does not fit together: a parcel was cancelled or dispatched, never both, and each by one
// call.
func (e Entry) Check() error {
	var problems []error
	must := func(holds bool, format string, args ...any) {
		if !holds {
			problems = append(problems, fmt.Errorf("booking %s of %s: "+format, append([]any{e.ID, e.Reference}, args...)...))
		}
	}
	count, keys := map[EffectKind]int{}, map[string]bool{}
	for _, effect := range e.Effects {
		must(!keys[effect.Key], "key %s had two effects", effect.Key)
		keys[effect.Key] = true
		count[effect.Kind]++
	}
	cancelled, refused := e.Status == sagas.BookingCancelled, e.Status == sagas.BookingRefused
	must(rank(e.Status) >= 0, "its status is %q", e.Status)
	must(e.Left == (rank(e.Status) >= rank(sagas.BookingDispatched)), "it is %s, but left: %t", e.Status, e.Left)
	must((count[Book] == 1) == !refused && count[Book] <= 1, "it is %s and was booked %d times", e.Status, count[Book])
	must((count[Cancel] == 1) == cancelled && count[Cancel] <= 1, "it is %s and was cancelled %d times", e.Status, count[Cancel])
	return errors.Join(problems...)
}

// rank orders statuses: a booking only ever moves to a higher one. Cancelled and refused are ends beside the parcel's way.
func rank(s sagas.BookingStatus) int {
	switch s {
	case sagas.BookingRefused, sagas.BookingCancelled, sagas.BookingBooked:
		return 0
	case sagas.BookingDispatched:
		return 1
	case sagas.BookingDelivered, sagas.BookingLost, sagas.BookingReturned:
		return 2
	}
	return -1
}

func eventOf(s sagas.BookingStatus) string {
	switch s {
	case sagas.BookingRefused:
		return webhook.BookingRefused
	case sagas.BookingCancelled:
		return webhook.BookingCancelled
	case sagas.BookingDispatched:
		return webhook.BookingDispatched
	case sagas.BookingDelivered:
		return webhook.BookingDelivered
	case sagas.BookingLost:
		return webhook.BookingLost
	case sagas.BookingReturned:
		return webhook.BookingReturned
	}
	return webhook.BookingBooked
}
