package order

import (
	"errors"
	"fmt"

	"github.com/ordersaga/ordersaga/domain"
)

// Refusals that only the caller hears.
var (
	ErrUnknown    = errors.New("there is no such order")
	ErrKeyReused  = errors.New("the idempotency key was used for another order")
	ErrDispatched = errors.New("the parcel has left: from here it is a return")
	ErrEnded      = errors.New("the order has ended")
)

// Command is the union of what an order can be asked.
type Command interface{ orderCommand() }

type (
	// Place opens an order. The same request again is satisfied; another one is ErrKeyReused.
	Place struct{ Placed }
	// Confirm says that the payment is authorized, and with it that the stock is held.
	Confirm struct{}
	// Reject says that the order cannot be confirmed.
	Reject struct{ Reason, Detail string }
	// Cancel is a person's wish. ErrDispatched and ErrEnded where it comes too late.
	Cancel struct{ Reason string }
	// LoseAuthorization says that the money is not promised any more.
	LoseAuthorization struct{}
	// EndShipment says that the parcel will not leave: failed, or cancelled as was asked. It contradicts a delivery or a
	// payment that was heard before, and then decides nothing: an order is never both delivered and refunded.
	EndShipment struct{ Reason, Detail string }
	// RefuseCancellation says that the parcel could not be held back.
	RefuseCancellation struct{ Reason string }
	// NoteDelivered completes the order together with NotePaid, in either order.
	NoteDelivered struct{}
	// NotePaid is the other half.
	NotePaid struct{}
	// NotePaymentDue says that the money could not be captured.
	NotePaymentDue struct{ Reason string }
	// Lose says that the carrier lost the parcel.
	Lose struct{}
	// Return says that the parcel came back.
	Return struct{}
)

func (Place) orderCommand()              {}
func (Confirm) orderCommand()            {}
func (Reject) orderCommand()             {}
func (Cancel) orderCommand()             {}
func (LoseAuthorization) orderCommand()  {}
func (EndShipment) orderCommand()        {}
func (RefuseCancellation) orderCommand() {}
func (NoteDelivered) orderCommand()      {}
func (NotePaid) orderCommand()           {}
func (NotePaymentDue) orderCommand()     {}
func (Lose) orderCommand()               {}
func (Return) orderCommand()             {}

// Stage is where an order stands.
type Stage uint8

// The stages. The ones from Rejected on are ends.
const (
	Unknown    Stage = iota
	Open             // placed, not decided yet
	Underway         // confirmed
	Cancelling       // confirmed, and shipping was asked to hold the parcel back
	IsRejected
	IsCancelled
	IsCompleted
	IsLost
	IsReturned
)

var stageNames = [...]string{"unknown", "placed", "confirmed", "cancelling", "rejected", "cancelled", "completed", "lost", "returned"}

func (s Stage) String() string { return stageNames[s] }

// Ended tells whether nothing more will be decided.
func (s Stage) Ended() bool { return s >= IsRejected }

// State is what an order must remember to decide.
type State struct {
	Stage               Stage
	RequestHash         string
	Confirmed           Confirmed // what Confirm will say
	CancelReason        string    // of the open cancellation
	CancellationRefused bool
	Delivered           bool
	Paid                bool
	PaymentDue          bool
}

// Entity is the order: one stream each, order-<id>.
var Entity = domain.Entity[State, Command, Event]{
	Category: "order",
	Decider: domain.Decider[State, Command, Event]{
		Initial: func() State { return State{} },
		Decide:  decide,
		Evolve:  evolve,
	},
}

func decide(command Command, s State) ([]Event, error) {
	if place, ok := command.(Place); ok {
		return decidePlace(place, s)
	}
	if s.Stage == Unknown {
		return nil, ErrUnknown
	}
	if cancel, ok := command.(Cancel); ok {
		return decideCancel(cancel, s)
	}
	return decideOutcome(command, s), nil
}

func decidePlace(c Place, s State) ([]Event, error) {
	switch {
	case s.Stage == Unknown:
		return []Event{c.Placed}, nil
	case s.RequestHash == c.RequestHash:
		return nil, nil
	}
	return nil, ErrKeyReused
}

func decideCancel(c Cancel, s State) ([]Event, error) {
	switch {
	case s.Stage == Open:
		return []Event{Cancelled{Reason: c.Reason}}, nil
	case s.Stage == Cancelling, s.Stage == IsCancelled:
		return nil, nil
	case s.Stage.Ended():
		return nil, fmt.Errorf("%w: it is %s", ErrEnded, s.Stage)
	case s.hasLeft():
		return nil, ErrDispatched
	}
	return []Event{CancellationRequested(c)}, nil
}

// hasLeft tells whether something was heard that only follows the parcel's dispatch.
func (s State) hasLeft() bool {
	return s.CancellationRefused || s.Delivered || s.Paid || s.PaymentDue
}

// decideOutcome hears what the other services did. Whatever comes too late decides nothing.
func decideOutcome(command Command, s State) []Event {
	if s.Stage.Ended() {
		return nil
	}
	if s.Stage == Open {
		return decideOpen(command, s)
	}
	switch c := command.(type) {
	case LoseAuthorization:
		if s.Stage == Underway && !s.hasLeft() {
			return []Event{CancellationRequested{Reason: AuthorizationLost}}
		}
	case EndShipment:
		switch {
		case s.Delivered || s.Paid:
		case s.Stage == Cancelling:
			return []Event{Cancelled{Reason: s.CancelReason, Detail: c.Detail}}
		default:
			return []Event{Cancelled(c)}
		}
	case RefuseCancellation:
		if s.Stage == Cancelling {
			return []Event{CancellationRefused(c)}
		}
	case NoteDelivered:
		if !s.Delivered {
			return completing(Delivered{}, s.Paid)
		}
	case NotePaid:
		if !s.Paid {
			return completing(Paid{}, s.Delivered)
		}
	case NotePaymentDue:
		if !s.Paid && !s.PaymentDue {
			return []Event{PaymentDue(c)}
		}
	case Lose:
		return []Event{Lost{}}
	case Return:
		return []Event{Returned{}}
	}
	return nil
}

func decideOpen(command Command, s State) []Event {
	switch c := command.(type) {
	case Confirm:
		return []Event{s.Confirmed}
	case Reject:
		return []Event{Rejected(c)}
	case LoseAuthorization:
		return []Event{Rejected{Reason: AuthorizationLost}}
	}
	return nil
}

func completing(noted Event, both bool) []Event {
	if both {
		return []Event{noted, Completed{}}
	}
	return []Event{noted}
}

func evolve(s State, event Event) State {
	switch e := event.(type) {
	case Placed:
		s.Stage, s.RequestHash = Open, e.RequestHash
		s.Confirmed = Confirmed{Warehouse: e.Warehouse, ShipTo: e.ShipTo, Lines: e.Lines}
	case Confirmed:
		s.Stage, s.Confirmed = Underway, Confirmed{}
	case Rejected:
		s.Stage = IsRejected
	case CancellationRequested:
		s.Stage, s.CancelReason = Cancelling, e.Reason
	case CancellationRefused:
		s.Stage, s.CancellationRefused = Underway, true
	case Cancelled:
		s.Stage = IsCancelled
	case Delivered:
		s.Delivered = true
	case Paid:
		s.Paid, s.PaymentDue = true, false
	case PaymentDue:
		s.PaymentDue = true
	case Completed:
		s.Stage = IsCompleted
	case Lost:
		s.Stage = IsLost
	case Returned:
		s.Stage = IsReturned
	}
	return s
}
