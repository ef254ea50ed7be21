package audit

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// manyOrders copies one completed order many times, each with ids of its own.
func manyOrders(tb testing.TB, orders int) (map[string]eventstore.Store, int) {
	x := copier{numbers: map[uuid.UUID]uint64{}, counts: map[string]uint64{}, stores: map[string]eventstore.Store{}}
	for _, name := range sagas.Services {
		x.stores[name] = eventstore.NewMemory()
	}
	return x.stores, x.fill(tb, newCheckout(tb), orders)
}

// copier writes events again under other ids.
type copier struct {
	stores  map[string]eventstore.Store
	numbers map[uuid.UUID]uint64 // of each event among its source's
	counts  map[string]uint64
}

func (x *copier) fill(tb testing.TB, c *checkout, orders int) (events int) {
	c.place("template", 1, "visa")
	c.word("template", sagas.BookingDelivered)
	var history []eventstore.Recorded
	for _, name := range sagas.Services {
		history = append(history, c.events(name)...)
	}
	slices.SortStableFunc(history, func(a, b eventstore.Recorded) int { return a.At.Compare(b.At) })
	for i := range orders {
		ids := map[uuid.UUID]uuid.UUID{}
		for _, e := range history {
			if e.Metadata.Correlation == "" && i > 0 {
				continue
			}
			x.copy(tb, e, strconv.Itoa(i), ids, int64(orders))
			events++
		}
	}
	return events
}

func (x *copier) copy(tb testing.TB, e eventstore.Recorded, order string, ids map[uuid.UUID]uuid.UUID, orders int64) {
	source := sagas.ServiceOf(e.Stream.Category())
	d := e.Draft
	d.ID, d.Metadata.Causation = uuid.New(), ids[e.Metadata.Causation]
	for _, row := range emitters[e.Type] {
		for i := range 3 {
			if sagas.EventID(e.Metadata.Causation, row, e.Type, i) == e.ID {
				d.ID = sagas.EventID(d.Metadata.Causation, row, e.Type, i)
			}
		}
	}
	ids[e.ID] = d.ID
	body, err := sagas.Events.Decode(e)
	if err != nil {
		tb.Fatal(err)
	}
	heard := inventory.Heard{Number: x.numbers[d.Metadata.Causation]}
	switch body := body.(type) {
	case inventory.Received:
		body.Quantity = orders
		d.Data, _ = eventstore.Encode(body)
	case inventory.Reserved:
		heard.Source, body.OrderID = body.Heard.Source, order
		body.Heard = heard
		d.Data, _ = eventstore.Encode(body)
	case inventory.Shipped:
		heard.Source, body.OrderID = body.Heard.Source, order
		body.Heard = heard
		d.Data, _ = eventstore.Encode(body)
	}
	if d.Metadata.Correlation != "" {
		d.Metadata.Correlation = order
	}
	stream := eventstore.StreamID(strings.Replace(string(e.Stream), "template", order, 1))
	if r := x.stores[source].Append(tb.Context(), stream, eventstore.Any, d); r.Err != nil {
		tb.Fatal(r.Err)
	}
	x.counts[source]++
	x.numbers[d.ID] = x.counts[source]
}

func TestManyOrdersAreClean(t *testing.T) {
	stores, events := manyOrders(t, 300)
	r, err := Run(t.Context(), Sources{Stores: stores, Bound: bound})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Clean() || r.Orders != 300 || r.Events != events {
		t.Errorf("%d events written:\n%.2000s", events, text(t, r))
	}
}
