package embedded

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

// With a cache of three streams nearly every head is looked up in Pebble, while groups are still on their way to disk.
func TestHeadsAreFoundAgainAfterTheyWereForgotten(t *testing.T) {
	s, err := Open(t.TempDir(), func(o *options) { o.heads = 3 })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for revision := range 4 {
		var group []eventstore.Append
		for i := range 40 {
			group = append(group, eventstore.Append{
				Stream:   eventstore.NewStreamID("order", fmt.Sprint(i)),
				Expected: eventstore.Revision(revision - 1),
				Drafts:   []eventstore.Draft{{ID: uuid.New(), Type: "t"}},
			})
		}
		for i := range group { // each alone, then all again as retries
			if r := s.Append(t.Context(), group[i].Stream, group[i].Expected, group[i].Drafts...); r.Err != nil || int(r.Revision) != revision {
				t.Fatalf("order-%d: %+v", i, r)
			}
		}
		for i, r := range s.AppendMany(t.Context(), group) {
			if r.Err != nil || int(r.Position) != revision*40+i+1 {
				t.Fatalf("retry of order-%d: %+v", i, r)
			}
		}
	}
}

func TestHeadsForgetWhatNobodyAsksFor(t *testing.T) {
	h := newHeads(10)
	for i := range 1000 {
		h.set(eventstore.NewStreamID("order", fmt.Sprint(i)), eventstore.Revision(i))
		if head, known := h.get("order-0"); !known || head != 0 {
			t.Fatalf("after %d others, the one that is asked for all the time is forgotten", i)
		}
		h.forget()
		if n := len(h.young) + len(h.old); n > 21 {
			t.Fatalf("%d are remembered", n)
		}
	}
	if _, known := h.get("order-500"); known {
		t.Error("nothing is forgotten")
	}
}
