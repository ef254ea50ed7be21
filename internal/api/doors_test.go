package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/projections"
)

func TestAWrongMethodIsToldTheRightOnes(t *testing.T) {
	s := quick(t)
	for path, want := range map[string]string{"/v1/orders": "GET, POST", "/v1/products/mug": "GET, PUT", "/v1/stock/receipts": "GET, POST"} {
		a, err := exchange(t.Context(), "DELETE", s.url+path, "")
		if err != nil {
			t.Fatal(err)
		}
		if a.status != 405 || a.header.Get("Allow") != want || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("DELETE %s: %d, Allow %q, %s", path, a.status, a.header.Get("Allow"), a.body)
		}
	}
}

func TestAnOrdersIDMayBeSpelledInCapitals(t *testing.T) {
	s := quick(t)
	id := s.place(t, wishFor(s.list(t, 1), 1, "pm_card_visa", "1 High Street"))
	s.ask(t, "GET", "/v1/orders/"+strings.ToUpper(id), "").must(t, 200)
	s.ask(t, "GET", "/v1/orders/"+strings.ToUpper(id)+"/events", "").must(t, 200)
}

func TestADeliveryWhoseDataIsAnotherOrdersIsRefused(t *testing.T) {
	s := still(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 1, "pm_card_visa", "SIM-LOSE 1 High Street"))
	other := read[projections.OrderView](t, s.ask(t, "POST", "/v1/orders", wishFor(sku, 2, "pm_card_visa", "SIM-LOSE 1 High Street").json(),
		"Idempotency-Key: another of "+nameOf(t)).must(t, 202)).ID
	s.untilStatus(t, id, "lost")
	s.untilStatus(t, other, "lost")
	before := s.recorded(t)
	body := delivery(t, webhook.BookingLost, other, s.bookings(t, id)[0])
	a := s.ask(t, "POST", "/v1/webhooks/carrier", body, signed(s.secret(t), time.Now(), body)).must(t, 400)
	if !strings.Contains(string(a.body), `"field":"events"`) {
		t.Errorf("the problem does not name the events: %s", a.body)
	}
	if after := s.recorded(t); after["shipping"] != before["shipping"] {
		t.Errorf("something was recorded: %v, then %v", before, after)
	}
}

func TestABadTokenIsSaidAtOnceWhereverItStands(t *testing.T) {
	s := quick(t)
	begun := time.Now()
	s.ask(t, "GET", "/v1/products", "", "Consistency-Token: order@999999999, nonsense").must(t, 400)
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
}
