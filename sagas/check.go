package sagas

import (
	"fmt"
	"slices"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// Claims are what is said about a choreography and can be checked without running it.
type Claims struct {
	// Pivots are the events that make every service undo its step.
	Pivots []string
	// Holds are the steps that hold something. Each is undone on every pivot, but those before which it cannot stand.
	Holds []Hold
	// Failures must lead to a pivot, or to an event that a person is shown.
	Failures []string
	People   []string
	// Ends are recorded for the record: nobody has to react to them.
	Ends []string
}

// Hold is a step that holds something.
type Hold struct {
	Event  string
	Except map[string]string // pivots after which it need not be undone, and why
}

// CheckoutClaims are what is claimed of Checkout.
var CheckoutClaims = Claims{
	Pivots: types([]domain.Event{order.Rejected{}, order.Cancelled{}, order.Lost{}, order.Returned{}}),
	Holds: []Hold{
		{Event: inventory.Reserved{}.EventType(), Except: map[string]string{
			order.Lost{}.EventType():     "a lost parcel was dispatched: its reservation became stock.shipped",
			order.Returned{}.EventType(): "a returned parcel was dispatched: its reservation became stock.shipped, and what came back is restocked",
		}},
		{Event: payment.Authorized{}.EventType()},
		{Event: payment.Captured{}.EventType()},
	},
	Failures: types([]domain.Event{
		inventory.Refused{},
		payment.Declined{},
		payment.AuthorizationLost{},
		payment.CaptureFailed{},
		shipping.Failed{},
		shipping.Cancelled{},
		shipping.Lost{},
		shipping.Returned{},
	}),
	People: types([]domain.Event{order.PaymentDue{}, payment.VoidFailed{}, payment.RefundFailed{}}),
	Ends: types([]domain.Event{
		order.CancellationRefused{},
		order.Delivered{},
		order.Paid{},
		order.PaymentDue{},
		order.Completed{},
		payment.Cancelled{},
		payment.Voided{},
		payment.VoidFailed{},
		payment.Refunded{},
		payment.RefundFailed{},
		inventory.Received{},
		inventory.Adjusted{},
		inventory.Released{},
		inventory.Shipped{},
		inventory.Restocked{},
		inventory.CaughtUp{},
		catalog.Listed{},
		catalog.Changed{},
	}),
}

// Check proves what can be proved of a choreography without running it. It answers with what is wrong.
func (c Choreography) Check(claims Claims, known []string) []string {
	var wrong []string
	for _, check := range []func(Claims, []string) []string{
		c.checkNames, c.checkHeard, c.checkUndone, c.checkFailures, c.checkWaits, c.checkEffects,
	} {
		wrong = append(wrong, check(claims, known)...)
	}
	return wrong
}

// checkNames: every event is registered, every registered event is recorded by somebody, and no two rows with one
// trigger are the same reaction.
func (c Choreography) checkNames(_ Claims, known []string) []string {
	var wrong []string
	seen := map[string]bool{}
	for _, row := range c.Rows {
		for _, name := range slices.Concat(row.On, row.Emits, row.Needs, row.Undoes, row.Closes) {
			if !slices.Contains(known, name) {
				wrong = append(wrong, fmt.Sprintf("%s: %s is in no registry", row.Name, name))
			}
		}
		for _, name := range row.Emits {
			if serviceOfType(name) != row.Service() {
				wrong = append(wrong, fmt.Sprintf("%s: %s is another service's event", row.Name, name))
			}
		}
		for _, trigger := range row.On {
			if key := trigger + " " + row.Reaction(); seen[key] {
				wrong = append(wrong, fmt.Sprintf("%s: %s has two rows", row.Name, key))
			} else {
				seen[key] = true
			}
		}
	}
	for _, name := range known {
		if len(c.emitters(name)) == 0 {
			wrong = append(wrong, name+": no row records it")
		}
	}
	return wrong
}

// checkHeard: every event has somebody who reacts to it or waits for it, or is declared an end, and not both.
func (c Choreography) checkHeard(claims Claims, known []string) []string {
	var wrong []string
	for _, name := range known {
		heard := slices.ContainsFunc(c.Rows, func(r *Row) bool { return slices.Contains(r.On, name) || slices.Contains(r.Needs, name) })
		end := slices.Contains(claims.Ends, name)
		switch {
		case !heard && !end:
			wrong = append(wrong, name+": nobody reacts to it, and it is not declared an end")
		case heard && end:
			wrong = append(wrong, name+": it is declared an end, but somebody reacts to it")
		}
	}
	return wrong
}

// checkUndone: every hold is undone on every pivot.
func (c Choreography) checkUndone(claims Claims, _ []string) []string {
	var wrong []string
	for _, hold := range claims.Holds {
		for _, pivot := range claims.Pivots {
			undone := slices.ContainsFunc(c.Rows, func(r *Row) bool {
				return slices.Contains(r.On, pivot) && slices.Contains(r.Undoes, hold.Event)
			})
			if !undone && hold.Except[pivot] == "" {
				wrong = append(wrong, fmt.Sprintf("%s: not undone on %s", hold.Event, pivot))
			}
		}
	}
	return wrong
}

// checkFailures: from every failure a pivot is reached, or a person.
func (c Choreography) checkFailures(claims Claims, _ []string) []string {
	var wrong []string
	for _, failure := range claims.Failures {
		reached := c.reach(failure)
		if !slices.ContainsFunc(slices.Concat(claims.Pivots, claims.People), func(e string) bool { return reached[e] }) {
			wrong = append(wrong, failure+": leads to no pivot and to no person")
		}
	}
	return wrong
}

// checkWaits: everything that is waited for can happen without the one that waits. It grows the set of events that can
// happen, beginning with the doors; what is never reached waits in a circle.
func (c Choreography) checkWaits(_ Claims, known []string) []string {
	possible := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, row := range c.Rows {
			if len(row.On) > 0 && !slices.ContainsFunc(row.On, func(t string) bool { return possible[t] }) ||
				slices.ContainsFunc(row.Needs, func(n string) bool { return !possible[n] }) {
				continue
			}
			for _, name := range row.Emits {
				grown = grown || !possible[name]
				possible[name] = true
			}
		}
	}
	var wrong []string
	for _, name := range known {
		if !possible[name] {
			wrong = append(wrong, name+": cannot happen, something that it needs waits for it")
		}
	}
	return wrong
}

