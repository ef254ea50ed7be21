package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ordersaga/ordersaga/eventstore"
)

// The server's clock of access times must live outside of any synctest bubble.
func TestMain(m *testing.M) {
	ats.Register()
	os.Exit(m.Run())
}

// open starts an embedded bus in a directory.
func open(t testing.TB, dir string) *Bus {
	t.Helper()
	b, err := Open(t.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// openAt connects to another bus's embedded server, as if it were elsewhere.
func openAt(t testing.TB, host *Bus) *Bus {
	t.Helper()
	l, err := host.link()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), Options{
		URL: "nats://elsewhere", NATS: []nats.Option{nats.InProcessServer(l.server)}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// spawn runs f until the test ends or stop is called; stop answers with f's error.
func spawn(t testing.TB, f func(context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(10 * time.Second):
			return errors.New("does not end with its context")
		}
	})
	t.Cleanup(func() { stop() })
	return stop
}

func relayOf(t testing.TB, b *Bus, source string, store eventstore.Store) (stop func() error) {
	t.Helper()
	return spawn(t, func(ctx context.Context) error { return b.Relay(ctx, source, store, source) })
}

// record appends n events of a category, some in one stream, among events that are nobody else's business.
func record(t testing.TB, store eventstore.Store, category string, n int) {
	t.Helper()
	const group = 200
	for done := 0; done < n; done += group {
		var appends []eventstore.Append
		for i := done; i < min(done+group, n); i++ {
			appends = append(appends, eventstore.Append{
				Stream: eventstore.NewStreamID(category, fmt.Sprint(i%50)), Expected: eventstore.Any, Drafts: []eventstore.Draft{draft(category)},
			})
			if i%7 == 0 {
				appends = append(appends, eventstore.Append{
					Stream: "checkpoint-x", Expected: eventstore.Any, Drafts: []eventstore.Draft{draft("checkpoint")},
				})
			}
		}
		for _, result := range store.AppendMany(t.Context(), appends) {
			if result.Err != nil {
				t.Fatal(result.Err)
			}
		}
	}
}

func draft(category string) eventstore.Draft {
	return eventstore.Draft{
		ID: uuid.New(), Type: category + ".placed.v1", Data: fmt.Appendf(nil, `{"note":%q}`, strings.Repeat("x", 300)),
		Metadata: eventstore.Metadata{Correlation: "4711", Causation: uuid.New(), Actor: "tester"},
	}
}

// history is what a relay has to make of a store.
func history(t testing.TB, store eventstore.Store, category string) (events []Event) {
	t.Helper()
	for e, err := range store.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Stream.Category() == category {
			events = append(events, Event{Number: uint64(len(events) + 1), Recorded: e})
		}
	}
	return events
}

// content reads a stream message by message, past all machinery.
func content(t testing.TB, b *Bus, source string) (runs []Run) {
	t.Helper()
	l, err := b.link()
	if err != nil {
		t.Fatal(err)
	}
	stream, err := l.js.Stream(t.Context(), StreamName(source))
	if err != nil {
		t.Fatal(err)
	}
	state := stream.CachedInfo().State
	for sequence := state.FirstSeq; state.Msgs > 0 && sequence <= state.LastSeq; sequence++ {
		message, err := stream.GetMsg(t.Context(), sequence)
		if err != nil {
			t.Fatal(err)
		}
		run, err := unpack(source, sequence, message.Header, message.Data)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	return runs
}

func flatten(runs []Run) (events []Event) {
	for _, run := range runs {
		events = append(events, run.Events...)
	}
	return events
}

// settles waits until a stream holds exactly the store's events.
func settles(t testing.TB, b *Bus, source string, store eventstore.Store) {
	t.Helper()
	want := history(t, store, source)
	reaches(t, b, source, uint64(len(want)))
	if got := flatten(content(t, b, source)); !reflect.DeepEqual(want, got) {
		t.Fatalf("the stream is not the store (-store +stream):\n%s", cmp.Diff(want, got))
	}
}

func reaches(t testing.TB, b *Bus, source string, number uint64) {
	t.Helper()
	eventually(t, fmt.Sprintf("stream of %s reaches %d", source, number), func() bool {
		head, err := b.Head(t.Context(), source)
		return err == nil && head.Number >= number
	})
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(15 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			stacks := make([]byte, 1<<20)
			t.Fatalf("in vain: %s\n%s", what, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func manage(t testing.TB, b *Bus) jetstream.JetStream {
	t.Helper()
	l, err := b.link()
	if err != nil {
		t.Fatal(err)
	}
	return l.js
}

// numbers collects what a consumer or a reader is given.
type numbers struct {
	mu   sync.Mutex
	seen map[uint64]int
	runs []Run
}

func (n *numbers) add(run Run) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[uint64]int{}
	}
	for _, e := range run.Events {
		n.seen[e.Number]++
	}
	n.runs = append(n.runs, run)
}

func (n *numbers) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.seen)
}

// settled is the highest number up to which all were seen.
func (n *numbers) settled() (number uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.seen[number+1] > 0 {
		number++
	}
	return number
}

func (n *numbers) all() []Run {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]Run(nil), n.runs...)
}

func TestOpenCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	b, err := Open(t.Context(), Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	store := eventstore.NewMemory()
	record(t, store, "order", 100)
	var heard, read numbers
	stopRelay := relayOf(t, b, "order", store)
	stopConsumer := spawn(t, func(ctx context.Context) error {
		return b.Consume(ctx, "payment", "order", heard.settled, func(d *Delivery) { heard.add(d.Run); d.Ack() })
	})
	stopReader := spawn(t, func(ctx context.Context) error { return drain(ctx, b, "order", 0, &read) })
	eventually(t, "all is heard", func() bool { return heard.count() == 100 && read.count() == 100 })
	if err := b.Ready(); err != nil {
		t.Error(err)
	}
	for what, stop := range map[string]func() error{"relay": stopRelay, "consumer": stopConsumer, "reader": stopReader} {
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s ended with %v", what, err)
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := b.Ready(); !errors.Is(err, ErrClosed) {
		t.Errorf("ready after close: %v", err)
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}
