package audit

import (
	"fmt"
	"hash/maphash"
	"strings"
	"unique"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// account is what is known of one order over all services. Texts are left out of its states: they would keep the events
// that they were read from.
type account struct {
	id       string
	order    order.State
	payment  payment.State
	shipment shipping.State

	facts, twice facts
	version      uint32 // how many events were folded
	last         int64  // time of the newest of them, microseconds
	paymentFact  uint8  // the payment's newest event

	total                                           int64
	currency                                        domain.Currency
	asked                                           domain.Money // of the provider
	authorized, captured, voided, expired, refunded int64
	placed                                          bool
	warehouse                                       string

	ordered, reserved, moved items // reserved: what is or was held; moved: what the parcel held
	holds                    bool
	heldIn                   uint32 // stream of the warehouse
}

// items is a sum over SKUs and quantities. Two lists are the same goods if they have the same sum, however they are split
// into lines.
type items uint64

func (s items) with(sku string, quantity int64) items {
	return s + items(maphash.String(seed, sku)*uint64(quantity))
}

// intern makes a text one of its own, so that it does not keep the event that it was read from.
func intern[T ~string](text T) T { return T(unique.Make(string(text)).Value()) }

func (o *account) note(n *node) {
	o.version++
	o.last = max(o.last, n.at)
	if o.facts.has(n.fact) {
		o.twice.add(n.fact)
	}
	o.facts.add(n.fact)
}

// orderOf finds the order that an event is about and makes its account where there is none.
func (a *auditor) orderOf(stream uint32, body domain.Event) int32 {
	switch e := body.(type) {
	case catalog.Event:
		return noOrder
	case inventory.Event:
		if a.warehouses[stream] == nil {
			a.warehouses[stream] = newWarehouse(a.streams.all[stream].id)
		}
		if id, about := orderOfStock(e); about {
			return a.account(id)
		}
		return noOrder
	}
	return a.account(a.streams.all[stream].id.ID())
}

func (a *auditor) account(id string) int32 {
	i, known := a.orderIndex[id]
	if !known {
		i = int32(len(a.orders))
		id = strings.Clone(id)
		a.orders = append(a.orders, &account{id: id})
		a.orderIndex[id] = i
	}
	return i
}

// foldStream folds an event of a stream that its order, or its product, has to itself. It tells whether the decider could
// have recorded it.
func (a *auditor) foldStream(l *log, at ref, body domain.Event) bool {
	n := a.node(at)
	s := step{decision: &l.decision, stream: n.stream, fact: n.fact}
	switch e := body.(type) {
	case order.Event:
		return a.foldOrder(a.orders[n.order], s, e)
	case payment.Event:
		possible := a.foldPayment(a.orders[n.order], s, e)
		if !sameCurrency(a.orders[n.order].asked.Currency, e) {
			a.found(finding{1, n.order, "", fmt.Sprintf("%s is not in the currency of the payment's request", e.EventType()), nil})
		}
		return possible
	case shipping.Event:
		return a.foldShipment(a.orders[n.order], s, e)
	case catalog.Event:
		return a.foldProduct(s, e)
	}
	return false
}

func (a *auditor) foldOrder(o *account, s step, e order.Event) bool {
	possible := a.acceptors.order.accept(o.order, s, e)
	o.order = order.Entity.Evolve(o.order, e)
	o.order.RequestHash, o.order.CancelReason, o.order.Confirmed = "", "", order.Confirmed{}
	if e, ok := e.(order.Placed); ok {
		o.total, o.currency, o.warehouse = e.Total, intern(e.Currency), intern(e.Warehouse)
		o.placed, o.ordered = true, 0
		for _, line := range e.Lines {
			o.ordered = o.ordered.with(line.SKU, line.Quantity)
		}
	}
	return possible
}

func (a *auditor) foldProduct(s step, e catalog.Event) bool {
	state := a.acceptors.products[s.stream]
	possible := a.acceptors.product.accept(state, s, e)
	state = catalog.Entity.Evolve(state, e)
	state.Name, state.UnitPrice.Currency = intern(state.Name), intern(state.UnitPrice.Currency)
	a.acceptors.products[s.stream] = state
	return possible
}

func (a *auditor) foldShipment(o *account, s step, e shipping.Event) bool {
	possible := a.acceptors.shipment.accept(o.shipment, s, e)
	o.shipment = shipping.Entity.Evolve(o.shipment, e)
	o.shipment.Booking, o.shipment.Tracking, o.shipment.Warehouse, o.shipment.Items = "", "", "", nil
	if e, ok := e.(shipping.Prepared); ok {
		o.moved = 0
		for _, item := range e.Items {
			o.moved = o.moved.with(item.SKU, item.Quantity)
		}
	}
	return possible
}

func (a *auditor) foldPayment(o *account, s step, e payment.Event) bool {
	possible := a.acceptors.payment.accept(o.payment, s, e)
	o.payment = payment.Entity.Evolve(o.payment, e)
	o.paymentFact = s.fact
	o.payment.Method, o.payment.Amount.Currency = "", intern(o.payment.Amount.Currency)
	if o.payment.Charge != "" {
		o.payment.Charge = "charge"
	}
	switch e := e.(type) {
	case payment.Requested:
		o.asked = domain.Money{Amount: e.Amount.Amount, Currency: intern(e.Amount.Currency)}
	case payment.Authorized:
		o.authorized += e.Amount.Amount
	case payment.AuthorizationLost:
		o.expired = o.authorized
	case payment.CaptureFailed:
		if e.Code == payment.CodeAuthorizationLost {
			o.expired = o.authorized
		}
	case payment.Captured:
		o.captured += e.Amount.Amount
	case payment.Voided:
		o.voided += e.Amount.Amount
	case payment.Refunded:
		o.refunded += e.Amount.Amount
	}
	return possible
}

// sameCurrency: a payment's amounts are all in the currency of its request.
func sameCurrency(asked domain.Currency, e payment.Event) bool {
	var amount domain.Money
	switch e := e.(type) {
	case payment.AuthorizationStarted:
		amount = e.Amount
	case payment.Authorized:
		amount = e.Amount
	case payment.CaptureStarted:
		amount = e.Amount
	case payment.Captured:
		amount = e.Amount
	case payment.VoidStarted:
		amount = e.Amount
	case payment.Voided:
		amount = e.Amount
	case payment.RefundStarted:
		amount = e.Amount
	case payment.Refunded:
		amount = e.Amount
	default:
		return true
	}
	return amount.Currency == asked
}
