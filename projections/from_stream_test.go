package projections_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/projections"
)

func appendTo(t *testing.T, store eventstore.Store, stream eventstore.StreamID, e domain.Event) eventstore.Result {
	t.Helper()
	data, err := eventstore.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	r := store.Append(t.Context(), stream, eventstore.Any, eventstore.Draft{ID: uuid.New(), Type: e.EventType(), Data: data})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r
}

func TestAnOrderIsSeenInItsOwnStreamBeforeTheViewsHaveIt(t *testing.T) {
	store := eventstore.NewMemory()
	id := uuid.NewString()
	if _, found, err := projections.OrderFromStream(t.Context(), store, id); found || err != nil {
		t.Fatalf("an order that was never placed is found: %v", err)
	}
	placed := order.Placed{
		CustomerID: "17850", Currency: "GBP", PaymentMethod: "pm_card_visa", Total: 510, Warehouse: "main",
		Lines:           []order.Line{{LineID: "1", SKU: "85123A", Quantity: 2, UnitPrice: 255}},
		PaymentDeadline: time.Now().UTC().Truncate(time.Second),
	}
	at := appendTo(t, store, eventstore.NewStreamID("order", id), placed).At
	first, found, err := projections.OrderFromStream(t.Context(), store, id)
	if !found || err != nil || first.Status != projections.StatusPlaced || first.Total != 510 {
		t.Fatalf("the order is %+v, found %t, %v", first, found, err)
	}
	if diff := cmp.Diff(first, projections.OrderFromPlaced(id, placed, at)); diff != "" {
		t.Errorf("the answer to the request differs from the stream (-stream +answer):\n%s", diff)
	}
	appendTo(t, store, eventstore.NewStreamID("order", id), order.Rejected{Reason: order.OutOfStock})
	if last, _, _ := projections.OrderFromStream(t.Context(), store, id); last.Status != projections.StatusRejected || last.Reason != order.OutOfStock || !last.Ended() {
		t.Errorf("the order is %+v", last)
	}
}
