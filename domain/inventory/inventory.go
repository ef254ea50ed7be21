package inventory

import (
	"errors"
	"fmt"

	"github.com/benbjohnson/immutable"

	"github.com/ordersaga/ordersaga/domain"
)

// Refusals that only the caller hears.
var (
	ErrReferenceReused = errors.New("the reference was used for another quantity")
	ErrBelowReserved   = errors.New("less would be on hand than is reserved")
	ErrTooMuch         = errors.New("more would be on hand than can be counted")
	ErrQuantity        = errors.New("a quantity must be at least 1")
)

// MaxOnHand is the most of one SKU that receipts and counts lead to. It is far below what an int64 holds, so that goods
// that come back, which are never too many, do not overflow it.
const MaxOnHand = 1_000_000_000_000_000

// Command is the union of what a warehouse's stock can be asked.
type Command interface{ stockCommand() }

type (
	// Receive takes goods in; ErrQuantity, ErrReferenceReused, ErrTooMuch.
	Receive struct{ Received }
	// Adjust corrects what is on hand; ErrReferenceReused, ErrBelowReserved, ErrTooMuch.
	Adjust struct{ Adjusted }
	// Reserve promises all of an order's items, or refuses; ErrQuantity.
	Reserve struct {
		OrderID string
		Items   []Item // several of one SKU are added up
		Heard   Heard
	}
	// Release takes the promise back, if it still stands.
	Release struct {
		OrderID string
		Heard   Heard
	}
	// Ship keeps the promise.
	Ship struct {
		OrderID string
		Heard   Heard
	}
	// Restock takes back what came back; it implies that it was shipped. ErrQuantity.
	Restock struct {
		OrderID string
		Items   []Item
		Heard   Heard
	}
	// CatchUp records how far a source was heard.
	CatchUp struct{ Heard Heard }
)

func (Receive) stockCommand() {}
func (Adjust) stockCommand()  {}
func (Reserve) stockCommand() {}
func (Release) stockCommand() {}
func (Ship) stockCommand()    {}
func (Restock) stockCommand() {}
func (CatchUp) stockCommand() {}

// Level is how much of one SKU is there and how much of that is promised: 0 ≤ Reserved ≤ OnHand.
type Level struct{ OnHand, Reserved int64 }

// Available is what can still be promised.
func (l Level) Available() int64 { return l.OnHand - l.Reserved }

// State is a warehouse's stock: its levels, its open promises, and how far each source was heard.
type State struct {
	levels     *immutable.Map[string, Level]
	open       *immutable.Map[string, []Item]
	references *immutable.Map[string, int64] // kind, sku and reference → quantity
	heard      map[string]uint64             // few; copied when changed
}

// Level is how much there is of a SKU.
func (s State) Level(sku string) Level { level, _ := s.levels.Get(sku); return level }

// Open is what is promised to an order, nil where nothing is.
func (s State) Open(order string) []Item { items, _ := s.open.Get(order); return items }

// Heard is the number of the last trigger of a source that is accounted for.
func (s State) Heard(source string) uint64 { return s.heard[source] }

// Entity is a warehouse's stock: stock-<warehouse>.
var Entity = domain.Entity[State, Command, Event]{
	Category: "stock",
	Decider: domain.Decider[State, Command, Event]{
		Initial: initial,
		Decide:  decide,
		Evolve:  evolve,
	},
}

func initial() State {
	return State{
		levels:     immutable.NewMap[string, Level](nil),
		open:       immutable.NewMap[string, []Item](nil),
		references: immutable.NewMap[string, int64](nil),
	}
}

func decide(command Command, s State) ([]Event, error) {
	switch c := command.(type) {
	case Receive:
		return decideReceive(c, s)
	case Adjust:
		return decideAdjust(c, s)
	case Reserve:
		return s.unheard(c.Heard, func() ([]Event, error) { return decideReserve(c, s) })
	case Release:
		return s.unheard(c.Heard, func() ([]Event, error) {
			if items := s.Open(c.OrderID); items != nil {
				return []Event{Released{OrderID: c.OrderID, Items: items, Heard: c.Heard}}, nil
			}
			return nil, nil
		})
	case Ship:
		return s.unheard(c.Heard, func() ([]Event, error) {
			if items := s.Open(c.OrderID); items != nil {
				return []Event{Shipped{OrderID: c.OrderID, Items: items, Heard: c.Heard}}, nil
			}
			return nil, nil
		})
	case Restock:
		return s.unheard(c.Heard, func() ([]Event, error) { return decideRestock(c, s) })
	case CatchUp:
		return s.unheard(c.Heard, func() ([]Event, error) { return []Event{CaughtUp(c)}, nil })
	}
	return nil, nil
}

