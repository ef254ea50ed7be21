package api_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/service"
)

// recorded is the last position of each service's store, housekeeping apart.
func (s *shop) recorded(t testing.TB) map[string]uint64 {
	t.Helper()
	last := map[string]uint64{}
	for name, store := range s.system.Stores() {
		for e, err := range store.All(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Stream.Category() != service.CheckpointCategory {
				last[name] = uint64(e.Position)
			}
		}
	}
	return last
}

// refusal is a request that must be refused by a problem document which names a field.
type refusal struct {
	name    string
	method  string // POST where it is empty
	path    string // /v1/orders where it is empty
	body    string
	headers []string
	status  int
	field   string
}

// refused sends each request, and looks whether anything was recorded.
func refused(t *testing.T, s *shop, refusals []refusal) {
	before := s.recorded(t)
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			if r.method == "" {
				r.method = "POST"
			}
			if r.path == "" {
				r.path = "/v1/orders"
			}
			a := s.ask(t, r.method, r.path, r.body, append([]string{"Idempotency-Key: " + nameOf(t)}, r.headers...)...)
			a.names(t, r.status, r.field)
		})
	}
	if after := s.recorded(t); !maps.Equal(before, after) {
		t.Errorf("something was recorded: before %v, after %v", before, after)
	}
}

// names looks whether an answer is a problem document that names a field.
func (a answer) names(t testing.TB, status int, field string) {
	t.Helper()
	if a.status != status || a.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("got %d %s, want a problem %d: %s", a.status, a.header.Get("Content-Type"), status, a.body)
	}
	p := read[struct {
		Type, Title, Detail string
		Status              int
		Errors              []struct{ Field, Detail string }
	}](t, a)
	if p.Status != status || p.Title == "" || p.Type == "" {
		t.Errorf("the problem is not complete: %s", a.body)
	}
	for _, e := range p.Errors {
		if e.Field == field && e.Detail != "" {
			return
		}
	}
	t.Errorf("the problem does not name %q: %s", field, a.body)
}

// but is a good wish with one thing changed. A nil takes the field away.
func (w wish) but(field string, value any) string {
	changed := maps.Clone(w)
	if changed[field] = value; value == nil {
		delete(changed, field)
	}
	return changed.json()
}

// withLine is a good wish with one thing of its only line changed.
func (w wish) withLine(field string, value any) string {
	line := maps.Clone(w["lines"].([]any)[0].(map[string]any))
	if line[field] = value; value == nil {
		delete(line, field)
	}
	return w.but("lines", []any{line})
}

