// Package inventory holds the rules of a warehouse's stock: what is there, what is promised, and to whom.
//
// Why one stream a warehouse: "never promise what is not there" is then one expected revision. Why every event says what
// it was read from: the stream's own state knows how far each source has been heard, so each trigger counts exactly
// once, whatever is delivered again. Triggers of one source are heard in order, so that no bar against a late one is
// needed: what has been passed is never heard again.
package inventory

import "github.com/ordersaga/ordersaga/domain"

// Event is the union of all that can happen to a warehouse's stock. The warehouse is the stream's id.
type Event interface {
	domain.Event
	stockEvent()
}

// Item is a quantity of one SKU.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Heard is the place of a trigger among its source's events.
type Heard struct {
	Source string `json:"source"`
	Number uint64 `json:"number"`
}

// Shortage is one SKU of which there is not enough.
type Shortage struct {
	SKU       string `json:"sku"`
	Requested int64  `json:"requested"`
	Available int64  `json:"available"`
}

type (
	// Received is goods in. The same reference for the same SKU is received once.
	Received struct {
		SKU       string `json:"sku"`
		Quantity  int64  `json:"quantity"`
		Reference string `json:"reference"`
	}
	// Adjusted corrects what is on hand, after a count or a loss.
	Adjusted struct {
		SKU       string `json:"sku"`
		Delta     int64  `json:"delta"`
		Reason    string `json:"reason"`
		Reference string `json:"reference"`
	}
	// Reserved promises an order's items, all of them.
	Reserved struct {
		OrderID string `json:"orderId"`
		Items   []Item `json:"items"`
		Heard   Heard  `json:"heard"`
	}
	// Refused promises nothing, and names each shortage.
	Refused struct {
		OrderID   string     `json:"orderId"`
		Shortages []Shortage `json:"shortages"`
		Heard     Heard      `json:"heard"`
	}
	// Released takes an order's promise back.
	Released struct {
		OrderID string `json:"orderId"`
		Items   []Item `json:"items"`
		Heard   Heard  `json:"heard"`
	}
	// Shipped keeps an order's promise: the items have left.
	Shipped struct {
		OrderID string `json:"orderId"`
		Items   []Item `json:"items"`
		Heard   Heard  `json:"heard"`
	}
	// Restocked takes back what came back.
	Restocked struct {
		OrderID string `json:"orderId"`
		Items   []Item `json:"items"`
		Heard   Heard  `json:"heard"`
	}
	// CaughtUp says how far a source was heard when all that was heard asked for nothing.
	CaughtUp struct {
		Heard Heard `json:"heard"`
	}
)

func (Received) EventType() string  { return "stock.received.v1" }
func (Adjusted) EventType() string  { return "stock.adjusted.v1" }
func (Reserved) EventType() string  { return "stock.reserved.v1" }
func (Refused) EventType() string   { return "stock.refused.v1" }
func (Released) EventType() string  { return "stock.released.v1" }
func (Shipped) EventType() string   { return "stock.shipped.v1" }
func (Restocked) EventType() string { return "stock.restocked.v1" }
func (CaughtUp) EventType() string  { return "stock.caught_up.v1" }

func (Received) stockEvent()  {}
func (Adjusted) stockEvent()  {}
func (Reserved) stockEvent()  {}
func (Refused) stockEvent()   {}
func (Released) stockEvent()  {}
func (Shipped) stockEvent()   {}
func (Restocked) stockEvent() {}
func (CaughtUp) stockEvent()  {}
