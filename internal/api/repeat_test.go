package api_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/ordersaga/ordersaga/projections"
)

func TestTheSameOrderSentTwentyTimesAtOnceIsOneOrder(t *testing.T) {
	s := still(t)
	sku := s.list(t, 100)
	body := wishFor(sku, 3, "pm_card_visa", "1 High Street").json()
	locations := make([]string, 20)
	var group sync.WaitGroup
	for i := range locations {
		group.Go(func() {
			a := s.ask(t, "POST", "/v1/orders", body, "Idempotency-Key: "+nameOf(t))
			if a.status != 202 {
				t.Errorf("got %d: %s", a.status, a.body)
			}
			locations[i] = a.header.Get("Location")
		})
	}
	group.Wait()
	id := strings.TrimPrefix(locations[0], "/v1/orders/")
	for _, location := range locations {
		if location != "/v1/orders/"+id {
			t.Errorf("one is at %q, another at %q", id, location)
		}
	}
	s.ends(t, id, sku, completed(3, 100))
	if n := count(s.history(t, id))["order.placed.v1"]; n != 1 {
		t.Errorf("it was placed %d times", n)
	}
}

func TestTheSameOrderSpeltDifferentlyIsTheSameOrder(t *testing.T) {
	s := still(t)
	sku := s.list(t, 10)
	w := wishFor(sku, 1, "pm_card_visa", "1 High Street")
	id := s.place(t, w)
	s.ends(t, id, sku, completed(1, 10))
	before := s.recorded(t)
	for name, body := range map[string]string{
		"word for word": w.json(),
		"other order, whitespace and escapes": fmt.Sprintf(`
			{"lines" : [ {"unitPrice":250,"quantity":1, "sku": %q} ], "shipTo": {"country": "G\u0042", "line1": "1 High Street"},
			 "paymentMethod": "pm_card_visa", "currency": "GBP", "customerId": "17850"}  `, sku),
		"what is left out said": w.but("discount", 0),
	} {
		a := s.ask(t, "POST", "/v1/orders", body, "Idempotency-Key: "+nameOf(t)).must(t, 202)
		if again := read[projections.OrderView](t, a); again.ID != id || again.Status != "completed" || a.header.Get("Location") != "/v1/orders/"+id {
			t.Errorf("%s: got %s at %s, %s", name, again.ID, a.header.Get("Location"), again.Status)
		}
	}
	if after := s.recorded(t); !maps.Equal(before, after) {
		t.Errorf("something was recorded: before %v, after %v", before, after)
	}
}

func TestAnotherOrderUnderAUsedKeyIsRefusedAndNothingIsRecorded(t *testing.T) {
	s := still(t)
	sku := s.list(t, 10)
	w := wishFor(sku, 1, "pm_card_visa", "1 High Street")
	id := s.place(t, w)
	s.ends(t, id, sku, completed(1, 10))
	before := s.recorded(t)
	for _, body := range []string{
		w.withLine("quantity", 2), w.withLine("unitPrice", 251), w.but("paymentMethod", "pm_card_amex"), w.but("customerId", "17851"),
		w.but("shipTo", map[string]any{"line1": "2 High Street", "country": "GB"}), w.but("shippingCharge", 1), w.but("discount", 1),
		w.but("email", "a@example.com"), w.but("currency", "EUR"),
	} {
		s.ask(t, "POST", "/v1/orders", body, "Idempotency-Key: "+nameOf(t)).names(t, 422, "Idempotency-Key")
	}
	if after := s.recorded(t); !maps.Equal(before, after) {
		t.Errorf("something was recorded: before %v, after %v", before, after)
	}
}

