package importer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ordersaga/ordersaga/internal/client"
)

// place places the orders in the order of the file, many at a time. An order that the server refuses is listed with all
// its lines; anything else that goes wrong stops the import.
func (i *importing) place(ctx context.Context, cut time.Time) error {
	bar := i.bar("orders placed", len(i.plan.Orders))
	defer bar.done()
	var mu sync.Mutex
	return inOrder(ctx, len(i.plan.Orders), i.Concurrency, func(ctx context.Context, k int) error {
		o := &i.plan.Orders[k]
		placed, err := i.Client.PlaceOrder(ctx, o.Key, o.Body)
		mu.Lock()
		defer mu.Unlock()
		var refused *client.Problem
		switch {
		case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError:
			i.refused(o, refused)
		case err != nil:
			return fmt.Errorf("place invoice %s: %w", o.Invoice, err)
		case placed.PlacedAt.After(cut):
			i.summary.Placed.New++
			i.known.placed(placed, o)
		default:
			i.summary.Placed.AlreadyThere++
			i.known.placed(placed, o)
		}
		bar.add()
		return nil
	})
}

func (i *importing) refused(o *Order, why *client.Problem) {
	i.summary.Placed.Refused++
	for _, s := range o.Lines {
		i.plan.Listed = append(i.plan.Listed, Listed{
			Line: s.Line, Invoice: o.Invoice, StockCode: s.StockCode, Reason: Refused, Detail: why.Reason(), Amount: s.Amount,
		})
	}
}
