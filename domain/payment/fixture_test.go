package payment_test

import (
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/payment"
)

type event = domain.Event

type story = *domaintest.Story[payment.State, payment.Command, payment.Event]

// The payment that all stories are about: its commands, and the facts that they lead to.
var (
	amount  = domain.Money{Amount: 1869, Currency: "GBP"}
	less    = domain.Money{Amount: 1500, Currency: "GBP"}
	free    = domain.Money{Currency: "GBP"}
	expires = time.Date(2026, 1, 9, 0, 0, 0, 0, time.UTC)

	request       = payment.Request{Amount: amount, Method: "pm_card_visa"}
	authorizedNow = payment.RecordAuthorized{Charge: "ch_1", Amount: amount, ExpiresAt: expires}
	capturedNow   = payment.RecordCaptured{Amount: amount}
	captureBroke  = payment.RecordCaptureFailed{Code: "charge_disputed", Detail: "by the bank"}
	holdWasLost   = payment.RecordCaptureFailed{Code: payment.CodeAuthorizationLost}

	requested            = payment.Requested{Amount: amount, Method: "pm_card_visa"}
	authorizationStarted = payment.AuthorizationStarted{Amount: amount, Method: "pm_card_visa"}
	authorized           = payment.Authorized{Charge: "ch_1", Amount: amount, ExpiresAt: expires}
	captureStarted       = payment.CaptureStarted{Charge: "ch_1", Amount: amount}
	captured             = payment.Captured{Amount: amount}
	captureFailed        = payment.CaptureFailed{Code: "charge_disputed", Detail: "by the bank"}
	voidStarted          = payment.VoidStarted{Charge: "ch_1", Amount: amount}
	voided               = payment.Voided{Amount: amount}
	refundStarted        = payment.RefundStarted{Charge: "ch_1", Amount: amount}
	refundPending        = payment.RefundPending{Charge: "ch_1", Refund: "re_1", Amount: amount}
	refunded             = payment.Refunded{Refund: "re_1", Amount: amount}
)

// The histories that stories begin with.
var (
	authorizing = []event{requested, authorizationStarted}
	held        = append(authorizing[:2:2], authorized)
	capturing   = append(held[:3:3], captureStarted)
	taken       = append(capturing[:4:4], captured)
	refunding   = append(taken[:5:5], refundStarted)
)

func given(t *testing.T, history ...event) story {
	t.Helper()
	return domaintest.Given(t, payment.Entity, history...)
}
