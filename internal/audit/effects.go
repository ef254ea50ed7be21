package audit

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/sagas"
)

// intents are the events that ask for each kind of effect.
var intents = map[string]string{
	Authorize: payment.AuthorizationStarted{}.EventType(),
	Capture:   payment.CaptureStarted{}.EventType(),
	Void:      payment.VoidStarted{}.EventType(),
	Refund:    payment.RefundStarted{}.EventType(),
	Book:      shipping.Prepared{}.EventType(),
	Cancel:    shipping.CancellationStarted{}.EventType(),
}

// readLedgers reads what the outside world has, from the beginning. A reference that no event knows gets an account too:
// the order of it is then found not to be placed.
func (a *auditor) readLedgers(ctx context.Context) error {
	a.charges, a.bookings, a.effects = map[int32][]Charge{}, map[int32][]Booking{}, map[uuid.UUID]int{}
	if a.Charges != nil {
		for c, err := range a.Charges(ctx) {
			if err != nil {
				return fmt.Errorf("read the payment provider's ledger: %w", err)
			}
			order := a.account(c.Reference)
			a.charges[order] = append(a.charges[order], c)
			a.countEffects(c.Effects)
		}
	}
	if a.Bookings != nil {
		for b, err := range a.Bookings(ctx) {
			if err != nil {
				return fmt.Errorf("read the carrier's ledger: %w", err)
			}
			order := a.account(b.Reference)
			a.bookings[order] = append(a.bookings[order], b)
			a.countEffects(b.Effects)
		}
	}
	return nil
}

func (a *auditor) countEffects(effects []Effect) {
	for _, e := range effects {
		if e.Key != uuid.Nil {
			a.effects[e.Key]++
		}
	}
}

// effectsOf compares what was done in the outside world with what the order's events asked for.
func (a *auditor) effectsOf(order int32, say func(rule, format string, args ...any)) {
	o := a.orders[order]
	for _, intent := range intents {
		if fact := a.names.number(intent); o.twice.has(fact) {
			say("intent "+intent, "%s is recorded twice: each would have an effect of its own", intent)
		}
	}
	for _, c := range a.charges[order] {
		for _, e := range c.Effects {
			a.effectOf(order, e, say)
		}
	}
	for _, b := range a.bookings[order] {
		for _, e := range b.Effects {
			a.effectOf(order, e, say)
		}
	}
}

func (a *auditor) effectOf(order int32, e Effect, say func(rule, format string, args ...any)) {
	intent, asked := intents[e.Kind]
	if e.Key == uuid.Nil {
		if asked {
			say("no key "+e.Kind, "the outside world did something (%s) that carries no key", e.Kind)
		}
		return
	}
	if n := a.effects[e.Key]; n > 1 {
		say("effects "+e.Key.String(), "the key %s had %d effects (%s)", e.Key, n, e.Kind)
	}
	at, known := a.byID[e.Key]
	switch {
	case !known:
		say("no intent "+e.Key.String(), "an effect (%s) under the key %s, which is no event's id", e.Kind, e.Key)
		return
	case a.node(at).order != order:
		say("other order "+e.Key.String(), "an effect (%s) under the key %s, which is another order's event", e.Kind, e.Key)
	case asked && a.names.of(a.node(at).fact) != intent:
		say("other intent "+e.Key.String(), "an effect (%s) under the key %s, which is the id of %s", e.Kind, e.Key, a.names.of(a.node(at).fact))
	}
	if amount := a.orders[order].intended(e.Kind); e.Amount != 0 && asked && e.Amount != amount {
		say("amount "+e.Key.String(), "an effect (%s) of %d, asked for was %d", e.Kind, e.Amount, amount)
	}
}

// intended is the amount that an effect should have.
func (o *account) intended(kind string) int64 {
	switch kind {
	case Authorize:
		return o.asked.Amount
	case Refund:
		return o.captured
	}
	return o.authorized
}

// bookingsOf: an order has one parcel, and carrier and shipment agree on whether it left.
func (a *auditor) bookingsOf(o *account, bookings []Booking, say func(rule, format string, args ...any)) {
	if len(bookings) > 1 {
		say("bookings", "the carrier has %d bookings for the order", len(bookings))
	}
	if len(bookings) == 0 {
		if o.facts.has(a.names.number(shipping.Booked{}.EventType())) {
			say("no booking", "a parcel is booked, and the carrier has no booking")
		}
		return
	}
	if !o.placed {
		say("booking unplaced", "the carrier has a booking (%s) for an order that was never placed", bookings[0].Status)
	}
}

// left tells whether the carrier took the parcel, whatever became of it.
func left(s sagas.BookingStatus) bool {
	switch s {
	case sagas.BookingDispatched, sagas.BookingDelivered, sagas.BookingLost, sagas.BookingReturned:
		return true
	}
	return false
}

// parcelOf: what was cancelled never leaves, what left was never cancelled.
func (a *auditor) parcelOf(o *account, bookings []Booking, say func(rule, format string, args ...any)) {
	for _, b := range bookings {
		switch phase := o.shipment.Phase; {
		case left(b.Status) && (phase == shipping.IsCancelled || phase == shipping.IsFailed):
			say("left", "the carrier says %s, and the shipment ended without leaving", b.Status)
		case b.Status == sagas.BookingCancelled && o.facts.has(a.names.number(shipping.Dispatched{}.EventType())):
			say("cancelled there", "the parcel was dispatched, and the carrier says %s", b.Status)
		}
	}
}
