package audit

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/sagas"
)

// world is a provider and a carrier that answer at once and keep ledgers.
type world struct {
	charges  map[string]*Charge
	bookings map[string]*Booking
	order    []string // references, in the order of their first effect
	hold     bool     // nothing is answered
	reads    int      // how often the provider's ledger was read
	onRead   func()   // called before the provider's ledger is read
}

func newWorld() *world {
	return &world{charges: map[string]*Charge{}, bookings: map[string]*Booking{}}
}

func (w *world) charge(call sagas.Call, kind string, amount domain.Money) *Charge {
	c := w.charges[call.Reference]
	if c == nil {
		c = &Charge{Reference: call.Reference, Currency: amount.Currency}
		w.charges[call.Reference] = c
		w.order = append(w.order, call.Reference)
	}
	c.Effects = append(c.Effects, Effect{Key: call.Key, Kind: kind, Amount: amount.Amount})
	return c
}

func (w *world) Authorize(_ context.Context, call sagas.Call, method string, amount domain.Money) (sagas.Charge, error) {
	c := w.charge(call, Authorize, amount)
	if method == "declined" {
		c.Status = "declined"
		return sagas.Charge{ID: "ch", Status: sagas.ChargeDeclined, DeclineCode: "card_declined"}, nil
	}
	c.Status, c.Authorized = "authorized", amount.Amount
	return sagas.Charge{ID: "ch-" + method, Status: sagas.ChargeAuthorized, Authorized: amount, ExpiresAt: epoch.Add(7 * 24 * time.Hour)}, nil
}

func (w *world) Capture(_ context.Context, call sagas.Call, charge string, amount domain.Money) (sagas.Charge, error) {
	if charge == "ch-uncapturable" {
		return sagas.Charge{}, &sagas.Refusal{Code: "insufficient_funds"}
	}
	c := w.charge(call, Capture, amount)
	c.Status, c.Captured = "captured", amount.Amount
	return sagas.Charge{ID: charge, Status: sagas.ChargeCaptured, Captured: amount}, nil
}

func (w *world) Void(_ context.Context, call sagas.Call, charge string) (sagas.Charge, error) {
	switch {
	case w.hold:
		return sagas.Charge{}, errors.New("no answer")
	case charge == "ch-unvoidable":
		return sagas.Charge{}, &sagas.Refusal{Code: "not_now"}
	}
	c := w.charge(call, Void, domain.Money{})
	c.Status, c.Voided = "voided", c.Authorized
	return sagas.Charge{ID: charge, Status: sagas.ChargeVoided}, nil
}

func (w *world) Refund(_ context.Context, call sagas.Call, charge string, amount domain.Money) (sagas.Refund, error) {
	if charge == "ch-unrefundable" {
		return sagas.Refund{}, &sagas.Refusal{Code: "account_closed"}
	}
	c := w.charge(call, Refund, amount)
	c.Refunded = amount.Amount
	return sagas.Refund{ID: "re", Key: call.Key, Amount: amount, Status: sagas.RefundSucceeded}, nil
}

func (w *world) Find(context.Context, string) (sagas.Charge, error) {
	return sagas.Charge{}, sagas.ErrNotFound
}

func (w *world) booking(call sagas.Call, kind string) *Booking {
	b := w.bookings[call.Reference]
	if b == nil {
		b = &Booking{Reference: call.Reference}
		w.bookings[call.Reference] = b
	}
	b.Effects = append(b.Effects, Effect{Key: call.Key, Kind: kind})
	return b
}

func (w *world) Book(_ context.Context, call sagas.Call, _ sagas.Parcel) (sagas.Booking, error) {
	w.booking(call, Book).Status = sagas.BookingBooked
	return sagas.Booking{ID: "bk", Reference: call.Reference, Tracking: "T", Status: sagas.BookingBooked}, nil
}

func (w *world) Cancel(_ context.Context, call sagas.Call) (sagas.Booking, error) {
	w.booking(call, Cancel).Status = sagas.BookingCancelled
	return sagas.Booking{ID: "bk", Status: sagas.BookingCancelled}, nil
}

// carrier is the world's other face: the two ports look things up under the same name.
type carrier struct{ *world }

func (carrier) Find(context.Context, string) (sagas.Booking, error) {
	return sagas.Booking{}, sagas.ErrNotFound
}

func (w *world) Charges(context.Context) iter.Seq2[Charge, error] {
	return func(yield func(Charge, error) bool) {
		w.reads++
		if w.onRead != nil {
			w.onRead()
		}
		for _, id := range w.order {
			if !yield(*w.charges[id], nil) {
				return
			}
		}
	}
}

func (w *world) Bookings(context.Context) iter.Seq2[Booking, error] {
	return func(yield func(Booking, error) bool) {
		for _, b := range w.bookings {
			if !yield(*b, nil) {
				return
			}
		}
	}
}
