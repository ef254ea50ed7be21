package importer

import (
	"context"
	"errors"
	"sync"
)

// inOrder does n things, at most so many at a time, begun in their order. It returns the first error, once all that was
// begun has come back; after an error, or the context's end, nothing is begun any more.
func inOrder(ctx context.Context, n, atATime int, do func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(n, atATime) {
		workers.Go(func() {
			for k := range next {
				if err := do(ctx, k); err != nil {
					cancel(err)
				}
			}
		})
	}
	for k := 0; k < n && ctx.Err() == nil; k++ {
		select {
		case next <- k:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	if ctx.Err() == nil {
		return nil
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return ctx.Err()
}
