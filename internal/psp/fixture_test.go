package psp_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

const secret = "whsec_test"

// world is a provider behind a real server, a client that asks it, and a shop that hears its webhooks.
type world struct {
	t        *testing.T
	options  psp.Options
	provider *psp.Provider
	server   *httptest.Server
	client   *psp.Client
	hasty    *psp.Client // gives up soon, on calls that hang

	mu     sync.Mutex
	heard  []psp.Notice
	types  []string
	ids    map[string]int
	onHear func()
}

func newWorld(t *testing.T, options psp.Options) *world {
	t.Helper()
	w := &world{t: t, ids: map[string]int{}}
	shop := httptest.NewServer(http.HandlerFunc(w.hear))
	t.Cleanup(shop.Close)
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	options.Webhooks = webhook.To(shop.URL, secret)
	options.Logger = slog.New(slog.DiscardHandler)
	if options.SettleAfter == 0 {
		options.SettleAfter = 50 * time.Millisecond
	}
	if options.ShortLife == 0 {
		options.ShortLife = 100 * time.Millisecond
	}
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
	provider, err := psp.Open(w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	w.provider, w.server = provider, httptest.NewServer(provider.Handler())
	w.client = psp.NewClient(w.server.URL, nil, 10*time.Second)
	w.hasty = psp.NewClient(w.server.URL, nil, 300*time.Millisecond)
}

func (w *world) stop() {
	err := w.provider.Close() // first: it frees the calls that hang
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
		n, err := psp.ReadNotice(e)
		if err != nil {
			w.t.Error(err)
		}
		w.heard, w.types = append(w.heard, n), append(w.types, e.Type)
		w.ids[e.ID]++
	}
	if w.onHear != nil {
		w.onHear()
	}
}

// notices are the webhooks about a reference.
func (w *world) notices(reference string) (types []string, notices []psp.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, n := range w.heard {
		if n.Charge.Reference == reference {
			types, notices = append(types, w.types[i]), append(notices, n)
		}
	}
	return types, notices
}

// ledger is all charges by reference, each checked.
func (w *world) ledger() map[string][]psp.Entry {
	w.t.Helper()
	all := map[string][]psp.Entry{}
	for e, err := range w.provider.Ledger() {
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

// only is the one charge of a reference.
func (w *world) only(reference string) psp.Entry {
	w.t.Helper()
	charges := w.ledger()[reference]
	if len(charges) != 1 {
		w.t.Fatalf("%s has %d charges, want one", reference, len(charges))
	}
	return charges[0]
}

func pounds(amount int64) domain.Money { return domain.Money{Amount: amount, Currency: "GBP"} }

func newCall(reference string) sagas.Call {
	return sagas.Call{Key: uuid.New(), Reference: reference, IntendedAt: time.Now()}
}

// authorized is a charge of 10.00 GBP.
func (w *world) authorized(reference, method string) sagas.Charge {
	w.t.Helper()
	c, err := w.client.Authorize(w.t.Context(), newCall(reference), method, pounds(1000))
	if err != nil || c.Status != sagas.ChargeAuthorized {
		w.t.Fatalf("authorize %s: %+v, %v", method, c, err)
	}
	return c
}

func (w *world) captured(reference, method string) sagas.Charge {
	w.t.Helper()
	c, err := w.client.Capture(w.t.Context(), newCall(reference), w.authorized(reference, method).ID, pounds(1000))
	if err != nil || c.Status != sagas.ChargeCaptured || c.Captured != pounds(1000) {
		w.t.Fatalf("capture %s: %+v, %v", method, c, err)
	}
	return c
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
