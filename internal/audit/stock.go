package audit

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/eventstore"
)

// warehouse is one stream of stock, counted without the decider that recorded it.
type warehouse struct {
	id         string
	levels     map[string]*level
	references map[string]bool // kind, sku and reference
	heard      map[string]inventory.Heard
	cause      uuid.UUID // of the newest event
}

type level struct {
	onHand, reserved int64
	broken           bool // said once
}

// heard is what a stock event says about its cause: its number among its source's events.
type heard struct {
	at     ref
	source string
	number uint64
}

func newWarehouse(id eventstore.StreamID) *warehouse {
	return &warehouse{id: id.ID(), levels: map[string]*level{}, references: map[string]bool{}, heard: map[string]inventory.Heard{}}
}

func orderOfStock(e inventory.Event) (order string, about bool) {
	switch e := e.(type) {
	case inventory.Reserved:
		return e.OrderID, true
	case inventory.Refused:
		return e.OrderID, true
	case inventory.Released:
		return e.OrderID, true
	case inventory.Shipped:
		return e.OrderID, true
	case inventory.Restocked:
		return e.OrderID, true
	}
	return "", false
}

func (a *auditor) foldStock(w *warehouse, at ref, body domain.Event) {
	a.checked[2]++
	switch e := body.(type) {
	case inventory.Received:
		a.once(w, at, "received", e.SKU, e.Reference)
		a.move(w, at, []inventory.Item{{SKU: e.SKU, Quantity: e.Quantity}}, 1, 0)
	case inventory.Adjusted:
		a.once(w, at, "adjusted", e.SKU, e.Reference)
		a.move(w, at, []inventory.Item{{SKU: e.SKU, Quantity: e.Delta}}, 1, 0)
	case inventory.Reserved:
		a.reserve(at, e.Items)
		a.move(w, at, e.Items, 0, 1)
		a.hear(w, at, e.Heard)
	case inventory.Refused:
		a.hear(w, at, e.Heard)
	case inventory.Released:
		a.letGo(at, e.Items)
		a.move(w, at, e.Items, 0, -1)
		a.hear(w, at, e.Heard)
	case inventory.Shipped:
		a.letGo(at, e.Items)
		a.move(w, at, e.Items, -1, -1)
		a.hear(w, at, e.Heard)
	case inventory.Restocked:
		a.takeBack(at, e.Items)
		a.move(w, at, e.Items, 1, 0)
		a.hear(w, at, e.Heard)
	case inventory.CaughtUp:
		a.hear(w, at, e.Heard)
	}
	w.cause = a.node(at).cause
}

// stockFinding names the event, as several orders share the stream.
func (a *auditor) stockFinding(at ref, format string, args ...any) {
	n := a.node(at)
	message := fmt.Sprintf("%s/%d (%s): ", a.streams.all[n.stream].id, n.revision, a.names.of(n.fact)) + fmt.Sprintf(format, args...)
	a.found(finding{2, n.order, "", message, []ref{at}})
}

func (a *auditor) once(w *warehouse, at ref, kind, sku, reference string) {
	key := kind + "\x00" + sku + "\x00" + reference
	if w.references[key] {
		a.stockFinding(at, "reference %q counts twice for %s", reference, sku)
	}
	w.references[key] = true
}

// move counts, and sees that no more is promised than is there.
func (a *auditor) move(w *warehouse, at ref, moved []inventory.Item, onHand, reserved int64) {
	for _, item := range moved {
		l := w.levels[item.SKU]
		if l == nil {
			l = &level{}
			w.levels[strings.Clone(item.SKU)] = l
		}
		l.onHand += onHand * item.Quantity
		l.reserved += reserved * item.Quantity
		bad := l.onHand < 0 || l.reserved < 0 || l.reserved > l.onHand
		if bad && !l.broken {
			a.stockFinding(at, "%s in %s: %d on hand, %d reserved, %d available", item.SKU, w.id, l.onHand, l.reserved, l.onHand-l.reserved)
		}
		l.broken = bad
	}
}

