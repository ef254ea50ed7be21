package bus

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ordersaga/ordersaga/eventstore"
)

// listen starts a consumer and a reader that want every event.
func listen(t *testing.T, b *Bus) (heard, read *numbers) {
	t.Helper()
	heard, read = &numbers{}, &numbers{}
	spawn(t, func(ctx context.Context) error {
		return b.Consume(ctx, "payment", "order", heard.settled, func(d *Delivery) { heard.add(d.Run); d.Ack() })
	})
	spawn(t, func(ctx context.Context) error { return drain(ctx, b, "order", 0, read) })
	return heard, read
}

// hearAll waits until both know a number; what was read must be exact.
func hearAll(t *testing.T, heard, read *numbers, count int) {
	t.Helper()
	eventually(t, "all is heard and read", func() bool {
		return heard.settled() >= uint64(count) && read.settled() >= uint64(count)
	})
	next := uint64(1)
	for _, e := range flatten(read.all()) {
		if e.Number != next {
			t.Fatalf("event %d was read where %d belongs", e.Number, next)
		}
		next++
	}
}

// erase is rm -rf, which a server that writes meanwhile may disturb.
func erase(t *testing.T, dir string) {
	t.Helper()
	eventually(t, "the directory is deleted", func() bool { return os.RemoveAll(dir) == nil })
}

func TestStreamsDirectoryDeletedWhileRunning(t *testing.T) {
	dir, store := t.TempDir(), eventstore.NewMemory()
	b := open(t, dir)
	relayOf(t, b, "order", store)
	heard, read := listen(t, b)
	record(t, store, "order", 1_000)
	hearAll(t, heard, read, 1_000)

	before := manage(t, b)
	erase(t, dir)
	record(t, store, "order", 1_000)
	eventually(t, "the server is another", func() bool { return manage(t, b) != before })
	record(t, store, "order", 1_000)
	hearAll(t, heard, read, 3_000)
	settles(t, b, "order", store)
	if _, err := os.Stat(filepath.Join(dir, "jetstream", "$G", "streams", "ORDER", "msgs")); err != nil {
		t.Error(err)
	}
}

func TestStreamsDirectoryDeletedWhileStopped(t *testing.T) {
	dir, store := t.TempDir(), eventstore.NewMemory()
	b := open(t, dir)
	stop := relayOf(t, b, "order", store)
	record(t, store, "order", 1_000)
	reaches(t, b, "order", 1_000)
	stop()
	b.Close()
	erase(t, dir)

	b = open(t, dir)
	var heard numbers
	known := func() uint64 { return max(777, heard.settled()) } // what the service kept in its own store
	for n := range uint64(777) {
		heard.add(Run{Events: []Event{{Number: n + 1}}})
	}
	fresh := make(chan uint64, 100)
	spawn(t, func(ctx context.Context) error { // is there before the relay has refilled anything
		return b.Consume(ctx, "payment", "order", known, func(d *Delivery) { heard.add(d.Run); fresh <- d.Last(); d.Ack() })
	})
	relayOf(t, b, "order", store)
	record(t, store, "order", 100)
	eventually(t, "all is heard", func() bool { return heard.settled() == 1_100 })
	if first := <-fresh; first <= 777 {
		t.Errorf("a run up to %d came again, though 777 was settled", first)
	}
	settles(t, b, "order", store)
}

func TestOneStreamsDirectoryDeletedWhileRunning(t *testing.T) {
	dir, store := t.TempDir(), eventstore.NewMemory()
	b := open(t, dir)
	relayOf(t, b, "order", store)
	heard, read := listen(t, b)
	record(t, store, "order", 100)
	hearAll(t, heard, read, 100)
	before := manage(t, b)
	erase(t, filepath.Join(dir, "jetstream", "$G", "streams", "ORDER"))
	eventually(t, "the server is another", func() bool { return manage(t, b) != before })
	record(t, store, "order", 100)
	hearAll(t, heard, read, 200)
	settles(t, b, "order", store)
}

// A power failure may take the end of the stream, though its durables know better.
func TestStreamShortenedWhileStopped(t *testing.T) {
	dir, kept, store := t.TempDir(), t.TempDir(), eventstore.NewMemory()
	messages := filepath.Join(dir, "jetstream", "$G", "streams", "ORDER", "msgs")
	var heard numbers
	live := func() {
		b := open(t, dir)
		defer b.Close()
		defer relayOf(t, b, "order", store)()
		defer spawn(t, func(ctx context.Context) error {
			return b.Consume(ctx, "payment", "order", heard.settled, func(d *Delivery) { heard.add(d.Run); d.Ack() })
		})()
		want := len(history(t, store, "order"))
		eventually(t, "all is heard", func() bool { return int(heard.settled()) == want })
		settles(t, b, "order", store)
	}
	for range 5 {
		record(t, store, "order", 20)
		live()
	}
	if err := os.CopyFS(filepath.Join(kept, "msgs"), os.DirFS(messages)); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		record(t, store, "order", 20)
		live()
	}
	erase(t, messages)
	if err := os.CopyFS(messages, os.DirFS(filepath.Join(kept, "msgs"))); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		record(t, store, "order", 20) // is relayed in one message with the 200 that were lost
		live()
	}
}

// Each of these is done to the stream by hand, through JetStream's API, while everything runs.
func TestStreamSpoiltWhileRunning(t *testing.T) {
	for name, spoil := range map[string]func(context.Context, jetstream.JetStream, jetstream.Stream) error{
		"deleted": func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error {
			return js.DeleteStream(ctx, "ORDER")
		},
		"purged": func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error { return s.Purge(ctx) },
		"beginning cut off": func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error {
			return s.Purge(ctx, jetstream.WithPurgeSequence(s.CachedInfo().State.FirstSeq+2))
		},
		"hole": func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error {
			return s.DeleteMsg(ctx, s.CachedInfo().State.FirstSeq+1)
		},
		"last message gone": func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error {
			return s.DeleteMsg(ctx, s.CachedInfo().State.LastSeq)
		},
		"durable deleted": func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error {
			return s.DeleteConsumer(ctx, "payment-on-order")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, store := open(t, t.TempDir()), eventstore.NewMemory()
			relayOf(t, b, "order", store)
			heard, read := listen(t, b)
			for n := 1; n <= 5; n++ {
				record(t, store, "order", 100)
				reaches(t, b, "order", uint64(n*100))
			}
			hearAll(t, heard, read, 500)
			stream, err := manage(t, b).Stream(t.Context(), "ORDER")
			if err != nil {
				t.Fatal(err)
			}
			if err := spoil(t.Context(), manage(t, b), stream); err != nil {
				t.Fatal(err)
			}
			if name != "durable deleted" {
				eventually(t, "the relay notices", func() bool { return b.Relays()["order"].Sessions > 1 })
			}
			record(t, store, "order", 100)
			hearAll(t, heard, read, 600)
			settles(t, b, "order", store)
		})
	}
}
