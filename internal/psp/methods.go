package psp

import "github.com/ordersaga/ordersaga/internal/simulated"

// Script is what a payment method does. The names with "pm_card_" are Stripe's test methods, those with "pm_sim_" ours.
type Script struct {
	Method string
	Doc    string
	// Decline is the code of the decline, "" where the method pays.
	Decline string

	trouble  simulated.Trouble // of the call that authorizes
	async    bool              // decided after Options.SettleAfter
	short    bool              // expires after Options.ShortLife
	capture  string
	void     string
	refund   refundPlan
	notify   bool // sends webhooks for all that happens to it
	copies   int  // of each webhook; 0 is one
	overtake bool // webhooks are delivered before the call is answered
}

type refundPlan uint8

const (
	refundsAtOnce refundPlan = iota
	refundSettlesLater
	refundFailsLater
)

// CodeUnknownMethod is the decline of a method that is not among Methods.
const CodeUnknownMethod = "invalid_payment_method"

// Methods are all payment methods, in the order of the documentation.
func Methods() []Script { return append([]Script(nil), methods...) }

var methods = []Script{
	{Method: "pm_card_visa", Doc: "pays"},
	{Method: "pm_card_visa_debit", Doc: "pays"},
	{Method: "pm_card_mastercard", Doc: "pays"},
	{Method: "pm_card_mastercard_debit", Doc: "pays"},
	{Method: "pm_card_mastercard_prepaid", Doc: "pays"},
	{Method: "pm_card_amex", Doc: "pays"},
	{Method: "pm_card_discover", Doc: "pays"},
	{Method: "pm_card_diners", Doc: "pays"},
	{Method: "pm_card_jcb", Doc: "pays"},
	{Method: "pm_card_unionpay", Doc: "pays"},
	{Method: "pm_card_us", Doc: "pays"},
	{Method: "pm_card_gb", Doc: "pays"},
	{Method: "pm_card_de", Doc: "pays"},
	{Method: "pm_card_fr", Doc: "pays"},

	{Method: "pm_card_chargeDeclined", Decline: "card_declined", Doc: "is declined"},
	{Method: "pm_card_visa_chargeDeclined", Decline: "card_declined", Doc: "is declined"},
	{Method: "pm_card_chargeDeclinedInsufficientFunds", Decline: "insufficient_funds", Doc: "is declined"},
	{Method: "pm_card_visa_chargeDeclinedInsufficientFunds", Decline: "insufficient_funds", Doc: "is declined"},
	{Method: "pm_card_chargeDeclinedLostCard", Decline: "lost_card", Doc: "is declined"},
	{Method: "pm_card_visa_chargeDeclinedLostCard", Decline: "lost_card", Doc: "is declined"},
	{Method: "pm_card_chargeDeclinedStolenCard", Decline: "stolen_card", Doc: "is declined"},
	{Method: "pm_card_visa_chargeDeclinedStolenCard", Decline: "stolen_card", Doc: "is declined"},
	{Method: "pm_card_chargeDeclinedExpiredCard", Decline: "expired_card", Doc: "is declined"},
	{Method: "pm_card_chargeDeclinedIncorrectCvc", Decline: "incorrect_cvc", Doc: "is declined"},
	{Method: "pm_card_chargeDeclinedProcessingError", Decline: "processing_error", Doc: "is declined"},
	{Method: "pm_card_chargeDeclinedFraudulent", Decline: "fraudulent", Doc: "is declined"},
	{Method: "pm_card_chargeDeclinedVelocityLimitExceeded", Decline: "card_velocity_exceeded", Doc: "is declined"},
	{Method: "pm_card_visa_chargeDeclinedVelocityLimitExceeded", Decline: "card_velocity_exceeded", Doc: "is declined"},
	{Method: "pm_card_authenticationRequired", Decline: "authentication_required", Doc: "is declined: the customer would have to be present"},

	{Method: "pm_card_refundFail", refund: refundFailsLater, Doc: "pays; a refund is pending, then fails"},
	{Method: "pm_card_pendingRefund", refund: refundSettlesLater, Doc: "pays; a refund is pending, then succeeds"},

	{Method: "pm_sim_timeoutBefore", trouble: simulated.HangsBefore, Doc: "the first call hangs without an effect; the same call again pays"},
	{Method: "pm_sim_timeoutAfter", trouble: simulated.HangsAfter, Doc: "the first call takes effect and hangs; the same call again hears the outcome"},
	{Method: "pm_sim_slow", trouble: simulated.AnswersLate, Doc: "pays; the answer takes 2 s"},
	{Method: "pm_sim_async", async: true, Doc: "pending, then authorized, with a webhook"},
	{Method: "pm_sim_asyncDeclined", async: true, Decline: "card_declined", Doc: "pending, then declined, with a webhook"},
	{Method: "pm_sim_captureFails", capture: "capture_failed", Doc: "is authorized; every capture is refused"},
	{Method: "pm_sim_voidFails", void: "void_failed", Doc: "is authorized; every void is refused"},
	{Method: "pm_sim_expires", short: true, Doc: "the authorization expires after 3 s, with a webhook"},
	{Method: "pm_sim_webhookDuplicate", notify: true, copies: 3, Doc: "pays; each outcome is also told by three webhooks at once"},
	{Method: "pm_sim_webhookEarly", notify: true, overtake: true, Doc: "pays; each outcome's webhook comes before the call's answer"},
}

var scripts = func() map[string]Script {
	byMethod := make(map[string]Script, len(methods))
	for _, s := range methods {
		byMethod[s.Method] = s
	}
	return byMethod
}()

func scriptOf(method string) Script {
	if s, ok := scripts[method]; ok {
		return s
	}
	return Script{Method: method, Decline: CodeUnknownMethod}
}
