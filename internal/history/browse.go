package history

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// Filter says which events are wanted. The zero value wants all.
type Filter struct {
	Stream eventstore.StreamID
	Type   string
}

func (f Filter) wants(r eventstore.Recorded) bool {
	return sagas.ServiceOf(r.Stream.Category()) != "" && (f.Stream == "" || r.Stream == f.Stream) && (f.Type == "" || r.Type == f.Type)
}

// Browse yields what was recorded so far, over all stores in the order of time.
func (s Stores) Browse(ctx context.Context, f Filter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		var heads []*head
		for _, name := range s.names(f) {
			h := &head{}
			events := s[name].All(ctx, 0)
			if f.Stream != "" {
				events = s[name].Read(ctx, f.Stream, eventstore.NoStream)
			}
			h.next, h.stop = iter.Pull2(events)
			defer h.stop()
			heads = append(heads, h)
		}
		for {
			first, err := earliest(heads, f)
			if err != nil {
				yield(Event{}, err)
				return
			}
			if first == nil || !yield(Of(first.event), nil) {
				return
			}
			first.full = false
		}
	}
}

// names are the services whose stores may have what is wanted.
func (s Stores) names(f Filter) []string {
	var names []string
	for name := range s {
		if f.Stream == "" || sagas.ServiceOf(f.Stream.Category()) == name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// head is the next event of one store.
type head struct {
	next  func() (eventstore.Recorded, error, bool)
	stop  func()
	event eventstore.Recorded
	full  bool
	ended bool
}

// earliest fills every head and answers with the one whose event is the oldest, nil where all have ended.
func earliest(heads []*head, f Filter) (*head, error) {
	var first *head
	for _, h := range heads {
		for !h.full && !h.ended {
			recorded, err, ok := h.next()
			switch {
			case !ok:
				h.ended = true
			case err != nil:
				return nil, err
			case f.wants(recorded):
				h.event, h.full = recorded, true
			}
		}
		if h.full && (first == nil || h.event.At.Before(first.event.At)) {
			first = h
		}
	}
	return first, nil
}

// Follow hands over what was and what will be recorded, store by store, until the context ends or hand fails.
func (s Stores) Follow(ctx context.Context, f Filter, hand func(Event) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var one sync.Mutex
	var group sync.WaitGroup
	for _, name := range s.names(f) {
		group.Go(func() {
			for run, err := range s[name].Follow(ctx, 0) {
				if err != nil {
					cancel(err)
					return
				}
				for _, recorded := range run {
					if !f.wants(recorded) {
						continue
					}
					one.Lock()
					err := hand(Of(recorded))
					one.Unlock()
					if err != nil {
						cancel(err)
						return
					}
				}
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
