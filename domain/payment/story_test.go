package payment_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain/payment"
)

func TestMoneyIsRequestedHeldAndTakenAtDispatch(t *testing.T) {
	given(t).
		When(request).Then(requested).
		When(payment.Authorize{}).Then(authorizationStarted).
		When(authorizedNow).Then(authorized).
		When(payment.Capture{}).Then(captureStarted).
		When(capturedNow).Then(captured)
}

func TestAuthorizationWaitsForTheRequestAndCaptureForTheAuthorization(t *testing.T) {
	given(t).
		When(payment.Authorize{}).ThenWaitsFor(payment.Requested{}).
		When(payment.Capture{}).ThenWaitsFor(payment.Authorized{}).
		When(request).Then(requested).
		When(payment.Capture{}).ThenWaitsFor(payment.Authorized{}).
		When(payment.Authorize{}).Then(authorizationStarted).
		When(payment.Capture{}).ThenWaitsFor(payment.Authorized{})
}

func TestFreeOrderNeedsNoProvider(t *testing.T) {
	given(t).
		When(payment.Request{Amount: free}).Then(payment.Requested{Amount: free}).
		When(payment.Authorize{}).Then(payment.Authorized{Amount: free}).
		When(payment.ExpireAuthorization{}).ThenNothing(). // nothing is held that could run out
		When(payment.Capture{}).Then(payment.Captured{Amount: free}).
		When(payment.Undo{}).Then(payment.Refunded{Amount: free})
}

func TestFreeOrderThatIsUndoneBeforeDispatchIsVoidedWithoutAProvider(t *testing.T) {
	given(t, payment.Requested{Amount: free}, payment.Authorized{Amount: free}).
		When(payment.Undo{}).Then(payment.Voided{Amount: free}).
		When(payment.Capture{}).ThenNothing()
}

func TestDeclinedCardHoldsNothingAndTakesNothing(t *testing.T) {
	given(t, authorizing...).
		When(payment.RecordDeclined{Code: "insufficient_funds"}).Then(payment.Declined{Code: "insufficient_funds"}).
		When(payment.Undo{}).ThenNothing().
		When(payment.Capture{}).ThenNothing()
}

func TestLateAuthorizationOfAnUndonePaymentIsVoidedInTheSameWrite(t *testing.T) {
	given(t, authorizing...).
		When(payment.Undo{}).Then(payment.Cancelled{}).
		When(authorizedNow).Then(authorized, voidStarted).
		When(payment.Capture{}).ThenNothing().
		When(payment.RecordVoided{}).Then(voided).
		When(payment.Undo{}).ThenNothing()
}

func TestLateCaptureOfAnUndonePaymentIsRefundedInTheSameWrite(t *testing.T) {
	given(t, capturing...).
		When(payment.Undo{}).Then(payment.Cancelled{}).
		When(capturedNow).Then(captured, refundStarted).
		When(payment.RecordRefunded{Refund: "re_1"}).Then(refunded)
}

func TestFailedCaptureOfAnUndonePaymentLetsTheHoldGoInTheSameWrite(t *testing.T) {
	given(t, capturing...).
		When(payment.Undo{}).Then(payment.Cancelled{}).
		When(captureBroke).Then(captureFailed, voidStarted)
}

func TestLateDeclineOfAnUndonePaymentLeavesNothingToUndo(t *testing.T) {
	given(t, authorizing...).
		When(payment.Undo{}).Then(payment.Cancelled{}).
		When(payment.RecordDeclined{Code: "card_declined"}).Then(payment.Declined{Code: "card_declined"})
}

func TestUndoThatOvertakesTheRequestBarsIt(t *testing.T) {
	given(t).
		When(payment.Undo{}).Then(payment.Cancelled{}).
		When(request).ThenNothing().
		When(payment.Authorize{}).ThenNothing().
		When(payment.Capture{}).ThenNothing()
}

func TestUndoThatOvertakesTheReservationBarsTheAuthorization(t *testing.T) {
	given(t, requested).
		When(payment.Undo{}).Then(payment.Cancelled{}).
		When(payment.Authorize{}).ThenNothing()
}

func TestUndoOfAHeldPaymentVoidsIt(t *testing.T) {
	given(t, held...).
		When(payment.Undo{}).Then(voidStarted).
		When(payment.Capture{}).ThenNothing().
		When(payment.RecordVoided{}).Then(voided)
}

func TestUndoOfATakenPaymentRefundsIt(t *testing.T) {
	given(t, taken...).
		When(payment.Undo{}).Then(refundStarted).
		When(payment.RecordRefunded{Refund: "re_1"}).Then(refunded).
		When(payment.Undo{}).ThenNothing()
}

