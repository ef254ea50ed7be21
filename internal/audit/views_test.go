package audit

import (
	"context"
	"iter"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

// views are read models that were folded from what a reader yields.
func views(t *testing.T, from projections.Reader) func(*Sources) {
	t.Helper()
	v, err := projections.Open(filepath.Join(t.TempDir(), "views.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := v.Run(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	return func(s *Sources) { s.Views, s.ViewsDir = v, t.TempDir() }
}

// forging yields what the stores hold, but for some events.
type forging struct {
	Reader
	forge func(*bus.Event)
}

func (f forging) Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error] {
	return func(yield func(bus.Run, error) bool) {
		for run, err := range f.Reader.Read(ctx, source, after) {
			run.Events = slices.Clone(run.Events)
			for i := range run.Events {
				f.forge(&run.Events[i])
			}
			if !yield(run, err) {
				return
			}
		}
	}
}

func TestReadModelsThatAreTheSameWhenRebuiltAreClean(t *testing.T) {
	c := everyEnd(t)
	live := views(t, Reader(c.sources().Stores))
	r := c.clean(live)
	if r.Checked[8] != r.Events {
		t.Errorf("%d of %d events folded again", r.Checked[8], r.Events)
	}
	c.pass(time.Minute) // the views do not know of that yet
	c.clean(live)
}

func TestARowThatIsAnotherWhenRebuiltIsFound(t *testing.T) {
	c := everyEnd(t)
	from := forging{Reader(c.sources().Stores), func(e *bus.Event) {
		if e.Stream == "order-declined" && e.Type == "order.rejected.v1" {
			e.Data = []byte(`{"reason":"out_of_stock"}`)
		}
		if e.Stream == "stock-main" && e.Type == "stock.received.v1" && e.Revision == 0 {
			e.Data = []byte(`{"sku":"mug","quantity":99,"reference":"PO-1"}`)
		}
	}}
	r := c.audit(views(t, from))
	c.finds(r, 8, "declined", "out_of_stock")
	c.finds(r, 8, "", "stock main/mug")
	if len(r.Violations) != 2 {
		t.Errorf("%d violations:\n%s", len(r.Violations), text(t, r))
	}
}

func TestAnOrderThatOnlyTheReadModelsHaveIsFound(t *testing.T) {
	c := newCheckout(t)
	c.place("kept", 1, "visa")
	before := c.sources().Stores[sagas.Order]
	gone := newCheckout(t)
	gone.stores = map[string]*eventstore.Memory{}
	for name, store := range c.stores {
		gone.stores[name] = store
	}
	gone.stores[sagas.Order] = eventstore.NewMemory()
	for e, err := range before.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		gone.raw(e.Stream, e.Draft)
	}
	gone.raw("order-gone", draft(uuid.New(), uuid.Nil, "gone", placed("gone", 1, "visa")))
	r := c.audit(views(t, Reader(gone.sources().Stores)))
	c.finds(r, 9, "gone", "in no store")
	c.finds(r, 8, "gone", "should not be there")
}

func TestReadModelsThatStandStillAreFound(t *testing.T) {
	c := newCheckout(t)
	v, err := projections.Open(filepath.Join(t.TempDir(), "views.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	c.raw("product-jug", eventstore.Draft{ID: uuid.New(), Type: catalog.Listed{}.EventType(), Data: []byte(`{"name": 1}`)})
	if err := v.Run(t.Context(), Reader(c.sources().Stores)); err == nil {
		t.Fatal("the views folded an event that cannot be read")
	}
	c.finds(c.audit(func(s *Sources) { s.Views = v }), 8, "", "views stopped at event 2 of catalog")
}
