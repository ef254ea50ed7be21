package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/ordersaga/ordersaga/eventstore"
)

var grouping = []story{
	{"EachOfAGroupSucceedsOrFailsByItself", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		results := s.AppendMany(within(t), []eventstore.Append{
			{Stream: "order-2", Expected: eventstore.NoStream, Drafts: Drafts("b", "c")},
			{Stream: "order-1", Expected: eventstore.NoStream, Drafts: Drafts("x")},
			{Stream: "", Expected: eventstore.Any, Drafts: Drafts("x")},
			{Stream: "order-1", Expected: 0, Drafts: Drafts("d")},
		})
		mustSucceed(t, results[0])
		wantConflict(t, results[1], eventstore.Conflict{Stream: "order-1", Expected: eventstore.NoStream, Actual: 0})
		wantError(t, results[2].Err, eventstore.ErrInvalid)
		mustSucceed(t, results[3])
		wantEvents(t, collect(t, s.All(within(t), 0)), "a", "b", "c", "d")
	}},
	{"AGroupSeesItsOwnEarlierAppends", func(t *testing.T, s eventstore.Store) {
		results := s.AppendMany(within(t), []eventstore.Append{
			{Stream: "order-1", Expected: eventstore.NoStream, Drafts: Drafts("a")},
			{Stream: "order-1", Expected: 0, Drafts: Drafts("b")},
			{Stream: "order-1", Expected: eventstore.NoStream, Drafts: Drafts("a")}, // a retry
			{Stream: "order-1", Expected: 0, Drafts: Drafts("x")},                   // too late
			{Stream: "order-1", Expected: eventstore.Any, Drafts: Drafts("b")},      // a retry
			{Stream: "order-1", Expected: eventstore.Exists, Drafts: Drafts("c")},
		})
		wantEqual(t, results[2], mustSucceed(t, results[0]))
		wantConflict(t, results[3], eventstore.Conflict{Stream: "order-1", Expected: 0, Actual: 1})
		wantEqual(t, results[4], mustSucceed(t, results[1]))
		wantEqual(t, mustSucceed(t, results[5]).Revision, eventstore.Revision(2))
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b", "c")
	}},
	{"ARetriedGroupAnswersTheFirstResults", func(t *testing.T, s eventstore.Store) {
		var group []eventstore.Append
		for i := range 50 {
			stream := eventstore.NewStreamID("order", fmt.Sprint(i))
			group = append(group, eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Drafts: numbered(string(stream), 3)})
		}
		first := s.AppendMany(within(t), group)
		wantEqual(t, s.AppendMany(within(t), group), first)
		wantEqual(t, len(collect(t, s.All(within(t), 0))), 150)
	}},
	{"AGroupOfNoneIsNothing", func(t *testing.T, s eventstore.Store) {
		wantEqual(t, len(s.AppendMany(within(t), nil)), 0)
	}},
	{"AGroupLargerThanAnyBatchGoesThrough", func(t *testing.T, s eventstore.Store) {
		var group []eventstore.Append
		for i := range 12 {
			d := Draft(fmt.Sprint("large ", i))
			d.Data = make([]byte, 700_000)
			group = append(group, eventstore.Append{Stream: "order-1", Expected: eventstore.Revision(i - 1), Drafts: []eventstore.Draft{d}})
		}
		for i, result := range s.AppendMany(within(t), group) {
			wantEqual(t, mustSucceed(t, result).Revision, eventstore.Revision(i))
		}
		wantEqual(t, len(streamOf(t, s, "order-1")), 12)
	}},
	{"OfManyWritersOneWinsEachRevision", func(t *testing.T, s eventstore.Store) {
		const writers, rounds = 8, 15
		ctx := within(t)
		var wg sync.WaitGroup
		wins := make([]int, writers)
		for w := range writers {
			wg.Go(func() {
				for r := range rounds {
					d := Draft(fmt.Sprintf("%d of %d", r, w))
					if s.Append(ctx, "stock-main", eventstore.Revision(r-1), d).Err == nil {
						wins[w]++
					}
				}
			})
		}
		wg.Wait()
		total := 0
		for _, n := range wins {
			total += n
		}
		events := streamOf(t, s, "stock-main")
		if total != len(events) || total == 0 {
			t.Fatalf("%d appends succeeded, %d events are there", total, len(events))
		}
		for i, e := range events {
			wantEqual(t, e.Revision, eventstore.Revision(i))
		}
	}},
}
