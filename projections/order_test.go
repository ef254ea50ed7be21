package projections

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

func TestACompletedOrderTellsItsWholeStory(t *testing.T) {
	v := folded(t, newHistory().stocked().completed("o1"))
	placedAt, endedAt := epoch.Add(7*time.Second), epoch.Add(22*time.Second)
	want := OrderView{
		ID: "o1", Status: StatusCompleted, CustomerID: "17850", Email: "a@example.com", Currency: "GBP",
		Lines: placedFact.Lines, ShippingCharge: 250, Discount: 50, Total: 1070, ShipTo: placedFact.ShipTo, Warehouse: "main",
		PlacedAt: placedAt, EndedAt: &endedAt,
		Payment:  PaymentView{Status: "captured", Method: "pm_card_visa", Amount: 1070, Authorized: 1070, Captured: 1070},
		Shipment: ShipmentView{Status: "delivered", Booking: "B1", Tracking: "T1"},
		Stock:    OrderStockView{Status: "shipped", Events: []EventRef{{"stock-main", 3}, {"stock-main", 4}}},
	}
	if diff := cmp.Diff(want, orderOf(t, v, "o1")); diff != "" {
		t.Error(diff)
	}
}

func TestEveryPathOfAnOrder(t *testing.T) {
	type want struct{ status, reason, attention, payment, shipment, stock string }
	for name, path := range map[string]struct {
		tell func(h *history)
		want want
	}{
		"placed":     {func(h *history) { h.placed("o") }, want{"placed", "", "", "none", "none", "none"}},
		"authorized": {func(h *history) { h.authorized("o") }, want{"placed", "", "", "authorized", "none", "reserved"}},
		"booked":     {func(h *history) { h.booked("o") }, want{"confirmed", "", "", "authorized", "booked", "reserved"}},
		"dispatched": {func(h *history) { h.shipped("o") }, want{"shipped", "", "", "authorized", "dispatched", "shipped"}},
		"paid":       {func(h *history) { h.captured("o") }, want{"shipped", "", "", "captured", "dispatched", "shipped"}},
		"completed":  {func(h *history) { h.completed("o") }, want{"completed", "", "", "captured", "delivered", "shipped"}},
		"out of stock": {func(h *history) {
			h.placed("o").record("payment-o", payment.Requested{Amount: pounds})
			h.record("stock-main", inventory.Refused{OrderID: "o", Shortages: []inventory.Shortage{{SKU: "71053", Requested: 1}}})
			h.record("order-o", order.Rejected{Reason: order.OutOfStock, Detail: "71053"}).record("payment-o", payment.Cancelled{})
		}, want{"rejected", "out_of_stock", "", "cancelled", "none", "refused"}},
		"declined": {func(h *history) {
			h.placed("o").record("payment-o", payment.Requested{Amount: pounds}, payment.AuthorizationStarted{}, payment.Declined{Code: "card_declined"})
			h.record("stock-main", inventory.Reserved{OrderID: "o", Items: items})
			h.record("order-o", order.Rejected{Reason: order.PaymentDeclined, Detail: "card_declined"}).released("o")
		}, want{"rejected", "payment_declined", "", "declined", "none", "released"}},
		"rejected while the authorization is in flight": {func(h *history) {
			h.placed("o").record("payment-o", payment.Requested{Amount: pounds}, payment.AuthorizationStarted{})
			h.record("order-o", order.Rejected{Reason: order.PaymentExpired}).record("payment-o", payment.Cancelled{})
		}, want{"rejected", "payment_expired", "", "authorizing", "none", "none"}},
		"the late authorization is voided": {func(h *history) {
			h.placed("o").record("payment-o", payment.Requested{Amount: pounds}, payment.AuthorizationStarted{})
			h.record("order-o", order.Rejected{Reason: order.PaymentExpired}).record("payment-o", payment.Cancelled{}, payment.Authorized{Amount: pounds})
			h.voided("o")
		}, want{"rejected", "payment_expired", "", "voided", "none", "none"}},
		"cancelled while placed": {func(h *history) {
			h.authorized("o").record("order-o", order.Cancelled{Reason: "customer"}).voided("o").released("o")
		}, want{"cancelled", "customer", "", "voided", "none", "released"}},
		"cancelling": {func(h *history) {
			h.booked("o").record("order-o", order.CancellationRequested{Reason: "customer"}).record("shipment-o", shipping.CancellationStarted{})
		}, want{"cancelling", "customer", "", "authorized", "cancelling", "reserved"}},
		"cancelled before dispatch": {func(h *history) {
			h.booked("o").record("order-o", order.CancellationRequested{Reason: "customer"})
			h.record("shipment-o", shipping.CancellationStarted{}, shipping.Cancelled{}).record("order-o", order.Cancelled{Reason: "customer"})
			h.voided("o").released("o")
		}, want{"cancelled", "customer", "", "voided", "cancelled", "released"}},
		"cancellation overtakes the confirmation": {func(h *history) {
			h.authorized("o").record("order-o", order.Confirmed{}, order.CancellationRequested{Reason: "customer"})
			h.record("shipment-o", shipping.Cancelled{})
		}, want{"cancelling", "customer", "", "authorized", "cancelled", "reserved"}},
		"the carrier keeps the booking": {func(h *history) {
			h.booked("o").record("order-o", order.CancellationRequested{Reason: "customer"})
			h.record("shipment-o", shipping.CancellationStarted{}, shipping.CancellationRefused{Code: "too_late"})
			h.record("order-o", order.CancellationRefused{Reason: "too_late"})
		}, want{"confirmed", "", "", "authorized", "booked", "reserved"}},
		"dispatched while cancelling": {func(h *history) {
			h.booked("o").record("order-o", order.CancellationRequested{Reason: "customer"})
			h.record("shipment-o", shipping.CancellationStarted{}, shipping.Dispatched{Tracking: "T1"}, shipping.CancellationRefused{Code: "already_dispatched"})
		}, want{"shipped", "customer", "", "authorized", "dispatched", "reserved"}},
		"the carrier refuses the address": {func(h *history) {
			h.booked("o").record("shipment-o", shipping.Failed{Code: "bad_address"})
			h.record("order-o", order.Cancelled{Reason: order.ShipmentFailed, Detail: "bad_address"}).voided("o").released("o")
		}, want{"cancelled", "shipment_failed", "", "voided", "failed", "released"}},
		"lost": {func(h *history) {
			h.captured("o").record("shipment-o", shipping.Lost{}).record("order-o", order.Lost{})
			h.record("payment-o", payment.RefundStarted{}, payment.RefundPending{}, payment.Refunded{Amount: pounds})
		}, want{"lost", "", "", "refunded", "lost", "shipped"}},
		"returned": {func(h *history) {
			h.captured("o").record("shipment-o", shipping.Returned{Warehouse: "main"}).record("order-o", order.Returned{})
			h.record("payment-o", payment.RefundStarted{}, payment.RefundPending{}).record("stock-main", inventory.Restocked{OrderID: "o", Items: items})
		}, want{"returned", "", "", "refund_pending", "returned", "restocked"}},
		"refund failed": {func(h *history) {
			h.captured("o").record("shipment-o", shipping.Lost{}).record("order-o", order.Lost{})
			h.record("payment-o", payment.RefundStarted{}, payment.RefundFailed{Code: "account_closed"})
		}, want{"attention", "refund_failed", "refund_failed", "refund_failed", "lost", "shipped"}},
		"void failed": {func(h *history) {
			h.authorized("o").record("order-o", order.Cancelled{Reason: "customer"}).released("o")
			h.record("payment-o", payment.VoidStarted{}, payment.VoidFailed{Code: "expired"})
		}, want{"attention", "customer", "void_failed", "void_failed", "none", "released"}},
		"payment due": {func(h *history) {
			h.shipped("o").record("payment-o", payment.CaptureStarted{}, payment.CaptureFailed{Code: "charge_expired"})
			h.record("order-o", order.PaymentDue{Reason: "charge_expired"})
		}, want{"attention", "payment_due", "payment_due", "capture_failed", "dispatched", "shipped"}},
		"payment due, then paid": {func(h *history) {
			h.shipped("o").record("payment-o", payment.CaptureFailed{Code: "later"}).record("order-o", order.PaymentDue{Reason: "later"})
			h.record("payment-o", payment.Captured{Amount: pounds}).record("order-o", order.Paid{})
		}, want{"shipped", "", "", "captured", "dispatched", "shipped"}},
		"authorization lost": {func(h *history) {
			h.booked("o").record("payment-o", payment.AuthorizationLost{}).record("order-o", order.CancellationRequested{Reason: order.AuthorizationLost})
		}, want{"cancelling", "authorization_lost", "", "authorization_lost", "booked", "reserved"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory().stocked()
			path.tell(h)
			o := orderOf(t, folded(t, h), "o")
			got := want{o.Status, o.Reason, o.Attention, o.Payment.Status, o.Shipment.Status, o.Stock.Status}
			if got != path.want {
				t.Errorf("got %+v, want %+v", got, path.want)
			}
			if p := o.Payment; p.Authorized < p.Captured+p.Voided+p.Expired || p.Captured < p.Refunded {
				t.Errorf("money does not add up: %+v", p)
			}
		})
	}
}

