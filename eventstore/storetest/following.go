package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ordersaga/ordersaga/eventstore"
)

var following = []story{
	{"FollowHandsOverFromHistoryToLive", func(t *testing.T, s eventstore.Store) {
		first := mustAppend(t, s, "order-1", eventstore.NoStream, "a", "b")
		next := follow(t, s, first.Position-1)
		wantEqual(t, next().ID, Draft("b").ID)
		for i := range 20 {
			name := fmt.Sprint("live ", i)
			mustAppend(t, s, "order-2", eventstore.Any, name)
			wantEqual(t, next().ID, Draft(name).ID)
		}
	}},
	{"FollowWaitsOnAnEmptyStore", func(t *testing.T, s eventstore.Store) {
		next := follow(t, s, 0)
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		e := next()
		wantEvents(t, []eventstore.Recorded{e}, "a")
		wantEqual(t, e, streamOf(t, s, "order-1")[0])
	}},
	{"ARunIsWhatIsWaiting", func(t *testing.T, s eventstore.Store) {
		for i := range 10 {
			mustSucceed(t, s.Append(within(t), "order-1", eventstore.Any, numbered(fmt.Sprint("part ", i), 20)...))
		}
		for run, err := range s.Follow(within(t), 0) {
			if err != nil || len(run) < 2 {
				t.Fatalf("200 events are waiting, a run has %d (error %v)", len(run), err)
			}
			break
		}
	}},
	{"FollowEndsWithItsContext", func(t *testing.T, s eventstore.Store) {
		mustAppend(t, s, "order-1", eventstore.NoStream, "a")
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		var last error
		for run, err := range s.Follow(ctx, 0) {
			if last = err; err == nil {
				wantEqual(t, len(run), 1)
				cancel()
			}
		}
		wantError(t, last, context.Canceled)
		wantError(t, lastError(t, s.Follow(ctx, 0)), context.Canceled)
	}},
	{"FollowersSeeEveryEventOnceWhileManyWrite", followWhileWriting},
}

// follow yields a function that waits for the next event.
func follow(t *testing.T, s eventstore.Store, after eventstore.Position) (next func() eventstore.Recorded) {
	ctx, cancel := context.WithCancel(within(t))
	events := make(chan eventstore.Recorded)
	var wg sync.WaitGroup
	wg.Go(func() {
		for run, err := range s.Follow(ctx, after) {
			if err != nil {
				if ctx.Err() == nil && !errors.Is(err, eventstore.ErrClosed) {
					t.Errorf("follow: %v", err)
				}
				return
			}
			for _, e := range run {
				select {
				case events <- e:
				case <-ctx.Done():
					return
				}
			}
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return func() eventstore.Recorded {
		t.Helper()
		select {
		case e := <-events:
			return e
		case <-ctx.Done():
			t.Fatal("the follower saw nothing more")
			return eventstore.Recorded{}
		}
	}
}

func followWhileWriting(t *testing.T, s eventstore.Store) {
	const writers, appends, size, followers = 12, 30, 2, 4
	const total = writers * appends * size
	ctx := within(t)
	var written, late sync.WaitGroup
	var acknowledged atomic.Uint64 // the highest position that a writer was told of
	halfway := make(chan struct{})
	for w := range writers {
		written.Go(func() {
			stream := eventstore.NewStreamID("order", fmt.Sprint(w))
			for i := range appends {
				if i == appends/2 && w == 0 {
					close(halfway)
				}
				result := s.Append(ctx, stream, eventstore.Revision(i*size-1), numbered(fmt.Sprintf("%d of %d", i, w), size)...)
				if result.Err != nil {
					t.Errorf("writer %d: %v", w, result.Err)
					return
				}
				for p := acknowledged.Load(); p < uint64(result.Position) && !acknowledged.CompareAndSwap(p, uint64(result.Position)); {
					p = acknowledged.Load()
				}
				// What was acknowledged is there for everyone.
				if seen, err := first(s.ReadBackwards(ctx, stream)); err != nil || seen.Revision < result.Revision {
					t.Errorf("writer %d: acknowledged at %v, the stream ends at %v (error %v)", w, result.Revision, seen.Revision, err)
				}
			}
		})
	}
	seen := make([][]eventstore.Recorded, followers)
	for f := range followers {
		late.Go(func() {
			if f%2 == 1 {
				<-halfway // these catch up first
			}
			for run, err := range s.Follow(ctx, 0) {
				if err != nil || len(run) == 0 {
					t.Errorf("follower %d: a run of %d, error %v", f, len(run), err)
					return
				}
				if seen[f] = append(seen[f], run...); len(seen[f]) >= total {
					return
				}
			}
		})
	}
	written.Wait()
	late.Wait()
	all := collect(t, s.All(ctx, 0))
	wantGrowing(t, all)
	wantEqual(t, len(all), total)
	wantEqual(t, uint64(all[total-1].Position), acknowledged.Load())
	for f := range followers {
		if !slices.EqualFunc(seen[f], all, func(a, b eventstore.Recorded) bool {
			return a.Position == b.Position && a.ID == b.ID && a.Stream == b.Stream && a.Revision == b.Revision
		}) {
			t.Errorf("follower %d saw another history (%d events) than there is (%d)", f, len(seen[f]), total)
		}
	}
}

// first is the first event of a sequence.
func first(events func(func(eventstore.Recorded, error) bool)) (eventstore.Recorded, error) {
	for e, err := range events {
		return e, err
	}
	return eventstore.Recorded{}, errors.New("there is none")
}
