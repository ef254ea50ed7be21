package inventory_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/inventory"
)

type story = *domaintest.Story[inventory.State, inventory.Command, inventory.Event]

func given(t *testing.T, history ...domain.Event) story {
	t.Helper()
	return domaintest.Given(t, inventory.Entity, history...)
}

func received(sku string, quantity int64) inventory.Received {
	return inventory.Received{SKU: sku, Quantity: quantity, Reference: "PO-1"}
}

func adjusted(sku string, delta int64) inventory.Adjusted {
	return inventory.Adjusted{SKU: sku, Delta: delta, Reason: "count", Reference: "ADJ-1"}
}

func fromOrder(number uint64) inventory.Heard {
	return inventory.Heard{Source: "order", Number: number}
}

func fromShipping(number uint64) inventory.Heard {
	return inventory.Heard{Source: "shipping", Number: number}
}

func hearts(quantity int64) []inventory.Item {
	return []inventory.Item{{SKU: "heart", Quantity: quantity}}
}

func wantLevel(t *testing.T, s inventory.State, sku string, onHand, reserved int64) {
	t.Helper()
	if got, want := s.Level(sku), (inventory.Level{OnHand: onHand, Reserved: reserved}); got != want {
		t.Errorf("%s: %+v, want %+v", sku, got, want)
	}
}
