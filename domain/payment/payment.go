package payment

import (
	"errors"
	"time"

	"github.com/ordersaga/ordersaga/domain"
)

// ErrUnknown is the answer to the provider's word about a payment that was never asked for.
var ErrUnknown = errors.New("there is no payment for this order")

// CodeAuthorizationLost is why a capture fails whose authorization ran out.
const CodeAuthorizationLost = "authorization_lost"

// Command is the union of what a payment can be asked.
type Command interface{ paymentCommand() }

type (
	// Request fixes amount and method.
	Request struct {
		Amount domain.Money
		Method string
	}
	// Authorize starts to hold the amount. It needs Requested.
	Authorize struct{}
	// Capture starts to take the held amount. It needs Authorized.
	Capture struct{}
	// Undo takes back whatever was done so far, and bars the rest.
	Undo struct{}
	// ExpireAuthorization says that the hold's time is over. Where there is nothing to pay nothing is held.
	ExpireAuthorization struct{}

	// The outcomes of the calls; each is satisfied unless its call is in flight.

	// RecordAuthorized is the provider's yes.
	RecordAuthorized struct {
		Charge    string
		Amount    domain.Money
		ExpiresAt time.Time
	}
	// RecordDeclined is the provider's no.
	RecordDeclined struct{ Code string }
	// RecordCaptured says that the money was taken.
	RecordCaptured struct{ Amount domain.Money }
	// RecordCaptureFailed says that it never will.
	RecordCaptureFailed struct{ Code, Detail string }
	// RecordVoided says that the hold is gone.
	RecordVoided struct{}
	// RecordVoidFailed says that it could not be let go.
	RecordVoidFailed struct{ Code, Detail string }
	// RecordRefundPending says that the provider will settle the refund later.
	RecordRefundPending struct{ Refund string }
	// RecordRefunded says that the money went back.
	RecordRefunded struct{ Refund string }
	// RecordRefundFailed says that it never will by itself.
	RecordRefundFailed struct{ Code, Detail string }
)

func (Request) paymentCommand()             {}
func (Authorize) paymentCommand()           {}
func (Capture) paymentCommand()             {}
func (Undo) paymentCommand()                {}
func (ExpireAuthorization) paymentCommand() {}
func (RecordAuthorized) paymentCommand()    {}
func (RecordDeclined) paymentCommand()      {}
func (RecordCaptured) paymentCommand()      {}
func (RecordCaptureFailed) paymentCommand() {}
func (RecordVoided) paymentCommand()        {}
func (RecordVoidFailed) paymentCommand()    {}
func (RecordRefundPending) paymentCommand() {}
func (RecordRefunded) paymentCommand()      {}
func (RecordRefundFailed) paymentCommand()  {}

// Phase is where the money stands.
type Phase uint8

// The phases; those in -ing have a call in flight.
const (
	Nothing Phase = iota
	IsRequested
	Authorizing
	IsAuthorized
	IsDeclined
	IsLost
	Capturing
	IsCaptured
	IsCaptureFailed
	Voiding
	IsVoided
	IsVoidFailed
	Refunding
	IsRefundPending
	IsRefunded
	IsRefundFailed
)

// State is what a payment must remember to decide.
type State struct {
	Phase  Phase
	Undone bool         // Cancelled, or nothing is held: nothing new is started, and what is in flight is taken back
	Amount domain.Money // asked for; then held, and then taken, as the provider says
	Method string
	Charge string
}

// Entity is the payment of one order: payment-<order>.
var Entity = domain.Entity[State, Command, Event]{
	Category: "payment",
	Decider: domain.Decider[State, Command, Event]{
		Initial: func() State { return State{} },
		Decide:  decide,
		Evolve:  evolve,
	},
}

func decide(command Command, s State) ([]Event, error) {
	switch c := command.(type) {
	case Request:
		if s.Phase == Nothing && !s.Undone {
			return []Event{Requested(c)}, nil
		}
		return nil, nil
	case Authorize:
		return decideAuthorize(s)
	case Capture:
		return decideCapture(s)
	case Undo:
		return decideUndo(s), nil
	case ExpireAuthorization:
		if s.Phase == IsAuthorized && !s.Amount.IsZero() {
			return []Event{AuthorizationLost{}}, nil
		}
		return nil, nil
	}
	if s.Phase == Nothing {
		return nil, ErrUnknown
	}
	return decideOutcome(command, s), nil
}

func decideAuthorize(s State) ([]Event, error) {
	switch {
	case s.Undone:
		return nil, nil
	case s.Phase == Nothing:
		return nil, domain.NotYet(Requested{})
	case s.Phase != IsRequested:
		return nil, nil
	case s.Amount.IsZero(): // nobody to ask
		return []Event{Authorized{Amount: s.Amount}}, nil
	}
	return []Event{AuthorizationStarted{Amount: s.Amount, Method: s.Method}}, nil
}

