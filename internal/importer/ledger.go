package importer

import (
	"maps"
	"slices"
	"sync"

	"github.com/ordersaga/ordersaga/internal/client"
)

// ledger knows the orders of this import by their ids, and which of them have not ended. An order's end may be heard
// before the answer to its placing.
type ledger struct {
	mu     sync.Mutex
	orders map[string]*Order
	open   map[string]bool
	early  map[string]bool // ended, and of nobody known yet
	ended  int
	moved  chan struct{} // closed and replaced at each end
}

func newLedger(orders int) *ledger {
	return &ledger{
		orders: make(map[string]*Order, orders), open: map[string]bool{}, early: map[string]bool{}, moved: make(chan struct{}),
	}
}

func (l *ledger) placed(view client.Order, o *Order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.orders[view.ID] = o
	l.open[view.ID] = true
	if view.Ended() || l.early[view.ID] {
		l.close(view.ID)
	}
}

// end notes an order's end, whoever placed it.
func (l *ledger) end(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.open[id]:
		l.close(id)
	case l.orders[id] == nil:
		l.early[id] = true
	}
}

func (l *ledger) close(id string) {
	delete(l.open, id)
	delete(l.early, id)
	l.ended++
	close(l.moved)
	l.moved = make(chan struct{})
}

// progress is how many have ended, how many have not, and what is closed when that changes.
func (l *ledger) progress() (ended, open int, moved <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended, len(l.open), l.moved
}

// stillOpen are the ids of the orders that have not ended.
func (l *ledger) stillOpen() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.open))
}

func (l *ledger) order(id string) *Order {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.orders[id]
}

// ids are those of all orders.
func (l *ledger) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.orders))
}

func (l *ledger) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.orders)
}
