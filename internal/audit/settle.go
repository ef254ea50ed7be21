package audit

import (
	"fmt"

	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// unsettled lists what an order still has to do: to end, and then to undo its steps.
func (a *auditor) unsettled(o *account) []string {
	if !o.placed {
		return nil
	}
	if !o.order.Stage.Ended() {
		return []string{fmt.Sprintf("it has not ended: it is %s", o.order.Stage)}
	}
	var open []string
	if o.holds {
		open = append(open, "its goods are still reserved")
	}
	if o.order.Stage != order.IsCompleted && !o.undone() {
		open = append(open, "its payment is not undone: "+a.lastOfPayment(o))
	}
	returned, restocked := a.names.number(shipping.Returned{}.EventType()), a.names.number(inventory.Restocked{}.EventType())
	if o.facts.has(returned) && !o.facts.has(restocked) {
		open = append(open, "its parcel came back and is not in the stock again")
	}
	return open
}

func (a *auditor) lastOfPayment(o *account) string {
	if o.payment.Phase == payment.Nothing && !o.payment.Undone {
		return "it has heard of nothing"
	}
	return "it stands at " + a.names.of(o.paymentFact)
}

// undone tells whether a payment holds nothing any more, and will not either: no call is under way, and its decider has
// nothing left to take back.
func (o *account) undone() bool {
	switch p := o.payment; {
	case inFlight(p.Phase), p.Phase == payment.IsAuthorized, p.Phase == payment.IsCaptured:
		return false
	case p.Phase == payment.IsCaptureFailed && o.held() != 0:
		return false
	}
	left, err := payment.Entity.Decide(payment.Undo{}, o.payment)
	return err == nil && len(left) == 0
}

// needsPerson tells whether an order is on the attention list. It counts as settled.
func (a *auditor) needsPerson(o *account) bool {
	return o.order.PaymentDue && !o.order.Stage.Ended() ||
		o.payment.Phase == payment.IsVoidFailed || o.payment.Phase == payment.IsRefundFailed
}

// overdue tells whether an order has stood still for longer than the bound.
func (a *auditor) overdue(o *account) bool {
	since := o.last
	if !a.Since.IsZero() {
		since = max(since, a.Since.UnixMicro())
	}
	return a.now()-since > a.Bound.Microseconds()
}

// endOf: every order has ended and undone its steps, is in motion, or waits for a person.
func (a *auditor) endOf(o *account, say func(rule, format string, args ...any)) {
	if a.needsPerson(o) || a.parked[o.id] || !a.overdue(o) {
		return
	}
	for _, what := range a.unsettled(o) {
		say(what, "%s, and nothing has happened for longer than %s", what, a.Bound)
	}
}

// count tells how many orders are in motion and how many wait for a person.
func (a *auditor) count() {
	for _, o := range a.orders {
		switch {
		case a.needsPerson(o):
			a.attention++
		case a.parked[o.id]:
		case len(a.unsettled(o)) > 0 && !a.overdue(o):
			a.open++
		}
	}
}

// checkAcknowledged: what somebody was told is placed is placed.
func (a *auditor) checkAcknowledged() {
	for _, id := range a.Acknowledged {
		a.checked[9]++
		if i, known := a.orderIndex[id]; !known || !a.orders[i].placed {
			a.found(finding{9, a.account(id), "", "the order was acknowledged and is in no store", nil})
		}
	}
}
