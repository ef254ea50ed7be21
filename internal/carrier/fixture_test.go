package carrier_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/internal/carrier"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

const (
	secret = "whsec_test"
	never  = time.Hour
)

// world is a carrier behind a real server, a client that asks it, and a shop that hears its webhooks.
type world struct {
	t       *testing.T
	options carrier.Options
	carrier *carrier.Carrier
	server  *httptest.Server
	client  *carrier.Client
	hasty   *carrier.Client // gives up soon, on calls that hang

	mu    sync.Mutex
	heard map[string][]sagas.BookingStatus // by reference
	ids   map[string]int
}

func newWorld(t *testing.T, options carrier.Options) *world {
	t.Helper()
	w := &world{t: t, heard: map[string][]sagas.BookingStatus{}, ids: map[string]int{}}
	shop := httptest.NewServer(http.HandlerFunc(w.hear))
	t.Cleanup(shop.Close)
	options.Dir, options.Logger = t.TempDir(), slog.New(slog.DiscardHandler)
	options.Webhooks = webhook.To(shop.URL, secret)
	if options.Now == nil {
		options.Now = time.Now
	}
	w.options = options
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start() {
	w.t.Helper()
	c, err := carrier.Open(w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	w.carrier, w.server = c, httptest.NewServer(c.Handler())
	w.client = carrier.NewClient(w.server.URL, nil, 10*time.Second)
	w.hasty = carrier.NewClient(w.server.URL, nil, 300*time.Millisecond)
}

func (w *world) stop() {
	err := w.carrier.Close() // first: it frees the calls that hang
	w.server.Close()
	if err != nil {
		w.t.Error(err)
	}
}

func (w *world) hear(rw http.ResponseWriter, r *http.Request) {
	events, err := webhook.Receive(r, []string{secret}, w.options.Now())
	if err != nil {
		w.t.Error(err)
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range events {
		entry, err := carrier.ReadEntry(e)
		if err != nil {
			w.t.Error(err)
		}
		w.heard[e.Reference] = append(w.heard[e.Reference], entry.Status)
		w.ids[e.ID]++
	}
}

func (w *world) words(reference string) []sagas.BookingStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sagas.BookingStatus(nil), w.heard[reference]...)
}

// ledger is all bookings by reference, each checked.
func (w *world) ledger() map[string][]carrier.Entry {
	w.t.Helper()
	all := map[string][]carrier.Entry{}
	for e, err := range w.carrier.Ledger() {
		if err != nil {
			w.t.Fatal(err)
		}
		if err := e.Check(); err != nil {
			w.t.Error(err)
		}
		all[e.Reference] = append(all[e.Reference], e)
	}
	return all
}

// only is the one booking of a reference.
func (w *world) only(reference string) carrier.Entry {
	w.t.Helper()
	bookings := w.ledger()[reference]
	if len(bookings) != 1 {
		w.t.Fatalf("%s has %d bookings, want one", reference, len(bookings))
	}
	return bookings[0]
}

func newCall(reference string) sagas.Call {
	return sagas.Call{Key: uuid.New(), Reference: reference, IntendedAt: time.Now()}
}

func parcel(line1 string) sagas.Parcel {
	return sagas.Parcel{Name: "A. Buyer", Line1: line1, City: "Leeds", Postcode: "LS1 1AA", Country: "GB", Items: 2}
}

// booked is a parcel whose booking is answered.
func (w *world) booked(ctx context.Context, reference, line1 string) sagas.Booking {
	w.t.Helper()
	b, err := w.client.Book(ctx, newCall(reference), parcel(line1))
	if err != nil || b.Status != sagas.BookingBooked || b.Reference != reference || b.Tracking == "" {
		w.t.Fatalf("book %q: %+v, %v", line1, b, err)
	}
	return b
}

func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 10 s")
		}
	}
}
