package sagas

import (
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// What the stock does on hearing the others. Only an order's placing says which warehouse serves it; later triggers are
// asked everywhere, and only the warehouse that holds the promise has something to do.

func reserveStock(e order.Placed, t Trigger) (string, inventory.Command) {
	return e.Warehouse, inventory.Reserve{OrderID: t.Subject, Items: perSKU(e.Lines), Heard: heard(t)}
}

func shipStock(_ shipping.Dispatched, t Trigger) (string, inventory.Command) {
	return Everywhere, inventory.Ship{OrderID: t.Subject, Heard: heard(t)}
}

func releaseStock(t Trigger) (string, inventory.Command) {
	return Everywhere, inventory.Release{OrderID: t.Subject, Heard: heard(t)}
}

func restockReturned(e shipping.Returned, t Trigger) (string, inventory.Command) {
	items := make([]inventory.Item, len(e.Items))
	for i, item := range e.Items {
		items[i] = inventory.Item(item)
	}
	return e.Warehouse, inventory.Restock{OrderID: t.Subject, Items: items, Heard: heard(t)}
}

func heard(t Trigger) inventory.Heard {
	if t.Number == 0 {
		return inventory.Heard{}
	}
	return inventory.Heard{Source: t.Source, Number: t.Number}
}

// perSKU adds lines of the same SKU up, in the order of their first appearance.
func perSKU(lines []order.Line) []inventory.Item {
	items := make([]inventory.Item, 0, len(lines))
	at := make(map[string]int, len(lines))
	for _, line := range lines {
		if i, seen := at[line.SKU]; seen {
			items[i].Quantity += line.Quantity
			continue
		}
		at[line.SKU] = len(items)
		items = append(items, inventory.Item{SKU: line.SKU, Quantity: line.Quantity})
	}
	return items
}
