package sagas

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// What payment does on hearing the others, and what it asks the provider.

func requestPayment(e order.Placed, t Trigger) (string, payment.Command) {
	return t.Subject, payment.Request{Amount: domain.Money{Amount: e.Total, Currency: e.Currency}, Method: e.PaymentMethod}
}

func authorizePayment(e inventory.Reserved, _ Trigger) (string, payment.Command) {
	return e.OrderID, payment.Authorize{}
}

func capturePayment(_ shipping.Dispatched, t Trigger) (string, payment.Command) {
	return t.Subject, payment.Capture{}
}

func undoPayment(t Trigger) (string, payment.Command) {
	return t.Subject, payment.Undo{}
}

// expireAuthorization is never due where there was nothing to pay: the zero time.
func expireAuthorization(e payment.Authorized) (time.Time, payment.Command) {
	return e.ExpiresAt, payment.ExpireAuthorization{}
}

func askAuthorization(ctx context.Context, w World, e payment.AuthorizationStarted, t Trigger, s payment.State) (payment.Command, error) {
	if s.Phase != payment.Authorizing {
		return nil, nil
	}
	charge, err := w.charge(ctx, t, "", func() (Charge, error) {
		return w.Payments.Authorize(ctx, callOf(t), e.Method, e.Amount)
	})
	var refused *Refusal
	switch {
	case errors.As(err, &refused):
		return payment.RecordDeclined{Code: refused.Code}, nil
	case err != nil:
		return nil, err
	}
	command := ChargeOutcome(charge)
	if command == nil {
		return nil, RetryAfter(pendingDelay, fmt.Errorf("charge %s is pending at the provider", charge.ID))
	}
	return command, nil
}

func askCapture(ctx context.Context, w World, e payment.CaptureStarted, t Trigger, s payment.State) (payment.Command, error) {
	if s.Phase != payment.Capturing {
		return nil, nil
	}
	charge, err := w.charge(ctx, t, ChargeAuthorized, func() (Charge, error) {
		return w.Payments.Capture(ctx, callOf(t), e.Charge, e.Amount)
	})
	var refused *Refusal
	switch {
	case errors.As(err, &refused):
		return payment.RecordCaptureFailed{Code: refused.Code, Detail: refused.Detail}, nil
	case err != nil:
		return nil, err
	case charge.Status != ChargeCaptured:
		return payment.RecordCaptureFailed{Code: "charge_" + string(charge.Status)}, nil
	}
	return payment.RecordCaptured{Amount: charge.Captured}, nil
}

func askVoid(ctx context.Context, w World, e payment.VoidStarted, t Trigger, s payment.State) (payment.Command, error) {
	if s.Phase != payment.Voiding {
		return nil, nil
	}
	charge, err := w.charge(ctx, t, ChargeAuthorized, func() (Charge, error) {
		return w.Payments.Void(ctx, callOf(t), e.Charge)
	})
	var refused *Refusal
	switch {
	case errors.As(err, &refused) && refused.Code == "charge_expired":
		return payment.RecordVoided{}, nil // it ran out by itself: nothing is held
	case errors.As(err, &refused):
		return payment.RecordVoidFailed{Code: refused.Code, Detail: refused.Detail}, nil
	case err != nil:
		return nil, err
	case charge.Status == ChargeCaptured:
		return payment.RecordVoidFailed{Code: "charge_captured"}, nil
	}
	return payment.RecordVoided{}, nil
}

func askRefund(ctx context.Context, w World, e payment.RefundStarted, t Trigger, s payment.State) (payment.Command, error) {
	if s.Phase != payment.Refunding {
		return nil, nil
	}
	if w.forgotten(t) {
		refund, err := w.findRefund(ctx, t.Subject, func(r Refund) bool { return r.Key == t.ID })
		if !errors.Is(err, ErrNotFound) {
			return RefundOutcome(refund), err
		}
	}
	refund, err := w.Payments.Refund(ctx, callOf(t), e.Charge, e.Amount)
	var refused *Refusal
	if errors.As(err, &refused) {
		return payment.RecordRefundFailed{Code: refused.Code, Detail: refused.Detail}, nil
	}
	if err != nil {
		return nil, err
	}
	return RefundOutcome(refund), nil
}

func askPendingRefund(ctx context.Context, w World, e payment.RefundPending, t Trigger, s payment.State) (payment.Command, error) {
	if s.Phase != payment.IsRefundPending {
		return nil, nil
	}
	refund, err := w.findRefund(ctx, t.Subject, func(r Refund) bool { return r.ID == e.Refund })
	switch {
	case err != nil:
		return nil, err
	case refund.Status == RefundPending:
		return nil, RetryAfter(pendingDelay, fmt.Errorf("refund %s is pending at the provider", e.Refund))
	}
	return RefundOutcome(refund), nil
}

// ChargeOutcome is the command that records what became of an authorization, nil while that is open.
func ChargeOutcome(c Charge) payment.Command {
	switch c.Status {
	case ChargeAuthorized, ChargeCaptured:
		return payment.RecordAuthorized{Charge: c.ID, Amount: c.Authorized, ExpiresAt: c.ExpiresAt}
	case ChargeDeclined:
		return payment.RecordDeclined{Code: c.DeclineCode}
	case ChargeVoided, ChargeExpired:
		return payment.RecordDeclined{Code: "charge_" + string(c.Status)}
	}
	return nil
}

// RefundOutcome is the command that records where a refund stands.
func RefundOutcome(r Refund) payment.Command {
	switch r.Status {
	case RefundSucceeded:
		return payment.RecordRefunded{Refund: r.ID}
	case RefundFailed:
		return payment.RecordRefundFailed{Code: r.Reason}
	}
	return payment.RecordRefundPending{Refund: r.ID}
}

// charge makes a call about a charge. Where the provider may have forgotten the call's key it is asked by our reference
// first, and called only if the charge still stands where it stood before the call.
func (w World) charge(ctx context.Context, t Trigger, before ChargeStatus, call func() (Charge, error)) (Charge, error) {
	if w.forgotten(t) {
		found, err := w.Payments.Find(ctx, t.Subject)
		if !errors.Is(err, ErrNotFound) && (err != nil || found.Status != before) {
			return found, err
		}
	}
	return call()
}

func (w World) findRefund(ctx context.Context, reference string, is func(Refund) bool) (Refund, error) {
	charge, err := w.Payments.Find(ctx, reference)
	if err != nil {
		return Refund{}, err
	}
	for _, refund := range charge.Refunds {
		if is(refund) {
			return refund, nil
		}
	}
	return Refund{}, ErrNotFound
}
