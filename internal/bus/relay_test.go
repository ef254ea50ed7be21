package bus

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/ordersaga/ordersaga/eventstore"
)

func TestOneEventAMessageWhenIdleHundredsUnderLoad(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	relayOf(t, b, "order", store)
	for n := uint64(1); n <= 3; n++ {
		record(t, store, "order", 1)
		reaches(t, b, "order", n)
	}
	if runs := content(t, b, "order"); len(runs) != 3 {
		t.Errorf("three events one by one came as %d messages", len(runs))
	}
	record(t, store, "order", 5_000)
	settles(t, b, "order", store)
	if messages := len(content(t, b, "order")) - 3; messages > 100 {
		t.Errorf("5,000 events at once came as %d messages", messages)
	}
	if p := b.Relays()["order"]; p.Number != 5_003 || p.Sessions != 1 || p.Published == 0 {
		t.Errorf("progress: %+v", p)
	}
}

func TestLargeEventsMakeSmallMessages(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	for range 6 {
		large := draft("order")
		large.Data = []byte(`"` + strings.Repeat("x", 1000<<10) + `"`)
		if result := store.Append(t.Context(), "order-1", eventstore.Any, large); result.Err != nil {
			t.Fatal(result.Err)
		}
		record(t, store, "order", 10)
	}
	relayOf(t, b, "order", store)
	settles(t, b, "order", store)
	for _, run := range content(t, b, "order") {
		size := 0
		for _, e := range run.Events {
			size += weight(e.Recorded)
		}
		if size > maxRunBytes && len(run.Events) > 1 {
			t.Errorf("events %d to %d weigh %d bytes", run.First(), run.Last(), size)
		}
	}
}

func TestRelayGoesOnWhereTheStreamEnds(t *testing.T) {
	dir, store := t.TempDir(), eventstore.NewMemory()
	for range 3 {
		b := open(t, dir)
		stop := relayOf(t, b, "order", store)
		record(t, store, "order", 321)
		settles(t, b, "order", store)
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		b.Close()
	}
}

func TestTwoRelaysFenceEachOther(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	relayOf(t, b, "order", store)
	relayOf(t, b, "order", store)
	eventually(t, "2,000 events are recorded, and the relays have met several times", func() bool {
		record(t, store, "order", 40)
		return len(history(t, store, "order")) >= 2_000 && b.Relays()["order"].Sessions >= 6
	})
	settles(t, b, "order", store)
}

func TestARestoredStoreIsAFork(t *testing.T) {
	b, lost := open(t, t.TempDir()), eventstore.NewMemory()
	record(t, lost, "order", 10)
	stop := relayOf(t, b, "order", lost)
	reaches(t, b, "order", 10)
	stop()
	end := history(t, lost, "order")[9]

	t.Run("that is behind the stream", func(t *testing.T) {
		restored := eventstore.NewMemory()
		record(t, restored, "order", 3)
		var fork *Fork
		if err := b.Relay(t.Context(), "order", restored, "order"); !errors.As(err, &fork) {
			t.Fatalf("relay ended with %v", err)
		}
		if fork.Number != 10 || fork.InStream != end.ID || fork.InStore != uuid.Nil || fork.Position != end.Position {
			t.Errorf("fork: %+v", fork)
		}
	})
	t.Run("that went another way", func(t *testing.T) {
		other := eventstore.NewMemory()
		record(t, other, "order", 20)
		var fork *Fork
		if err := b.Relay(t.Context(), "order", other, "order"); !errors.As(err, &fork) {
			t.Fatalf("relay ended with %v", err)
		}
		if fork.InStream != end.ID || fork.InStore == uuid.Nil || fork.InStore == end.ID {
			t.Errorf("fork: %+v", fork)
		}
		for _, want := range []string{"ORDER", end.ID.String(), fork.InStore.String(), "whole data directory"} {
			if !strings.Contains(fork.Error(), want) {
				t.Errorf("%q does not say %q", fork.Error(), want)
			}
		}
	})
}

func TestForeignMessageStopsLoudly(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	record(t, store, "order", 10)
	stop := relayOf(t, b, "order", store)
	reaches(t, b, "order", 10)
	if _, err := manage(t, b).Publish(t.Context(), Subject("order"), []byte("garbage")); err != nil {
		t.Fatal(err)
	}
	var heard, read numbers
	endings := map[string]error{
		"consumer": b.Consume(t.Context(), "payment", "order", heard.settled, func(d *Delivery) { heard.add(d.Run); d.Ack() }),
		"reader":   drain(t.Context(), b, "order", 0, &read),
		"relay":    b.Relay(t.Context(), "order", store, "order"),
	}
	record(t, store, "order", 1) // the first relay may not have noticed yet
	eventually(t, "the running relay ends", func() bool { endings["running relay"] = stop(); return true })
	for what, err := range endings {
		var foreign *Foreign
		if !errors.As(err, &foreign) && !errors.Is(err, context.Canceled) || what != "running relay" && foreign == nil {
			t.Errorf("%s ended with %v", what, err)
		}
	}
	if heard.settled() != 10 || read.settled() != 10 {
		t.Errorf("before the garbage %d were heard and %d read of 10", heard.settled(), read.settled())
	}
}

func TestRunningRelayNoticesAForeignMessage(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	record(t, store, "order", 10)
	done := make(chan error, 1)
	go func() { done <- b.Relay(t.Context(), "order", store, "order") }()
	reaches(t, b, "order", 10)
	garbage := &nats.Msg{Subject: Subject("order"), Data: []byte("[]"), Header: nats.Header{headerFirst: {"1"}}}
	if _, err := manage(t, b).PublishMsg(t.Context(), garbage); err != nil {
		t.Fatal(err)
	}
	var foreign *Foreign
	if err := <-done; !errors.As(err, &foreign) {
		t.Errorf("relay ended with %v", err)
	}
}