// unheard decides a trigger unless it was passed already. A trigger without a source was set aside once and is tried
// again by a person.
func (s State) unheard(heard Heard, decide func() ([]Event, error)) ([]Event, error) {
	if heard.Source != "" && heard.Number <= s.heard[heard.Source] {
		return nil, nil
	}
	return decide()
}

func decideReceive(c Receive, s State) ([]Event, error) {
	if err := positive(Item{SKU: c.SKU, Quantity: c.Quantity}); err != nil {
		return nil, err
	}
	if known, err := s.knownReference(receipt, c.SKU, c.Reference, c.Quantity); known || err != nil {
		return nil, err
	}
	if s.Level(c.SKU).OnHand > MaxOnHand-c.Quantity {
		return nil, ErrTooMuch
	}
	return []Event{c.Received}, nil
}

func decideAdjust(c Adjust, s State) ([]Event, error) {
	if known, err := s.knownReference(adjustment, c.SKU, c.Reference, c.Delta); known || err != nil {
		return nil, err
	}
	level := s.Level(c.SKU)
	if c.Delta > 0 && level.OnHand > MaxOnHand-c.Delta {
		return nil, ErrTooMuch
	}
	if level.Available()+c.Delta < 0 {
		return nil, fmt.Errorf("%w: %d on hand, %d reserved, asked for %d", ErrBelowReserved, level.OnHand, level.Reserved, c.Delta)
	}
	return []Event{c.Adjusted}, nil
}

func decideReserve(c Reserve, s State) ([]Event, error) {
	if s.Open(c.OrderID) != nil {
		return nil, nil
	}
	if err := positive(c.Items...); err != nil {
		return nil, err
	}
	c.Items = perSKU(c.Items)
	var short []Shortage
	for _, item := range c.Items {
		if available := s.Level(item.SKU).Available(); available < item.Quantity {
			short = append(short, Shortage{SKU: item.SKU, Requested: item.Quantity, Available: available})
		}
	}
	if short != nil {
		return []Event{Refused{OrderID: c.OrderID, Shortages: short, Heard: c.Heard}}, nil
	}
	return []Event{Reserved(c)}, nil
}

func decideRestock(c Restock, s State) ([]Event, error) {
	if err := positive(c.Items...); err != nil {
		return nil, err
	}
	restocked := Restocked(c)
	if items := s.Open(c.OrderID); items != nil {
		return []Event{Shipped{OrderID: c.OrderID, Items: items, Heard: c.Heard}, restocked}, nil
	}
	return []Event{restocked}, nil
}

func evolve(s State, event Event) State {
	switch e := event.(type) {
	case Received:
		s.references = s.references.Set(referenceKey(receipt, e.SKU, e.Reference), e.Quantity)
		return s.move([]Item{{SKU: e.SKU, Quantity: e.Quantity}}, 1, 0)
	case Adjusted:
		s.references = s.references.Set(referenceKey(adjustment, e.SKU, e.Reference), e.Delta)
		return s.move([]Item{{SKU: e.SKU, Quantity: e.Delta}}, 1, 0)
	case Reserved:
		s.open = s.open.Set(e.OrderID, e.Items)
		return s.move(e.Items, 0, 1).hear(e.Heard)
	case Refused:
		return s.hear(e.Heard)
	case Released:
		s.open = s.open.Delete(e.OrderID)
		return s.move(e.Items, 0, -1).hear(e.Heard)
	case Shipped:
		s.open = s.open.Delete(e.OrderID)
		return s.move(e.Items, -1, -1).hear(e.Heard)
	case Restocked:
		return s.move(e.Items, 1, 0).hear(e.Heard)
	case CaughtUp:
		return s.hear(e.Heard)
	}
	return s
}

func (s State) move(items []Item, onHand, reserved int64) State {
	for _, item := range items {
		level := s.Level(item.SKU)
		level.OnHand += onHand * item.Quantity
		level.Reserved += reserved * item.Quantity
		s.levels = s.levels.Set(item.SKU, level)
	}
	return s
}

func (s State) hear(heard Heard) State {
	if heard.Source == "" || s.heard[heard.Source] >= heard.Number {
		return s
	}
	positions := make(map[string]uint64, len(s.heard)+1)
	for source, number := range s.heard {
		positions[source] = number
	}
	positions[heard.Source] = heard.Number
	s.heard = positions
	return s
}
