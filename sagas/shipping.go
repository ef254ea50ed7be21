package sagas

import (
	"context"
	"errors"
	"fmt"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// What shipping does on hearing the order, and what it asks the carrier.

func prepareShipment(e order.Confirmed, t Trigger) (string, shipping.Command) {
	items := perSKU(e.Lines)
	parcel := make([]shipping.Item, len(items))
	for i, item := range items {
		parcel[i] = shipping.Item(item)
	}
	return t.Subject, shipping.Prepare{Warehouse: e.Warehouse, ShipTo: shipping.Address(e.ShipTo), Items: parcel}
}

func cancelShipment(_ order.CancellationRequested, t Trigger) (string, shipping.Command) {
	return t.Subject, shipping.Cancel{}
}

func askBooking(ctx context.Context, w World, e shipping.Prepared, t Trigger, s shipping.State) (shipping.Command, error) {
	if s.BookingKnown() {
		return nil, nil
	}
	if w.forgotten(t) {
		booking, err := w.Carrier.Find(ctx, t.Subject)
		if !errors.Is(err, ErrNotFound) {
			return carrierWord(booking), err
		}
	}
	parcel := Parcel{Name: e.ShipTo.Name, Line1: e.ShipTo.Line1, City: e.ShipTo.City, Postcode: e.ShipTo.Postcode, Country: e.ShipTo.Country}
	for _, item := range e.Items {
		parcel.Items += item.Quantity
	}
	booking, err := w.Carrier.Book(ctx, callOf(t), parcel)
	var refused *Refusal
	if errors.As(err, &refused) {
		return shipping.RecordFailed{Code: refused.Code, Detail: refused.Detail}, nil
	}
	return carrierWord(booking), err
}

func askCancellation(ctx context.Context, w World, _ shipping.CancellationStarted, t Trigger, s shipping.State) (shipping.Command, error) {
	switch {
	case !s.Cancelling:
		return nil, nil
	case !s.BookingKnown():
		return nil, domain.NotYet(shipping.Booked{})
	}
	if w.forgotten(t) {
		found, err := w.Carrier.Find(ctx, t.Subject)
		if err != nil || found.Status != BookingBooked {
			return cancellationWord(found, err)
		}
	}
	return cancellationWord(w.Carrier.Cancel(ctx, callOf(t)))
}

// cancellationWord is the command that records what became of a cancellation.
func cancellationWord(booking Booking, err error) (shipping.Command, error) {
	var refused *Refusal
	switch {
	case errors.As(err, &refused):
		return shipping.RecordCancellationRefused{Code: refused.Code}, nil
	case errors.Is(err, ErrNotFound):
		return shipping.RecordCancelled{}, nil
	case err == nil && booking.Status == BookingBooked:
		return nil, RetryAfter(pendingDelay, fmt.Errorf("booking %s is still being taken back", booking.ID))
	}
	return carrierWord(booking), err
}

// CarrierWord is the command that records what the carrier says about a booking, nil where it says nothing new.
func CarrierWord(b Booking) shipping.Command { return carrierWord(b) }

func carrierWord(b Booking) shipping.Command {
	switch b.Status {
	case BookingBooked:
		return shipping.RecordBooked{Booking: b.ID, Tracking: b.Tracking}
	case BookingRefused:
		return shipping.RecordFailed{Code: b.Reason}
	case BookingCancelled:
		return shipping.RecordCancelled{}
	case BookingDispatched:
		return shipping.RecordDispatched{Booking: b.ID, Tracking: b.Tracking}
	case BookingDelivered:
		return shipping.RecordDelivered{Booking: b.ID, Tracking: b.Tracking}
	case BookingLost:
		return shipping.RecordLost{Booking: b.ID, Tracking: b.Tracking}
	case BookingReturned:
		return shipping.RecordReturned{Booking: b.ID, Tracking: b.Tracking}
	}
	return nil
}
