package sagas

import (
	"fmt"
	"slices"

	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/eventstore"
)

// The services. Each owns a store, the streams of its categories, and one stream on the bus.
const (
	Order     = "order"
	Payment   = "payment"
	Inventory = "inventory"
	Shipping  = "shipping"
	Catalog   = "catalog"
)

// Services lists them all.
var Services = []string{Order, Payment, Inventory, Shipping, Catalog}

var services = map[string]string{
	order.Entity.Category:     Order,
	payment.Entity.Category:   Payment,
	inventory.Entity.Category: Inventory,
	shipping.Entity.Category:  Shipping,
	catalog.Entity.Category:   Catalog,
}

// ServiceOf is the service that owns the streams of a category, "" where none does.
func ServiceOf(category string) string { return services[category] }

// Categories are the categories of a service's own streams: what its relay carries and numbers.
func Categories(service string) []string {
	var owned []string
	for category, owner := range services {
		if owner == service {
			owned = append(owned, category)
		}
	}
	slices.Sort(owned)
	return owned
}

// serviceOfType is the service that records a type of event.
func serviceOfType(eventType string) string {
	for i := range eventType {
		if eventType[i] == '.' {
			return services[eventType[:i]]
		}
	}
	panic(fmt.Sprintf("%q is no event type", eventType))
}

// Service is the row's own service.
func (r *Row) Service() string { return ServiceOf(r.Machine.Category) }

// Source is the service whose events trigger the row, "" for an edge.
func (r *Row) Source() string {
	if len(r.On) == 0 {
		return ""
	}
	return serviceOfType(r.On[0])
}

// Of lists a service's rows of one kind.
func (c Choreography) Of(service string, kind Kind) []*Row {
	var rows []*Row
	for _, row := range c.Rows {
		if row.Kind == kind && row.Service() == service {
			rows = append(rows, row)
		}
	}
	return rows
}

// Sources lists the services that a service listens to, for its reactions and its effects.
func (c Choreography) Sources(service string) []string {
	var sources []string
	for _, kind := range []Kind{Reaction, Asks} {
		for _, row := range c.Of(service, kind) {
			if !slices.Contains(sources, row.Source()) {
				sources = append(sources, row.Source())
			}
		}
	}
	return sources
}

// Events is the registry of every event that the services record.
var Events = eventstore.NewRegistry(
	eventstore.TypeOf[order.Placed](), eventstore.TypeOf[order.Confirmed](), eventstore.TypeOf[order.Rejected](),
	eventstore.TypeOf[order.CancellationRequested](), eventstore.TypeOf[order.CancellationRefused](), eventstore.TypeOf[order.Cancelled](),
	eventstore.TypeOf[order.Delivered](), eventstore.TypeOf[order.Paid](), eventstore.TypeOf[order.PaymentDue](),
	eventstore.TypeOf[order.Completed](), eventstore.TypeOf[order.Lost](), eventstore.TypeOf[order.Returned](),

	eventstore.TypeOf[payment.Requested](), eventstore.TypeOf[payment.AuthorizationStarted](), eventstore.TypeOf[payment.Authorized](),
	eventstore.TypeOf[payment.Declined](), eventstore.TypeOf[payment.AuthorizationLost](), eventstore.TypeOf[payment.Cancelled](),
	eventstore.TypeOf[payment.CaptureStarted](), eventstore.TypeOf[payment.Captured](), eventstore.TypeOf[payment.CaptureFailed](),
	eventstore.TypeOf[payment.VoidStarted](), eventstore.TypeOf[payment.Voided](), eventstore.TypeOf[payment.VoidFailed](),
	eventstore.TypeOf[payment.RefundStarted](), eventstore.TypeOf[payment.RefundPending](), eventstore.TypeOf[payment.Refunded](),
	eventstore.TypeOf[payment.RefundFailed](),

	eventstore.TypeOf[shipping.Prepared](), eventstore.TypeOf[shipping.Booked](), eventstore.TypeOf[shipping.Failed](),
	eventstore.TypeOf[shipping.CancellationStarted](), eventstore.TypeOf[shipping.Cancelled](), eventstore.TypeOf[shipping.CancellationRefused](),
	eventstore.TypeOf[shipping.Dispatched](), eventstore.TypeOf[shipping.Delivered](), eventstore.TypeOf[shipping.Lost](),
	eventstore.TypeOf[shipping.Returned](),

	eventstore.TypeOf[inventory.Received](), eventstore.TypeOf[inventory.Adjusted](), eventstore.TypeOf[inventory.Reserved](),
	eventstore.TypeOf[inventory.Refused](), eventstore.TypeOf[inventory.Released](), eventstore.TypeOf[inventory.Shipped](),
	eventstore.TypeOf[inventory.Restocked](), eventstore.TypeOf[inventory.CaughtUp](),

	eventstore.TypeOf[catalog.Listed](), eventstore.TypeOf[catalog.Changed](),
)
