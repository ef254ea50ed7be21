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
	"pgregory.net/rapid"

	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// step lets one source yield its next events, beginning with some that it had yielded before.
type step struct {
	source      string
	events, old int
}

// conducted yields a history's events in the order of its steps over all sources. After the last step it does as end
// says.
type conducted struct {
	*history
	mu    sync.Mutex
	steps []step
	turn  chan struct{} // closed when a step was taken
	end   func()
}

func (c *conducted) Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error] {
	return func(yield func(bus.Run, error) bool) {
		for {
			s, ok := c.await(ctx, source)
			if !ok {
				return
			}
			all, _ := c.after(source, 0)
			first, last := after-min(after, uint64(s.old)), min(after+uint64(s.events), uint64(len(all)))
			if first < last && !yield(bus.Run{Source: source, Events: all[first:last]}, nil) {
				return
			}
			after = max(after, last)
			c.taken()
		}
	}
}

// await waits until the next step is the source's; false: there is none any more.
func (c *conducted) await(ctx context.Context, source string) (step, bool) {
	for {
		c.mu.Lock()
		if len(c.steps) == 0 {
			c.mu.Unlock()
			return step{}, false
		}
		if s := c.steps[0]; s.source == source {
			c.mu.Unlock()
			return s, true
		}
		turn := c.turn
		c.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			return step{}, false
		}
	}
}

func (c *conducted) taken() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = c.steps[1:]
	close(c.turn)
	c.turn = make(chan struct{})
	if len(c.steps) == 0 {
		c.end()
	}
}

// endings are ways in which an order may go.
var endings = []func(*history, string) *history{
	(*history).placed, (*history).authorized, (*history).booked, (*history).shipped, (*history).captured, (*history).completed,
	func(h *history, id string) *history {
		return h.authorized(id).record("order-"+id, order.Cancelled{Reason: "customer"}).voided(id).released(id)
	},
	func(h *history, id string) *history {
		h.placed(id).record("payment-"+id, payment.Requested{Amount: pounds})
		h.record("stock-main", inventory.Refused{OrderID: id, Shortages: []inventory.Shortage{{SKU: "71053", Requested: 9}}})
		return h.record("order-"+id, order.Rejected{Reason: order.OutOfStock}).record("payment-"+id, payment.Cancelled{})
	},
	func(h *history, id string) *history {
		h.captured(id).record("shipment-"+id, shipping.Returned{Warehouse: "main"}).record("order-"+id, order.Returned{})
		h.record("stock-main", inventory.Restocked{OrderID: id, Items: items})
		return h.record("payment-"+id, payment.RefundStarted{}, payment.RefundFailed{Code: "closed"})
	},
}

// However the sources interleave, wherever batches are cut, whatever is delivered again, and wherever the runner is
// stopped or killed and started again, the rows come out the same, down to the byte.
func TestAnyInterleavingGivesTheSameRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHistory().stocked()
		for i := range rapid.IntRange(1, 4).Draw(rt, "orders") {
			rapid.SampledFrom(endings).Draw(rt, "ending")(h, fmt.Sprintf("o%d", i))
		}
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		want := rebuilt(t, h, filepath.Join(dir, "straight.db"))
		path := filepath.Join(dir, "views.db")
		for range rapid.IntRange(0, 3).Draw(rt, "restarts") {
			runSteps(t, h, path, drawSteps(rt), rapid.Bool().Draw(rt, "killed"), rapid.SampledFrom([]int{1, 1 << 20}).Draw(rt, "cache"))
		}
		if diff := cmp.Diff(want, rebuilt(t, h, path)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func drawSteps(rt *rapid.T) (steps []step) {
	for range rapid.IntRange(1, 12).Draw(rt, "steps") {
		steps = append(steps, step{
			rapid.SampledFrom(sagas.Services).Draw(rt, "source"), rapid.IntRange(0, 6).Draw(rt, "events"), rapid.IntRange(0, 3).Draw(rt, "old"),
		})
	}
	return steps
}

func runSteps(t *testing.T, h *history, path string, steps []step, killed bool, cache int) {
	v, err := Open(path, WithCoalescing(0), WithCache(cache))
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	source := &conducted{history: h, steps: steps, turn: make(chan struct{}), end: func() {}}
	if killed {
		source.end = kill
	}
	if err := v.Run(ctx, source); err != nil && (!killed || !errors.Is(err, context.Canceled)) {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

// rebuilt is the dump of views that have heard the rest of a history.
func rebuilt(t *testing.T, h *history, path string) []string {
	v, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	foldAll(t, v, h)
	return dumpOf(t, v)
}

func TestFoldsDoNotChangeTheRowsTheyAreGiven(t *testing.T) {
	h := newHistory().shipped("o")
	events, _ := h.after(sagas.Inventory, 0)
	fact := func(i int) Fact {
		body, err := decode(events[i].Recorded)
		if err != nil {
			t.Fatal(err)
		}
		return Fact{Event: &events[i], Source: sagas.Inventory, Body: body}
	}
	row := orderRow{Stock: stockSection{Events: make([]EventRef, 0, 8)}} // room that a careless append would share
	row.Stock.Events = append(row.Stock.Events, EventRef{"stock-main", -1})
	first := evolveOrder(row, fact(0))
	evolveOrder(row, fact(1))
	if got := first.Stock.Events[1].Revision; got != events[0].Revision {
		t.Errorf("a later fold of the same row changed what the first one made: %d", got)
	}
}