func sumOf(list []inventory.Item) (s items) {
	for _, item := range list {
		s = s.with(item.SKU, item.Quantity)
	}
	return s
}

func (a *auditor) reserve(at ref, list []inventory.Item) {
	n := a.node(at)
	o := a.orders[n.order]
	if o.holds {
		a.stockFinding(at, "the order holds a reservation already")
	}
	o.holds, o.heldIn, o.reserved = true, n.stream, sumOf(list)
}

// letGo: released or shipped is only what is reserved, here, and all of it.
func (a *auditor) letGo(at ref, list []inventory.Item) {
	n := a.node(at)
	o := a.orders[n.order]
	switch {
	case !o.holds || o.heldIn != n.stream:
		a.stockFinding(at, "the order has nothing reserved here")
	case o.reserved != sumOf(list):
		a.stockFinding(at, "other goods than the order has reserved")
	}
	o.holds = false
}

func (a *auditor) takeBack(at ref, list []inventory.Item) {
	n := a.node(at)
	o := a.orders[n.order]
	switch {
	case !o.facts.has(a.names.number(inventory.Shipped{}.EventType())) || o.heldIn != n.stream:
		a.stockFinding(at, "nothing was shipped from here")
	case o.reserved != sumOf(list):
		a.stockFinding(at, "other goods came back than were shipped")
	}
}

// hear: each trigger of a source counts once, in order. Two events may come from one trigger.
func (a *auditor) hear(w *warehouse, at ref, h inventory.Heard) {
	if h.Source == "" {
		return
	}
	before := w.heard[h.Source]
	if h.Number < before.Number || h.Number == before.Number && a.node(at).cause != w.cause {
		a.stockFinding(at, "event %d of %s was heard after %d", h.Number, h.Source, before.Number)
	}
	h.Source = intern(h.Source)
	w.heard[h.Source] = h
	a.heards = append(a.heards, heard{at, h.Source, h.Number})
}

// stockOf is what the other streams say about an order's reservation.
func (a *auditor) stockOf(o *account, say func(rule, format string, args ...any)) {
	reserved := o.facts.has(a.names.number(inventory.Reserved{}.EventType()))
	switch {
	case !reserved:
	case !o.placed:
		say("unplaced", "goods are reserved for an order that was never placed")
	case o.reserved != o.ordered:
		say("other goods", "other goods are reserved than were ordered")
	case a.streams.all[o.heldIn].id.ID() != o.warehouse:
		say("warehouse", "the order is served from %s, its goods are reserved in %s", o.warehouse, a.streams.all[o.heldIn].id)
	}
	if o.holds && o.order.Stage.Ended() && a.overdue(o) {
		say("held", "the order has ended (%s) and its goods are still reserved", o.order.Stage)
	}
}

// checkHeards: the number that a stock event was heard under is that of its cause. An event that was lost shifts all later
// numbers of its source, so only the first one of each source is listed.
func (a *auditor) checkHeards() {
	for _, l := range a.logs {
		var first *heard
		more := 0
		for i := range a.heards {
			h := &a.heards[i]
			if h.source != l.name || a.node(h.at).visited == afterCut || l.isNumber(h.number, a.node(h.at).cause) {
				continue
			}
			if first == nil {
				first = h
			} else {
				more++
			}
		}
		if first != nil {
			n := a.node(first.at)
			a.found(finding{6, n.order, "", fmt.Sprintf("%s/%d says it heard event %d of %s, which is not its cause; %d later ones are wrong as well",
				a.streams.all[n.stream].id, n.revision, first.number, l.name, more), []ref{first.at}})
		}
	}
}

func (l *log) isNumber(number uint64, id uuid.UUID) bool {
	return number > 0 && number <= uint64(len(l.nodes)) && l.nodes[number-1].id == id
}
