package bus

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ordersaga/ordersaga/eventstore"
)

func drain(ctx context.Context, b *Bus, source string, after uint64, into *numbers) error {
	for run, err := range b.Read(ctx, source, after) {
		if err != nil {
			return err
		}
		into.add(run)
	}
	return errors.New("reading ended without an error")
}

// readUpTo reads until a number, then leaves the loop.
func readUpTo(t *testing.T, b *Bus, after, upTo uint64) {
	t.Helper()
	next := after + 1
	for run, err := range b.Read(t.Context(), "order", after) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range run.Events {
			if e.Number != next {
				t.Fatalf("event %d was read where %d belongs", e.Number, next)
			}
			next++
		}
		if run.Last() >= upTo {
			return
		}
	}
}

func TestReadResumesAnywhere(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	relayOf(t, b, "order", store)
	for n := range uint64(20) {
		record(t, store, "order", 50)
		reaches(t, b, "order", 50*(n+1))
	}
	for _, after := range []uint64{0, 1, 49, 50, 51, 500, 777, 949, 950, 999} {
		readUpTo(t, b, after, 1_000)
	}
	l, _ := b.link()
	stream, err := l.js.Stream(t.Context(), "ORDER")
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Consumers; n != 0 {
		t.Errorf("%d consumers are left on the server", n)
	}
}

func TestReadOfTheFutureWaitsForIt(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	record(t, store, "order", 100)
	var read numbers
	spawn(t, func(ctx context.Context) error { return drain(ctx, b, "order", 150, &read) })
	relayOf(t, b, "order", store)
	reaches(t, b, "order", 100)
	record(t, store, "order", 100)
	eventually(t, "151 to 200 are read", func() bool { return read.count() == 50 })
	if first := read.all()[0].First(); first != 151 {
		t.Errorf("the first event read is %d", first)
	}
}

// A gap means that the stream is damaged: the reader must not go past it, however long it takes until it is mended.
func TestReadNeverSkipsAGap(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	stop := relayOf(t, b, "order", store)
	for n := range uint64(4) {
		record(t, store, "order", 10)
		reaches(t, b, "order", 10*(n+1))
	}
	stop()
	stream, err := manage(t, b).Stream(t.Context(), "ORDER")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSequence(stream.CachedInfo().State.FirstSeq+2)); err != nil {
		t.Fatal(err)
	}
	var read numbers
	spawn(t, func(ctx context.Context) error { return drain(ctx, b, "order", 15, &read) })
	relayOf(t, b, "order", store)
	eventually(t, "the rest is read", func() bool { return read.count() == 25 })
	next := uint64(16)
	for _, e := range flatten(read.all()) {
		if e.Number != next {
			t.Fatalf("event %d was read where %d belongs", e.Number, next)
		}
		next++
	}
}

func TestHeadOfNothing(t *testing.T) {
	b := open(t, t.TempDir())
	if head, err := b.Head(t.Context(), "order"); err != nil || head != (Last{}) {
		t.Errorf("head of no stream: %v, %v", head, err)
	}
	store := eventstore.NewMemory()
	relayOf(t, b, "order", store)
	record(t, store, "order", 7)
	reaches(t, b, "order", 7)
	head, err := b.Head(t.Context(), "order")
	want := history(t, store, "order")[6]
	if err != nil || head.Number != 7 || head.ID != want.ID || head.Position != want.Position {
		t.Errorf("head %s, %v, want %s", fmt.Sprint(head), err, fmt.Sprint(want))
	}
}
