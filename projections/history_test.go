package projections

import (
	"context"
	"encoding/binary"
	"iter"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// history is what the services have recorded, each in its own store. As a Reader it yields what is there in runs of up
// to size events; then it stays live, or ends where it is told to.
type history struct {
	mu        sync.Mutex
	events    map[string][]bus.Event
	revisions map[eventstore.StreamID]eventstore.Revision
	position  eventstore.Position
	grown     chan struct{}
	size      int
	ends      bool
	asked     map[string]uint64 // the number that each source was read after
}

func newHistory() *history {
	return &history{
		events: map[string][]bus.Event{}, revisions: map[eventstore.StreamID]eventstore.Revision{},
		grown: make(chan struct{}), size: 7, asked: map[string]uint64{},
	}
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// record appends events to a stream, a second after the one before.
func (h *history) record(stream string, events ...domain.Event) *history {
	for _, e := range events {
		data, err := eventstore.Encode(e)
		if err != nil {
			panic(err)
		}
		h.raw(eventstore.StreamID(stream), e.EventType(), data)
	}
	return h
}

func (h *history) raw(stream eventstore.StreamID, eventType string, data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.position++
	source := sagas.ServiceOf(stream.Category())
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], uint64(h.position))
	h.events[source] = append(h.events[source], bus.Event{
		Number: uint64(len(h.events[source]) + 1),
		Recorded: eventstore.Recorded{
			Position: h.position, Stream: stream, Revision: h.revisions[stream], At: epoch.Add(time.Duration(h.position) * time.Second),
			Draft: eventstore.Draft{ID: id, Type: eventType, Data: data},
		},
	})
	h.revisions[stream]++
	close(h.grown)
	h.grown = make(chan struct{})
}

func (h *history) after(source string, number uint64) (events []bus.Event, grown <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.events[source]
	return all[min(number, uint64(len(all))):], h.grown
}

func (h *history) Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error] {
	h.mu.Lock()
	h.asked[source] = after
	h.mu.Unlock()
	return func(yield func(bus.Run, error) bool) {
		for {
			events, grown := h.after(source, after)
			for len(events) > 0 {
				n := min(h.size, len(events))
				if !yield(bus.Run{Source: source, Events: events[:n]}, nil) {
					return
				}
				after, events = events[n-1].Number, events[n:]
			}
			if h.ends {
				return
			}
			select {
			case <-grown:
			case <-ctx.Done():
				yield(bus.Run{}, ctx.Err())
				return
			}
		}
	}
}

// position of the last event of a source.
func (h *history) end(source string) eventstore.Position {
	h.mu.Lock()
	defer h.mu.Unlock()
	events := h.events[source]
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Position
}

// The facts of a small order: two lines of one SKU and one of another, 10.70 GBP in all.
var (
	pounds     = domain.Money{Amount: 1070, Currency: "GBP"}
	placedFact = order.Placed{
		CustomerID: "17850", Email: "a@example.com", Currency: "GBP", PaymentMethod: "pm_card_visa", Warehouse: "main",
		Lines: []order.Line{
			{LineID: "1", SKU: "85123A", Quantity: 2, UnitPrice: 255},
			{LineID: "2", SKU: "71053", Quantity: 1, UnitPrice: 160},
			{LineID: "3", SKU: "85123A", Quantity: 1, UnitPrice: 200},
		},
		ShippingCharge: 250, Discount: 50, Total: 1070,
		ShipTo: order.Address{Name: "A", Line1: "1 Road", City: "Leeds", Postcode: "LS1", Country: "GB"},
	}
	items = []inventory.Item{{SKU: "85123A", Quantity: 3}, {SKU: "71053", Quantity: 1}}
)

func (h *history) stocked() *history {
	h.record("product-85123A", catalog.Listed{Name: "White heart", UnitPrice: domain.Money{Amount: 200, Currency: "GBP"}})
	h.record("product-71053", catalog.Listed{Name: "Lantern", UnitPrice: domain.Money{Amount: 339, Currency: "GBP"}})
	h.record("product-85123A", catalog.Changed{Name: "White hanging heart", UnitPrice: domain.Money{Amount: 255, Currency: "GBP"}})
	return h.record("stock-main",
		inventory.Received{SKU: "85123A", Quantity: 100, Reference: "PO-1"},
		inventory.Received{SKU: "71053", Quantity: 10, Reference: "PO-1"},
		inventory.Adjusted{SKU: "71053", Delta: -2, Reason: "damaged", Reference: "ADJ-1"})
}

func (h *history) placed(id string) *history { return h.record("order-"+id, placedFact) }

func (h *history) authorized(id string) *history {
	h.placed(id)
	h.record("payment-"+id, payment.Requested{Amount: pounds, Method: "pm_card_visa"})
	h.record("stock-main", inventory.Reserved{OrderID: id, Items: items})
	return h.record("payment-"+id, payment.AuthorizationStarted{Amount: pounds}, payment.Authorized{Charge: "ch_1", Amount: pounds})
}

func (h *history) booked(id string) *history {
	h.authorized(id)
	h.record("order-"+id, order.Confirmed{Warehouse: "main"})
	return h.record("shipment-"+id, shipping.Prepared{Warehouse: "main"}, shipping.Booked{Booking: "B1", Tracking: "T1"})
}

func (h *history) shipped(id string) *history {
	h.booked(id)
	h.record("shipment-"+id, shipping.Dispatched{Tracking: "T1"})
	return h.record("stock-main", inventory.Shipped{OrderID: id, Items: items})
}

func (h *history) captured(id string) *history {
	h.shipped(id)
	h.record("payment-"+id, payment.CaptureStarted{Charge: "ch_1", Amount: pounds}, payment.Captured{Amount: pounds})
	return h.record("order-"+id, order.Paid{})
}

func (h *history) completed(id string) *history {
	h.captured(id)
	h.record("shipment-"+id, shipping.Delivered{})
	return h.record("order-"+id, order.Delivered{}, order.Completed{})
}

func (h *history) voided(id string) *history {
	return h.record("payment-"+id, payment.VoidStarted{Charge: "ch_1", Amount: pounds}, payment.Voided{Amount: pounds})
}

func (h *history) released(id string) *history {
	return h.record("stock-main", inventory.Released{OrderID: id, Items: items})
}

// folded opens views on a new file that hold a whole history.
func folded(t testing.TB, h *history) *Views {
	t.Helper()
	v := opened(t, filepath.Join(t.TempDir(), "views.db"))
	foldAll(t, v, h)
	return v
}

func foldAll(t testing.TB, v *Views, h *history) {
	t.Helper()
	h.ends = true
	if err := v.Run(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}

func opened(t testing.TB, path string, options ...Option) *Views {
	t.Helper()
	v, err := Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return v
}

func orderOf(t testing.TB, v *Views, id string) OrderView {
	t.Helper()
	o, found, err := v.Order(t.Context(), id)
	if err != nil || !found {
		t.Fatalf("order %s: found %v, %v", id, found, err)
	}
	return o
}

func dumpOf(t testing.TB, v *Views) (dump []string) {
	t.Helper()
	for row, err := range v.Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		dump = append(dump, row.View+" "+row.Key+" "+string(row.Columns)+" "+string(row.Document))
	}
	return dump
}
