package audit

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// fakeBus holds runs. Like the real one it stays live at its end, and waits where it has a gap.
type fakeBus struct {
	mu     sync.Mutex
	events map[string][]bus.Event
	skips  bool // yields over gaps, as the real one never does
}

func (b *fakeBus) of(source string) []bus.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.events[source]
}

func (b *fakeBus) set(source string, events []bus.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events[source] = events
}

// busOf is a bus that was filled from the stores.
func busOf(c *checkout) *fakeBus {
	b := &fakeBus{events: map[string][]bus.Event{}}
	for _, name := range sagas.Services {
		for i, e := range c.events(name) {
			b.events[name] = append(b.events[name], bus.Event{Number: uint64(i + 1), Recorded: e})
		}
	}
	return b
}

func (b *fakeBus) Head(_ context.Context, source string) (bus.Last, error) {
	if events := b.of(source); len(events) > 0 {
		last := events[len(events)-1]
		return bus.Last{Number: last.Number, ID: last.ID, Position: last.Position}, nil
	}
	return bus.Last{}, nil
}

func (b *fakeBus) Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error] {
	return func(yield func(bus.Run, error) bool) {
		for _, e := range b.of(source) {
			switch {
			case e.Number <= after:
				continue
			case e.Number > after+1 && !b.skips:
				<-ctx.Done()
				yield(bus.Run{}, ctx.Err())
				return
			}
			after = e.Number
			if !yield(bus.Run{Source: source, Events: []bus.Event{e}}, nil) {
				return
			}
		}
		<-ctx.Done()
		yield(bus.Run{}, ctx.Err())
	}
}

func withBus(b Bus) func(*Sources) { return func(s *Sources) { s.Bus = b } }

func TestABusThatHoldsWhatTheStoresHoldIsClean(t *testing.T) {
	c := everyEnd(t)
	r := c.clean(withBus(busOf(c)))
	if r.Checked[7] != r.Events {
		t.Errorf("%d of %d events compared", r.Checked[7], r.Events)
	}
}

func TestTheRealBusIsReadToItsEnd(t *testing.T) {
	c := newCheckout(t)
	c.place("o", 1, "visa")
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, len(sagas.Services))
	for _, name := range sagas.Services {
		go func() { done <- b.Relay(ctx, name, c.stores[name], sagas.Categories(name)...) }()
	}
	for _, name := range sagas.Services {
		for head := (bus.Last{}); head.Number < uint64(len(c.events(name))); {
			if head, err = b.Head(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop()
	for range sagas.Services {
		<-done
	}
	if r := c.clean(withBus(b)); r.Checked[7] != r.Events {
		t.Errorf("%d of %d events compared", r.Checked[7], r.Events)
	}
	c.raw("order-o", draft(uuid.New(), c.find("payment-o", payment.Authorized{}).ID, "o", order.Delivered{}))
	if r := c.audit(withBus(b)); r.Checked[7] != r.Events-1 {
		t.Errorf("an event that is not relayed yet was waited for: %v", r.Checked)
	}
}

func TestWhatTheBusHoldsOtherwiseIsFound(t *testing.T) {
	for _, p := range []struct {
		name  string
		spoil func(c *checkout, b *fakeBus)
		order string
		says  string
	}{
		{"another id", func(_ *checkout, b *fakeBus) { b.events[sagas.Order][0].ID = uuid.New() }, "completed", "event 1 is "},
		{"another fact", func(_ *checkout, b *fakeBus) { b.events[sagas.Order][0].Data = []byte("{}") }, "completed", "says something else"},
		{"another cause", func(_ *checkout, b *fakeBus) { b.events[sagas.Order][1].Metadata.Causation = uuid.New() }, "completed", "says something else"},
		{"a gap", func(_ *checkout, b *fakeBus) {
			b.events[sagas.Order] = append(b.events[sagas.Order][:1:1], b.events[sagas.Order][2:]...)
		}, "completed", "yields none after 1"},
		{"a gap that a reader passes over", func(_ *checkout, b *fakeBus) {
			b.skips = true
			b.events[sagas.Order] = append(b.events[sagas.Order][:1:1], b.events[sagas.Order][2:]...)
		}, "completed", "event 3 follows event 1"},
		{"an event that is in no store", func(c *checkout, b *fakeBus) {
			last := b.events[sagas.Shipping][len(b.events[sagas.Shipping])-1]
			last.Number++
			b.events[sagas.Shipping] = append(b.events[sagas.Shipping], last)
		}, "under-way", "the store has only"},
	} {
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := everyEnd(t)
				b := busOf(c)
				p.spoil(c, b)
				c.finds(c.audit(withBus(b)), 7, p.order, p.says)
			})
		})
	}
}

func TestAMessageThatNoRelayWroteIsFound(t *testing.T) {
	c := everyEnd(t)
	b := &foreignBus{busOf(c)}
	c.finds(c.audit(withBus(b)), 7, "completed", "message 7 of stream ORDER", "not written by a relay")
}

// foreignBus has somebody else's message in front.
type foreignBus struct{ *fakeBus }

func (b *foreignBus) Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error] {
	if source != sagas.Order {
		return b.fakeBus.Read(ctx, source, after)
	}
	return func(yield func(bus.Run, error) bool) {
		yield(bus.Run{}, &bus.Foreign{Stream: "ORDER", Sequence: 7, Err: errors.New("no header")})
	}
}

func TestOnARunningSystemTheRelayIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := everyEnd(t)
		b := busOf(c)
		all := b.events[sagas.Order]
		b.set(sagas.Order, all[:len(all)-1])
		running := func(s *Sources) { s.Bus, s.Now = b, c.now.Add(relayGrace-time.Second) }
		c.clean(running) // it is young
		running = func(s *Sources) { s.Bus, s.Now = b, c.now.Add(relayGrace+time.Second) }
		c.finds(c.audit(running), 7, "under-way", "recorded long ago")
		time.AfterFunc(relayGrace/2, func() { b.set(sagas.Order, all) })
		c.clean(running)
	})
}