func TestAnOrderThatMakesNoSenseIsRefusedAndNothingIsRecorded(t *testing.T) {
	s := still(t)
	good := wishFor(s.list(t, 10), 1, "pm_card_visa", "1 High Street")
	line := good["lines"].([]any)[0]
	lines := func(n int) []any {
		all := make([]any, n)
		for i := range all {
			all[i] = line
		}
		return all
	}
	long := strings.Repeat("x", 201)
	refused(t, s, []refusal{
		{name: "unknown SKU", body: good.withLine("sku", "nobody-has-this"), status: 422, field: "lines[0].sku"},
		{name: "no SKU", body: good.withLine("sku", nil), status: 422, field: "lines[0].sku"},
		{name: "zero quantity", body: good.withLine("quantity", 0), status: 422, field: "lines[0].quantity"},
		{name: "no quantity", body: good.withLine("quantity", nil), status: 422, field: "lines[0].quantity"},
		{name: "negative quantity", body: good.withLine("quantity", -1), status: 422, field: "lines[0].quantity"},
		{name: "a million and one", body: good.withLine("quantity", 1_000_001), status: 422, field: "lines[0].quantity"},
		{name: "half a mug", body: good.withLine("quantity", 0.5), status: 400, field: "lines.quantity"},
		{name: "a quantity in words", body: good.withLine("quantity", "two"), status: 400, field: "lines.quantity"},
		{name: "negative price", body: good.withLine("unitPrice", -1), status: 422, field: "lines[0].unitPrice"},
		{name: "fractional price", body: good.withLine("unitPrice", 2.5), status: 400, field: "lines.unitPrice"},
		{name: "a price beyond 64 bits", body: strings.Replace(good.json(), `"unitPrice":250`, `"unitPrice":9223372036854775808`, 1), status: 400, field: "lines.unitPrice"},
		{name: "a price that wraps to 1", body: strings.Replace(good.json(), `"unitPrice":250`, `"unitPrice":18446744073709551617`, 1), status: 400, field: "lines.unitPrice"},
		{name: "a total beyond 64 bits", body: strings.Replace(good.withLine("quantity", 1_000_000), `"unitPrice":250`, `"unitPrice":1000000000000`, 1), status: 422, field: "lines[0]"},
		{name: "a total too large", body: strings.Replace(good.withLine("quantity", 2), `"unitPrice":250`, `"unitPrice":1000000000000`, 1), status: 422, field: "lines[0]"},
		{name: "unknown currency", body: good.but("currency", "GBX"), status: 422, field: "currency"},
		{name: "currency in small letters", body: good.but("currency", "gbp"), status: 422, field: "currency"},
		{name: "no currency", body: good.but("currency", nil), status: 422, field: "currency"},
		{name: "10,000 lines", body: good.but("lines", lines(10_000)), status: 422, field: "lines"},
		{name: "no lines", body: good.but("lines", nil), status: 422, field: "lines"},
		{name: "lines that are none", body: good.but("lines", []any{}), status: 422, field: "lines"},
		{name: "lines that are no array", body: good.but("lines", "mug"), status: 400, field: "lines"},
		{name: "a card number", body: good.but("paymentMethod", "4242 4242 4242 4242"), status: 422, field: "paymentMethod"},
		{name: "a card number without spaces", body: good.but("paymentMethod", "4242424242424242"), status: 422, field: "paymentMethod"},
		{name: "no payment method", body: good.but("paymentMethod", nil), status: 422, field: "paymentMethod"},
		{name: "endless payment method", body: good.but("paymentMethod", long), status: 422, field: "paymentMethod"},
		{name: "discount above the total", body: good.but("discount", 251), status: 422, field: "discount"},
		{name: "negative discount", body: good.but("discount", -1), status: 422, field: "discount"},
		{name: "negative shipping charge", body: good.but("shippingCharge", -1), status: 422, field: "shippingCharge"},
		{name: "no address of mail", body: good.but("email", "nobody"), status: 422, field: "email"},
		{name: "endless customer", body: good.but("customerId", long), status: 422, field: "customerId"},
		{name: "country in words", body: good.but("shipTo", map[string]any{"country": "England"}), status: 422, field: "shipTo.country"},
		{name: "endless street", body: good.but("shipTo", map[string]any{"line1": long}), status: 422, field: "shipTo.line1"},
		{name: "unknown field", body: good.but("coupon", "FREE"), status: 400, field: "coupon"},
		{name: "unknown field of a line", body: good.withLine("colour", "red"), status: 400, field: "colour"},
	})
}

func TestABodyThatCannotBeReadIsRefusedAndNothingIsRecorded(t *testing.T) {
	s := still(t)
	good := wishFor(s.list(t, 10), 1, "pm_card_visa", "1 High Street").json()
	refused(t, s, []refusal{
		{name: "not JSON", body: `currency=GBP`, status: 400, field: "body"},
		{name: "cut off", body: good[:len(good)-1], status: 400, field: "body"},
		{name: "empty", body: ``, status: 400, field: "body"},
		{name: "an array", body: `[` + good + `]`, status: 400, field: "body"},
		{name: "two values", body: good + good, status: 400, field: "body"},
		{name: "one brace too many", body: good + `}`, status: 400, field: "body"},
		{name: "one bracket too many", body: good + `]`, status: 400, field: "body"},
		{name: "too large", body: good + strings.Repeat(" ", 1<<20), status: 413, field: "body"},
		{name: "not said to be JSON", body: good, headers: []string{"Content-Type: text/xml"}, status: 415, field: "Content-Type"},
		{name: "without a key", body: good, headers: []string{"Idempotency-Key: "}, status: 400, field: "Idempotency-Key"},
		{name: "with an endless key", body: good, headers: []string{"Idempotency-Key: " + strings.Repeat("k", 256)}, status: 400, field: "Idempotency-Key"},
	})
}

func TestEveryWrongFieldIsNamedAtOnce(t *testing.T) {
	a := still(t).ask(t, "POST", "/v1/orders", `{"currency": "XXX", "lines": [{"sku": "none", "quantity": -1}], "discount": -5}`, "Idempotency-Key: wrong")
	for _, field := range []string{"currency", "paymentMethod", "lines[0].sku", "lines[0].quantity", "discount"} {
		a.names(t, 422, field)
	}
}

