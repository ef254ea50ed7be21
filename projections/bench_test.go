//go:build unix

package projections

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// paced is a system under load: 150 orders are placed in a slice of 50 ms, each is booked within two slices, dispatched
// two seconds later and delivered two seconds after that. A slice is yielded when the one before it is in the views, so
// that no more is written at once than under that load.
type paced struct {
	slices []map[string][]bus.Event
	views  *Views
}

func (p *paced) Read(ctx context.Context, source string, _ uint64) iter.Seq2[bus.Run, error] {
	return func(yield func(bus.Run, error) bool) {
		for i, slice := range p.slices {
			if i > 0 {
				for _, s := range sagas.Services {
					if events := p.slices[i-1][s]; len(events) > 0 {
						if err := p.views.Wait(ctx, s, events[len(events)-1].Position); err != nil {
							yield(bus.Run{}, err)
							return
						}
					}
				}
			}
			if events := slice[source]; len(events) > 0 && !yield(bus.Run{Source: source, Events: events}, nil) {
				return
			}
		}
	}
}

const (
	ordersASlice   = 150
	slicesOfFlight = 40
	eventsAnOrder  = 16
)

// loadOf spreads the events of some orders over slices.
func loadOf(orders int) (slices []map[string][]bus.Event) {
	h := newHistory()
	ids := make([]string, orders)
	for i := range ids {
		ids[i] = uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)).String()
	}
	placed := (orders + ordersASlice - 1) / ordersASlice
	taken := map[string]int{}
	for s := range placed + 2*slicesOfFlight + 3 {
		h.placings(of(ids, s))
		h.bookings(of(ids, s-1))
		h.dispatches(of(ids, s-slicesOfFlight))
		h.captures(of(ids, s-slicesOfFlight-1))
		h.deliveries(of(ids, s-2*slicesOfFlight))
		slice := map[string][]bus.Event{}
		for source, events := range h.events {
			slice[source] = events[taken[source]:]
			taken[source] = len(events)
		}
		slices = append(slices, slice)
	}
	return slices
}

func of(ids []string, slice int) []string {
	if slice < 0 {
		return nil
	}
	return ids[min(slice*ordersASlice, len(ids)):min((slice+1)*ordersASlice, len(ids))]
}

func (h *history) placings(ids []string) {
	for _, id := range ids {
		h.record("order-"+id, placedFact)
		h.record("payment-"+id, payment.Requested{Amount: pounds, Method: "pm_card_visa"})
		h.record("stock-main", inventory.Reserved{OrderID: id, Items: items})
		h.record("payment-"+id, payment.AuthorizationStarted{Amount: pounds})
	}
}

func (h *history) bookings(ids []string) {
	for _, id := range ids {
		h.record("payment-"+id, payment.Authorized{Charge: "ch_1", Amount: pounds})
		h.record("order-"+id, order.Confirmed{Warehouse: "main", ShipTo: placedFact.ShipTo, Lines: placedFact.Lines})
		h.record("shipment-"+id, shipping.Prepared{Warehouse: "main"}, shipping.Booked{Booking: "B1", Tracking: "T1"})
	}
}

func (h *history) dispatches(ids []string) {
	for _, id := range ids {
		h.record("shipment-"+id, shipping.Dispatched{Tracking: "T1"})
		h.record("stock-main", inventory.Shipped{OrderID: id, Items: items})
		h.record("payment-"+id, payment.CaptureStarted{Charge: "ch_1", Amount: pounds})
	}
}

func (h *history) captures(ids []string) {
	for _, id := range ids {
		h.record("payment-"+id, payment.Captured{Amount: pounds})
		h.record("order-"+id, order.Paid{})
	}
}

func (h *history) deliveries(ids []string) {
	for _, id := range ids {
		h.record("shipment-"+id, shipping.Delivered{})
		h.record("order-"+id, []domain.Event{order.Delivered{}, order.Completed{}}...)
	}
}

// BenchmarkLoad tells what an order costs under the load that paced makes; an iteration is one order. The CPU is the
// whole process's, syncs of checkpoints included.
func BenchmarkLoad(b *testing.B) {
	source := &paced{slices: loadOf(b.N)}
	v := opened(b, filepath.Join(b.TempDir(), "views.db"), WithCoalescing(2*time.Millisecond))
	source.views = v
	b.ResetTimer()
	before := cpu(b)
	if err := v.Run(b.Context(), source); err != nil {
		b.Fatal(err)
	}
	used := cpu(b) - before
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/order")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N)/eventsAnOrder, "cpu-µs/event")
}

// BenchmarkRebuild folds a long history as fast as it goes.
func BenchmarkRebuild(b *testing.B) {
	h := newHistory()
	for i := range b.N {
		h.completed(uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)).String())
	}
	h.ends, h.size = true, 256
	v := opened(b, filepath.Join(b.TempDir(), "views.db"))
	b.ResetTimer()
	before := cpu(b)
	if err := v.Run(b.Context(), h); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N)/eventsAnOrder, "cpu-µs/event")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/eventsAnOrder, "µs/event")
}

func cpu(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
