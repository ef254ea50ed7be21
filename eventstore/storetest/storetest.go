// Package storetest is the one conformance suite of [eventstore.Store]. What the interface's comments promise is told
// here as stories, so that every store, a fake, an embedded engine or a cluster's client, means the same by them.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

// story is one promise, told with an empty store.
type story struct {
	name string
	tell func(t *testing.T, s eventstore.Store)
}

// Run tells every story with a fresh, empty store from open, which is closed in the end.
func Run(t *testing.T, open func(t *testing.T) eventstore.Store) {
	for _, stories := range [][]story{appending, retrying, grouping, reading, following, closing} {
		for _, s := range stories {
			t.Run(s.name, func(t *testing.T) {
				store := open(t)
				defer store.Close()
				s.tell(t, store)
			})
		}
	}
}

// patience bounds what a story waits for; only a broken store needs it.
const patience = 20 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// Draft is the event of a name: the same name has the same id.
func Draft(name string) eventstore.Draft {
	return eventstore.Draft{
		ID:   uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)),
		Type: "test.happened.v1",
		Data: fmt.Appendf(nil, `{"name":%q}`, name),
		Metadata: eventstore.Metadata{
			Correlation: "order of " + name,
			Causation:   uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)),
			Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			Actor:       "storetest",
			Schema:      2,
		},
	}
}

// Drafts are the events of several names.
func Drafts(names ...string) []eventstore.Draft {
	drafts := make([]eventstore.Draft, len(names))
	for i, name := range names {
		drafts[i] = Draft(name)
	}
	return drafts
}

// numbered names count events: prefix-0, prefix-1, …
func numbered(prefix string, count int) []eventstore.Draft {
	drafts := make([]eventstore.Draft, count)
	for i := range drafts {
		drafts[i] = Draft(fmt.Sprintf("%s-%d", prefix, i))
	}
	return drafts
}

// mustAppend records names and fails the test if it cannot.
func mustAppend(t *testing.T, s eventstore.Store, to eventstore.StreamID, expected eventstore.Revision, names ...string) eventstore.Result {
	t.Helper()
	return mustSucceed(t, s.Append(within(t), to, expected, Drafts(names...)...))
}

func mustSucceed(t *testing.T, result eventstore.Result) eventstore.Result {
	t.Helper()
	if result.Err != nil {
		t.Fatalf("append: %v", result.Err)
	}
	return result
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

// wantConflict checks the whole of a conflict: callers decide by its fields.
func wantConflict(t *testing.T, result eventstore.Result, want eventstore.Conflict) {
	t.Helper()
	wantError(t, result.Err, eventstore.ErrConflict)
	var got *eventstore.Conflict
	if !errors.As(result.Err, &got) {
		t.Fatalf("%v matches ErrConflict but is no *Conflict", result.Err)
	}
	wantEqual(t, *got, want)
}

func wantEqual(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("unexpected difference (-want +got):\n%s", diff)
	}
}

// collect reads a sequence to its end and fails the test at an error.
func collect(t *testing.T, events iter.Seq2[eventstore.Recorded, error]) []eventstore.Recorded {
	t.Helper()
	var all []eventstore.Recorded
	for e, err := range events {
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		all = append(all, e)
	}
	return all
}

func streamOf(t *testing.T, s eventstore.Store, id eventstore.StreamID) []eventstore.Recorded {
	t.Helper()
	return collect(t, s.Read(within(t), id, eventstore.NoStream))
}

// wantEvents checks that events are those of the names, in order, with everything that was drafted.
func wantEvents(t *testing.T, got []eventstore.Recorded, names ...string) {
	t.Helper()
	drafts := make([]eventstore.Draft, len(got))
	for i, e := range got {
		drafts[i] = e.Draft
	}
	wantEqual(t, drafts, Drafts(names...))
}

// lastError is the error that ends a sequence, nil if it ends well. It is an error to go on after one.
func lastError[E any](t *testing.T, events iter.Seq2[E, error]) error {
	t.Helper()
	var last error
	for _, err := range events {
		if last != nil {
			t.Fatalf("the sequence goes on after its error %v", last)
		}
		last = err
	}
	return last
}