func TestAReceiptCountsOnceForItsReference(t *testing.T) {
	s := still(t)
	sku := s.list(t, 10)
	receipt := fmt.Sprintf(`{"sku": %q, "quantity": 5, "reference": "PO-7"}`, sku)
	a := s.ask(t, "POST", "/v1/stock/receipts", receipt).must(t, 201)
	if level := read[projections.StockView](t, a); level.OnHand != 15 || level.Available != 15 {
		t.Errorf("got %+v", level)
	}
	before := s.recorded(t)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			if a := s.ask(t, "POST", "/v1/stock/receipts", receipt); a.status != 200 {
				t.Errorf("got %d: %s", a.status, a.body)
			}
		})
	}
	group.Wait()
	s.ask(t, "POST", "/v1/stock/receipts", strings.Replace(receipt, "5", "6", 1)).names(t, 422, "reference")
	if after := s.recorded(t); !maps.Equal(before, after) {
		t.Errorf("something was recorded: before %v, after %v", before, after)
	}
	other := s.another(t, ".other")
	s.ask(t, "POST", "/v1/stock/receipts", fmt.Sprintf(`{"sku": %q, "quantity": 6, "reference": "PO-7"}`, other)).must(t, 201)
	s.ask(t, "POST", "/v1/stock/adjustments", fmt.Sprintf(`{"sku": %q, "delta": -2, "reason": "damaged", "reference": "PO-7"}`, sku)).must(t, 201)
	s.ask(t, "POST", "/v1/stock/adjustments", fmt.Sprintf(`{"sku": %q, "delta": -2, "reason": "damaged", "reference": "PO-7"}`, sku)).must(t, 200)
	s.ask(t, "POST", "/v1/stock/adjustments", fmt.Sprintf(`{"sku": %q, "delta": -3, "reason": "damaged", "reference": "PO-7"}`, sku)).names(t, 422, "reference")
	eventually(t, func() string {
		if level := s.level(t, sku); level.OnHand != 13 {
			return fmt.Sprintf("got %+v, want 13 on hand", level)
		}
		return ""
	})
}

func TestWhatIsReservedCannotBeCountedAway(t *testing.T) {
	t.Parallel()
	s := patient(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 4, "pm_card_visa", "1 High Street"))
	s.until(t, id, "booked", func(v projections.OrderView) bool { return v.Shipment.Status == "booked" })
	away := func(delta int) string {
		return fmt.Sprintf(`{"sku": %q, "delta": %d, "reason": "lost", "reference": "%[2]d"}`, sku, delta)
	}
	s.ask(t, "POST", "/v1/stock/adjustments", away(-7)).names(t, 409, "delta")
	s.ask(t, "POST", "/v1/stock/adjustments", away(-6)).must(t, 201)
	s.ask(t, "POST", "/v1/stock/adjustments", away(-1)).names(t, 409, "delta")
	s.move(t, id, "delivered")
	s.ends(t, id, sku, completed(4, 4))
}

func TestAProductCanBeOrderedAsSoonAsItIsListed(t *testing.T) {
	t.Parallel()
	s := quick(t)
	for i := range 30 {
		sku := s.another(t, fmt.Sprint(i))
		s.ask(t, "POST", "/v1/stock/receipts", fmt.Sprintf(`{"sku": %q, "quantity": 1, "reference": "first"}`, sku)).must(t, 201)
		w := wishFor(sku, 1, "pm_card_visa", "1 High Street")
		s.ask(t, "POST", "/v1/orders", w.json(), "Idempotency-Key: "+sku).must(t, 202)
	}
}

func TestAQuoteMustAgreeWithTheCatalogueWherePricesAreChecked(t *testing.T) {
	t.Parallel()
	s := strict(t)
	sku := s.list(t, 10)
	w := wishFor(sku, 1, "pm_card_visa", "1 High Street")
	s.ask(t, "POST", "/v1/orders", w.withLine("unitPrice", 249), "Idempotency-Key: cheaper").names(t, 422, "lines[0].unitPrice")
	s.ask(t, "POST", "/v1/orders", w.but("currency", "EUR"), "Idempotency-Key: elsewhere").names(t, 422, "lines[0].unitPrice")
	s.ends(t, s.place(t, w), sku, completed(1, 10))
}

func TestAnOrderThatWasAcceptedIsRepeatedAfterItsPriceHasChanged(t *testing.T) {
	t.Parallel()
	s := strict(t)
	sku := s.list(t, 10)
	w := wishFor(sku, 1, "pm_card_visa", "1 High Street")
	id := s.place(t, w)
	s.ask(t, "PUT", "/v1/products/"+sku, `{"name": "Mug", "unitPrice": 300, "currency": "GBP"}`).must(t, 200)
	a := s.ask(t, "POST", "/v1/orders", w.json(), "Idempotency-Key: "+nameOf(t)).must(t, 202)
	if again := read[projections.OrderView](t, a).ID; again != id {
		t.Errorf("got another order, %s, not %s", again, id)
	}
	s.ask(t, "POST", "/v1/orders", w.json(), "Idempotency-Key: new "+nameOf(t)).names(t, 422, "lines[0].unitPrice")
	s.ends(t, id, sku, completed(1, 10))
}
