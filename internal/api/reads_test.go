package api_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/internal/history"
	"github.com/ordersaga/ordersaga/projections"
)

func TestAnOrderIsFoundRightAfterItWasAccepted(t *testing.T) {
	t.Parallel()
	s := quick(t)
	body := wishFor(s.list(t, 1000), 1, "pm_card_visa", "1 High Street").json()
	for i := range 50 {
		location := s.ask(t, "POST", "/v1/orders", body, fmt.Sprintf("Idempotency-Key: %s %d", nameOf(t), i)).must(t, 202).header.Get("Location")
		s.ask(t, "GET", location, "").must(t, 200)
		s.ask(t, "GET", location+"/events", "").must(t, 200)
	}
}

func TestAReadWithAWritesTokenSeesTheWrite(t *testing.T) {
	t.Parallel()
	s := quick(t)
	customer := nameOf(t)
	sku := s.another(t, "")
	for i := range 10 {
		receipt := fmt.Sprintf(`{"sku": %q, "quantity": 1, "reference": "PO-%d"}`, sku, i)
		token := s.ask(t, "POST", "/v1/stock/receipts", receipt).must(t, 201).header.Get("Consistency-Token")
		level := read[projections.StockView](t, s.ask(t, "GET", "/v1/stock/"+sku, "", "Consistency-Token: "+token).must(t, 200))
		if level.OnHand < int64(i+1) {
			t.Fatalf("after %d receipts there are %d", i+1, level.OnHand)
		}
	}
	var tokens []string
	for i := range 10 {
		w := wishFor(sku, 1, "pm_card_visa", "1 High Street")
		w["customerId"] = customer
		a := s.ask(t, "POST", "/v1/orders", w.json(), fmt.Sprintf("Idempotency-Key: %s %d", customer, i)).must(t, 202)
		tokens = append(tokens, a.header.Get("Consistency-Token"))
		page := s.ask(t, "GET", "/v1/orders?customer="+customer, "", "Consistency-Token: "+strings.Join(tokens, ", "))
		if n := len(read[struct{ Orders []projections.OrderView }](t, page.must(t, 200)).Orders); n != i+1 {
			t.Fatalf("after %d orders %d are listed", i+1, n)
		}
	}
	put := s.ask(t, "PUT", "/v1/products/"+sku, `{"name": "Cup", "unitPrice": 250, "currency": "GBP"}`).must(t, 200)
	product := read[projections.ProductView](t, s.ask(t, "GET", "/v1/products/"+sku, "", "Consistency-Token: "+put.header.Get("Consistency-Token")))
	if product.Name != "Cup" {
		t.Errorf("got %+v", product)
	}
}

func TestATokenThatNoWriteGaveIsRefused(t *testing.T) {
	t.Parallel()
	s := quick(t)
	for _, token := range []string{"order", "order@", "order@x", "order@-1", "nobody@1", "@1", "order@0,", "order@0,nobody@1", "order@99999999999999999999"} {
		for _, path := range []string{"/v1/orders", "/v1/orders/5feecefd-e494-50d7-83ae-0bd7d0091b0e", "/v1/products", "/v1/stock/mug", "/v1/sums"} {
			s.ask(t, "GET", path, "", "Consistency-Token: "+token).names(t, 400, "Consistency-Token")
		}
	}
}

