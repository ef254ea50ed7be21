package audit

import (
	"strings"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// compensations say which event needs which step, and one of which causes, somewhere in the same order's history.
var compensations = []struct {
	event  domain.Event
	step   domain.Event // nil: it bars a step that has not come yet
	causes []domain.Event
}{
	{inventory.Released{}, inventory.Reserved{}, []domain.Event{order.Rejected{}, order.Cancelled{}}},
	{inventory.Restocked{}, inventory.Shipped{}, []domain.Event{shipping.Returned{}}},
	{payment.Cancelled{}, nil, pivots},
	{payment.VoidStarted{}, payment.Authorized{}, pivots},
	{payment.Voided{}, payment.Authorized{}, pivots},
	{payment.RefundStarted{}, payment.Captured{}, pivots},
	{payment.Refunded{}, payment.Captured{}, pivots},
	{shipping.CancellationStarted{}, shipping.Prepared{}, []domain.Event{order.CancellationRequested{}}},
	{shipping.Cancelled{}, nil, []domain.Event{order.CancellationRequested{}}},
	{order.Lost{}, shipping.Dispatched{}, []domain.Event{shipping.Lost{}}},
	{order.Returned{}, shipping.Dispatched{}, []domain.Event{shipping.Returned{}}},
}

var (
	pivots = []domain.Event{order.Rejected{}, order.Cancelled{}, order.Lost{}, order.Returned{}}
	ends   = append([]domain.Event{order.Completed{}}, pivots...)
)

// exclusive are pairs of which an order has at most one.
var exclusive = [][2]domain.Event{
	{inventory.Released{}, inventory.Shipped{}},
	{inventory.Reserved{}, inventory.Refused{}},
	{shipping.Cancelled{}, shipping.Dispatched{}},
	{shipping.Failed{}, shipping.Dispatched{}},
	{order.Cancelled{}, shipping.Dispatched{}},
	{order.Rejected{}, shipping.Prepared{}},
	{payment.Voided{}, payment.Captured{}},
}

// kept are the pairs that give back what was delivered and kept. They are allowed where a person looks at the order.
var kept = [][2]domain.Event{
	{order.Completed{}, payment.RefundStarted{}},
	{order.Completed{}, payment.Refunded{}},
	{order.Completed{}, payment.Voided{}},
	{order.Completed{}, inventory.Released{}},
	{order.Completed{}, inventory.Restocked{}},
	{shipping.Delivered{}, payment.Refunded{}},
}

func (a *auditor) has(o *account, e domain.Event) bool {
	return o.facts.has(a.names.number(e.EventType()))
}

func (a *auditor) compensationOf(o *account, say func(rule, format string, args ...any)) {
	for _, c := range compensations {
		if !a.has(o, c.event) {
			continue
		}
		name := c.event.EventType()
		if c.step != nil && !a.has(o, c.step) {
			say("step "+name, "%s without the step that it undoes: there is no %s", name, c.step.EventType())
		}
		if !a.any(o, c.causes) {
			say("cause "+name, "%s without a cause: there is none of %s", name, list(c.causes))
		}
	}
	a.exclusiveOf(o, say)
	a.repeatedOf(o, say)
}

func (a *auditor) exclusiveOf(o *account, say func(rule, format string, args ...any)) {
	pairs := exclusive
	if !a.needsPerson(o) {
		pairs = append(pairs[:len(pairs):len(pairs)], kept...)
	}
	for _, pair := range pairs {
		if a.has(o, pair[0]) && a.has(o, pair[1]) {
			say("both "+pair[0].EventType()+pair[1].EventType(), "both %s and %s", pair[0].EventType(), pair[1].EventType())
		}
	}
	var reached []domain.Event
	for _, end := range ends {
		if a.has(o, end) {
			reached = append(reached, end)
		}
	}
	if len(reached) > 1 {
		say("ends", "the order has several ends: %s", list(reached))
	}
	if a.has(o, order.Cancelled{}) && a.has(o, order.Confirmed{}) && !a.any(o, []domain.Event{shipping.Cancelled{}, shipping.Failed{}}) {
		say("not held back", "a confirmed order is cancelled though its parcel was not held back")
	}
	if a.has(o, order.Completed{}) && (!a.has(o, shipping.Delivered{}) || !a.has(o, payment.Captured{})) {
		say("completed", "the order is completed without being delivered and paid")
	}
}

// repeatedOf: every event happens once to an order, above all those that undo.
func (a *auditor) repeatedOf(o *account, say func(rule, format string, args ...any)) {
	if o.twice == (facts{}) {
		return
	}
	for i, name := range a.names.all {
		if o.twice.has(uint8(i)) {
			say("twice "+name, "%s happened more than once", name)
		}
	}
}

func (a *auditor) any(o *account, of []domain.Event) bool {
	for _, e := range of {
		if a.has(o, e) {
			return true
		}
	}
	return false
}

func list(events []domain.Event) string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.EventType()
	}
	return strings.Join(names, ", ")
}
