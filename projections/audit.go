package projections

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ordersaga/ordersaga/internal/bus"
)

// Difference is a row that is not the same in two dumps. One of the two may be missing.
type Difference struct {
	Live    *Row `json:"live"`
	Rebuilt *Row `json:"rebuilt"`
}

func (d Difference) String() string {
	switch {
	case d.Live == nil:
		return fmt.Sprintf("%s %s is missing: %s %s", d.Rebuilt.View, d.Rebuilt.Key, d.Rebuilt.Columns, d.Rebuilt.Document)
	case d.Rebuilt == nil:
		return fmt.Sprintf("%s %s should not be there: %s %s", d.Live.View, d.Live.Key, d.Live.Columns, d.Live.Document)
	}
	return fmt.Sprintf("%s %s is %s %s, not %s %s", d.Live.View, d.Live.Key, d.Live.Columns, d.Live.Document,
		d.Rebuilt.Columns, d.Rebuilt.Document)
}

// Compare yields the rows in which two dumps differ.
func Compare(live, rebuilt iter.Seq2[Row, error]) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		nextLive, stopLive := iter.Pull2(live)
		defer stopLive()
		nextRebuilt, stopRebuilt := iter.Pull2(rebuilt)
		defer stopRebuilt()
		a, errA, moreA := nextLive()
		b, errB, moreB := nextRebuilt()
		for moreA || moreB {
			if err := errors.Join(errA, errB); err != nil {
				yield(Difference{}, err)
				return
			}
			order := rowOrder(a, moreA, b, moreB)
			var d Difference
			if order <= 0 {
				d.Live = &Row{a.View, a.Key, a.Columns, a.Document}
				a, errA, moreA = nextLive()
			}
			if order >= 0 {
				d.Rebuilt = &Row{b.View, b.Key, b.Columns, b.Document}
				b, errB, moreB = nextRebuilt()
			}
			if !d.same() && !yield(d, nil) {
				return
			}
		}
	}
}

func (d Difference) same() bool {
	return d.Live != nil && d.Rebuilt != nil &&
		bytes.Equal(d.Live.Columns, d.Rebuilt.Columns) && bytes.Equal(d.Live.Document, d.Rebuilt.Document)
}

// rowOrder tells which of two rows a dump yields first.
func rowOrder(a Row, moreA bool, b Row, moreB bool) int {
	switch {
	case !moreB:
		return -1
	case !moreA:
		return 1
	case a.View != b.View:
		return viewIndex(a.View) - viewIndex(b.View)
	}
	return strings.Compare(a.Key, b.Key)
}

func viewIndex(name string) int {
	return slices.IndexFunc(tables, func(t *table) bool { return t.name == name })
}

// Audit builds the views again from nothing, up to where these are, and yields the rows that differ: none, unless
// invariant 8 is broken. The second database lies in dir for the time being; where dir is empty, in the system's
// directory for such files. It may be called while Run goes on; source is read from the first event.
func (v *Views) Audit(ctx context.Context, dir string, source Reader) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		if err := v.audit(ctx, dir, source, yield); err != nil && !errors.Is(err, errStop) {
			yield(Difference{}, fmt.Errorf("audit views: %w", err))
		}
	}
}

func (v *Views) audit(ctx context.Context, dir string, source Reader, yield func(Difference, error) bool) (err error) {
	live, err := v.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer live.Close()
	dir, err = os.MkdirTemp(dir, "views-audit-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rebuilt, err := Open(filepath.Join(dir, "views.db"), WithLogger(v.log))
	if err != nil {
		return err
	}
	defer rebuilt.Close()
	if err := rebuilt.Run(ctx, upTo{source, live.marks}); err != nil {
		return err
	}
	for d, err := range Compare(live.Rows(ctx), rebuilt.Dump(ctx)) {
		if err != nil {
			return err
		}
		if !yield(d, nil) {
			return errStop
		}
	}
	return nil
}

// upTo ends each source's sequence at a mark.
type upTo struct {
	Reader
	marks map[string]Mark
}

func (u upTo) Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error] {
	return func(yield func(bus.Run, error) bool) {
		end := u.marks[source].Number
		if after >= end {
			return
		}
		for run, err := range u.Reader.Read(ctx, source, after) {
			if err == nil && run.Last() >= end {
				run.Events = run.Events[:len(run.Events)-int(run.Last()-end)]
				yield(run, nil)
				return
			}
			if !yield(run, err) || err != nil {
				return
			}
		}
	}
}
