package client

import (
	"encoding/json"
	"time"
)

// NewOrder is what is to be placed. Amounts are minor units of Currency.
type NewOrder struct {
	CustomerID     string    `json:"customerId,omitempty"` // empty: a guest
	Email          string    `json:"email,omitempty"`
	Currency       string    `json:"currency"`
	PaymentMethod  string    `json:"paymentMethod"`
	Lines          []NewLine `json:"lines"`
	ShippingCharge int64     `json:"shippingCharge"`
	Discount       int64     `json:"discount"`
	ShipTo         Address   `json:"shipTo"`
}

// NewLine is one position of an order to be placed.
type NewLine struct {
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unitPrice"`
}

// Address is where the parcel goes; Country is ISO 3166-1 alpha-2.
type Address struct {
	Name     string `json:"name,omitempty"`
	Line1    string `json:"line1,omitempty"`
	City     string `json:"city,omitempty"`
	Postcode string `json:"postcode,omitempty"`
	Country  string `json:"country,omitempty"`
}

// Order is an order as the server shows it. Amounts are minor units of Currency.
type Order struct {
	ID             string     `json:"id"`
	Status         string     `json:"status"`
	Reason         string     `json:"reason,omitempty"`
	Detail         string     `json:"detail,omitempty"`
	Attention      string     `json:"attention,omitempty"` // what a person must decide; empty unless Status is attention
	CustomerID     string     `json:"customerId,omitempty"`
	Email          string     `json:"email,omitempty"`
	Currency       string     `json:"currency"`
	Lines          []Line     `json:"lines"`
	ShippingCharge int64      `json:"shippingCharge"`
	Discount       int64      `json:"discount"`
	Total          int64      `json:"total"`
	ShipTo         Address    `json:"shipTo"`
	Warehouse      string     `json:"warehouse,omitempty"`
	PlacedAt       time.Time  `json:"placedAt"`
	EndedAt        *time.Time `json:"endedAt,omitempty"`
	Payment        Payment    `json:"payment"`
	Shipment       Shipment   `json:"shipment"`
	Stock          OrderStock `json:"stock"`

	Token Token `json:"-"` // of the write that this answers
}

// Line is one position of a placed order.
type Line struct {
	LineID    string `json:"lineId"`
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unitPrice"`
}

// Payment is an order's money.
type Payment struct {
	Status     string `json:"status"`
	Method     string `json:"method,omitempty"`
	Amount     int64  `json:"amount,omitempty"`
	Authorized int64  `json:"authorized"`
	Captured   int64  `json:"captured"`
	Voided     int64  `json:"voided"`
	Expired    int64  `json:"expired"`
	Refunded   int64  `json:"refunded"`
	Code       string `json:"code,omitempty"`
	Detail     string `json:"detail,omitempty"`
}

// Shipment is an order's parcel.
type Shipment struct {
	Status   string `json:"status"`
	Booking  string `json:"booking,omitempty"`
	Tracking string `json:"tracking,omitempty"`
	Code     string `json:"code,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// OrderStock is what the warehouse did for an order.
type OrderStock struct {
	Status    string          `json:"status"`
	Shortages json.RawMessage `json:"shortages,omitempty"`
}

// Ended tells whether nothing more is to happen to the order by itself: its stream has ended, or a person must decide.
func (o Order) Ended() bool { return o.EndedAt != nil || o.Status == "attention" }

// Settled tells whether, besides, its money has come to rest: none is held, a completed order's is taken, any other's is
// given back. A view hears of an order and of its payment in either order, so that an end alone does not say so.
func (o Order) Settled() bool {
	p := o.Payment
	held, kept := p.Authorized-p.Captured-p.Voided-p.Expired, p.Captured-p.Refunded
	switch {
	case o.Status == "attention":
		return true
	case o.EndedAt == nil || held != 0:
		return false
	case o.Status == "completed":
		return p.Captured > 0 || o.Total == 0
	case o.Status == "returned": // perhaps in part
		return true
	}
	return kept == 0
}

// End is how an order ended.
type End struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// Cancellation is the answer to a wish to cancel.
type Cancellation struct {
	ID     string `json:"id"`
	Status string `json:"status"`

	Token Token `json:"-"`
}

// Product is what the catalogue says of a SKU.
type Product struct {
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	UnitPrice int64  `json:"unitPrice"` // minor units
	Currency  string `json:"currency"`

	Token Token `json:"-"`
}

// Receipt is goods in. The same SKU and reference counts once.
type Receipt struct {
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	Reference string `json:"reference"`
}

// Stock is how much of a SKU there is.
type Stock struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse,omitempty"`
	OnHand    int64  `json:"onHand"`
	Reserved  int64  `json:"reserved"`
	Available int64  `json:"available"`

	New   bool  `json:"-"` // of a receipt: it was not counted before
	Token Token `json:"-"`
}

// Sums are the read models added up. Maps of amounts are by currency.
type Sums struct {
	Orders   map[string]int64              `json:"orders"` // by status
	Money    map[string]Amounts            `json:"money"`
	ByStatus map[string]map[string]Amounts `json:"byStatus"`
	Products int64                         `json:"products"`
	SKUs     int64                         `json:"skus"`
	OnHand   int64                         `json:"onHand"`
	Reserved int64                         `json:"reserved"`
}

// Amounts are sums over orders of one currency, in its minor units.
type Amounts struct {
	Orders     int64 `json:"orders"`
	Total      int64 `json:"total"`
	Authorized int64 `json:"authorized"`
	Captured   int64 `json:"captured"`
	Voided     int64 `json:"voided"`
	Expired    int64 `json:"expired"`
	Refunded   int64 `json:"refunded"`
}