func decideCapture(s State) ([]Event, error) {
	if s.Undone {
		return nil, nil
	}
	switch s.Phase {
	case Nothing, IsRequested, Authorizing:
		return nil, domain.NotYet(Authorized{})
	case IsAuthorized:
		if s.Amount.IsZero() {
			return []Event{Captured{Amount: s.Amount}}, nil
		}
		return []Event{CaptureStarted{Charge: s.Charge, Amount: s.Amount}}, nil
	case IsLost:
		return []Event{CaptureFailed{Code: CodeAuthorizationLost}}, nil
	}
	return nil, nil
}

// decideUndo is the payment's whole share of undoing an order, whatever the failure was.
func decideUndo(s State) []Event {
	if s.Undone {
		return nil
	}
	switch s.Phase {
	case Nothing, IsRequested, Authorizing, IsLost, Capturing:
		return []Event{Cancelled{}}
	case IsAuthorized, IsCaptured, IsCaptureFailed:
		return undoIntent(s)
	}
	return nil
}

// undoIntent is what takes back the outcome that led to the state's phase. Nobody is asked where there is nothing to pay.
func undoIntent(s State) []Event {
	taken, free := s.Phase == IsCaptured, s.Amount.IsZero()
	switch {
	case free && taken:
		return []Event{Refunded{Amount: s.Amount}}
	case free:
		return []Event{Voided{Amount: s.Amount}}
	case taken:
		return []Event{RefundStarted{Charge: s.Charge, Amount: s.Amount}}
	}
	return []Event{VoidStarted{Charge: s.Charge, Amount: s.Amount}}
}

// decideOutcome records an outcome while its call is in flight, and with it the undo intent where one is owed.
func decideOutcome(command Command, s State) []Event {
	switch c := command.(type) {
	case RecordAuthorized:
		if s.Phase == Authorizing {
			return withUndo(Authorized(c), s)
		}
	case RecordDeclined:
		if s.Phase == Authorizing {
			return []Event{Declined(c)}
		}
	case RecordCaptured:
		if s.Phase == Capturing {
			return withUndo(Captured(c), s)
		}
	case RecordCaptureFailed:
		switch {
		case s.Phase != Capturing:
		case c.Code == CodeAuthorizationLost: // nothing is held that could be let go
			return []Event{CaptureFailed(c)}
		default:
			return withUndo(CaptureFailed(c), s)
		}
	case RecordVoided:
		if s.Phase == Voiding {
			return []Event{Voided{Amount: s.Amount}}
		}
	case RecordVoidFailed:
		if s.Phase == Voiding {
			return []Event{VoidFailed(c)}
		}
	case RecordRefundPending:
		if s.Phase == Refunding {
			return []Event{RefundPending{Charge: s.Charge, Refund: c.Refund, Amount: s.Amount}}
		}
	case RecordRefunded:
		if s.Phase == Refunding || s.Phase == IsRefundPending {
			return []Event{Refunded{Refund: c.Refund, Amount: s.Amount}}
		}
	case RecordRefundFailed:
		if s.Phase == Refunding || s.Phase == IsRefundPending {
			return []Event{RefundFailed(c)}
		}
	}
	return nil
}

func withUndo(outcome Event, s State) []Event {
	if !s.Undone {
		return []Event{outcome}
	}
	return append([]Event{outcome}, undoIntent(evolve(s, outcome))...)
}

func evolve(s State, event Event) State {
	switch e := event.(type) {
	case Requested:
		s.Phase, s.Amount, s.Method = IsRequested, e.Amount, e.Method
	case AuthorizationStarted:
		s.Phase = Authorizing
	case Authorized:
		s.Phase, s.Charge, s.Amount = IsAuthorized, e.Charge, e.Amount
	case Declined:
		s.Phase = IsDeclined
	case AuthorizationLost:
		s.Phase = IsLost
	case Cancelled:
		s.Undone = true
	case CaptureStarted:
		s.Phase = Capturing
	case Captured:
		s.Phase, s.Amount = IsCaptured, e.Amount
	case CaptureFailed:
		if e.Code == CodeAuthorizationLost {
			s.Undone = true // nothing is held that could be let go
		}
		s.Phase = IsCaptureFailed
	case VoidStarted:
		s.Phase = Voiding
	case Voided:
		s.Phase = IsVoided
	case VoidFailed:
		s.Phase = IsVoidFailed
	case RefundStarted:
		s.Phase = Refunding
	case RefundPending:
		s.Phase = IsRefundPending
	case Refunded:
		s.Phase = IsRefunded
	case RefundFailed:
		s.Phase = IsRefundFailed
	}
	return s
}
