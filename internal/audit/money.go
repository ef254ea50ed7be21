package audit

import (
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
)

// held is what is authorized and neither taken nor let go.
func (o *account) held() int64 { return o.authorized - o.captured - o.voided - o.expired }

// moneyOf is what an order's events say about its money.
func (a *auditor) moneyOf(o *account, say func(rule, format string, args ...any)) {
	if o.placed && o.payment.Phase != payment.Nothing && (o.asked.Amount != o.total || o.asked.Currency != o.currency) {
		say("amount", "%s is asked for, the order comes to %d %s", o.asked, o.total, o.currency)
	}
	if o.authorized > o.asked.Amount {
		say("authorized", "%d is authorized of %s asked for", o.authorized, o.asked)
	}
	if o.held() < 0 {
		say("held", "captured %d + voided %d + expired %d is more than the authorized %d", o.captured, o.voided, o.expired, o.authorized)
	}
	if o.refunded > o.captured {
		say("refunded", "%d is refunded of %d captured", o.refunded, o.captured)
	}
	if !o.order.Stage.Ended() || len(a.unsettled(o)) > 0 || a.needsPerson(o) {
		return
	}
	if o.held() != 0 {
		say("open", "the order has ended (%s) and %d of the authorized %d is still held", o.order.Stage, o.held(), o.authorized)
	}
	kept, due := o.captured-o.refunded, int64(0)
	if o.order.Stage == order.IsCompleted {
		due = o.total
	}
	if kept != due {
		say("kept", "the order has ended (%s) and keeps %d of the customer's money, not %d", o.order.Stage, kept, due)
	}
}

// inFlight tells whether a call to the provider is under way, so that the ledger may be ahead.
func inFlight(p payment.Phase) bool {
	switch p {
	case payment.Authorizing, payment.Capturing, payment.Voiding, payment.Refunding, payment.IsRefundPending:
		return true
	}
	return false
}

// ledgerOf compares an order's money with what the provider has. It is read before the newest events, so an outcome may
// be missing there for the moment; nothing is said twice about an order that moves.
func (a *auditor) ledgerOf(o *account, charges []Charge, say func(rule, format string, args ...any)) {
	if len(charges) > 0 && !o.placed {
		say("charge unplaced", "the provider has a charge (%s) for an order that was never placed", charges[0].Status)
	}
	if len(charges) > 1 {
		say("charges", "the provider has %d charges for the order", len(charges))
	}
	if len(charges) == 0 {
		if o.authorized > 0 {
			say("no charge", "%d is authorized, and the provider has no charge", o.authorized)
		}
		return
	}
	c := charges[0]
	if open := c.Authorized - c.Captured - c.Voided - c.Expired; open < 0 || c.Refunded > c.Captured {
		say("ledger", "the provider's charge does not add up: authorized %d, captured %d, voided %d, expired %d, refunded %d",
			c.Authorized, c.Captured, c.Voided, c.Expired, c.Refunded)
	}
	if c.Currency != o.asked.Currency {
		say("ledger currency", "the provider's charge is in %q, the payment in %q", c.Currency, o.asked.Currency)
	}
	a.compareCharge(o, c, say)
}

func (a *auditor) compareCharge(o *account, c Charge, say func(rule, format string, args ...any)) {
	settled := !inFlight(o.payment.Phase)
	compare := func(what string, ours, theirs int64) {
		if ours > theirs || settled && ours != theirs {
			say("ledger "+what, "%s: %d in our events, %d in the provider's ledger (%s)", what, ours, theirs, c.Status)
		}
	}
	compare("captured", o.captured, c.Captured)
	compare("refunded", o.refunded, c.Refunded)
	ours, theirs := o.voided+o.expired, c.Voided+c.Expired
	switch {
	case o.payment.Phase == payment.IsDeclined: // it may have been authorized and run out before we heard of it
		if c.Authorized != theirs {
			say("ledger declined", "declined in our events, and the provider holds %d", c.Authorized-theirs)
		}
		return
	case o.payment.Phase == payment.IsVoidFailed: // a person looks at it
	case ours == theirs:
	case o.expired > 0 && theirs == 0: // its time is over; the provider need not have noticed yet
	case !settled && ours < theirs:
	case o.held() > 0 && c.Voided == 0 && c.Expired == o.held(): // it ran out by itself; our own deadline says so next
	default:
		say("ledger let go", "voided or expired: %d in our events, %d in the provider's ledger (%s)", ours, theirs, c.Status)
	}
	compare("authorized", o.authorized, c.Authorized)
}
