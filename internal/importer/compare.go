package importer

import (
	"context"
	"fmt"
	"time"

	"github.com/ordersaga/ordersaga/internal/client"
)

// compare reads the import's orders from the read models, waits until no money of theirs is held any more, and adds them
// up beside what the file says.
func (i *importing) compare(ctx context.Context) error {
	views, err := i.views(ctx)
	if err != nil {
		return err
	}
	if err := i.settle(ctx, views); err != nil {
		return err
	}
	for id, view := range views {
		i.summary.count(i.known.order(id), view)
	}
	i.summary.compared = true
	return nil
}

// views reads the orders of this import, newest first, until it has them all. The read models may lag: an order that is
// not listed yet is asked for by its id.
func (i *importing) views(ctx context.Context) (map[string]client.Order, error) {
	wanted := i.known.size()
	views := make(map[string]client.Order, wanted)
	if wanted == 0 {
		return views, nil
	}
	for view, err := range i.Client.Orders(ctx, client.Filter{}) {
		if err != nil {
			return nil, fmt.Errorf("list the orders: %w", err)
		}
		if i.known.order(view.ID) == nil {
			continue
		}
		if views[view.ID] = view; len(views) == wanted {
			break
		}
	}
	for _, id := range i.known.ids() {
		if _, listed := views[id]; !listed {
			views[id] = client.Order{ID: id}
		}
	}
	return views, nil
}

// settle asks again for the orders whose money moves, until none is left or patience ends. What is unsettled then stays
// as it is and disagrees.
func (i *importing) settle(ctx context.Context, views map[string]client.Order) error {
	wait := 20 * time.Millisecond
	for until := time.Now().Add(i.Patience); ; wait = min(2*wait, time.Second) {
		moving := false
		for id, view := range views {
			if view.Settled() {
				continue
			}
			view, err := i.Client.Order(ctx, id)
			if err != nil {
				return fmt.Errorf("read order %s: %w", id, err)
			}
			views[id] = view
			moving = moving || !view.Settled()
		}
		if !moving || time.Now().After(until) {
			return nil
		}
		if !client.Pause(ctx, wait) {
			return ctx.Err()
		}
	}
}
