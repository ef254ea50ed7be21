package projections

import (
	"context"
	"time"

	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// OrderFromStream is an order's view folded from the order's own stream alone: what can be said of an order that the
// views do not have yet. It is not found where the stream has no events.
func OrderFromStream(ctx context.Context, store eventstore.Store, id string) (OrderView, bool, error) {
	var row orderRow
	found := false
	for recorded, err := range store.Read(ctx, eventstore.NewStreamID("order", id), eventstore.NoStream) {
		if err != nil {
			return OrderView{}, false, err
		}
		body, err := sagas.Events.Decode(recorded)
		if err != nil {
			return OrderView{}, false, err
		}
		row = evolveOrder(row, Fact{Event: &bus.Event{Number: uint64(recorded.Revision) + 1, Recorded: recorded}, Source: sagas.Order, Body: body})
		found = true
	}
	return row.view(id), found, nil
}

// OrderFromPlaced is an order's view when all that has happened is that it was placed.
func OrderFromPlaced(id string, e order.Placed, recordedAt time.Time) OrderView {
	first := bus.Event{Number: 1, Recorded: eventstore.Recorded{At: recordedAt}}
	return orderRow{Order: placed(e, Fact{Event: &first})}.view(id)
}

// IsStatus tells whether a text is the status of an order.
func IsStatus(text string) bool {
	switch text {
	case StatusPlaced, StatusConfirmed, StatusShipped, StatusCompleted, StatusRejected, StatusCancelling, StatusCancelled,
		StatusReturned, StatusLost, StatusAttention:
		return true
	}
	return false
}
