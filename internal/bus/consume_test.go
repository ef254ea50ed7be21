package bus

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordersaga/ordersaga/eventstore"
)

func TestConsumerHearsEverythingInOrder(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	var heard numbers
	spawn(t, func(ctx context.Context) error {
		return b.Consume(ctx, "payment", "order", heard.settled, func(d *Delivery) { heard.add(d.Run); d.Ack() })
	})
	relayOf(t, b, "order", store)
	for range 20 {
		record(t, store, "order", 500)
	}
	eventually(t, "10,000 are heard", func() bool { return heard.count() == 10_000 })
	next := uint64(1)
	for _, e := range flatten(heard.all()) {
		if e.Number != next {
			t.Fatalf("event %d was heard where %d belongs", e.Number, next)
		}
		next++
	}
}

// The next three take minutes, in a bubble where time is free.

func TestUnacknowledgedRunsAreKeptWhileTheProcessLives(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b, store := open(t, dir), eventstore.NewMemory()
		defer b.Close()
		relay := relayOf(t, b, "order", store)
		record(t, store, "order", 10)
		reaches(t, b, "order", 10)
		var mu sync.Mutex
		var held []*Delivery
		consumer := spawn(t, func(ctx context.Context) error {
			return b.Consume(ctx, "payment", "order", nothing, func(d *Delivery) {
				mu.Lock()
				defer mu.Unlock()
				held = append(held, d)
			})
		})
		pass(t, 10*time.Minute)
		record(t, store, "order", 1)
		pass(t, 10*time.Minute)
		durable, err := manage(t, b).Consumer(t.Context(), "ORDER", "payment-on-order")
		if err != nil || durable.CachedInfo().NumRedelivered != 0 {
			t.Errorf("the server delivered runs again that are being worked on: %v", err)
		}
		mu.Lock()
		if len(held) != 2 || held[0].Redelivered || held[1].First() != 11 {
			t.Errorf("%d deliveries of 2 runs", len(held))
		}
		for _, d := range held {
			d.Ack()
			d.Ack()
			d.Retry(0)
		}
		mu.Unlock()
		pass(t, 10*time.Minute)
		if len(held) != 2 {
			t.Errorf("%d deliveries after both runs were acknowledged", len(held))
		}
		consumer()
		relay()
	})
}

func TestUnacknowledgedRunsComeAgainAfterACrash(t *testing.T) {
	for name, test := range map[string]struct {
		elsewhere bool          // the server stays, only the consumer's process goes
		within    time.Duration // it takes until they come again
		events    int
		messages  int
	}{
		"of everything":    {within: time.Second, events: 40, messages: 4}, // from the first unacknowledged one, in order
		"of the consumers": {elsewhere: true, within: 2 * ackWait, events: 30, messages: 3},
	} {
		dir := t.TempDir()
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, store := open(t, dir), eventstore.NewMemory()
				relay := relayOf(t, server, "order", store)
				for n := range uint64(4) {
					record(t, store, "order", 10)
					reaches(t, server, "order", 10*(n+1))
				}
				relay()
				client := server
				if test.elsewhere {
					client = openAt(t, server)
				}
				var first numbers
				consumer := spawn(t, func(ctx context.Context) error {
					return client.Consume(ctx, "payment", "order", nothing, func(d *Delivery) {
						if first.add(d.Run); d.First() == 11 {
							d.Ack() // out of order
						}
					})
				})
				eventually(t, "all is heard", func() bool { return first.count() == 40 })
				pass(t, time.Millisecond)
				consumer()
				client.Close()

				if test.elsewhere {
					client = openAt(t, server)
				} else {
					client = open(t, dir)
				}
				var second numbers
				redelivered := 0
				consumer = spawn(t, func(ctx context.Context) error {
					return client.Consume(ctx, "payment", "order", nothing, func(d *Delivery) {
						if second.add(d.Run); d.Redelivered {
							redelivered++
						}
						d.Ack()
					})
				})
				pass(t, test.within)
				consumer()
				if second.count() != test.events || redelivered != test.messages || second.seen[1] != 1 {
					t.Errorf("%d events came again in %d redeliveries: %v", second.count(), redelivered, second.seen)
				}
				client.Close()
				server.Close()
			})
		})
	}
}

func TestRetriedRunComesAgainLater(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b, store := open(t, dir), eventstore.NewMemory()
		defer b.Close()
		relay := relayOf(t, b, "order", store)
		record(t, store, "order", 1)
		start := time.Now()
		var times []time.Duration
		consumer := spawn(t, func(ctx context.Context) error {
			return b.Consume(ctx, "payment", "order", nothing, func(d *Delivery) {
				times = append(times, time.Since(start))
				if len(times) < 3 {
					d.Retry(10 * time.Minute)
				} else {
					d.Ack()
				}
			})
		})
		pass(t, time.Hour)
		consumer()
		relay()
		if len(times) != 3 || times[1] < 10*time.Minute || times[2] < 20*time.Minute || times[2] > 30*time.Minute {
			t.Errorf("deliveries after %v", times)
		}
	})
}

func TestNewDurableStartsAfterWhatIsSettled(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	relayOf(t, b, "order", store)
	for n := range uint64(40) {
		record(t, store, "order", 25)
		reaches(t, b, "order", 25*(n+1))
	}
	for _, settled := range []uint64{0, 1, 24, 25, 26, 499, 500, 974, 975, 999} {
		var heard numbers
		stop := spawn(t, func(ctx context.Context) error {
			return b.Consume(ctx, "payment", "order", func() uint64 { return settled }, func(d *Delivery) { heard.add(d.Run); d.Ack() })
		})
		eventually(t, "the rest is heard", func() bool { return heard.seen1000() })
		stop()
		if first := heard.all()[0]; first.First() > settled+1 || first.Last() <= settled {
			t.Errorf("after %d the first run has %d to %d", settled, first.First(), first.Last())
		}
		if err := manage(t, b).DeleteConsumer(t.Context(), "ORDER", "payment-on-order"); err != nil {
			t.Fatal(err)
		}
	}
}

func (n *numbers) seen1000() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen[1000] > 0
}

func nothing() uint64 { return 0 }

// pass lets time go by.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
	synctest.Wait()
}
