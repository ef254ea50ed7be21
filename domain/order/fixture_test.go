package order_test

import (
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/order"
)

// The order that all stories are about.
var (
	placed = order.Placed{
		CustomerID:    "17850",
		Currency:      "GBP",
		PaymentMethod: "pm_card_visa",
		Lines: []order.Line{
			{LineID: "1", SKU: "85123A", Quantity: 6, UnitPrice: 255},
			{LineID: "2", SKU: "71053", Quantity: 1, UnitPrice: 339},
		},
		Total:           1869,
		ShipTo:          order.Address{Name: "Ann", City: "Leeds", Country: "GB"},
		Warehouse:       "main",
		PaymentDeadline: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		RequestHash:     "hash-1",
	}
	confirmed = order.Confirmed{Warehouse: placed.Warehouse, ShipTo: placed.ShipTo, Lines: placed.Lines}
)

type event = domain.Event

type story = *domaintest.Story[order.State, order.Command, order.Event]

func givenPlaced(t *testing.T) story { t.Helper(); return domaintest.Given(t, order.Entity, placed) }

func givenConfirmed(t *testing.T) story {
	t.Helper()
	return domaintest.Given(t, order.Entity, placed, confirmed)
}
