package bus

import (
	"context"
	"sync"
	"testing"

	"github.com/ordersaga/ordersaga/eventstore"
)

func TestTheAckFloorStopsAtTheFirstRunThatIsNotAcknowledged(t *testing.T) {
	b, store := open(t, t.TempDir()), eventstore.NewMemory()
	relayOf(t, b, "order", store)
	if floor, err := b.AckFloor(t.Context(), "payment", "order"); err != nil || floor != 0 {
		t.Fatalf("before there is a consumer the floor is %d, %v", floor, err)
	}
	var mu sync.Mutex
	held := map[uint64]*Delivery{} // by first number
	spawn(t, func(ctx context.Context) error {
		return b.Consume(ctx, "payment", "order", nothing, func(d *Delivery) {
			mu.Lock()
			defer mu.Unlock()
			held[d.First()] = d
		})
	})
	for n := uint64(1); n <= 4; n++ { // a message each
		record(t, store, "order", 1)
		reaches(t, b, "order", n)
	}
	eventually(t, "four runs are held", func() bool { mu.Lock(); defer mu.Unlock(); return len(held) == 4 })
	floor := func() uint64 {
		number, err := b.AckFloor(t.Context(), "payment", "order")
		if err != nil {
			t.Error(err)
		}
		return number
	}
	for _, step := range []struct{ ack, floor uint64 }{{1, 1}, {3, 1}, {4, 1}, {2, 4}} {
		mu.Lock()
		d := held[step.ack]
		mu.Unlock()
		d.Ack()
		if step.ack == step.floor || step.floor == 4 {
			eventually(t, "the floor rises", func() bool { return floor() == step.floor })
		} else if now := floor(); now != step.floor {
			t.Errorf("after %d was acknowledged the floor is %d, not %d", step.ack, now, step.floor)
		}
	}
}
