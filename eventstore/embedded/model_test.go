package embedded_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/eventstore/embedded"
	"github.com/ordersaga/ordersaga/eventstore/storetest"
)

// model is what a store should do, told once more with other means: lists of ids, and nothing shared with the store.
type model struct {
	streams map[eventstore.StreamID][]uuid.UUID
	history []uuid.UUID
}

// append says at which revision an append should end, or that it should be a conflict.
func (m *model) append(a eventstore.Append) (last eventstore.Revision, conflict bool) {
	stream := m.streams[a.Stream]
	ids := make([]uuid.UUID, len(a.Drafts))
	for i, d := range a.Drafts {
		ids[i] = d.ID
	}
	at := int(a.Expected) + 1
	switch loose := a.Expected == eventstore.Any || a.Expected == eventstore.Exists; {
	case a.Expected == eventstore.Exists && len(stream) == 0, !loose && at > len(stream):
		return 0, true
	case loose && len(ids) <= len(stream) && slices.Equal(stream[len(stream)-len(ids):], ids):
		return eventstore.Revision(len(stream) - 1), false
	case loose && slices.ContainsFunc(pairs(stream, ids), func(p [2]uuid.UUID) bool { return p[0] == p[1] }):
		return 0, true
	case !loose && at < len(stream):
		if end := at + len(ids); len(ids) > 0 && end <= len(stream) && slices.Equal(stream[at:end], ids) {
			return eventstore.Revision(end - 1), false
		}
		return 0, true
	}
	m.streams[a.Stream] = append(stream, ids...)
	m.history = append(m.history, ids...)
	return eventstore.Revision(len(stream) + len(ids) - 1), false
}

// pairs sets the end of a stream beside ids that would lie there.
func pairs(stream, ids []uuid.UUID) (both [][2]uuid.UUID) {
	for i := range ids {
		if at := len(stream) - len(ids) + i; at >= 0 {
			both = append(both, [2]uuid.UUID{stream[at], ids[i]})
		}
	}
	return both
}

func drawAppend(t *rapid.T) eventstore.Append {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}), 0, 3, rapid.ID).Draw(t, "drafts")
	return eventstore.Append{
		Stream:   rapid.SampledFrom([]eventstore.StreamID{"s-1", "s-10", "s"}).Draw(t, "stream"),
		Expected: rapid.SampledFrom([]eventstore.Revision{eventstore.Any, eventstore.Exists, eventstore.NoStream, 0, 1, 2, 3, 5}).Draw(t, "expected"),
		Drafts:   storetest.Drafts(names...),
	}
}

func TestEmbeddedAgreesWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := vfs.NewCrashableMem()
		reopen := func() *embedded.Store {
			s, err := embedded.Open("data", embedded.WithFS(disk))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s, m := reopen(), &model{streams: map[eventstore.StreamID][]uuid.UUID{}}
		defer func() { _ = s.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				group := rapid.SliceOfN(rapid.Custom(drawAppend), 1, 4).Draw(t, "group")
				for i, result := range s.AppendMany(t.Context(), group) {
					last, conflict := m.append(group[i])
					if errors.Is(result.Err, eventstore.ErrConflict) != conflict || !conflict && (result.Err != nil || result.Revision != last) {
						t.Fatalf("append %d: got %+v, want revision %d (conflict: %v)", i, result, last, conflict)
					}
				}
			},
			"open again": func(t *rapid.T) {
				if rapid.Bool().Draw(t, "crash") {
					disk = disk.CrashClone(vfs.CrashCloneCfg{})
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = reopen()
			},
			"": func(t *rapid.T) { agree(t, s, m) },
		})
	})
}

func agree(t *rapid.T, s *embedded.Store, m *model) {
	ids := make([]uuid.UUID, 0, len(m.history))
	for e, err := range s.All(t.Context(), 0) {
		if err != nil || int(e.Position) != len(ids)+1 {
			t.Fatalf("position %d after %d, error %v", e.Position, len(ids), err)
		}
		ids = append(ids, e.ID)
	}
	if !slices.Equal(ids, m.history) {
		t.Fatalf("history differs: %v, want %v", ids, m.history)
	}
	for name, want := range m.streams {
		var forwards, backwards []uuid.UUID
		for e := range s.Read(t.Context(), name, eventstore.NoStream) {
			forwards = append(forwards, e.ID)
		}
		for e := range s.ReadBackwards(t.Context(), name) {
			backwards = append(backwards, e.ID)
		}
		slices.Reverse(backwards)
		if !slices.Equal(forwards, want) || !slices.Equal(backwards, want) {
			t.Fatalf("stream %s: %v forwards, %v backwards, want %v", name, forwards, backwards, want)
		}
	}
}
