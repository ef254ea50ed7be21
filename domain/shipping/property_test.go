package shipping_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// Whatever is asked and whatever the carrier says, in whatever order and however often: once the carrier has said its
// word a parcel has either left or ended here, never both, and whoever asked for a cancellation has an answer.
func TestAnyInterleavingEitherCancelsOrDispatchesAndAnswersEachCancellation(t *testing.T) {
	all := commands()
	names := slices.Sorted(maps.Keys(all))
	words := []string{"RecordCancelled", "RecordDispatched", "RecordDelivered", "RecordLost", "RecordReturned"}
	rapid.Check(t, func(t *rapid.T) {
		state := shipping.Entity.Initial()
		var history []shipping.Event
		asked := false
		decide := func(name string) {
			var events []shipping.Event
			state, events, _ = domaintest.Decide(t, shipping.Entity, state, all[name])
			for _, e := range events {
				checkNext(t, history, e)
				history = append(history, e)
			}
			asked = asked || name == "Cancel"
		}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 25).Draw(t, "commands") {
			decide(name)
		}
		decide("Prepare")
		decide(rapid.SampledFrom(words).Draw(t, "the carrier's last word"))

		left, stayed := has(history, dispatched), has(history, shipping.Cancelled{}) || has(history, shipping.Failed{})
		if left == stayed {
			t.Fatalf("left: %v, ended here: %v: %v", left, stayed, history)
		}
		if answered := stayed || has(history, tooLate); asked && !answered {
			t.Fatalf("a cancellation was not answered: %v", history)
		}
	})
}

// checkNext says from the history alone, without the decider's state, what may follow.
func checkNext(t *rapid.T, history []shipping.Event, next shipping.Event) {
	if has(history, next) {
		t.Fatalf("%T happens twice: %v", next, history)
	}
	var needs, bars []shipping.Event
	switch next.(type) {
	case shipping.Prepared:
		bars = []shipping.Event{shipping.Cancelled{}}
	case shipping.Booked, shipping.CancellationStarted:
		needs, bars = []shipping.Event{prepared}, []shipping.Event{shipping.Failed{}, shipping.Cancelled{}, dispatched}
	case shipping.Failed:
		needs, bars = []shipping.Event{prepared}, []shipping.Event{shipping.Cancelled{}, dispatched}
	case shipping.Cancelled:
		bars = []shipping.Event{shipping.Failed{}, dispatched}
		if len(history) > 0 {
			needs = []shipping.Event{shipping.CancellationStarted{}}
			bars = append(bars, tooLate)
		}
	case shipping.CancellationRefused:
		needs, bars = []shipping.Event{prepared}, []shipping.Event{shipping.Failed{}, shipping.Cancelled{}}
	case shipping.Dispatched:
		needs, bars = []shipping.Event{booked}, []shipping.Event{shipping.Failed{}, shipping.Cancelled{}}
	case shipping.Delivered, shipping.Lost, shipping.Returned:
		needs, bars = []shipping.Event{dispatched}, []shipping.Event{shipping.Delivered{}, shipping.Lost{}, returned}
	default:
		t.Fatalf("nothing is known about %T", next)
	}
	for _, need := range needs {
		if !has(history, need) {
			t.Fatalf("%T without %T: %v", next, need, history)
		}
	}
	for _, bar := range bars {
		if has(history, bar) {
			t.Fatalf("%T after %T: %v", next, bar, history)
		}
	}
}

func has(history []shipping.Event, e shipping.Event) bool {
	return slices.ContainsFunc(history, func(h shipping.Event) bool { return h.EventType() == e.EventType() })
}
