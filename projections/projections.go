// Package projections holds the read models: what a customer or an operator asks for, folded from every service's events
// and kept in SQL.
//
// Why they are apart from the services: a service's state is made for deciding, not for listing, and no service may look
// into another's. The views look at all of them and decide nothing. They can be deleted at any time, even while the
// system runs: they are built again from the first event and come out the same.
//
// Why a row does not depend on how the sources interleave: the order of events is known within a source, not across.
// So a row that several sources touch has one section for each, folded from that source alone, and whatever needs more
// than one section (an order's status) is derived from the finished sections.
package projections

import (
	"context"
	"iter"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// version is that of the rows' shape and of the folds. A database of another version is built again from nothing, so
// every change of what a fold makes of an event must change it.
const version = 1

// Reader yields a source's events after a number, in order, and then stays live. A sequence that ends without an error
// says that there will never be more. A run may begin with events that were asked for before; it is not changed once it
// was yielded. *bus.Bus is one.
type Reader interface {
	Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error]
}

var _ Reader = (*bus.Bus)(nil)

// Fact is an event with what it says.
type Fact struct {
	*bus.Event
	Source string
	Body   domain.Event // of a type in bare, the zero value
}

// Projection is one read model: rows of type R by key. Its functions are pure: no clock, no I/O, and an R is never
// changed, only replaced.
type Projection[R any] struct {
	Name string
	// Keys calls touch with the key of each row that the event touches, once a row.
	Keys func(f Fact, touch func(key string))
	// New is the row of a key before any event.
	New func(key string) R
	// Evolve folds an event into one of the rows that it touches.
	Evolve func(R, Fact) R
}

// bare are the events of which the views read no more than that they happened, so that their data need not be decoded.
// Together these are two in three.
var bare = byType(
	order.Confirmed{}, order.CancellationRefused{}, order.Delivered{}, order.Paid{}, order.Completed{}, order.Lost{}, order.Returned{},
	payment.AuthorizationStarted{}, payment.AuthorizationLost{}, payment.Cancelled{}, payment.CaptureStarted{},
	payment.VoidStarted{}, payment.RefundStarted{}, payment.RefundPending{},
	shipping.Prepared{}, shipping.CancellationStarted{}, shipping.Cancelled{}, shipping.CancellationRefused{},
	shipping.Delivered{}, shipping.Lost{}, shipping.Returned{},
	inventory.CaughtUp{},
)

func byType(events ...domain.Event) map[string]domain.Event {
	types := make(map[string]domain.Event, len(events))
	for _, e := range events {
		types[e.EventType()] = e
	}
	return types
}

func decode(recorded eventstore.Recorded) (domain.Event, error) {
	if e, ok := bare[recorded.Type]; ok {
		return e, nil
	}
	return sagas.Events.Decode(recorded)
}