func TestAnOrderIsNotFoundBeforeItsPlacingIsHeard(t *testing.T) {
	h := newHistory().record("payment-o", payment.Requested{Amount: pounds}).record("stock-main", inventory.Refused{OrderID: "o"})
	v := folded(t, h)
	if o, found, err := v.Order(t.Context(), "o"); found || err != nil {
		t.Errorf("found %v, %v: %+v", found, err, o)
	}
	if page, _, err := v.Orders(t.Context(), Filter{}); len(page) != 0 || err != nil {
		t.Errorf("listed %v, %v", page, err)
	}
	if sums, err := v.Sums(t.Context()); len(sums.Orders) != 0 || err != nil {
		t.Errorf("summed up %v, %v", sums, err)
	}
	foldAll(t, v, h.placed("o"))
	if o := orderOf(t, v, "o"); o.Status != StatusPlaced || o.Payment.Status != "requested" || o.Stock.Status != "refused" {
		t.Errorf("what was heard before is missing: %+v", o)
	}
}

func TestStockCountsWhatIsThereAndWhatIsPromised(t *testing.T) {
	h := newHistory().stocked().authorized("held").completed("gone").authorized("freed").released("freed")
	h.record("stock-annex", inventory.Received{SKU: "71053", Quantity: 5, Reference: "PO-2"})
	h.record("stock-main", inventory.Restocked{OrderID: "gone", Items: []inventory.Item{{SKU: "85123A", Quantity: 1}, {SKU: "85123A", Quantity: 1}}})
	v := folded(t, h)
	for sku, want := range map[string]StockView{
		"85123A": {SKU: "85123A", OnHand: 99, Reserved: 3, Available: 96, Warehouses: []StockPart{{"main", 99, 3, 96}}},
		"71053":  {SKU: "71053", OnHand: 12, Reserved: 1, Available: 11, Warehouses: []StockPart{{"annex", 5, 0, 5}, {"main", 7, 1, 6}}},
	} {
		got, found, err := v.Stock(t.Context(), sku)
		if err != nil || !found {
			t.Fatalf("%s: found %v, %v", sku, found, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if _, found, err := v.Stock(t.Context(), "nothing"); found || err != nil {
		t.Errorf("a SKU that nobody heard of: found %v, %v", found, err)
	}
}

func TestStockKeysAreUnambiguous(t *testing.T) {
	for _, want := range []stockRow{{Warehouse: "a/b", SKU: "c"}, {Warehouse: "a", SKU: "b/c"}, {Warehouse: "ä %2F", SKU: "?"}} {
		if got := newStockRow(stockKey(want.Warehouse, want.SKU)); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestProductsAreAsTheyWereLastChanged(t *testing.T) {
	v := folded(t, newHistory().stocked())
	p, found, err := v.Product(t.Context(), "85123A")
	if want := (ProductView{SKU: "85123A", Name: "White hanging heart", UnitPrice: 255, Currency: "GBP"}); p != want || !found || err != nil {
		t.Errorf("got %+v, %v, %v", p, found, err)
	}
	first, next, err := v.Products(t.Context(), "", 1)
	if err != nil || len(first) != 1 || first[0].SKU != "71053" || next == "" {
		t.Fatalf("first page %+v, %q, %v", first, next, err)
	}
	second, next, err := v.Products(t.Context(), next, 1)
	if err != nil || len(second) != 1 || second[0].SKU != "85123A" || next != "" {
		t.Errorf("second page %+v, %q, %v", second, next, err)
	}
}
