package sagas

import (
	"fmt"
	"strings"
	"time"

	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// What the order does on hearing the others.

func confirmOrder(_ payment.Authorized, t Trigger) (string, order.Command) {
	return t.Subject, order.Confirm{}
}

func rejectOutOfStock(e inventory.Refused, _ Trigger) (string, order.Command) {
	short := make([]string, len(e.Shortages))
	for i, s := range e.Shortages {
		short[i] = fmt.Sprintf("%s: %d requested, %d available", s.SKU, s.Requested, s.Available)
	}
	return e.OrderID, order.Reject{Reason: order.OutOfStock, Detail: strings.Join(short, "; ")}
}

func rejectDeclined(e payment.Declined, t Trigger) (string, order.Command) {
	return t.Subject, order.Reject{Reason: order.PaymentDeclined, Detail: e.Code}
}

func expirePayment(e order.Placed) (time.Time, order.Command) {
	return e.PaymentDeadline, order.Reject{Reason: order.PaymentExpired}
}

func loseAuthorization(_ payment.AuthorizationLost, t Trigger) (string, order.Command) {
	return t.Subject, order.LoseAuthorization{}
}

func notePaid(_ payment.Captured, t Trigger) (string, order.Command) {
	return t.Subject, order.NotePaid{}
}

func notePaymentDue(e payment.CaptureFailed, t Trigger) (string, order.Command) {
	return t.Subject, order.NotePaymentDue{Reason: e.Code}
}

func noteDelivered(_ shipping.Delivered, t Trigger) (string, order.Command) {
	return t.Subject, order.NoteDelivered{}
}

func cancelAsAsked(_ shipping.Cancelled, t Trigger) (string, order.Command) {
	return t.Subject, order.EndShipment{Reason: order.Customer}
}

func cancelUnshippable(e shipping.Failed, t Trigger) (string, order.Command) {
	return t.Subject, order.EndShipment{Reason: order.ShipmentFailed, Detail: strings.TrimSpace(e.Code + " " + e.Detail)}
}

func refuseCancellation(e shipping.CancellationRefused, t Trigger) (string, order.Command) {
	return t.Subject, order.RefuseCancellation{Reason: e.Code}
}

func loseOrder(_ shipping.Lost, t Trigger) (string, order.Command) {
	return t.Subject, order.Lose{}
}

func returnOrder(_ shipping.Returned, t Trigger) (string, order.Command) {
	return t.Subject, order.Return{}
}
