package bus

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/ordersaga/ordersaga/eventstore"
)

// elsewhere starts a server that listens; stop it to take the broker away.
func elsewhere(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, JetStream: true, StoreDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("server does not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestServerElsewhereComesAndGoes(t *testing.T) {
	dir, port, store := t.TempDir(), freePort(t), eventstore.NewMemory()
	var buses [2]*Bus // two processes of one service
	for i := range buses {
		b, err := Open(t.Context(), Options{URL: fmt.Sprintf("nats://127.0.0.1:%d", port), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		if b.Ready() == nil {
			t.Error("ready without a server")
		}
		relayOf(t, b, "order", store)
		buses[i] = b
	}
	heard, read := listen(t, buses[0])
	count := 0
	for round := range 3 {
		s := elsewhere(t, dir, port)
		for range 20 {
			record(t, store, "order", 20)
			count += 20
		}
		eventually(t, "the bus is ready", func() bool { return buses[0].Ready() == nil && buses[1].Ready() == nil })
		hearAll(t, heard, read, count)
		settles(t, buses[0], "order", store)
		if round == 1 { // this time it comes back with nothing
			dir = t.TempDir()
		}
		s.Shutdown()
		s.WaitForShutdown()
		record(t, store, "order", 20)
		count += 20
	}
}

// One durable, two processes: each run goes to one of them.
func TestTwoProcessesShareADurable(t *testing.T) {
	s := elsewhere(t, t.TempDir(), -1)
	store := eventstore.NewMemory()
	var heard [2]numbers
	both := func() (sum int) { return heard[0].count() + heard[1].count() }
	for i := range heard {
		b, err := Open(t.Context(), Options{URL: s.ClientURL(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		spawn(t, func(ctx context.Context) error {
			return b.Consume(ctx, "payment", "order", nothing, func(d *Delivery) { heard[i].add(d.Run); d.Ack() })
		})
		if i == 0 {
			relayOf(t, b, "order", store)
		}
	}
	for n := 1; n <= 100; n++ {
		record(t, store, "order", 1)
		eventually(t, "it is heard", func() bool { return both() == n })
	}
	for number := uint64(1); number <= 100; number++ {
		if times := heard[0].seen[number] + heard[1].seen[number]; times != 1 {
			t.Errorf("event %d was heard %d times", number, times)
		}
	}
}