func TestUndoAfterAFailedCaptureLetsTheHoldGo(t *testing.T) {
	given(t, append(capturing[:4:4], captureFailed)...).When(payment.Undo{}).Then(voidStarted)
}

func TestSameWebhookThreeTimesIsOneEffect(t *testing.T) {
	given(t, authorizing...).
		When(authorizedNow).Then(authorized).
		When(authorizedNow).ThenNothing().
		When(authorizedNow).ThenNothing()
}

func TestWebhookThatOvertakesOurOwnAnswerLeadsToTheSameEnd(t *testing.T) {
	webhook, answer := capturedNow, capturedNow
	given(t, capturing...).
		When(webhook).Then(captured).
		When(answer).ThenNothing().
		When(payment.RecordCaptureFailed{Code: "timeout"}).ThenNothing()
}

func TestWebhookForAPaymentThatWasNeverAskedForIsRefused(t *testing.T) {
	given(t).When(authorizedNow).ThenError(payment.ErrUnknown)
	given(t, payment.Cancelled{}).When(authorizedNow).ThenError(payment.ErrUnknown)
}

func TestChargeFoundAfterATimeOutIsRecordedOnce(t *testing.T) {
	given(t, authorizing...).
		When(payment.Authorize{}).ThenNothing(). // the intent stands: no second charge
		When(authorizedNow).Then(authorized).
		When(payment.RecordDeclined{Code: "timeout"}).ThenNothing()
}

func TestAuthorizationThatRanOutIsNeverTaken(t *testing.T) {
	given(t, held...).
		When(payment.ExpireAuthorization{}).Then(payment.AuthorizationLost{}).
		When(payment.ExpireAuthorization{}).ThenNothing().
		When(payment.Capture{}).Then(payment.CaptureFailed{Code: payment.CodeAuthorizationLost}).
		When(payment.Undo{}).ThenNothing() // nothing is held that could be let go
}

func TestUndoOfALostAuthorizationBarsALateCapture(t *testing.T) {
	given(t, append(held[:3:3], payment.AuthorizationLost{})...).
		When(payment.Undo{}).Then(payment.Cancelled{}).
		When(payment.Capture{}).ThenNothing().
		When(payment.Undo{}).ThenNothing()
}

func TestCaptureThatFindsTheHoldGoneLeavesNothingToUndo(t *testing.T) {
	gone := payment.CaptureFailed{Code: payment.CodeAuthorizationLost}
	given(t, capturing...).
		When(holdWasLost).Then(gone).
		When(payment.Undo{}).ThenNothing()
	given(t, capturing...).
		When(payment.Undo{}).Then(payment.Cancelled{}).
		When(holdWasLost).Then(gone).
		When(payment.Undo{}).ThenNothing()
}

func TestHoldWhoseCaptureIsUnderwayDoesNotRunOut(t *testing.T) {
	given(t, capturing...).When(payment.ExpireAuthorization{}).ThenNothing()
	given(t, authorizing...).When(payment.ExpireAuthorization{}).ThenNothing()
}

func TestRefundIsRequestedThenPendingThenSettled(t *testing.T) {
	given(t, refunding...).
		When(payment.RecordRefundPending{Refund: "re_1"}).Then(refundPending).
		When(payment.RecordRefundPending{Refund: "re_1"}).ThenNothing().
		When(payment.RecordRefunded{Refund: "re_1"}).Then(refunded).
		When(payment.RecordRefundFailed{Code: "late"}).ThenNothing()
}

func TestPendingRefundThatFailsStaysVisible(t *testing.T) {
	failed := payment.RefundFailed{Code: "account_closed", Detail: "by its owner"}
	given(t, append(refunding[:6:6], refundPending)...).
		When(payment.RecordRefundFailed{Code: "account_closed", Detail: "by its owner"}).Then(failed).
		When(payment.Undo{}).ThenNothing()
}

func TestRefundThatFailsAtOnceStaysVisible(t *testing.T) {
	given(t, refunding...).
		When(payment.RecordRefundFailed{Code: "account_closed"}).Then(payment.RefundFailed{Code: "account_closed"})
}

func TestVoidThatFailsStaysVisible(t *testing.T) {
	given(t, append(held[:3:3], voidStarted)...).
		When(payment.RecordVoidFailed{Code: "not_possible", Detail: "try later"}).
		Then(payment.VoidFailed{Code: "not_possible", Detail: "try later"})
}

func TestCaptureThatFailsSaysWhy(t *testing.T) {
	given(t, capturing...).When(captureBroke).Then(captureFailed).When(payment.Capture{}).ThenNothing()
}
