package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/webhook"
)

func TestASignatureHoldsForItsBodyTimeAndSecret(t *testing.T) {
	now, body := time.Unix(1_700_000_000, 0), []byte(`{"events":[]}`)
	header := webhook.Sign("whsec_1", now, body)
	// printf '1700000000.{"events":[]}' | openssl dgst -sha256 -hmac whsec_1
	if want := "t=1700000000,v1=3797ba17967d826be0f1e9992991b4e3a2b02adeaa76c45c61e5a1e9472186d6"; header != want {
		t.Fatalf("the header is %q, want %q", header, want)
	}
	for _, c := range []struct {
		what    string
		header  string
		body    []byte
		secrets []string
		now     time.Time
		want    error
	}{
		{"as it was sent", header, body, []string{"whsec_1"}, now, nil},
		{"while the secret is replaced", header, body, []string{"whsec_2", "whsec_1"}, now.Add(time.Minute), nil},
		{"with a second signature", "t=1700000000,v1=00" + header[12:] + "," + header[13:], body, []string{"whsec_1"}, now, nil},
		{"at the edge of the tolerance", header, body, []string{"whsec_1"}, now.Add(webhook.Tolerance), nil},
		{"too late", header, body, []string{"whsec_1"}, now.Add(webhook.Tolerance + time.Second), webhook.ErrTime},
		{"from the future", header, body, []string{"whsec_1"}, now.Add(-webhook.Tolerance - time.Second), webhook.ErrTime},
		{"with another body", header, []byte(`{"events":[1]}`), []string{"whsec_1"}, now, webhook.ErrSignature},
		{"with another secret", header, body, []string{"whsec_2"}, now, webhook.ErrSignature},
		{"with another time", "t=1700000001" + header[12:], body, []string{"whsec_1"}, now, webhook.ErrSignature},
		{"with an empty secret", webhook.Sign("", now, body), body, []string{""}, now, webhook.ErrSignature},
		{"without a secret", header, body, nil, now, webhook.ErrSignature},
		{"without a header", "", body, []string{"whsec_1"}, now, webhook.ErrHeader},
		{"with half a header", "t=1700000000", body, []string{"whsec_1"}, now, webhook.ErrHeader},
		{"with a signature that is no hex", "t=1700000000,v1=zz", body, []string{"whsec_1"}, now, webhook.ErrHeader},
	} {
		if err := webhook.Verify(c.header, c.body, c.secrets, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

// shop receives webhooks.
type shop struct {
	*httptest.Server
	mu         sync.Mutex
	deliveries [][]webhook.Event
	refuse     func([]webhook.Event) bool
}

const secret = "whsec_test"

func newShop(t *testing.T, refuse func([]webhook.Event) bool) *shop {
	s := &shop{refuse: refuse}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		events, err := webhook.Receive(r, []string{secret}, time.Now())
		if err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.refuse != nil && s.refuse(events) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.deliveries = append(s.deliveries, events)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) accepted() (ids []string, deliveries int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deliveries {
		for _, e := range d {
			ids = append(ids, e.ID)
		}
	}
	return ids, len(s.deliveries)
}

// outbox opens an outbox that sends to a shop until stop.
func outbox(t *testing.T, dir string, to webhook.Destination) (send func(events ...webhook.Event), stop func()) {
	l, err := ledger.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := webhook.NewOutbox(l, "o/", to, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { o.Run(ctx) })
	stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		_ = l.Close()
	})
	t.Cleanup(stop)
	return func(events ...webhook.Event) {
		err := l.Do(t.Context(), func(tx *ledger.Tx) error {
			for _, e := range events {
				copies := 1
				if e.Type == "thrice" {
					copies = 3
				}
				if _, err := o.Add(tx, e, copies); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}, stop
}

func event(n int, reference string) webhook.Event {
	return webhook.Event{ID: fmt.Sprintf("evt_%03d", n), Type: "test", Reference: reference, At: time.Now(), Data: json.RawMessage(`{}`)}
}

func TestManyEventsTravelTogetherAndInOrder(t *testing.T) {
	s := newShop(t, nil)
	send, _ := outbox(t, t.TempDir(), webhook.To(s.URL, secret))
	var events []webhook.Event
	for i := range 500 {
		events = append(events, event(i, fmt.Sprint(i%7)))
	}
	send(events...)
	waitFor(t, func() bool { ids, _ := s.accepted(); return len(ids) >= 500 })
	ids, deliveries := s.accepted()
	for i, id := range ids {
		if id != events[i].ID {
			t.Fatalf("event %d is %s", i, id)
		}
	}
	if deliveries > 10 {
		t.Errorf("500 events took %d deliveries", deliveries)
	}
}

func TestOnePoisonedReferenceHoldsBackNothingElse(t *testing.T) {
	var healed atomic.Bool
	s := newShop(t, func(events []webhook.Event) bool {
		for _, e := range events {
			if e.Reference == "poison" && !healed.Load() {
				return true
			}
		}
		return false
	})
	send, _ := outbox(t, t.TempDir(), webhook.To(s.URL, secret))
	var events []webhook.Event
	for i := range 60 {
		reference := "healthy"
		if i%20 == 3 {
			reference = "poison"
		}
		events = append(events, event(i, reference))
	}
	send(events...)
	waitFor(t, func() bool { ids, _ := s.accepted(); return len(ids) == 57 })
	healed.Store(true)
	waitFor(t, func() bool { ids, _ := s.accepted(); return len(ids) == 60 })
	ids, _ := s.accepted()
	if got := fmt.Sprint(ids[57:]); got != "[evt_003 evt_023 evt_043]" {
		t.Errorf("the held back came as %s", got)
	}
}

func TestEventsWaitForADestinationThatIsDown(t *testing.T) {
	s := newShop(t, nil)
	var up atomic.Bool
	dir := t.TempDir()
	to := webhook.Destination{Secret: secret, URL: func() string {
		if up.Load() {
			return s.URL
		}
		return "http://127.0.0.1:1"
	}}
	send, stop := outbox(t, dir, to)
	send(event(1, "a"), event(2, "b"))
	stop()
	send, _ = outbox(t, dir, to)
	send(event(3, "a"))
	up.Store(true)
	waitFor(t, func() bool { ids, _ := s.accepted(); return len(ids) >= 3 })
	if ids, _ := s.accepted(); fmt.Sprint(ids) != "[evt_001 evt_002 evt_003]" {
		t.Errorf("they came as %v", ids)
	}
}

func TestCopiesAreSentAtOnce(t *testing.T) {
	together := make(chan struct{}, 3)
	release := make(chan struct{})
	var total atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		events, err := webhook.Receive(r, []string{secret}, time.Now())
		if err != nil || len(events) != 1 {
			t.Errorf("a delivery of %d events, %v", len(events), err)
		}
		total.Add(1)
		if events[0].Type == "thrice" {
			together <- struct{}{}
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	}))
	defer server.Close()
	send, _ := outbox(t, t.TempDir(), webhook.To(server.URL, secret))
	thrice := event(2, "a")
	thrice.Type = "thrice"
	send(event(1, "a"), thrice)
	for range 3 {
		select {
		case <-together:
		case <-time.After(5 * time.Second):
			t.Fatal("the three copies were not under way at once")
		}
	}
	close(release)
	waitFor(t, func() bool { return total.Load() == 4 })
}

func TestADeliveryThatWasTamperedWithIsRefused(t *testing.T) {
	body := []byte(`{"events":[{"id":"evt_1","type":"charge.captured","reference":"1","at":"2024-01-01T00:00:00Z","data":{}}]}`)
	now := time.Now()
	request := func(body []byte, header string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set(webhook.Header, header)
		return r
	}
	events, err := webhook.Receive(request(body, webhook.Sign(secret, now, body)), []string{secret}, now)
	if err != nil || len(events) != 1 || events[0].Type != webhook.ChargeCaptured {
		t.Errorf("an honest delivery: %v, %v", events, err)
	}
	forged := bytes.Replace(body, []byte(`"1"`), []byte(`"2"`), 1)
	if _, err := webhook.Receive(request(forged, webhook.Sign(secret, now, body)), []string{secret}, now); !errors.Is(err, webhook.ErrSignature) {
		t.Errorf("a forged one: %v", err)
	}
	junk := []byte(`{"events":[{"type":"x"}]}`)
	if _, err := webhook.Receive(request(junk, webhook.Sign(secret, now, junk)), []string{secret}, now); !errors.Is(err, webhook.ErrBody) {
		t.Errorf("one without ids: %v", err)
	}
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