func TestOtherDoorsNameTheFieldTooAndRecordNothing(t *testing.T) {
	s := still(t)
	sku := s.list(t, 10)
	product := func(field, value string) string {
		fields := map[string]string{"name": `"Mug"`, "unitPrice": `250`, "currency": `"GBP"`}
		fields[field] = value
		return fmt.Sprintf(`{"name": %s, "unitPrice": %s, "currency": %s}`, fields["name"], fields["unitPrice"], fields["currency"])
	}
	receipt := func(sku, quantity, reference string) string {
		return fmt.Sprintf(`{"sku": %q, "quantity": %s, "reference": %q}`, sku, quantity, reference)
	}
	adjustment := func(delta, reason string) string {
		return fmt.Sprintf(`{"sku": %q, "delta": %s, "reason": %q, "reference": "wrong"}`, sku, delta, reason)
	}
	const products, receipts, adjustments = "/v1/products/", "/v1/stock/receipts", "/v1/stock/adjustments"
	refused(t, s, []refusal{
		{name: "a nameless product", method: "PUT", path: products + "new", body: product("name", `""`), status: 422, field: "name"},
		{name: "a product below nothing", method: "PUT", path: products + "new", body: product("unitPrice", `-1`), status: 422, field: "unitPrice"},
		{name: "a product without a price", method: "PUT", path: products + "new", body: product("unitPrice", `null`), status: 422, field: "unitPrice"},
		{name: "a product for beads", method: "PUT", path: products + "new", body: product("currency", `"BEA"`), status: 422, field: "currency"},
		{name: "a SKU with a blank", method: "PUT", path: products + "a%20b", body: product("name", `"Mug"`), status: 422, field: "sku"},
		{name: "goods of nothing", path: receipts, body: receipt("nobody-has-this", "1", "wrong"), status: 422, field: "sku"},
		{name: "no goods", path: receipts, body: receipt(sku, "0", "wrong"), status: 422, field: "quantity"},
		{name: "goods taken away", path: receipts, body: receipt(sku, "-1", "wrong"), status: 422, field: "quantity"},
		{name: "more goods than can be counted", path: receipts, body: receipt(sku, "1000000000001", "wrong"), status: 422, field: "quantity"},
		{name: "goods without a reference", path: receipts, body: receipt(sku, "1", ""), status: 422, field: "reference"},
		{name: "goods of another quantity", path: receipts, body: receipt(sku, "11", "first"), status: 422, field: "reference"},
		{name: "a count that changes nothing", path: adjustments, body: adjustment("0", "count"), status: 422, field: "delta"},
		{name: "a count without a reason", path: adjustments, body: adjustment("1", ""), status: 422, field: "reason"},
		{name: "a count below nothing", path: adjustments, body: adjustment("-11", "count"), status: 409, field: "delta"},
		{name: "a cancellation without a key", path: "/v1/orders/5feecefd-e494-50d7-83ae-0bd7d0091b0e/cancel", headers: []string{"Idempotency-Key: "}, status: 400, field: "Idempotency-Key"},
		{name: "an endless reason", path: "/v1/orders/5feecefd-e494-50d7-83ae-0bd7d0091b0e/cancel", body: `{"reason": "` + strings.Repeat("x", 201) + `"}`, status: 400, field: "reason"},
		{name: "a status that is none", method: "GET", path: "/v1/orders?status=happy", status: 400, field: "status"},
		{name: "a cursor that nobody gave", method: "GET", path: "/v1/orders?cursor=abc", status: 400, field: "cursor"},
		{name: "another cursor that nobody gave", method: "GET", path: "/v1/products?cursor=abc", status: 400, field: "cursor"},
		{name: "a page without rows", method: "GET", path: "/v1/orders?limit=0", status: 400, field: "limit"},
		{name: "a page too long", method: "GET", path: "/v1/products?limit=501", status: 400, field: "limit"},
		{name: "a stream that is nobody's", method: "GET", path: "/v1/events?stream=parked-order", status: 400, field: "stream"},
		{name: "a type that is none", method: "GET", path: "/v1/events?type=order.eaten.v1", status: 400, field: "type"},
	})
}

func TestAnEmptyCatalogueIsAnEmptyList(t *testing.T) {
	s, err := openShop(func(*config.Config) {})
	if err != nil {
		t.Fatal(err)
	}
	s.ask(t, "GET", "/v1/products", "").must(t, 200)
	s.ask(t, "GET", "/v1/orders", "").must(t, 200)
	s.ask(t, "GET", "/v1/sums", "").must(t, 200)
}
