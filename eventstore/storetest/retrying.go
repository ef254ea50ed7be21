package storetest

import (
	"testing"

	"github.com/ordersaga/ordersaga/eventstore"
)

var retrying = []story{
	{"RetryAnswersTheFirstResult", func(t *testing.T, s eventstore.Store) {
		first := mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b")
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b"), first)
		second := mustAppend(t, s, "order-1", 1, "c")
		mustAppend(t, s, "order-1", 2, "d", "e")
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b"), first)
		wantEqual(t, mustAppend(t, s, "order-1", 1, "c"), second)
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b", "c", "d", "e")
	}},
	{"RetryOfAPartSucceedsAtItsPlace", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b", "c")
		events := streamOf(t, s, "order-1")
		result := mustAppend(t, s, "order-1", 0, "b")
		wantEqual(t, result, eventstore.Result{Revision: 1, Position: events[1].Position, At: events[1].At})
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b", "c")
	}},
	{"RetryWithAnyLooksAtTheEnd", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		first := mustAppend(t, s, "order-1", eventstore.Any, "b", "c")
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.Any, "b", "c"), first)
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.Exists, "b", "c"), first)
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.Any, "c"), first)
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b", "c")
	}},
	{"RetryOfAWholeStreamWithAny", func(t *testing.T, s eventstore.Store) {
		first := mustAppend(t, s, "order-1", eventstore.Any, "a", "b")
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.Any, "a", "b"), first)
	}},
	{"OtherEventsAtThePlaceAreAConflict", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b")
		wantConflict(t, s.Append(within(t), "order-1", eventstore.NoStream, Drafts("x", "b")...),
			eventstore.Conflict{Stream: "order-1", Expected: eventstore.NoStream, Actual: 1})
		wantConflict(t, s.Append(within(t), "order-1", 0, Draft("a")), // known, but not there
			eventstore.Conflict{Stream: "order-1", Expected: 0, Actual: 1})
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b")
	}},
	{"HalfKnownIsAConflict", func(t *testing.T, s eventstore.Store) {
		ctx := within(t)
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b", "c")
		for _, names := range [][]string{{"a", "x"}, {"a", "b", "c", "d"}, {"a", "c"}} {
			wantConflict(t, s.Append(ctx, "order-1", eventstore.NoStream, Drafts(names...)...),
				eventstore.Conflict{Stream: "order-1", Expected: eventstore.NoStream, Actual: 2})
		}
		for _, expected := range []eventstore.Revision{eventstore.Any, eventstore.Exists} {
			wantConflict(t, s.Append(ctx, "order-1", expected, Drafts("b", "x")...),
				eventstore.Conflict{Stream: "order-1", Expected: expected, Actual: 2})
		}
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b", "c")
	}},
	{"TheCurrentRevisionRecordsAgain", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		mustAppend(t, s, "order-1", 0, "a")
		wantEvents(t, streamOf(t, s, "order-1"), "a", "a")
	}},
	{"SameIDInAnotherStreamIsAnotherEvent", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		mustAppend(t, s, "order-2", eventstore.NoStream, "a")
		wantEvents(t, streamOf(t, s, "order-2"), "a")
	}},
	{"ManyRetriesAtOnceRecordOnce", func(t *testing.T, s eventstore.Store) {
		results := make(chan eventstore.Result)
		const callers = 20
		for range callers {
			go func() {
				results <- s.Append(within(t), "order-1", eventstore.NoStream, Drafts("a", "b")...)
			}()
		}
		var first eventstore.Result
		for i := range callers {
			result := mustSucceed(t, <-results)
			if i == 0 {
				first = result
			}
			wantEqual(t, result, first)
		}
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b")
	}},
}
