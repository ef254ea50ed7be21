package carrier

import (
	"fmt"
	"time"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

// due moves a parcel on whose time has come.
func (c *Carrier) due(tx *ledger.Tx, id string) error {
	e, err := load(tx, id)
	if err != nil {
		return err
	}
	if err := c.proceed(tx, e, c.service.Now()); err != nil {
		return err
	}
	return save(tx, e)
}

// proceed takes a booking through all that is due by now, and puts what comes next on the agenda. So with delays of zero a
// parcel is delivered by the write that books it. The caller saves the entry.
func (c *Carrier) proceed(tx *ledger.Tx, e *Entry, now time.Time) error {
	for !e.DueAt.IsZero() && !now.Before(e.DueAt) {
		next := sagas.BookingDispatched
		if e.Left {
			next = scriptOf(e.Parcel).final()
		}
		if _, err := c.move(tx, e, next, now, true); err != nil {
			return err
		}
	}
	if !e.DueAt.IsZero() {
		c.service.Agenda.Add(tx, e.DueAt, e.ID)
	}
	return nil
}

// advance moves a parcel to a later status by hand, by way of those in between.
func (c *Carrier) advance(tx *ledger.Tx, e *Entry, to sagas.BookingStatus, now time.Time) error {
	c.forget(tx, e)
	for e.Status != to {
		next := to
		if !e.Left {
			next = sagas.BookingDispatched
		}
		if _, err := c.move(tx, e, next, now, true); err != nil {
			return err
		}
	}
	return c.proceed(tx, e, now)
}

// forget takes a booking from the agenda.
func (c *Carrier) forget(tx *ledger.Tx, e *Entry) {
	if !e.DueAt.IsZero() {
		c.service.Agenda.Remove(tx, e.DueAt, e.ID)
	}
}

// move changes a booking's status, tells it, and says when it moves on. News is what no call's answer tells. It returns
// the event's number where the script has it overtake the answer.
func (c *Carrier) move(tx *ledger.Tx, e *Entry, to sagas.BookingStatus, now time.Time, news bool) (uint64, error) {
	script := scriptOf(e.Parcel)
	e.Status, e.ChangedAt, e.DueAt = to, now, time.Time{}
	switch {
	case to == sagas.BookingBooked && script.handover:
		e.DueAt = now
	case to == sagas.BookingBooked:
		e.DueAt = now.Add(c.options.DispatchAfter)
	case to == sagas.BookingDispatched:
		e.Left, e.DueAt = true, now.Add(c.options.DeliverAfter)
	}
	if !news && !c.options.NotifyAll && !script.notify || !c.service.Listens() {
		return 0, nil
	}
	data, err := json.Marshal(e.brief())
	if err != nil {
		return 0, fmt.Errorf("write webhook: %w", err)
	}
	number, err := c.service.Outbox.Add(tx, webhook.Event{
		ID: "evt_" + e.ID + "_" + string(to), Type: eventOf(to), Reference: e.Reference, At: now, Data: data,
	}, max(1, script.copies))
	if err != nil || !script.overtake {
		return 0, err
	}
	return number, nil
}
