package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/ordersaga/ordersaga/eventstore"
)

var reading = []story{
	{"AMissingStreamReadsAsEmpty", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-2", eventstore.NoStream, "a")
		for _, missing := range []eventstore.StreamID{"order-1", "order-3", "order-22", "order"} {
			wantEvents(t, streamOf(t, s, missing))
			wantEvents(t, collect(t, s.ReadBackwards(within(t), missing)))
		}
	}},
	{"ReadStartsAfterARevision", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b", "c")
		ctx := within(t)
		wantEvents(t, collect(t, s.Read(ctx, "order-1", 0)), "b", "c")
		wantEvents(t, collect(t, s.Read(ctx, "order-1", 1)), "c")
		wantEvents(t, collect(t, s.Read(ctx, "order-1", 2)))
		wantEvents(t, collect(t, s.Read(ctx, "order-1", 99)))
	}},
	{"LongStreamsReadWholeBothWays", func(t *testing.T, s eventstore.Store) {
		const count = 1300
		ctx := within(t)
		drafts := numbered("n", count)
		mustAppend(t, s, "other-1", eventstore.Any, "before")
		for from := 0; from < count; from += 100 {
			mustSucceed(t, s.Append(ctx, "stock-main", eventstore.Revision(from-1), drafts[from:from+100]...))
			mustAppend(t, s, "other-1", eventstore.Any, fmt.Sprint("between ", from))
		}
		forwards := streamOf(t, s, "stock-main")
		backwards := collect(t, s.ReadBackwards(ctx, "stock-main"))
		if len(forwards) != count || len(backwards) != count {
			t.Fatalf("%d events forwards, %d backwards, want %d", len(forwards), len(backwards), count)
		}
		for i := range count {
			wantEqual(t, forwards[i].ID, drafts[i].ID)
			wantEqual(t, backwards[count-1-i], forwards[i])
		}
	}},
	{"ASequenceMayBeLeftEarlyAndRangedOverAgain", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b", "c")
		ctx := within(t)
		backwards := s.ReadBackwards(ctx, "order-1")
		for range 2 {
			for e, err := range backwards {
				if err != nil {
					t.Fatal(err)
				}
				wantEqual(t, e.ID, Draft("c").ID)
				break
			}
		}
		wantEvents(t, collect(t, backwards), "c", "b", "a")
		for range s.Read(ctx, "order-1", eventstore.NoStream) {
			break
		}
		for range s.All(ctx, 0) {
			break
		}
		mustAppend(t, s, "order-1", 2, "d")
	}},
	{"AllIsEveryStreamInCommitOrder", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		second := mustAppend(t, s, "payment-1", eventstore.NoStream, "b", "c")
		third := mustAppend(t, s, "order-1", 0, "d")
		events := collect(t, s.All(within(t), 0))
		wantEvents(t, events, "a", "b", "c", "d")
		wantGrowing(t, events)
		wantEvents(t, collect(t, s.All(within(t), second.Position)), "d")
		wantEvents(t, collect(t, s.All(within(t), second.Position-1)), "c", "d")
		wantEvents(t, collect(t, s.All(within(t), third.Position)))
		wantEvents(t, collect(t, s.All(within(t), math.MaxUint64)))
	}},
	{"AllEndsWhereHistoryEndedAtItsBeginning", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b")
		count := 0
		for _, err := range s.All(within(t), 0) {
			if err != nil {
				t.Fatal(err)
			}
			count++
			mustAppend(t, s, "order-1", eventstore.Any, fmt.Sprint("while reading ", count))
		}
		wantEqual(t, count, 2)
	}},
	{"AnEndedContextEndsReading", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b", "c")
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		seen := 0
		var last error
		for _, err := range s.All(ctx, 0) {
			if last = err; err == nil {
				seen++
			}
			cancel()
		}
		if seen != 1 || !errors.Is(last, context.Canceled) {
			t.Fatalf("saw %d events and then %v; want 1 and the context's error", seen, last)
		}
		wantError(t, lastError(t, s.Read(ctx, "order-1", eventstore.NoStream)), context.Canceled)
		wantError(t, lastError(t, s.ReadBackwards(ctx, "order-1")), context.Canceled)
	}},
}

// wantGrowing checks that positions grow from 1 on and that time does not run backwards.
func wantGrowing(t *testing.T, events []eventstore.Recorded) {
	t.Helper()
	for i, e := range events {
		if e.Position == 0 || i > 0 && (e.Position <= events[i-1].Position || e.At.Before(events[i-1].At)) {
			t.Fatalf("event %d is at position %d, %v: not after the one before it", i, e.Position, e.At)
		}
	}
}
