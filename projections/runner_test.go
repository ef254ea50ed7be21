package projections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

func TestARestartGoesOnAfterTheLastEvent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "views.db")
	h := newHistory().stocked().booked("o")
	rebuilt(t, h, path)
	v := opened(t, path)
	if got, want := v.Positions()[sagas.Payment].Number, uint64(3); got != want {
		t.Errorf("payment is at %d, not %d", got, want)
	}
	foldAll(t, v, h.shipped("p"))
	if h.asked[sagas.Payment] != 2 {
		t.Errorf("payment was read after %d, not again from its last event", h.asked[sagas.Payment])
	}
	want := dumpOf(t, folded(t, h))
	if diff := cmp.Diff(want, dumpOf(t, v)); diff != "" {
		t.Error(diff)
	}
}

// runs is a Reader of fixed runs.
type runs map[string][]bus.Run

func (r runs) Read(_ context.Context, source string, _ uint64) iter.Seq2[bus.Run, error] {
	return func(yield func(bus.Run, error) bool) {
		for _, run := range r[source] {
			if !yield(run, nil) {
				return
			}
		}
	}
}

func TestRunsThatComeTwiceOrOverlapCountOnce(t *testing.T) {
	h := newHistory().stocked()
	all, _ := h.after(sagas.Inventory, 0)
	run := func(from, to int) bus.Run { return bus.Run{Source: sagas.Inventory, Events: all[from:to]} }
	v := opened(t, filepath.Join(t.TempDir(), "views.db"))
	source := runs{sagas.Inventory: {run(0, 2), run(0, 2), run(1, 3), run(0, 3)}}
	for range 2 {
		if err := v.Run(t.Context(), source); err != nil {
			t.Fatal(err)
		}
	}
	if s, _, err := v.Stock(t.Context(), "71053"); s.OnHand != 8 || err != nil {
		t.Errorf("%d on hand, not 8 (%v)", s.OnHand, err)
	}
}

func TestAGapStopsTheRunner(t *testing.T) {
	h := newHistory().stocked()
	all, _ := h.after(sagas.Inventory, 0)
	v := opened(t, filepath.Join(t.TempDir(), "views.db"))
	err := v.Run(t.Context(), runs{sagas.Inventory: {{Source: sagas.Inventory, Events: all[:1]}, {Source: sagas.Inventory, Events: all[2:]}}})
	if f := v.Failure(); !errors.Is(err, ErrGap) || f == nil || f.Number != 3 || f.Source != sagas.Inventory {
		t.Errorf("got %v, failure %+v", err, f)
	}
	if got := v.Positions()[sagas.Inventory].Number; got != 1 {
		t.Errorf("views are at %d, not at the event before the gap", got)
	}
}

func TestAnEventThatCannotBeReadStopsTheRunnerAndIsNamed(t *testing.T) {
	for name, poison := range map[string]struct{ eventType, data string }{
		"broken data":  {"payment.declined.v1", `{"code":`},
		"unknown type": {"payment.vanished.v1", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory().stocked().placed("o").record("payment-o", payment.Requested{Amount: pounds})
			h.raw("payment-o", poison.eventType, []byte(poison.data))
			h.record("payment-o", payment.Cancelled{})
			h.ends = true
			v := opened(t, filepath.Join(t.TempDir(), "views.db"))
			err := v.Run(t.Context(), h)
			var f *Failure
			if !errors.As(err, &f) || v.Failure() != f {
				t.Fatalf("got %v, failure %v", err, v.Failure())
			}
			if f.Source != sagas.Payment || f.Number != 2 || f.Stream != "payment-o" || f.Revision != 1 || f.Type != poison.eventType {
				t.Errorf("the failure names %+v", f)
			}
			if err := v.Wait(t.Context(), sagas.Payment, h.end(sagas.Payment)); !errors.Is(err, f) {
				t.Errorf("waiting in vain gives %v", err)
			}
			if _, _, err := v.Orders(t.Context(), Filter{}); err != nil {
				t.Errorf("reads must go on: %v", err)
			}
		})
	}
}

func TestViewsThatCannotBeUsedAreBuiltAgain(t *testing.T) {
	h := newHistory().stocked().completed("o")
	want := dumpOf(t, folded(t, h))
	for name, spoil := range map[string]func(path string) error{
		"deleted": func(path string) error { return os.Remove(path) },
		"not a database": func(path string) error {
			return os.WriteFile(path, []byte("this was a database once, and a good one"), 0o600)
		},
		"cut off": func(path string) error { return os.Truncate(path, 5000) },
		"zeroed":  func(path string) error { return overwrite(path, 0, make([]byte, 4096)) },
		"of another version": func(path string) error {
			return overwrite(path, 60, []byte{0, 0, 0, 99}) // user_version
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "views.db")
			rebuilt(t, h, path)
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, rebuilt(t, h, path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func overwrite(path string, at int64, with []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(with, at)
	return errors.Join(err, f.Close())
}

// running runs views in the background until the test ends.
func running(t *testing.T, v *Views, source Reader) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx, source) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("run ended with %v", err)
		}
	})
}

