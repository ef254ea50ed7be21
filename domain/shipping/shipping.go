package shipping

import (
	"cmp"
	"errors"

	"github.com/ordersaga/ordersaga/domain"
)

// ErrUnknown is the answer to the carrier's word about a parcel that was never prepared.
var ErrUnknown = errors.New("there is no shipment for this order")

// Codes of our own; all others are the carrier's.
const (
	CodeAlreadyDispatched  = "already_dispatched"
	CodeCancelledByCarrier = "cancelled_by_carrier"
)

// Command is the union of what a shipment can be asked.
type Command interface{ shippingCommand() }

type (
	// Prepare makes the parcel ready to be booked.
	Prepare struct {
		Warehouse string
		ShipTo    Address
		Items     []Item
	}
	// Cancel holds the parcel back if that is still possible.
	Cancel struct{}

	// The carrier's words. A later one implies the earlier ones that were not heard; one that names no tracking number
	// leaves the known one as it is.

	// RecordBooked is the carrier's yes.
	RecordBooked struct{ Booking, Tracking string }
	// RecordFailed is the carrier's no. It may come after a yes, as long as the parcel has not left.
	RecordFailed struct{ Code, Detail string }
	// RecordCancelled says that the booking was taken back.
	RecordCancelled struct{}
	// RecordCancellationRefused says that it could not be.
	RecordCancellationRefused struct{ Code string }
	// RecordDispatched says that the parcel left.
	RecordDispatched struct{ Booking, Tracking string }
	// RecordDelivered says that it arrived.
	RecordDelivered struct{ Booking, Tracking string }
	// RecordLost says that it never will.
	RecordLost struct{ Booking, Tracking string }
	// RecordReturned says that it came back.
	RecordReturned struct{ Booking, Tracking string }
)

func (Prepare) shippingCommand()                   {}
func (Cancel) shippingCommand()                    {}
func (RecordBooked) shippingCommand()              {}
func (RecordFailed) shippingCommand()              {}
func (RecordCancelled) shippingCommand()           {}
func (RecordCancellationRefused) shippingCommand() {}
func (RecordDispatched) shippingCommand()          {}
func (RecordDelivered) shippingCommand()           {}
func (RecordLost) shippingCommand()                {}
func (RecordReturned) shippingCommand()            {}

// Phase is where the parcel is.
type Phase uint8

// The phases of a parcel.
const (
	Nothing Phase = iota
	IsPrepared
	IsBooked
	IsFailed
	IsCancelled
	IsDispatched
	IsDelivered
	IsLost
	IsReturned
)

// State is what a shipment must remember to decide.
type State struct {
	Phase      Phase
	Cancelling bool // asked the carrier, or about to
	Refused    bool // the cancellation was refused
	Booking    string
	Tracking   string
	Warehouse  string
	Items      []Item
}

// Entity is the shipment of one order: shipment-<order>.
var Entity = domain.Entity[State, Command, Event]{
	Category: "shipment",
	Decider: domain.Decider[State, Command, Event]{
		Initial: func() State { return State{} },
		Decide:  decide,
		Evolve:  evolve,
	},
}

func decide(command Command, s State) ([]Event, error) {
	switch c := command.(type) {
	case Prepare:
		if s.Phase == Nothing {
			return []Event{Prepared(c)}, nil
		}
		return nil, nil
	case Cancel:
		return decideCancel(s), nil
	}
	if s.Phase == Nothing {
		return nil, ErrUnknown
	}
	return decideWord(command, s), nil
}

func decideCancel(s State) []Event {
	switch s.Phase {
	case Nothing:
		return []Event{Cancelled{}}
	case IsPrepared, IsBooked:
		if !s.Cancelling && !s.Refused {
			return []Event{CancellationStarted{}}
		}
	case IsDispatched, IsDelivered, IsLost, IsReturned:
		if !s.Refused {
			return []Event{CancellationRefused{Code: CodeAlreadyDispatched}}
		}
	}
	return nil
}

// decideWord records what the carrier says. A word that contradicts how the shipment ended decides nothing: an end after
// another end (delivered after lost or returned), or any move of a parcel that failed or was cancelled. What becomes of a
// parcel that the carrier moves against its own word is for a person.
func decideWord(command Command, s State) []Event {
	switch c := command.(type) {
	case RecordBooked:
		if s.Phase == IsPrepared {
			return []Event{Booked(c)}
		}
	case RecordFailed:
		if s.held() {
			return []Event{Failed(c)}
		}
	case RecordCancelled:
		return decideCancelled(s)
	case RecordCancellationRefused:
		if s.Cancelling && s.held() {
			return []Event{CancellationRefused(c)}
		}
	case RecordDispatched:
		return dispatched(Booked(c), s)
	case RecordDelivered:
		return after(Booked(c), s, Delivered{})
	case RecordLost:
		return after(Booked(c), s, Lost{})
	case RecordReturned:
		return after(Booked(c), s, Returned{Warehouse: s.Warehouse, Items: s.Items})
	}
	return nil
}

// held tells whether the parcel has not left and may still leave.
func (s State) held() bool { return s.Phase == IsPrepared || s.Phase == IsBooked }

func decideCancelled(s State) []Event {
	switch {
	case !s.held():
		return nil
	case s.Cancelling:
		return []Event{Cancelled{}}
	}
	return []Event{Failed{Code: CodeCancelledByCarrier}}
}

// dispatched records what the parcel's leaving implies: its booking before, and the end of an open cancellation after.
func dispatched(booked Booked, s State) []Event {
	if !s.held() {
		return nil
	}
	var events []Event
	if s.Phase == IsPrepared {
		events = append(events, booked)
	}
	events = append(events, Dispatched{Tracking: cmp.Or(booked.Tracking, s.Tracking)})
	if s.Cancelling {
		events = append(events, CancellationRefused{Code: CodeAlreadyDispatched})
	}
	return events
}

// after records the carrier's last word, with whatever it implies.
func after(booked Booked, s State, last Event) []Event {
	if s.Phase == IsDispatched {
		return []Event{last}
	}
	if implied := dispatched(booked, s); implied != nil {
		return append(implied, last)
	}
	return nil
}

func evolve(s State, event Event) State {
	switch e := event.(type) {
	case Prepared:
		s.Phase, s.Warehouse, s.Items = IsPrepared, e.Warehouse, e.Items
	case Booked:
		s.Phase, s.Booking, s.Tracking = IsBooked, e.Booking, e.Tracking
	case Failed:
		s.Phase, s.Cancelling = IsFailed, false
	case CancellationStarted:
		s.Cancelling = true
	case Cancelled:
		s.Phase, s.Cancelling = IsCancelled, false
	case CancellationRefused:
		s.Cancelling, s.Refused = false, true
	case Dispatched:
		s.Phase, s.Tracking = IsDispatched, cmp.Or(e.Tracking, s.Tracking)
	case Delivered:
		s.Phase = IsDelivered
	case Lost:
		s.Phase = IsLost
	case Returned:
		s.Phase = IsReturned
	}
	return s
}

// BookingKnown tells whether the carrier's answer to the booking has been recorded; until then a cancellation waits.
func (s State) BookingKnown() bool { return s.Phase != IsPrepared }
