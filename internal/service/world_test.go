package service_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/sagas"
)

// world is a provider and a carrier that do what the method and the address say, and remember what they were asked.
type world struct {
	mu      sync.Mutex
	effects []string // "authorize <order>", once for each key
	keys    map[uuid.UUID]bool
	down    bool
	hold    chan struct{} // while not nil, bookings wait for it
}

func (w *world) effect(call sagas.Call, what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return errors.New("connection refused")
	}
	if w.keys == nil {
		w.keys = map[uuid.UUID]bool{}
	}
	if !w.keys[call.Key] {
		w.keys[call.Key] = true
		w.effects = append(w.effects, what+" "+call.Reference)
	}
	return nil
}

func (w *world) count(what, id string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.effects {
		if e == what+" "+id {
			n++
		}
	}
	return n
}

func (w *world) Authorize(_ context.Context, call sagas.Call, method string, amount domain.Money) (sagas.Charge, error) {
	if method == "declined" {
		return sagas.Charge{ID: "ch", Status: sagas.ChargeDeclined, DeclineCode: "card_declined"}, nil
	}
	if err := w.effect(call, "authorize"); err != nil {
		return sagas.Charge{}, err
	}
	return sagas.Charge{ID: "ch", Status: sagas.ChargeAuthorized, Authorized: amount, ExpiresAt: time.Now().Add(time.Hour)}, nil
}

func (w *world) Capture(_ context.Context, call sagas.Call, _ string, amount domain.Money) (sagas.Charge, error) {
	return sagas.Charge{ID: "ch", Status: sagas.ChargeCaptured, Captured: amount}, w.effect(call, "capture")
}

func (w *world) Void(_ context.Context, call sagas.Call, _ string) (sagas.Charge, error) {
	return sagas.Charge{ID: "ch", Status: sagas.ChargeVoided}, w.effect(call, "void")
}

func (w *world) Refund(_ context.Context, call sagas.Call, _ string, amount domain.Money) (sagas.Refund, error) {
	return sagas.Refund{ID: "re", Key: call.Key, Amount: amount, Status: sagas.RefundSucceeded}, w.effect(call, "refund")
}

func (w *world) Book(ctx context.Context, call sagas.Call, _ sagas.Parcel) (sagas.Booking, error) {
	w.mu.Lock()
	hold := w.hold
	w.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return sagas.Booking{}, ctx.Err()
		}
	}
	return sagas.Booking{ID: "bk", Tracking: "T1", Status: sagas.BookingBooked}, w.effect(call, "book")
}

func (w *world) Cancel(_ context.Context, call sagas.Call) (sagas.Booking, error) {
	return sagas.Booking{ID: "bk", Status: sagas.BookingCancelled}, w.effect(call, "cancel")
}

// Find never has to be asked: no intent is old enough.
func (w *world) Find(context.Context, string) (sagas.Charge, error) {
	return sagas.Charge{}, sagas.ErrNotFound
}

// carrier is the world's other face: the two ports look things up under the same name.
type carrier struct{ *world }

func (carrier) Find(context.Context, string) (sagas.Booking, error) {
	return sagas.Booking{}, sagas.ErrNotFound
}
