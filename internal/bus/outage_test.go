package bus

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ordersaga/ordersaga/eventstore"
)

// broker is a server elsewhere that can be taken away and come back, in a bubble as well.
type broker struct {
	t   *testing.T
	dir string

	mu   sync.Mutex
	host *Bus
}

func (s *broker) start() {
	host := open(s.t, s.dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = host
}

func (s *broker) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host.Close()
	s.host = nil
}

// InProcessConn implements nats.InProcessConnProvider.
func (s *broker) InProcessConn() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host == nil {
		return nil, errors.New("no broker")
	}
	l, err := s.host.link()
	if err != nil {
		return nil, err
	}
	return l.server.InProcessConn()
}

func (s *broker) messages() string {
	return filepath.Join(s.dir, "jetstream", "$G", "streams", "ORDER", "msgs")
}

func (s *broker) connect() *Bus {
	s.t.Helper()
	b, err := Open(s.t.Context(), Options{
		URL: "nats://elsewhere", NATS: []nats.Option{nats.InProcessServer(s)}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// holder acknowledges nothing by itself.
type holder struct {
	mu   sync.Mutex
	held []*Delivery
}

func (h *holder) hold(d *Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = append(h.held, d)
}

func (h *holder) all() []*Delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*Delivery(nil), h.held...)
}

// outstanding is what the server knows of the durable.
func outstanding(t *testing.T, b *Bus) int {
	t.Helper()
	durable, err := manage(t, b).Consumer(t.Context(), "ORDER", "payment-on-order")
	if err != nil {
		t.Fatal(err)
	}
	return durable.CachedInfo().NumAckPending
}

func TestHeldRunsOutliveTheBroker(t *testing.T) {
	server := &broker{t: t, dir: t.TempDir()}
	synctest.Test(t, func(t *testing.T) {
		server.t = t
		server.start()
		b, store := server.connect(), eventstore.NewMemory()
		relay := relayOf(t, b, "order", store)
		for n := range uint64(3) {
			record(t, store, "order", 1)
			reaches(t, b, "order", n+1)
		}
		var h holder
		consumer := spawn(t, func(ctx context.Context) error { return b.Consume(ctx, "payment", "order", nothing, h.hold) })
		pass(t, time.Minute)
		server.stop()
		pass(t, time.Minute)
		server.start()
		pass(t, 10*time.Minute)
		record(t, store, "order", 1)
		pass(t, time.Minute)
		if held := h.all(); len(held) != 4 || outstanding(t, b) != 4 {
			t.Errorf("%d deliveries of 4 runs, %d outstanding", len(held), outstanding(t, b))
		}
		for _, d := range h.all() {
			d.Ack()
		}
		pass(t, time.Minute)
		if n := outstanding(t, b); n != 0 {
			t.Errorf("%d outstanding after all are acknowledged", n)
		}
		consumer()
		relay()
		b.Close()
		server.stop()
	})
}

// The broker comes back with an older copy, the relay cuts what was lost into other messages: what is held of the old
// ones must not acknowledge the new ones.
func TestStreamShortenedWhileRunsAreHeld(t *testing.T) {
	server, copied := &broker{dir: t.TempDir()}, filepath.Join(t.TempDir(), "msgs")
	synctest.Test(t, func(t *testing.T) {
		server.t = t
		server.start()
		b, store := server.connect(), eventstore.NewMemory()
		stop := relayOf(t, b, "order", store)
		grow := func(upTo uint64) {
			for n := uint64(len(history(t, store, "order"))) + 1; n <= upTo; n++ {
				record(t, store, "order", 1)
				reaches(t, b, "order", n)
			}
		}
		grow(5)
		server.stop()
		if err := os.CopyFS(copied, os.DirFS(server.messages())); err != nil {
			t.Fatal(err)
		}
		server.start()
		grow(15)
		var h holder
		consumer := spawn(t, func(ctx context.Context) error { return b.Consume(ctx, "payment", "order", nothing, h.hold) })
		pass(t, time.Minute)
		stop()
		server.stop()
		erase(t, server.messages())
		if err := os.CopyFS(server.messages(), os.DirFS(copied)); err != nil {
			t.Fatal(err)
		}
		server.start()
		stop = relayOf(t, b, "order", store)
		pass(t, time.Minute)
		settles(t, b, "order", store)

		held := h.all()
		old, fresh := held[:15], held[15:]
		count := 0
		for _, d := range fresh {
			count += len(d.Events)
		}
		if len(fresh) >= 15 || count != 15 {
			t.Fatalf("%d deliveries with %d events after the loss", len(fresh), count)
		}
		for _, d := range old {
			d.Ack()
		}
		pass(t, time.Minute)
		if n := outstanding(t, b); n != len(fresh) {
			t.Errorf("%d of %d deliveries are outstanding: old ones acknowledged new ones", n, len(fresh))
		}
		for _, d := range fresh {
			d.Ack()
		}
		pass(t, time.Minute)
		if n := outstanding(t, b); n != 0 {
			t.Errorf("%d outstanding after all are acknowledged", n)
		}
		consumer()
		stop()
		b.Close()
		server.stop()
	})
}

// A stream that lacks numbers in between: whatever made it so, nobody goes past the gap.
func TestNobodyGoesPastAGap(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir)
		l, err := b.link()
		if err != nil {
			t.Fatal(err)
		}
		stream, err := b.stream(t.Context(), l, "order")
		if err != nil {
			t.Fatal(err)
		}
		publish := func(numbers ...uint64) {
			var events []Event
			for _, n := range numbers {
				events = append(events, Event{Number: n, Recorded: eventstore.Recorded{
					Position: eventstore.Position(n), Stream: "order-1", Draft: eventstore.Draft{ID: uuid.New(), Type: "order.placed.v1"},
				}})
			}
			message := &nats.Msg{
				Subject: Subject("order"), Header: header(numbers[0], events[len(events)-1]), Data: appendBatch(nil, "order", events),
			}
			if _, err := l.js.PublishMsg(t.Context(), message, jetstream.WithExpectStream(stream.CachedInfo().Config.Name)); err != nil {
				t.Fatal(err)
			}
		}
		publish(1, 2)
		publish(3)
		var heard, read numbers
		consumer := spawn(t, func(ctx context.Context) error {
			return b.Consume(ctx, "payment", "order", heard.settled, func(d *Delivery) { heard.add(d.Run); d.Ack() })
		})
		reader := spawn(t, func(ctx context.Context) error { return drain(ctx, b, "order", 0, &read) })
		pass(t, time.Minute)
		publish(5, 6)
		publish(7)
		pass(t, time.Minute)
		if heard.count() != 3 || read.count() != 3 {
			t.Errorf("%d heard and %d read, though 4 is missing", heard.count(), read.count())
		}
		consumer()
		reader()
		b.Close()
	})
}
