// Package history answers "what happened to this order?" from the services' own stores.
//
// Why not a read model: the events are already where they were recorded, and an order has few of them. Only the stock's
// events share one long stream; whoever asks says at which revisions, or has the stream searched.
package history

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// Event is one event of an order's history.
type Event struct {
	Type        string              `json:"type"`
	Stream      eventstore.StreamID `json:"stream"`
	Revision    eventstore.Revision `json:"revision"`
	ID          uuid.UUID           `json:"id"`
	CausationID *uuid.UUID          `json:"causationId"` // null: it came from outside
	Correlation string              `json:"correlationId,omitempty"`
	Actor       string              `json:"actor,omitempty"`
	Service     string              `json:"service"`
	RecordedAt  time.Time           `json:"recordedAt"`
	Data        json.RawMessage     `json:"data"`
}

// Of writes a recorded event in this shape.
func Of(r eventstore.Recorded) Event {
	e := Event{
		Type: r.Type, Stream: r.Stream, Revision: r.Revision, ID: r.ID, Correlation: r.Metadata.Correlation,
		Actor: r.Metadata.Actor, Service: sagas.ServiceOf(r.Stream.Category()), RecordedAt: r.At, Data: json.RawMessage(r.Data),
	}
	if r.Metadata.Causation != uuid.Nil {
		e.CausationID = &r.Metadata.Causation
	}
	return e
}

// Stores are the services' stores, by service.
type Stores map[string]eventstore.Store

// StockRef is the place of one of the order's events in a warehouse's stream.
type StockRef struct {
	Stream   eventstore.StreamID
	Revision eventstore.Revision
}

// Order reads an order's history, oldest first. It is empty where there is no such order.
func (s Stores) Order(ctx context.Context, order string, stock []StockRef) ([]Event, error) {
	var events []Event
	for _, own := range []struct{ service, category string }{{sagas.Order, "order"}, {sagas.Payment, "payment"}, {sagas.Shipping, "shipment"}} {
		for recorded, err := range s[own.service].Read(ctx, eventstore.NewStreamID(own.category, order), eventstore.NoStream) {
			if err != nil {
				return nil, err
			}
			events = append(events, Of(recorded))
		}
	}
	for _, ref := range stock {
		for recorded, err := range s[sagas.Inventory].Read(ctx, ref.Stream, ref.Revision-1) {
			if err != nil {
				return nil, err
			}
			events = append(events, Of(recorded))
			break
		}
	}
	Sort(events)
	return events, nil
}

// FindStock searches a warehouse's stream for an order's events. It reads the stream from its beginning.
func (s Stores) FindStock(ctx context.Context, warehouse, order string) ([]StockRef, error) {
	var refs []StockRef
	stream := eventstore.NewStreamID("stock", warehouse)
	for recorded, err := range s[sagas.Inventory].Read(ctx, stream, eventstore.NoStream) {
		if err != nil {
			return nil, err
		}
		if recorded.Metadata.Correlation == order {
			refs = append(refs, StockRef{stream, recorded.Revision})
		}
	}
	return refs, nil
}

// Sort orders events by time; a cause always comes before what it caused, and a stream keeps its own order.
func Sort(events []Event) {
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(a.RecordedAt.Compare(b.RecordedAt), cmp.Compare(depthOf(a), depthOf(b)), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Revision, b.Revision))
	})
}

// depthOf puts what came from outside before what was caused, at the same microsecond.
func depthOf(e Event) int {
	if e.CausationID == nil {
		return 0
	}
	return 1
}
