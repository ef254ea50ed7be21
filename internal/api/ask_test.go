package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/internal/carrier"
	"github.com/ordersaga/ordersaga/internal/history"
	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/projections"
)

// patience bounds every wait of a story.
const patience = 30 * time.Second

// answer is an HTTP answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// exchange sends a request. Headers are "Name: value".
func exchange(ctx context.Context, method, url, body string, headers ...string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, text}, err
}

// ask sends a request and holds the answer against openapi.json. Stories may call it from several goroutines.
func (s *shop) ask(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	a, err := exchange(ctx, method, s.url+path, body, headers...)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return a
	}
	for _, wrong := range contract().answer(method, path, a) {
		t.Errorf("%s %s answered %d, against openapi.json: %s\n%s", method, path, a.status, wrong, a.body)
	}
	return a
}

// must ends the story unless the answer has a status.
func (a answer) must(t testing.TB, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

func read[T any](t testing.TB, a answer) (value T) {
	t.Helper()
	if err := json.Unmarshal(a.body, &value); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return value
}

// wish is the body of POST /v1/orders.
type wish map[string]any

// wishFor is one line at 250 a piece, for a first line of the address.
func wishFor(sku string, quantity int, method, line1 string) wish {
	return wish{
		"customerId": "17850", "currency": "GBP", "paymentMethod": method, "shipTo": map[string]any{"line1": line1, "country": "GB"},
		"lines": []any{map[string]any{"sku": sku, "quantity": quantity, "unitPrice": 250}},
	}
}

func (w wish) json() string {
	text, _ := json.Marshal(w)
	return string(text)
}

// list makes a product with so much on hand, named after the story.
func (s *shop) list(t testing.TB, onHand int) (sku string) {
	t.Helper()
	sku = s.another(t, "")
	if onHand > 0 {
		s.ask(t, "POST", "/v1/stock/receipts", fmt.Sprintf(`{"sku": %q, "quantity": %d, "reference": "first"}`, sku, onHand)).must(t, 201)
	}
	return sku
}

// another makes another product of the story, without any on hand.
func (s *shop) another(t testing.TB, suffix string) (sku string) {
	t.Helper()
	sku = nameOf(t) + suffix
	s.ask(t, "PUT", "/v1/products/"+sku, `{"name": "Mug", "unitPrice": 250, "currency": "GBP"}`).must(t, 200)
	return sku
}

// nameOf is the story's name as a SKU or a key. Where a story is told again it has another name.
func nameOf(t testing.TB) string {
	names.Lock()
	defer names.Unlock()
	if name, known := names.of[t]; known {
		return name
	}
	name := strings.NewReplacer("/", ".", ",", "", "'", "").Replace(strings.TrimPrefix(t.Name(), "Test"))
	name = name[max(0, len(name)-50):]
	if names.told[t.Name()]++; names.told[t.Name()] > 1 {
		name += fmt.Sprintf(".%d", names.told[t.Name()])
	}
	names.of[t] = name
	return name
}

var names = struct {
	sync.Mutex
	of   map[testing.TB]string
	told map[string]int
}{of: map[testing.TB]string{}, told: map[string]int{}}

// place places an order under the story's name and answers with its id.
func (s *shop) place(t testing.TB, w wish) (id string) {
	t.Helper()
	return read[projections.OrderView](t, s.ask(t, "POST", "/v1/orders", w.json(), "Idempotency-Key: "+nameOf(t)).must(t, 202)).ID
}

func (s *shop) cancel(t testing.TB, id, key string) answer {
	t.Helper()
	return s.ask(t, "POST", "/v1/orders/"+id+"/cancel", `{"reason": "customer"}`, "Idempotency-Key: "+key)
}

func (s *shop) order(t testing.TB, id string) projections.OrderView {
	t.Helper()
	return read[projections.OrderView](t, s.ask(t, "GET", "/v1/orders/"+id, "").must(t, 200))
}

func (s *shop) level(t testing.TB, sku string) projections.StockView {
	t.Helper()
	return read[projections.StockView](t, s.ask(t, "GET", "/v1/stock/"+sku, "").must(t, 200))
}

// charges is what the payment provider's own ledger says of an order.
func (s *shop) charges(t testing.TB, id string) []psp.Entry {
	t.Helper()
	return read[psp.Page](t, s.ask(t, "GET", "/simulator/psp/v1/charges?reference="+id, "").must(t, 200)).Charges
}

// bookings is what the carrier's own ledger says of an order.
func (s *shop) bookings(t testing.TB, id string) []carrier.Entry {
	t.Helper()
	return read[carrier.Page](t, s.ask(t, "GET", "/simulator/carrier/v1/bookings?reference="+id, "").must(t, 200)).Bookings
}

// move moves an order's parcel by hand.
func (s *shop) move(t testing.TB, id, status string) {
	t.Helper()
	s.ask(t, "POST", "/simulator/carrier/v1/bookings/"+id+"/advance", fmt.Sprintf(`{"status": %q}`, status)).must(t, 200)
}

// history is an order's events over all services.
func (s *shop) history(t testing.TB, id string) []history.Event {
	t.Helper()
	return read[struct{ Events []history.Event }](t, s.ask(t, "GET", "/v1/orders/"+id+"/events", "").must(t, 200)).Events
}

// count is how often each type of event is in a history.
func count(events []history.Event) map[string]int {
	n := map[string]int{}
	for _, e := range events {
		n[e.Type]++
	}
	return n
}

// eventually asks again and again until wrong has nothing to say.
func eventually(t testing.TB, wrong func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		last := wrong()
		if last == "" {
			return
		}
		if t.Failed() || !pause(ctx, 10*time.Millisecond) {
			t.Fatal(last)
		}
	}
}

// until waits for an order to be as the story wants it.
func (s *shop) until(t testing.TB, id, what string, is func(projections.OrderView) bool) (v projections.OrderView) {
	t.Helper()
	eventually(t, func() string {
		if v = s.order(t, id); is(v) {
			return ""
		}
		text, _ := json.Marshal(v)
		return fmt.Sprintf("the order is not %s: %s", what, text)
	})
	return v
}

func (s *shop) untilStatus(t testing.TB, id, status string) projections.OrderView {
	t.Helper()
	return s.until(t, id, status, func(v projections.OrderView) bool { return v.Status == status })
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
