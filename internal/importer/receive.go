package importer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/ordersaga/ordersaga/internal/client"
)

// receive lists each product and takes its goods in.
//
// The reference of the goods is the file's, without the factor. So what was received once is not received again, even
// with another factor: such a receipt is refused, which is counted and said.
func (i *importing) receive(ctx context.Context) error {
	bar := i.bar("products and stock", len(i.plan.Products))
	defer bar.done()
	reference := "online-retail-" + i.plan.Fingerprint
	var mu sync.Mutex
	return inOrder(ctx, len(i.plan.Products), i.Concurrency, func(ctx context.Context, k int) error {
		p := i.plan.Products[k]
		if _, err := i.Client.PutProduct(ctx, p); err != nil {
			return fmt.Errorf("list product %s: %w", p.SKU, err)
		}
		got, err := i.receiveOne(ctx, client.Receipt{SKU: p.SKU, Quantity: portion(i.plan.Demand[p.SKU], i.StockFactor), Reference: reference})
		if err != nil {
			return fmt.Errorf("receive stock of %s: %w", p.SKU, err)
		}
		mu.Lock()
		defer mu.Unlock()
		i.summary.Products++
		i.summary.Receipts.add(got)
		bar.add()
		return nil
	})
}

func (i *importing) receiveOne(ctx context.Context, r client.Receipt) (Receipts, error) {
	if r.Quantity == 0 {
		return Receipts{Nothing: 1}, nil
	}
	level, err := i.Client.Receive(ctx, r)
	var refused *client.Problem
	switch {
	case errors.As(err, &refused) && refused.Names("reference"):
		return Receipts{OtherFactor: 1}, nil
	case err != nil:
		return Receipts{}, err
	case level.New:
		return Receipts{New: 1, Units: r.Quantity}, nil
	}
	return Receipts{AlreadyThere: 1}, nil
}

// portion is a factor of a demand, rounded down; the nudge keeps 0.29 of 100 at 29.
func portion(demand int64, factor float64) int64 {
	return int64(math.Floor(float64(demand)*factor + 1e-6))
}