func TestOrdersAreListedNewestFirstPageByPage(t *testing.T) {
	t.Parallel()
	s := patient(t)
	customer, sku := nameOf(t), s.list(t, 3)
	var placed []string // newest first
	var token string
	for i := range 7 { // there are mugs for the first three
		w := wishFor(sku, 1, "pm_card_visa", "1 High Street")
		w["customerId"] = customer
		a := s.ask(t, "POST", "/v1/orders", w.json(), fmt.Sprintf("Idempotency-Key: %s %d", customer, i)).must(t, 202)
		placed, token = slices.Insert(placed, 0, read[projections.OrderView](t, a).ID), a.header.Get("Consistency-Token")
	}
	if diff := cmp.Diff(placed, s.pages(t, "/v1/orders?limit=3&customer="+customer, []int{3, 3, 1}, token)); diff != "" {
		t.Error(diff)
	}
	for _, id := range placed[:4] {
		s.untilStatus(t, id, "rejected")
	}
	for _, id := range placed[4:] {
		s.untilStatus(t, id, "confirmed")
	}
	if diff := cmp.Diff(placed[:4], s.pages(t, "/v1/orders?status=rejected&limit=2&customer="+customer, []int{2, 2}, token)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(placed[4:], s.pages(t, "/v1/orders?status=confirmed&limit=500&customer="+customer, []int{3}, token)); diff != "" {
		t.Error(diff)
	}
	s.pages(t, "/v1/orders?customer=nobody", []int{0}, token)
}

var nextLink = regexp.MustCompile(`^<(/[^>]+)>; rel="next"$`)

// pages follows the links from page to page, and answers with the ids in their order.
func (s *shop) pages(t *testing.T, path string, sizes []int, token string) (ids []string) {
	t.Helper()
	for i, size := range sizes {
		a := s.ask(t, "GET", path, "", "Consistency-Token: "+token).must(t, 200)
		orders := read[struct{ Orders []projections.OrderView }](t, a).Orders
		if len(orders) != size {
			t.Errorf("page %d of %s has %d orders, want %d", i, path, len(orders), size)
		}
		for _, o := range orders {
			ids = append(ids, o.ID)
		}
		next := nextLink.FindStringSubmatch(a.header.Get("Link"))
		if (next != nil) != (i+1 < len(sizes)) {
			t.Fatalf("page %d of %d has the link %q", i, len(sizes), a.header.Get("Link"))
		}
		if next != nil {
			path = next[1]
		}
	}
	return ids
}

func TestProductsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	s := patient(t)
	var listed, found []string
	var token string
	for i := range 5 {
		listed = append(listed, fmt.Sprintf("%s.%d", nameOf(t), i))
		a := s.ask(t, "PUT", "/v1/products/"+listed[i], `{"name": "Mug", "unitPrice": 250, "currency": "GBP"}`).must(t, 200)
		token = a.header.Get("Consistency-Token")
	}
	for path := "/v1/products?limit=2"; path != ""; {
		a := s.ask(t, "GET", path, "", "Consistency-Token: "+token).must(t, 200)
		for _, p := range read[struct{ Products []projections.ProductView }](t, a).Products {
			if strings.HasPrefix(p.SKU, nameOf(t)+".") {
				found = append(found, p.SKU)
			}
		}
		path = ""
		if next := nextLink.FindStringSubmatch(a.header.Get("Link")); next != nil {
			path = next[1]
		}
	}
	if diff := cmp.Diff(listed, found); diff != "" {
		t.Error(diff)
	}
}

func TestAnOrdersHistoryIsCompleteAndEveryCauseIsThere(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_card_visa", "1 High Street"))
	s.ends(t, id, sku, completed(2, 10))
	events := s.history(t, id)
	want := map[string]int{}
	for _, kind := range []string{
		"order.placed", "stock.reserved", "payment.requested", "payment.authorization_started", "payment.authorized", "order.confirmed",
		"shipment.prepared", "shipment.booked", "shipment.dispatched", "stock.shipped", "payment.capture_started", "payment.captured",
		"shipment.delivered", "order.paid", "order.delivered", "order.completed",
	} {
		want[kind+".v1"] = 1
	}
	if diff := cmp.Diff(want, count(events)); diff != "" {
		t.Errorf("the history (-want +got):\n%s", diff)
	}
	before := map[uuid.UUID]bool{}
	for i, e := range events {
		fromOutside := e.Type == "order.placed.v1" || e.Type == "shipment.dispatched.v1" || e.Type == "shipment.delivered.v1"
		switch {
		case (e.CausationID == nil) != fromOutside:
			t.Errorf("%s has the cause %v", e.Type, e.CausationID)
		case e.CausationID != nil && !before[*e.CausationID]:
			t.Errorf("the cause of %s is not before it", e.Type)
		case e.Correlation != id || i > 0 && e.RecordedAt.Before(events[i-1].RecordedAt):
			t.Errorf("%s is of order %s, at %s", e.Type, e.Correlation, e.RecordedAt)
		}
		before[e.ID] = true
	}
}

func TestEventsAreBrowsedByStreamAndType(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_card_visa", "1 High Street"))
	s.ends(t, id, sku, completed(2, 10))
	browse := func(query string) (events []history.Event) {
		lines := strings.NewReader(string(s.ask(t, "GET", "/v1/events?"+query, "").must(t, 200).body))
		for decoder := json.NewDecoder(lines); decoder.More(); {
			var e history.Event
			if err := decoder.Decode(&e); err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
		return events
	}
	var own []string
	for _, e := range browse("stream=payment-" + id) {
		own = append(own, e.Type)
	}
	if diff := cmp.Diff([]string{
		"payment.requested.v1", "payment.authorization_started.v1", "payment.authorized.v1", "payment.capture_started.v1", "payment.captured.v1",
	}, own); diff != "" {
		t.Error(diff)
	}
	found := 0
	all := browse("type=order.placed.v1")
	for i, e := range all {
		if string(e.Stream) == "order-"+id {
			found++
		}
		if e.Type != "order.placed.v1" || i > 0 && e.RecordedAt.Before(all[i-1].RecordedAt) {
			t.Errorf("got %s at %s", e.Type, e.RecordedAt)
		}
	}
	if found != 1 {
		t.Errorf("the order's placing is there %d times", found)
	}
}
