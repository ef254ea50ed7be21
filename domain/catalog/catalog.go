// Package catalog holds the rules of a product: its name and its price.
//
// Why so little: an order's price is the shop's quote, fixed when it is placed. The catalogue says which SKUs there are,
// so that an order or a receipt for anything else is refused before anything is recorded.
package catalog

import "github.com/ordersaga/ordersaga/domain"

// Event is the union of all that can happen to a product. The SKU is the stream's id.
type Event interface {
	domain.Event
	productEvent()
}

type (
	// Listed says that there is a product.
	Listed struct {
		Name      string       `json:"name"`
		UnitPrice domain.Money `json:"unitPrice"`
	}
	// Changed says what the product is called and costs from here on.
	Changed struct {
		Name      string       `json:"name"`
		UnitPrice domain.Money `json:"unitPrice"`
	}
)

func (Listed) EventType() string  { return "product.listed.v1" }
func (Changed) EventType() string { return "product.changed.v1" }

func (Listed) productEvent()  {}
func (Changed) productEvent() {}

// Command is the union of what a product can be asked.
type Command interface{ productCommand() }

// Put lists a product or changes it.
type Put struct {
	Name      string
	UnitPrice domain.Money
}

func (Put) productCommand() {}

// State is a product as it is now; the zero State is none.
type State struct {
	Exists    bool
	Name      string
	UnitPrice domain.Money
}

// Entity is the product: product-<sku>.
var Entity = domain.Entity[State, Command, Event]{
	Category: "product",
	Decider: domain.Decider[State, Command, Event]{
		Initial: func() State { return State{} },
		Decide:  decide,
		Evolve:  evolve,
	},
}

func decide(command Command, s State) ([]Event, error) {
	put, ok := command.(Put)
	switch {
	case !ok:
		return nil, nil
	case !s.Exists:
		return []Event{Listed(put)}, nil
	case s.Name == put.Name && s.UnitPrice == put.UnitPrice:
		return nil, nil
	}
	return []Event{Changed(put)}, nil
}

func evolve(s State, event Event) State {
	switch e := event.(type) {
	case Listed:
		return State{Exists: true, Name: e.Name, UnitPrice: e.UnitPrice}
	case Changed:
		return State{Exists: true, Name: e.Name, UnitPrice: e.UnitPrice}
	}
	return s
}
