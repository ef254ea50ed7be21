package projections

import (
	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
)

// ProductView is a product as people see it: the body of GET /v1/products/{sku}.
type ProductView struct {
	SKU       string          `json:"sku"`
	Name      string          `json:"name"`
	UnitPrice int64           `json:"unitPrice"` // minor units
	Currency  domain.Currency `json:"currency"`
}

// products is the read model of the catalogue, by SKU.
var products = Projection[ProductView]{
	Name: "products",
	Keys: func(f Fact, touch func(string)) {
		if _, ok := f.Body.(catalog.Event); ok {
			touch(f.Stream.ID())
		}
	},
	New:    func(sku string) ProductView { return ProductView{SKU: sku} },
	Evolve: evolveProduct,
}

var productTable = table{name: products.Name}

func (v ProductView) columns(_ string, to []any) (columns []any, fixed bool) { return to, true }

func evolveProduct(v ProductView, f Fact) ProductView {
	switch e := f.Body.(type) {
	case catalog.Listed:
		v.Name, v.UnitPrice, v.Currency = e.Name, e.UnitPrice.Amount, e.UnitPrice.Currency
	case catalog.Changed:
		v.Name, v.UnitPrice, v.Currency = e.Name, e.UnitPrice.Amount, e.UnitPrice.Currency
	}
	return v
}
