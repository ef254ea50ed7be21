package order_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/order"
)

// Whatever the other services say, in whatever order and however often, an order's history makes sense.
func TestAnyInterleavingEndsAnOrderAtMostOnce(t *testing.T) {
	all := commands()
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(t *rapid.T) {
		state, _, err := domaintest.Decide(t, order.Entity, order.Entity.Initial(), all["Place"])
		if err != nil {
			t.Fatal(err)
		}
		var history []order.Event
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 40).Draw(t, "commands") {
			var events []order.Event
			state, events, _ = domaintest.Decide(t, order.Entity, state, all[name])
			for _, e := range events {
				checkNext(t, history, e)
				history = append(history, e)
			}
		}
		if ended := slices.ContainsFunc(history, isEnd); ended != state.Stage.Ended() {
			t.Fatalf("the state says ended=%v after %v", state.Stage.Ended(), history)
		}
	})
}

// checkNext says from the history alone, without the decider's state, what may follow.
func checkNext(t *rapid.T, history []order.Event, next order.Event) {
	has := func(e order.Event) bool {
		return slices.ContainsFunc(history, func(h order.Event) bool { return h.EventType() == e.EventType() })
	}
	if slices.ContainsFunc(history, isEnd) {
		t.Fatalf("%T after the end: %v", next, history)
	}
	if has(next) {
		t.Fatalf("%T happens twice: %v", next, history)
	}
	var needs []order.Event
	switch next.(type) {
	case order.Confirmed:
	case order.Rejected:
		if has(order.Confirmed{}) {
			t.Fatalf("a confirmed order was rejected: %v", history)
		}
	case order.Cancelled: // at any time before an end, unless the customer has the goods or we have the money
		if has(order.Delivered{}) || has(order.Paid{}) {
			t.Fatalf("cancelled after all that: %v", history)
		}
	case order.CancellationRefused:
		needs = []order.Event{order.CancellationRequested{}}
	case order.Completed:
		needs = []order.Event{order.Confirmed{}, order.Delivered{}, order.Paid{}}
	default: // all that follows a confirmation only
		needs = []order.Event{order.Confirmed{}}
	}
	for _, need := range needs {
		if !has(need) {
			t.Fatalf("%T without %T: %v", next, need, history)
		}
	}
}

func isEnd(e order.Event) bool {
	switch e.(type) {
	case order.Rejected, order.Cancelled, order.Completed, order.Lost, order.Returned:
		return true
	}
	return false
}
