// Package importer brings a shop's real history into a running system.
//
// Why through the HTTP API: what a file proves is that thousands of real orders, with all the oddities of a real shop,
// go through the same door as everybody's and come out to the penny. So nothing here touches a store. Reading a file
// (Parse, a pure function) is apart from doing what it says (Run), and every line of the file is accounted for: it became
// part of an order, or it is listed with the reason why not.
//
// The layout is that of "Online Retail" (D. Chen, UCI Machine Learning Repository, 2015, doi 10.24432/C5BW33).
package importer

import (
	"github.com/ordersaga/ordersaga/internal/client"
)

// Currency is what all prices of the layout are in.
const Currency = "GBP"

// paymentMethod is the simulator's card that always pays.
const paymentMethod = "pm_card_visa"

// Plan is what a file asks for. Amounts are pence.
type Plan struct {
	Fingerprint string // of the file's bytes: the same for the same file
	Lines       int    // with data: without the header and blank lines
	Invoices    int    // cancellations among them
	Customers   int    // who place orders, guests aside
	Products    []client.Product
	Demand      map[string]int64 // how many of each SKU the orders ask for
	Orders      []Order          // in the order of the file
	Listed      []Listed         // by line
	Notes       []Note           // by line
}

// Order is an invoice as it is placed.
type Order struct {
	Invoice string
	Key     string // of idempotency: the same invoice is the same order, whatever file it stands in
	Body    client.NewOrder
	Total   int64
	Lines   []Source // where it stands in the file
}

// Source is a line of the file that became part of an order.
type Source struct {
	Line      int
	StockCode string
	Amount    int64
}

// Listed is a line of the file that became part of no order.
type Listed struct {
	Line      int    `json:"line"`
	Invoice   string `json:"invoice"`
	StockCode string `json:"stockCode"`
	Reason    string `json:"reason"`           // the same for all lines with this reason
	Detail    string `json:"detail,omitempty"` // what is particular to this line
	Amount    int64  `json:"amount"`           // quantity × price in pence; 0 where they cannot be read
}

// Note is something about an ordered line that a person may want to know.
type Note struct {
	Line    int    `json:"line"`
	Invoice string `json:"invoice"`
	Note    string `json:"note"`
	Detail  string `json:"detail,omitempty"`
}

// Why a line is listed.
const (
	Unreadable       = "the line cannot be read"
	NoInvoice        = "no invoice number"
	NoStockCode      = "no stock code"
	Cancellation     = "a cancellation; not applied, as there are no returns yet"
	NoProduct        = "not a product"
	BadQuantity      = "the quantity is not a whole number"
	BadPrice         = "the price is not a number"
	InexactPrice     = "the price is not exact to the penny"
	BadDate          = "the date is not dd/mm/yyyy hh:mm"
	ZeroQuantity     = "nothing is ordered: the quantity is 0"
	NegativeQuantity = "a correction of stock: the quantity is below 0"
	NegativePrice    = "the price is below 0"
	NoDescription    = "no description"
	BadStockCode     = "the stock code cannot be a SKU: 1 to 64 letters, digits, dots, hyphens, underscores"
	TooMany          = "more than one line of an order can hold"
	TooMuch          = "more than one order can cost"
	RaisingDiscount  = "a discount that raises the price"
	LargeDiscount    = "a discount of more than the rest of the invoice"
	NothingToOrder   = "nothing else of the invoice can be ordered"
	TooManyLines     = "the invoice has more lines than one order can have"
	Refused          = "the server refused the order"
)

// What is noted of an ordered line.
const (
	InCapitals     = "the stock code is read in capitals"
	CountryUnknown = "the country has no code and is left empty"
)

// Limits of one order, as the API has them.
const (
	maxLines    = 2000
	maxQuantity = 1_000_000
	maxAmount   = 1_000_000_000_000
	maxText     = 200
)
