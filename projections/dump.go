package projections

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/goccy/go-json"
)

// Row is a row as it is kept, in a form that can be compared. Rows of the view "marks" say how far each source was read.
type Row struct {
	View     string          `json:"view"`
	Key      string          `json:"key"`
	Columns  json.RawMessage `json:"columns,omitempty"` // what is searched and summed up, in the table's order
	Document json.RawMessage `json:"document"`
}

const marksView = "marks"

// errStop ends a query whose caller has left the loop.
var errStop = errors.New("the caller has left the loop")

// Snapshot is the views at one moment. It must be closed, and soon: as long as it is open the database grows.
type Snapshot struct {
	shot  snapshot
	marks map[string]Mark
}

// Snapshot takes a snapshot. It is not for concurrent use.
func (v *Views) Snapshot(ctx context.Context) (*Snapshot, error) {
	return read(v, func(db backend) (*Snapshot, error) {
		shot, err := db.snapshot(ctx)
		if err != nil {
			return nil, err
		}
		marks, err := shot.marks(ctx)
		if err != nil {
			return nil, errors.Join(err, shot.close())
		}
		return &Snapshot{shot, marks}, nil
	})
}

// Close lets the moment go.
func (s *Snapshot) Close() error { return s.shot.close() }

// Positions tells how far each source was in the views.
func (s *Snapshot) Positions() map[string]Mark { return maps.Clone(s.marks) }

// Rows yields every row, view by view, by key: the same rows in the same order for the same events.
func (s *Snapshot) Rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, source := range slices.Sorted(maps.Keys(s.marks)) {
			doc, err := json.Marshal(s.marks[source])
			if !yield(Row{View: marksView, Key: source, Document: doc}, err) || err != nil {
				return
			}
		}
		for _, t := range tables {
			err := s.shot.dump(ctx, t, func(key string, columns []any, doc []byte) error {
				searched, err := json.Marshal(columns)
				if err == nil && !yield(Row{t.name, key, searched, bytes.Clone(doc)}, nil) {
					return errStop
				}
				return err
			})
			if errors.Is(err, errStop) {
				return
			}
			if err != nil {
				yield(Row{}, err)
				return
			}
		}
	}
}

// Dump yields every row of one moment; see [Snapshot.Rows].
func (v *Views) Dump(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		shot, err := v.Snapshot(ctx)
		if err != nil {
			yield(Row{}, err)
			return
		}
		defer shot.Close()
		for row, err := range shot.Rows(ctx) {
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
