package inventory

import (
	"maps"

	"github.com/benbjohnson/immutable"
)

// Snapshot is a state in a shape that can be written down. It is never the truth: it saves reading old events again.
type Snapshot struct {
	Levels     map[string]Level  `json:"levels"`
	Open       map[string][]Item `json:"open"`
	References map[string]int64  `json:"references"`
	Heard      map[string]uint64 `json:"heard"`
}

// Snapshot copies a state.
func (s State) Snapshot() Snapshot {
	return Snapshot{Levels: plain(s.levels), Open: plain(s.open), References: plain(s.references), Heard: maps.Clone(s.heard)}
}

// Restore is the state that a snapshot was taken of.
func (s Snapshot) Restore() State {
	return State{levels: persistent(s.Levels), open: persistent(s.Open), references: persistent(s.References), heard: maps.Clone(s.Heard)}
}

func plain[V any](m *immutable.Map[string, V]) map[string]V {
	out := make(map[string]V, m.Len())
	for it := m.Iterator(); !it.Done(); {
		k, v, _ := it.Next()
		out[k] = v
	}
	return out
}

func persistent[V any](m map[string]V) *immutable.Map[string, V] {
	b := immutable.NewMapBuilder[string, V](nil)
	for k, v := range m {
		b.Set(k, v)
	}
	return b.Map()
}
