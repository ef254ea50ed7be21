package audit

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Invariants are what must always be true, by number.
var Invariants = map[int]string{
	1: "money: authorized = captured + voided + expired + open, refunded ≤ captured, and the provider's ledger agrees",
	2: "stock: 0 ≤ reserved ≤ on hand after every event, and every reservation is an open order's",
	3: "effects: at most one effect in the outside world for an intent",
	4: "ends: every order has ended within the bound, with nothing left to undo",
	5: "compensation: has a cause, happens once, and never without the step that it undoes",
	6: "causes: every cause exists, causation is acyclic, and the choreography declares each step",
	7: "bus: it holds exactly the stores' events, in order",
	8: "read models: rebuilt from nothing they are the same",
	9: "durability: every stream is whole, and what was acknowledged is there",
}

// Report is what an audit found.
type Report struct {
	Orders     int         `json:"orders"`
	Events     int         `json:"events"`    // of the services' own streams
	Open       int         `json:"open"`      // orders in motion, within the bound
	Attention  int         `json:"attention"` // orders that wait for a person's decision
	Parked     int         `json:"parked"`    // triggers that were set aside
	Checked    map[int]int `json:"checked"`   // by invariant: how many orders, events or effects were looked at
	Violations []Violation `json:"violations"`
	Omitted    int         `json:"omitted,omitempty"` // violations beyond those listed
	NotChecked []string    `json:"notChecked,omitempty"`
}

// Violation is a broken invariant.
type Violation struct {
	Invariant int     `json:"invariant"`
	Order     string  `json:"order,omitempty"` // empty where it concerns no single order
	Message   string  `json:"message"`
	Events    []Event `json:"events,omitempty"` // the order's, oldest first; or those that the message is about
}

// Event is an event's place in history.
type Event struct {
	Stream   eventstore.StreamID `json:"stream"`
	Revision eventstore.Revision `json:"revision"`
	Type     string              `json:"type"`
	ID       uuid.UUID           `json:"id"`
}

// Clean tells whether no violation was found.
func (r *Report) Clean() bool { return len(r.Violations) == 0 }

// Text writes the report for people.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d orders, %d events; %d in motion, %d on the attention list, %d parked\n", r.Orders, r.Events, r.Open, r.Attention, r.Parked)
	broken := map[int]int{}
	for _, v := range r.Violations {
		broken[v.Invariant]++
	}
	for _, number := range slices.Sorted(maps.Keys(Invariants)) {
		verdict := "ok"
		switch {
		case broken[number] > 0:
			verdict = fmt.Sprintf("%d VIOLATED", broken[number])
		case r.Checked[number] == 0:
			verdict = "nothing to check"
		}
		fmt.Fprintf(&b, "%d  %s: %s (%d checked)\n", number, Invariants[number], verdict, r.Checked[number])
	}
	for _, why := range r.NotChecked {
		fmt.Fprintf(&b, "not checked: %s\n", why)
	}
	shown := map[string]bool{}
	for _, v := range r.Violations {
		v.write(&b, v.Order != "" && shown[v.Order])
		shown[v.Order] = true
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&b, "\n… and %d more violations\n", r.Omitted)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (v Violation) write(b *strings.Builder, eventsShown bool) {
	fmt.Fprintf(b, "\nviolation of invariant %d", v.Invariant)
	if v.Order != "" {
		fmt.Fprintf(b, ", order %s", v.Order)
	}
	fmt.Fprintf(b, ": %s\n", v.Message)
	if eventsShown {
		b.WriteString("    (the order's events are above)\n")
		return
	}
	for _, e := range v.Events {
		fmt.Fprintf(b, "    %s/%d  %s  %s\n", e.Stream, e.Revision, e.Type, e.ID)
	}
}

// finding is a violation before its events are looked up.
type finding struct {
	invariant int
	order     int32  // noOrder where it concerns none
	rule      string // the same for the same finding at the next look, whatever its amounts are
	message   string
	events    []ref // only where there is no order
}

const noOrder = -1

// listed is how many violations are listed; a history that is broken throughout would fill the memory.
const listed = 10_000

// found reports for good.
func (a *auditor) found(f finding) {
	if len(a.findings) >= listed {
		a.omitted++
		return
	}
	a.findings = append(a.findings, f)
}

func (a *auditor) finish() *Report {
	r := &Report{
		Open: a.open, Attention: a.attention, Parked: a.parkedCount, Checked: a.checked, Omitted: a.omitted,
		NotChecked: a.notChecked, Violations: make([]Violation, 0, len(a.findings)),
	}
	for _, o := range a.orders {
		if o.placed {
			r.Orders++
		}
	}
	for _, l := range a.logs {
		r.Events += len(l.nodes)
	}
	slices.SortStableFunc(a.findings, func(x, y finding) int { return x.invariant - y.invariant })
	histories := a.histories()
	for _, f := range a.findings {
		v := Violation{Invariant: f.invariant, Message: f.message}
		refs := f.events
		if f.order != noOrder {
			v.Order, refs = a.orders[f.order].id, histories[f.order]
		}
		for _, r := range refs {
			v.Events = append(v.Events, a.event(r))
		}
		r.Violations = append(r.Violations, v)
	}
	return r
}

// histories finds the events of the orders that something was found about, oldest first.
func (a *auditor) histories() map[int32][]ref {
	of := map[int32][]ref{}
	for _, f := range a.findings {
		if f.order != noOrder {
			of[f.order] = nil
		}
	}
	if len(of) == 0 {
		return of
	}
	for _, l := range a.logs {
		for i := range l.nodes {
			if refs, wanted := of[l.nodes[i].order]; wanted {
				of[l.nodes[i].order] = append(refs, l.ref(i))
			}
		}
	}
	for _, refs := range of {
		slices.SortStableFunc(refs, func(x, y ref) int { return int(a.node(x).at - a.node(y).at) })
	}
	return of
}

func (a *auditor) event(r ref) Event {
	n := a.node(r)
	return Event{Stream: a.streams.all[n.stream].id, Revision: eventstore.Revision(n.revision), Type: a.names.of(n.fact), ID: n.id}
}
