package eventstore_test

import (
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/eventstore/storetest"
)

func TestMemoryIsAStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) eventstore.Store { return eventstore.NewMemory() })
}

func TestMemoryTakesItsTimeFromTheClock(t *testing.T) {
	now := time.Date(2024, 2, 29, 12, 0, 0, 1234, time.UTC)
	s := eventstore.NewMemoryAt(func() time.Time { return now })
	first := s.Append(t.Context(), "order-1", eventstore.NoStream, storetest.Draft("a"))
	if want := now.Truncate(time.Microsecond); !first.At.Equal(want) {
		t.Errorf("recorded at %v, want %v", first.At, want)
	}
	now = now.Add(-time.Hour)
	if second := s.Append(t.Context(), "order-1", 0, storetest.Draft("b")); second.At.Before(first.At) {
		t.Errorf("the clock was set back and history with it: %v after %v", second.At, first.At)
	}
}
