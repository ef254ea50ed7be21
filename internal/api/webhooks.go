package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/internal/carrier"
	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

func (s *Server) pspWebhook(w http.ResponseWriter, r *http.Request) error {
	return s.webhook(w, r, s.PSPSecrets, sagas.Payment, "the provider's webhook", providerWord)
}

func (s *Server) carrierWebhook(w http.ResponseWriter, r *http.Request) error {
	return s.webhook(w, r, s.CarrierSecrets, sagas.Shipping, "the carrier's webhook", carrierWord)
}

// webhook takes the outside world's own word in. It answers 2xx only once all of a delivery is durable; a delivery that
// came before is satisfied already. An order that is not known yet makes the sender try again.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request, secrets []string, name, edge string, word func(webhook.Event) (any, error)) error {
	events, err := webhook.Receive(r, secrets, s.Now())
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(large.Limit)
	case errors.Is(err, webhook.ErrBody):
		return badRequest("body", "%v", err)
	case err != nil:
		p := problem(http.StatusUnauthorized, "The delivery is not taken", "nothing was recorded")
		p.Errors = []FieldError{{webhook.Header, err.Error()}}
		return p
	}
	asks, err := s.asks(events, edge, word)
	if err != nil {
		return err
	}
	return s.carryOut(r.Context(), w, name, asks)
}

func (s *Server) asks(events []webhook.Event, edge string, word func(webhook.Event) (any, error)) ([]service.Ask, error) {
	row := s.Choreography.Edge(edge)
	asks := make([]service.Ask, 0, len(events))
	for _, e := range events {
		command, err := word(e)
		if err != nil {
			return nil, badRequest("events", "%v", err)
		}
		if command == nil {
			continue
		}
		asks = append(asks, service.Ask{Edge: row, ID: e.Reference, Command: command, Request: service.Request{
			ID: requestID("webhook", e.ID), Correlation: e.Reference, Actor: edge,
		}})
	}
	return asks, nil
}

func (s *Server) carryOut(ctx context.Context, w http.ResponseWriter, name string, asks []service.Ask) error {
	outcomes, err := s.Services[name].DoAll(ctx, asks)
	if err != nil {
		return problem(http.StatusServiceUnavailable, "Not recorded", "send it again")
	}
	for i, o := range outcomes {
		switch {
		case o.Err == nil:
		case errors.Is(o.Err, payment.ErrUnknown), errors.Is(o.Err, shipping.ErrUnknown):
			p := problem(http.StatusServiceUnavailable, "Not known yet", "send it again")
			p.Errors = []FieldError{{"events.reference", asks[i].ID + ": " + o.Err.Error()}}
			return p
		default:
			return o.Err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// providerWord is the command that records what the provider says by itself, nil where it is of no interest.
func providerWord(e webhook.Event) (any, error) {
	notice, err := psp.ReadNotice(e)
	if err != nil {
		return nil, err
	}
	charge := notice.Charge.AsCharge()
	switch e.Type {
	case webhook.ChargeAuthorized, webhook.ChargeDeclined:
		return payment.Command(sagas.ChargeOutcome(charge)), nil
	case webhook.ChargeCaptured:
		return payment.Command(payment.RecordCaptured{Amount: charge.Captured}), nil
	case webhook.ChargeVoided:
		return payment.Command(payment.RecordVoided{}), nil
	case webhook.ChargeExpired:
		return payment.Command(payment.ExpireAuthorization{}), nil
	case webhook.RefundSucceeded, webhook.RefundFailed:
		return sagas.RefundOutcome(notice.Refund.AsRefund()), nil
	}
	return nil, nil
}

// carrierWord is the command that records what the carrier says by itself.
func carrierWord(e webhook.Event) (any, error) {
	entry, err := carrier.ReadEntry(e)
	if err != nil {
		return nil, err
	}
	return sagas.CarrierWord(entry.AsBooking()), nil
}
