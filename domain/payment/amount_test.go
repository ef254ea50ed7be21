package payment_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain/payment"
)

func TestProviderThatHoldsLessIsAskedToTakeOrLetGoOfNoMore(t *testing.T) {
	now := payment.RecordAuthorized{Charge: "ch_1", Amount: less, ExpiresAt: expires}
	given(t, authorizing...).
		When(now).Then(payment.Authorized(now)).
		When(payment.Capture{}).Then(payment.CaptureStarted{Charge: "ch_1", Amount: less})
	given(t, authorizing...).
		When(now).Then(payment.Authorized(now)).
		When(payment.Undo{}).Then(payment.VoidStarted{Charge: "ch_1", Amount: less}).
		When(payment.RecordVoided{}).Then(payment.Voided{Amount: less})
	given(t, append(authorizing[:2:2], payment.Cancelled{})...).
		When(now).Then(payment.Authorized(now), payment.VoidStarted{Charge: "ch_1", Amount: less})
}

func TestOnlyWhatWasTakenIsGivenBack(t *testing.T) {
	now := payment.RecordCaptured{Amount: less}
	given(t, capturing...).
		When(now).Then(payment.Captured{Amount: less}).
		When(payment.Undo{}).Then(payment.RefundStarted{Charge: "ch_1", Amount: less}).
		When(payment.RecordRefundPending{Refund: "re_1"}).Then(payment.RefundPending{Charge: "ch_1", Refund: "re_1", Amount: less}).
		When(payment.RecordRefunded{Refund: "re_1"}).Then(payment.Refunded{Refund: "re_1", Amount: less})
	given(t, append(capturing[:4:4], payment.Cancelled{})...).
		When(now).Then(payment.Captured{Amount: less}, payment.RefundStarted{Charge: "ch_1", Amount: less})
}

func TestAmountAndNotTheChargeTellsWhetherThereIsSomethingToUndo(t *testing.T) {
	unnamed := append(authorizing[:2:2], payment.Authorized{Amount: amount, ExpiresAt: expires})
	given(t, unnamed...).When(payment.Undo{}).Then(payment.VoidStarted{Amount: amount})
	given(t, append(unnamed[:3:3], payment.CaptureStarted{Amount: amount}, captured)...).
		When(payment.Undo{}).Then(payment.RefundStarted{Amount: amount})

	named := []event{payment.Requested{Amount: free}, payment.Authorized{Charge: "ch_0", Amount: free}}
	given(t, named...).When(payment.Undo{}).Then(payment.Voided{Amount: free})
	given(t, append(named[:2:2], payment.Captured{Amount: free})...).When(payment.Undo{}).Then(payment.Refunded{Amount: free})
}
