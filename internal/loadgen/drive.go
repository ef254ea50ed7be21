package loadgen

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/internal/client"
)

// The mix: one order in ten has a card that the provider declines.
const (
	goodCard   = "pm_card_visa"
	badCard    = "pm_card_chargeDeclined"
	declineOne = 10
)

func declined(n int) bool { return n%declineOne == declineOne-1 }

// stock lists the products and receives, for each, enough for a load that asks for nothing else.
func (l *load) stock(ctx context.Context) error {
	var next atomic.Int64
	failed := make(chan error, l.Concurrency)
	for range l.Concurrency {
		go func() {
			for k := int(next.Add(1)) - 1; k < l.Products; k = int(next.Add(1)) - 1 {
				if err := l.stockOne(ctx, sku(k)); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var first error
	for range l.Concurrency {
		if err := <-failed; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (l *load) stockOne(ctx context.Context, sku string) error {
	if _, err := l.client.PutProduct(ctx, client.Product{SKU: sku, Name: "Bench product " + sku, UnitPrice: price, Currency: "GBP"}); err != nil {
		return fmt.Errorf("list product %s: %w", sku, err)
	}
	_, err := l.client.Receive(ctx, client.Receipt{SKU: sku, Quantity: int64(l.Orders+l.Warmup) * 2 * quantity, Reference: "bench-" + l.run})
	if err != nil {
		return fmt.Errorf("receive stock of %s: %w", sku, err)
	}
	return nil
}

// What a line asks for.
const (
	price    = 255
	quantity = 2
)

func sku(k int) string { return "BENCH-" + strconv.Itoa(k) }

// bodies are the requests, written once: two lines over neighbouring products, with either card.
func (l *load) bodies() (good, bad [][]byte) {
	for k := range l.Products {
		order := client.NewOrder{
			CustomerID: "bench-" + strconv.Itoa(k), Currency: "GBP", PaymentMethod: goodCard, ShippingCharge: 495,
			Lines: []client.NewLine{
				{SKU: sku(k), Quantity: quantity, UnitPrice: price}, {SKU: sku((k + 1) % l.Products), Quantity: 1, UnitPrice: price},
			},
			ShipTo: client.Address{Name: "A. Bench", Line1: "1 High Street", City: "London", Postcode: "N1 1AA", Country: "GB"},
		}
		good = append(good, written(order))
		order.PaymentMethod = badCard
		bad = append(bad, written(order))
	}
	return good, bad
}

func written(order client.NewOrder) []byte {
	body, _ := json.Marshal(order) // texts and numbers can always be written
	return body
}

// result is what became of one order.
type result struct {
	answered, ended time.Duration
	status          string
	err             error
}

// drive places n orders, as many at a time as there are workers, and returns once each has ended or failed, or the
// context has. Results, where wanted, has room for n.
func (l *load) drive(ctx context.Context, n int, results []result) {
	good, bad := l.bodies()
	var next atomic.Int64
	var workers sync.WaitGroup
	first := l.placed
	for range min(l.Concurrency, n) {
		workers.Go(func() {
			w := worker{load: l, arrivals: make(chan arrival, 1), timer: time.NewTimer(l.Timeout)}
			defer w.timer.Stop()
			for k := int(next.Add(1)) - 1; k < n && ctx.Err() == nil; k = int(next.Add(1)) - 1 {
				bodies := good
				if declined(k) {
					bodies = bad
				}
				r := w.one(ctx, "bench-"+l.run+"-"+strconv.Itoa(first+k), bodies[k%l.Products], declined(k))
				if results != nil {
					results[k] = r
				}
			}
		})
	}
	workers.Wait()
	l.placed += n
}

// worker has one order under way at a time.
type worker struct {
	*load
	arrivals chan arrival
	timer    *time.Timer
}

// one places an order and waits for its end.
func (w *worker) one(ctx context.Context, key string, body []byte, declined bool) (r result) {
	began := time.Now()
	id, err := w.client.PlaceRaw(ctx, key, body)
	if err != nil {
		return result{err: err}
	}
	r.answered = time.Since(began)
	w.ends.await(id, w.arrivals)
	w.timer.Reset(w.Timeout - r.answered)
	select {
	case end := <-w.arrivals:
		r.ended, r.status = end.at.Sub(began), end.Status
		if (end.Status == "completed") == declined {
			r.err = fmt.Errorf("%w: %s is %s %s", errOtherwise, id, end.Status, end.Reason)
		}
		return r
	case <-w.timer.C:
		r.err = fmt.Errorf("%w of %s: %s", errNotEnded, w.Timeout, id)
	case <-ctx.Done():
		r.err = ctx.Err()
	}
	w.ends.forget(id)
	select {
	case <-w.arrivals: // came too late; the next order's end must find room
	default:
	}
	return r
}