func caughtUp(t *testing.T, v *Views, h *history) {
	t.Helper()
	for _, source := range sagas.Services {
		if err := v.Wait(t.Context(), source, h.end(source)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestViewsDeletedWhileTheSystemRunsAreBuiltAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "views.db")
	h := newHistory().stocked().completed("o")
	v := opened(t, path)
	running(t, v, h)
	caughtUp(t, v, h)
	if err := removeSQLite(path); err != nil {
		t.Fatal(err)
	}
	h.completed("p")
	caughtUp(t, v, h)
	if o := orderOf(t, v, "o"); o.Status != StatusCompleted {
		t.Errorf("order from before is %s", o.Status)
	}
	other := opened(t, path, ReadOnly())
	if diff := cmp.Diff(dumpOf(t, v), dumpOf(t, other)); diff != "" {
		t.Errorf("the file is not what is served: %s", diff)
	}
}

func TestAnotherHistoryIsFoldedFromItsBeginning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "views.db")
	rebuilt(t, newHistory().stocked().completed("o"), path)
	restored := newHistory().stocked().authorized("p").completed("q")
	for source, events := range restored.events {
		for i := range events {
			restored.events[source][i].ID = uuid.NewSHA1(uuid.Nil, []byte(fmt.Sprint(source, i)))
		}
	}
	want := dumpOf(t, folded(t, restored))
	if diff := cmp.Diff(want, rebuilt(t, restored, path)); diff != "" {
		t.Error(diff)
	}
}

// overtaken lets another writer go ahead once the runner has looked where it begins.
type overtaken struct {
	Reader
	once  sync.Once
	other func()
}

func (o *overtaken) Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error] {
	o.once.Do(o.other)
	return o.Reader.Read(ctx, source, after)
}

func TestTwoWritersFenceEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "views.db")
	h := newHistory().stocked().booked("o")
	h.ends = true
	late := opened(t, path)
	err := late.Run(t.Context(), &overtaken{Reader: h, other: func() { rebuilt(t, h, path) }})
	if !errors.Is(err, ErrFenced) {
		t.Errorf("the writer that was overtaken ended with %v", err)
	}
	foldAll(t, late, h.shipped("p")) // from where the other one left off
	if diff := cmp.Diff(dumpOf(t, folded(t, h)), dumpOf(t, late)); diff != "" {
		t.Error(diff)
	}
}

func TestReadOnlyViewsChangeNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "views.db")
	if _, err := Open(path, ReadOnly()); err == nil {
		t.Fatal("a missing file was opened")
	}
	h := newHistory().stocked()
	live := opened(t, path)
	foldAll(t, live, h)
	v := opened(t, path, ReadOnly())
	if err := v.Run(t.Context(), h); !errors.Is(err, ErrReadOnly) {
		t.Errorf("run: %v", err)
	}
	if p, found, err := v.Product(t.Context(), "71053"); !found || err != nil || p.UnitPrice != 339 {
		t.Errorf("%+v, %v, %v", p, found, err)
	}
}

func TestARunnerCanBeStartedAgainAndNotTwice(t *testing.T) {
	h := newHistory().stocked()
	v := opened(t, filepath.Join(t.TempDir(), "views.db"))
	foldAll(t, v, h)
	h.ends = false
	running(t, v, h)
	h.placed("o")
	if err := v.Wait(t.Context(), sagas.Order, h.end(sagas.Order)); err != nil {
		t.Fatal(err)
	}
	if err := v.Run(t.Context(), h); err == nil {
		t.Error("it ran twice at once")
	}
}

func TestCloseEndsTheRunner(t *testing.T) {
	v, err := Open(filepath.Join(t.TempDir(), "views.db"))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	h := newHistory().stocked()
	go func() { ended <- v.Run(context.Background(), h) }()
	if err := v.Wait(t.Context(), sagas.Catalog, h.end(sagas.Catalog)); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("run ended with %v", err)
	}
	if _, _, err := v.Order(t.Context(), "o"); !errors.Is(err, ErrClosed) {
		t.Errorf("a read after close gives %v", err)
	}
	if err := v.Wait(t.Context(), sagas.Order, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("waiting after close gives %v", err)
	}
}

func TestAuditFindsARowThatWasChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "views.db")
	h := newHistory().stocked().completed("o").booked("p")
	v := opened(t, path)
	foldAll(t, v, h)
	h.ends = false
	h.placed("later") // not in the live views yet: the audit must not look at it
	audit := func() (found []Difference) {
		for d, err := range v.Audit(t.Context(), t.TempDir(), h) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, d)
		}
		return found
	}
	if found := audit(); len(found) != 0 {
		t.Errorf("an honest database differs: %v", found)
	}
	for _, lie := range []string{
		"UPDATE orders SET captured = 1 WHERE key = 'p'",
		"UPDATE stock SET doc = replace(doc, '97', '98') WHERE key = 'main/85123A'",
		"DELETE FROM products WHERE key = '71053'",
	} {
		if _, err := v.db.(*sqlite).conn.ExecContext(t.Context(), lie); err != nil {
			t.Fatal(err)
		}
	}
	if found := audit(); len(found) != 3 {
		t.Errorf("3 rows were changed, the audit finds %v", found)
	}
}

func TestAnyFileNameWillDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my views 100%?#.db")
	v := opened(t, path)
	foldAll(t, v, newHistory().stocked())
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
