package inventory_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/inventory"
)

var (
	skus   = []string{"heart", "lamp", "rug"}
	orders = []string{"o-1", "o-2", "o-3", "o-4"}
)

// count is one SKU's account, kept from the events alone.
type count struct{ received, adjusted, restocked, shipped, reserved int64 }

// warehouse runs commands and keeps the books beside the state.
type warehouse struct {
	state  inventory.State
	books  map[string]*count
	heard  map[string]uint64
	played []inventory.Command // triggers that were accepted and recorded something
}

func newWarehouse() *warehouse {
	w := &warehouse{state: inventory.Entity.Initial(), books: map[string]*count{}, heard: map[string]uint64{}}
	for _, sku := range skus {
		w.books[sku] = &count{}
	}
	return w
}

func (w *warehouse) decide(t *rapid.T, command inventory.Command) {
	before := w.state
	next, events, err := domaintest.Decide(t, inventory.Entity, w.state, command)
	if err != nil {
		return
	}
	w.state = next
	for _, event := range events {
		w.book(t, before, event)
	}
	if len(events) > 0 {
		w.played = append(w.played, command)
	}
}

func (w *warehouse) book(t *rapid.T, before inventory.State, event inventory.Event) {
	add := func(items []inventory.Item, field func(*count) *int64, sign int64) {
		for _, item := range items {
			*field(w.books[item.SKU]) += sign * item.Quantity
		}
	}
	reserved := func(c *count) *int64 { return &c.reserved }
	shipped := func(c *count) *int64 { return &c.shipped }
	restocked := func(c *count) *int64 { return &c.restocked }
	switch e := event.(type) {
	case inventory.Received:
		w.books[e.SKU].received += e.Quantity
	case inventory.Adjusted:
		w.books[e.SKU].adjusted += e.Delta
	case inventory.Reserved:
		add(e.Items, reserved, 1)
	case inventory.Released:
		add(e.Items, reserved, -1)
	case inventory.Shipped:
		add(e.Items, reserved, -1)
		add(e.Items, shipped, 1)
	case inventory.Restocked:
		add(e.Items, restocked, 1)
	case inventory.Refused:
		if len(e.Shortages) == 0 {
			t.Fatalf("refused without a reason: %+v", e)
		}
		for _, short := range e.Shortages {
			if available := before.Level(short.SKU).Available(); short.Available != available || short.Requested <= available {
				t.Fatalf("refused, and %d are available: %+v", available, short)
			}
		}
	}
}

// check compares the state with the books.
func (w *warehouse) check(t *rapid.T) {
	for _, sku := range skus {
		level, c := w.state.Level(sku), w.books[sku]
		if want := c.received + c.adjusted + c.restocked - c.shipped; level.OnHand != want {
			t.Fatalf("%s: %d on hand, the books say %d: %+v", sku, level.OnHand, want, c)
		}
		if level.Reserved < 0 || level.Reserved > level.OnHand || level.Reserved != c.reserved {
			t.Fatalf("%s: %+v, the books say %+v", sku, level, c)
		}
		var open int64
		for _, order := range orders {
			for _, item := range w.state.Open(order) {
				if item.SKU == sku {
					open += item.Quantity
				}
			}
		}
		if open != level.Reserved {
			t.Fatalf("%s: %d reserved, %d in open promises", sku, level.Reserved, open)
		}
	}
}

// hear is the next trigger of a source, or now and then one that was heard before.
func (w *warehouse) hear(t *rapid.T, source string) inventory.Heard {
	if last := w.heard[source]; last > 0 && rapid.IntRange(0, 4).Draw(t, "again") == 0 {
		return inventory.Heard{Source: source, Number: rapid.Uint64Range(1, last).Draw(t, "number")}
	}
	w.heard[source]++
	return inventory.Heard{Source: source, Number: w.heard[source]}
}

// drawQuantity is one that can be, or now and then one that cannot.
func drawQuantity(t *rapid.T, most int64) int64 {
	if rapid.IntRange(0, 19).Draw(t, "absurd") == 0 {
		return rapid.Int64Range(-most, 0).Draw(t, "quantity")
	}
	return rapid.Int64Range(1, most).Draw(t, "quantity")
}

// drawItems may name a SKU several times.
func drawItems(t *rapid.T) []inventory.Item {
	count := rapid.IntRange(1, len(skus)).Draw(t, "lines")
	var items []inventory.Item
	for range count {
		items = append(items, inventory.Item{SKU: rapid.SampledFrom(skus).Draw(t, "sku"), Quantity: drawQuantity(t, 12)})
	}
	return items
}

// For any sequence of commands the stock is conserved and never promised twice, a command that is given again decides
// nothing, and a restart from a snapshot in between makes no difference.
func TestAnySequenceOfCommandsConservesStock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWarehouse()
		sku := func(t *rapid.T) string { return rapid.SampledFrom(skus).Draw(t, "sku") }
		order := func(t *rapid.T) string { return rapid.SampledFrom(orders).Draw(t, "order") }
		reference := func(t *rapid.T) string { return fmt.Sprint("R-", rapid.IntRange(1, 6).Draw(t, "reference")) }
		t.Repeat(map[string]func(*rapid.T){
			"": w.check,
			"receive": func(t *rapid.T) {
				w.decide(t, inventory.Receive{Received: inventory.Received{
					SKU: sku(t), Quantity: drawQuantity(t, 40), Reference: reference(t),
				}})
			},
			"adjust": func(t *rapid.T) {
				w.decide(t, inventory.Adjust{Adjusted: inventory.Adjusted{
					SKU: sku(t), Delta: rapid.Int64Range(-30, 30).Draw(t, "delta"), Reference: reference(t),
				}})
			},
			"reserve": func(t *rapid.T) {
				w.decide(t, inventory.Reserve{OrderID: order(t), Items: drawItems(t), Heard: w.hear(t, "order")})
			},
			"release": func(t *rapid.T) { w.decide(t, inventory.Release{OrderID: order(t), Heard: w.hear(t, "order")}) },
			"ship":    func(t *rapid.T) { w.decide(t, inventory.Ship{OrderID: order(t), Heard: w.hear(t, "shipping")}) },
			"restock": func(t *rapid.T) {
				w.decide(t, inventory.Restock{OrderID: order(t), Items: drawItems(t), Heard: w.hear(t, "shipping")})
			},
			"catch up": func(t *rapid.T) { w.decide(t, inventory.CatchUp{Heard: w.hear(t, "order")}) },
			"restart":  func(t *rapid.T) { w.state = written(t, w.state) },
			"repeat": func(t *rapid.T) {
				if len(w.played) == 0 {
					return
				}
				again := rapid.SampledFrom(w.played).Draw(t, "command")
				if events, err := inventory.Entity.Decide(again, w.state); err != nil || len(events) > 0 {
					t.Fatalf("%+v was decided again: %v, %v", again, cmp.Diff([]inventory.Event(nil), events), err)
				}
			},
		})
	})
}