// checkEffects: an effect is driven by an event of its own stream, and so is a deadline; a deadline is closed by
// something.
func (c Choreography) checkEffects(_ Claims, _ []string) []string {
	var wrong []string
	for _, row := range c.Rows {
		if (row.Kind == Asks || row.Kind == Deadline) && row.Source() != row.Service() {
			wrong = append(wrong, row.Name+": an effect or a deadline belongs to its own service's event")
		}
		if row.Kind == Deadline && len(row.Closes) == 0 {
			wrong = append(wrong, row.Name+": nothing closes the deadline")
		}
	}
	return wrong
}

func (c Choreography) emitters(name string) []*Row {
	var rows []*Row
	for _, row := range c.Rows {
		if slices.Contains(row.Emits, name) {
			rows = append(rows, row)
		}
	}
	return rows
}

// reach is every event that can follow from one.
func (c Choreography) reach(from string) map[string]bool {
	reached := map[string]bool{}
	for frontier := []string{from}; len(frontier) > 0; {
		next := frontier[0]
		frontier = frontier[1:]
		for _, row := range c.Rows {
			if !slices.Contains(row.On, next) {
				continue
			}
			for _, name := range row.Emits {
				if !reached[name] {
					reached[name] = true
					frontier = append(frontier, name)
				}
			}
		}
	}
	return reached
}
