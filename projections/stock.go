package projections

import (
	"net/url"

	"github.com/ordersaga/ordersaga/domain/inventory"
)

// stockRow is how much of one SKU there is in one warehouse.
type stockRow struct {
	Warehouse string `json:"warehouse"`
	SKU       string `json:"sku"`
	OnHand    int64  `json:"onHand"`
	Reserved  int64  `json:"reserved"`
}

// stock is the read model of stock, by warehouse and SKU.
var stock = Projection[stockRow]{
	Name:   "stock",
	Keys:   stockKeys,
	New:    newStockRow,
	Evolve: evolveStock,
}

var stockTable = table{
	name:    stock.Name,
	fixed:   []column{{"sku", text}},
	moving:  []column{{"on_hand", integer}, {"reserved", integer}},
	indexes: [][]string{{"sku"}},
}

func (r stockRow) columns(_ string, to []any) (columns []any, fixed bool) {
	return append(to, r.SKU, r.OnHand, r.Reserved), true
}

// stockKey is unambiguous: an escaped warehouse has no slash.
func stockKey(warehouse, sku string) string { return url.PathEscape(warehouse) + "/" + sku }

func newStockRow(key string) stockRow {
	for i := range key {
		if key[i] == '/' {
			warehouse, err := url.PathUnescape(key[:i])
			if err != nil {
				warehouse = key[:i]
			}
			return stockRow{Warehouse: warehouse, SKU: key[i+1:]}
		}
	}
	return stockRow{SKU: key}
}

func stockKeys(f Fact, touch func(string)) {
	warehouse := f.Stream.ID()
	switch e := f.Body.(type) {
	case inventory.Received:
		touch(stockKey(warehouse, e.SKU))
	case inventory.Adjusted:
		touch(stockKey(warehouse, e.SKU))
	default:
		items, _, _ := moved(f)
		for i, item := range items {
			if !listed(items[:i], item.SKU) {
				touch(stockKey(warehouse, item.SKU))
			}
		}
	}
}

func listed(items []inventory.Item, sku string) bool {
	for i := range items {
		if items[i].SKU == sku {
			return true
		}
	}
	return false
}

// moved is what an order's event does with items: how often each counts as on hand and as reserved.
func moved(f Fact) (items []inventory.Item, onHand, reserved int64) {
	switch e := f.Body.(type) {
	case inventory.Reserved:
		return e.Items, 0, 1
	case inventory.Released:
		return e.Items, 0, -1
	case inventory.Shipped:
		return e.Items, -1, -1
	case inventory.Restocked:
		return e.Items, 1, 0
	}
	return nil, 0, 0
}

func evolveStock(r stockRow, f Fact) stockRow {
	switch e := f.Body.(type) {
	case inventory.Received:
		r.OnHand += e.Quantity
	case inventory.Adjusted:
		r.OnHand += e.Delta
	default:
		items, onHand, reserved := moved(f)
		for i := range items {
			if items[i].SKU == r.SKU {
				r.OnHand += onHand * items[i].Quantity
				r.Reserved += reserved * items[i].Quantity
			}
		}
	}
	return r
}

// StockView is how much of a SKU there is: the body of GET /v1/stock/{sku}.
type StockView struct {
	SKU        string      `json:"sku"`
	OnHand     int64       `json:"onHand"`
	Reserved   int64       `json:"reserved"`
	Available  int64       `json:"available"` // OnHand − Reserved
	Warehouses []StockPart `json:"warehouses,omitempty"`
}

// StockPart is one warehouse's share of a [StockView].
type StockPart struct {
	Warehouse string `json:"warehouse"`
	OnHand    int64  `json:"onHand"`
	Reserved  int64  `json:"reserved"`
	Available int64  `json:"available"`
}

func stockView(sku string, rows []stockRow) StockView {
	v := StockView{SKU: sku}
	for _, r := range rows {
		v.OnHand += r.OnHand
		v.Reserved += r.Reserved
		v.Warehouses = append(v.Warehouses, StockPart{r.Warehouse, r.OnHand, r.Reserved, r.OnHand - r.Reserved})
	}
	v.Available = v.OnHand - v.Reserved
	return v
}
