package importer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ordersaga/ordersaga/internal/client"
)

// watch hears of ends from here on, in the background, until the context ends. A stream that breaks off is opened
// again; what it missed in between is found by await.
func (i *importing) watch(ctx context.Context) error {
	ends, err := i.Client.WatchEnds(ctx)
	if err != nil {
		return fmt.Errorf("watch for orders to end: %w", err)
	}
	i.watcher.Go(func() {
		for ctx.Err() == nil {
			if ends != nil {
				for end, err := range ends {
					if err == nil {
						i.known.end(end.ID)
					}
				}
			}
			if !client.Pause(ctx, 500*time.Millisecond) {
				return
			}
			ends, _ = i.Client.WatchEnds(ctx)
		}
	})
	return nil
}

// quiet is after how long without an end the open orders are asked for theirs.
const quiet = 3 * time.Second

// await returns once every order has ended. It hears of the ends; only when it has heard of none for a while does it
// ask, because a stream may have broken off and an order that needs a person does not end.
func (i *importing) await(ctx context.Context) error {
	_, open, _ := i.known.progress()
	bar := i.bar("orders ended", i.known.size())
	defer bar.done()
	every := min(quiet, i.Patience/4)
	timer := time.NewTimer(every)
	defer timer.Stop()
	last := time.Now()
	for before := open; ; {
		ended, open, moved := i.known.progress()
		bar.set(ended)
		if open == 0 {
			return nil
		}
		if open < before {
			before, last = open, time.Now()
			timer.Reset(every)
		}
		select {
		case <-moved:
			continue
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		timer.Reset(every)
		if err := i.ask(ctx); err != nil {
			return err
		}
		if _, now, _ := i.known.progress(); now == before && time.Since(last) > i.Patience {
			return i.notEnded()
		}
	}
}

// ask asks each open order whether it has ended.
func (i *importing) ask(ctx context.Context) error {
	open := i.known.stillOpen()
	return inOrder(ctx, len(open), i.Concurrency, func(ctx context.Context, k int) error {
		order, err := i.Client.Order(ctx, open[k])
		if err != nil {
			return fmt.Errorf("ask for order %s: %w", open[k], err)
		}
		if order.Ended() {
			i.known.end(order.ID)
		}
		return nil
	})
}

func (i *importing) notEnded() error {
	open := i.known.stillOpen()
	i.summary.NotEnded = len(open)
	shown := open[:min(len(open), 5)]
	return fmt.Errorf("%d %w, and none did for %s: %s…; `ordersaga trace ORDER` shows what they wait for, `ordersaga parked` what is stuck",
		len(open), ErrNotEnded, i.Patience, strings.Join(shown, ", "))
}
