package storetest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

var appending = []story{
	{"RecordsWhatWasDrafted", func(t *testing.T, s eventstore.Store) {
		before := time.Now().Add(-time.Minute)
		result := mustAppend(t, s, "order-1", eventstore.NoStream, "placed", "confirmed")
		events := streamOf(t, s, "order-1")
		wantEvents(t, events, "placed", "confirmed")
		for i, e := range events {
			wantEqual(t, e.Stream, eventstore.StreamID("order-1"))
			wantEqual(t, e.Revision, eventstore.Revision(i))
			if e.At.Before(before) || e.At.After(time.Now().Add(time.Minute)) || e.At.Location() != time.UTC || e.At.Nanosecond()%1000 != 0 {
				t.Fatalf("recorded at %v: want the time of now in UTC microseconds", e.At)
			}
		}
		last := events[1]
		wantEqual(t, result, eventstore.Result{Revision: last.Revision, Position: last.Position, At: last.At})
	}},
	{"ExpectedRevisionDecides", func(t *testing.T, s eventstore.Store) {
		ctx := within(t)
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		mustAppend(t, s, "order-1", 0, "b")
		for _, expected := range []eventstore.Revision{eventstore.NoStream, 0, 2, 1000} {
			wantConflict(t, s.Append(ctx, "order-1", expected, Draft("c")),
				eventstore.Conflict{Stream: "order-1", Expected: expected, Actual: 1})
		}
		mustAppend(t, s, "order-1", 1, "c")
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b", "c")
	}},
	{"MissingStreamIsAConflictToWhoExpectsIt", func(t *testing.T, s eventstore.Store) {
		for _, expected := range []eventstore.Revision{0, 7, eventstore.Exists} {
			wantConflict(t, s.Append(within(t), "order-1", expected, Draft("a")),
				eventstore.Conflict{Stream: "order-1", Expected: expected, Actual: eventstore.NoStream})
		}
		wantEvents(t, streamOf(t, s, "order-1"))
	}},
	{"AnyAndExistsGoOnAtTheEnd", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.Any, "a")
		mustAppend(t, s, "order-1", eventstore.Exists, "b")
		wantEqual(t, mustAppend(t, s, "order-1", eventstore.Any, "c").Revision, eventstore.Revision(2))
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b", "c")
	}},
	{"NoDraftsOnlyChecksTheExpectation", func(t *testing.T, s eventstore.Store) {
		ctx := within(t)
		mustSucceed(t, s.Append(ctx, "order-1", eventstore.NoStream))
		wantError(t, s.Append(ctx, "order-1", eventstore.Exists).Err, eventstore.ErrConflict)
		mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b")
		for _, expected := range []eventstore.Revision{1, eventstore.Any, eventstore.Exists} {
			wantEqual(t, mustSucceed(t, s.Append(ctx, "order-1", expected)).Revision, eventstore.Revision(1))
		}
		for _, expected := range []eventstore.Revision{eventstore.NoStream, 0, 2} {
			wantError(t, s.Append(ctx, "order-1", expected).Err, eventstore.ErrConflict)
		}
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b")
	}},
	{"StreamsWithACommonBeginningAreApart", func(t *testing.T, s eventstore.Store) {
		names := []eventstore.StreamID{"a-1", "a-10", "a-1-0", "a", "a-", "a-1\x01", "a-1\xc3\xa9"}
		for _, name := range names {
			mustAppend(t, s, name, eventstore.NoStream, string(name), string(name)+" again")
		}
		for _, name := range names {
			wantEvents(t, streamOf(t, s, name), string(name), string(name)+" again")
			backwards := collect(t, s.ReadBackwards(within(t), name))
			wantEvents(t, backwards, string(name)+" again", string(name))
			mustAppend(t, s, name, 1, string(name)+" and again")
		}
	}},
	{"MalformedAppendsAreRefused", refuseMalformed},
	{"LargeDataComesBackWhole", func(t *testing.T, s eventstore.Store) {
		d := Draft("large")
		d.Data = []byte(`"` + strings.Repeat("0123456789", 90_000) + `"`)
		mustSucceed(t, s.Append(within(t), "order-1", eventstore.NoStream, d))
		if got := streamOf(t, s, "order-1"); len(got) != 1 || !bytes.Equal(got[0].Data, d.Data) {
			t.Fatal("the data changed")
		}
	}},
	{"TooLargeIsRefusedAsAWhole", func(t *testing.T, s eventstore.Store) {
		half := func(name string) eventstore.Draft {
			d := Draft(name)
			d.Data = []byte(`"` + strings.Repeat("x", eventstore.MaxAppend/2) + `"`)
			return d
		}
		wantError(t, s.Append(within(t), "order-1", eventstore.NoStream, half("a"), half("b")).Err, eventstore.ErrTooLarge)
		wantEvents(t, streamOf(t, s, "order-1"))
		mustSucceed(t, s.Append(within(t), "order-1", eventstore.NoStream, half("a")))
	}},
	{"CallerMayReuseItsMemory", func(t *testing.T, s eventstore.Store) {
		drafts := Drafts("a", "b")
		mustSucceed(t, s.Append(within(t), "order-1", eventstore.NoStream, drafts...))
		clear(drafts[0].Data)
		drafts[1] = eventstore.Draft{}
		wantEvents(t, streamOf(t, s, "order-1"), "a", "b")
		wantEvents(t, collect(t, s.All(within(t), 0)), "a", "b")
	}},
	{"CancelledAppendRecordsNothing", func(t *testing.T, s eventstore.Store) {
		ctx, cancel := context.WithCancel(within(t))
		cancel()
		wantError(t, s.Append(ctx, "order-1", eventstore.Any, Draft("a")).Err, context.Canceled)
		wantEvents(t, streamOf(t, s, "order-1"))
	}},
}

func refuseMalformed(t *testing.T, s eventstore.Store) {
	ctx := within(t)
	mustAppend(t, s, "order-1", eventstore.NoStream, "first")
	anonymous, untyped := Draft("a"), Draft("a")
	anonymous.ID, untyped.Type = uuid.Nil, ""
	for what, drafts := range map[string][]eventstore.Draft{
		"a draft without an id":                {anonymous},
		"a draft without a type":               {Draft("b"), untyped},
		"the same id twice":                    {Draft("a"), Draft("b"), Draft("a")},
		"the same id twice, many drafts apart": slices.Concat(numbered("n", 100), numbered("n", 1)),
	} {
		if err := s.Append(ctx, "order-1", 0, drafts...).Err; err == nil {
			t.Errorf("%s was accepted", what)
		} else {
			wantError(t, err, eventstore.ErrInvalid)
		}
	}
	for _, name := range []eventstore.StreamID{"", "a\x00b", "a\xff", eventstore.StreamID(strings.Repeat("x", eventstore.MaxStreamName+1))} {
		wantError(t, s.Append(ctx, name, eventstore.Any, Draft("a")).Err, eventstore.ErrInvalid)
		wantError(t, lastError(t, s.Read(ctx, name, eventstore.NoStream)), eventstore.ErrInvalid)
		wantError(t, lastError(t, s.ReadBackwards(ctx, name)), eventstore.ErrInvalid)
	}
	for _, expected := range []eventstore.Revision{-3, -5} {
		wantError(t, s.Append(ctx, "order-1", expected, Draft("a")).Err, eventstore.ErrInvalid)
	}
	longest := eventstore.StreamID(strings.Repeat("x", eventstore.MaxStreamName))
	mustAppend(t, s, longest, eventstore.NoStream, "long")
	wantEvents(t, collect(t, s.All(ctx, 0)), "first", "long")
}
