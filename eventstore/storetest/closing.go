package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ordersaga/ordersaga/eventstore"
)

var closing = []story{
	{"AClosedStoreSaysSo", func(t *testing.T, s eventstore.Store) {
		ctx := within(t)
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, s.Append(ctx, "order-1", eventstore.Any, Draft("b")).Err, eventstore.ErrClosed)
		wantError(t, s.AppendMany(ctx, []eventstore.Append{{Stream: ""}})[0].Err, eventstore.ErrClosed)
		wantError(t, lastError(t, s.Read(ctx, "order-1", eventstore.NoStream)), eventstore.ErrClosed)
		wantError(t, lastError(t, s.ReadBackwards(ctx, "order-1")), eventstore.ErrClosed)
		wantError(t, lastError(t, s.All(ctx, 0)), eventstore.ErrClosed)
		wantError(t, lastError(t, s.All(ctx, 1)), eventstore.ErrClosed)
		wantError(t, lastError(t, s.Follow(ctx, 0)), eventstore.ErrClosed)
	}},
	{"CloseReleasesFollowers", func(t *testing.T, s eventstore.Store) {
		ended := make(chan error)
		ready := make(chan struct{})
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		go func() {
			for _, err := range s.Follow(within(t), 0) {
				if err != nil {
					ended <- err
					return
				}
				close(ready)
			}
		}()
		<-ready
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wantError(t, <-ended, eventstore.ErrClosed)
	}},
	{"CloseInTheMiddleOfReading", func(t *testing.T, s eventstore.Store) {
		for i := range 20 {
			mustSucceed(t, s.Append(within(t), "order-1", eventstore.Any, numbered(fmt.Sprint("part ", i), 100)...))
		}
		var last error
		for _, err := range s.All(within(t), 0) {
			if last = err; err == nil {
				s.Close() // a consumer that closes must not wait for itself
			}
		}
		if last != nil && !errors.Is(last, eventstore.ErrClosed) {
			t.Fatal(last)
		}
	}},
	{"CloseWaitsForAppendsUnderWay", func(t *testing.T, s eventstore.Store) {
		results := make(chan eventstore.Result)
		const writers = 30
		for w := range writers {
			go func() {
				var result eventstore.Result
				for i := 0; result.Err == nil; i++ {
					result = s.Append(within(t), eventstore.NewStreamID("order", fmt.Sprint(w)), eventstore.Revision(i-1), Draft(fmt.Sprint(w, " ", i)))
				}
				results <- result
			}()
		}
		mustAppend(t, s, "order-a", eventstore.NoStream, "a")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for range writers {
			wantError(t, (<-results).Err, eventstore.ErrClosed)
		}
	}},
}
