package loadgen

import (
	"sync"
	"time"

	"github.com/ordersaga/ordersaga/internal/client"
)

// arrival is an end and when it was heard.
type arrival struct {
	client.End
	at time.Time
}

// ends hands each end to the worker that waits for it. An end may be heard before the answer that tells the order's id,
// and then waits for the worker.
type ends struct {
	mu      sync.Mutex
	waiting map[string]chan<- arrival
	early   map[string]arrival
}

func newEnds() *ends {
	return &ends{waiting: map[string]chan<- arrival{}, early: map[string]arrival{}}
}

func (e *ends) heard(end client.End, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if to, ok := e.waiting[end.ID]; ok {
		delete(e.waiting, end.ID)
		to <- arrival{end, at} // has room: a worker waits for one order at a time
		return
	}
	e.early[end.ID] = arrival{end, at}
}

// await makes an order's end arrive in a channel that has room for it.
func (e *ends) await(id string, to chan<- arrival) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if early, ok := e.early[id]; ok {
		delete(e.early, id)
		to <- early
		return
	}
	e.waiting[id] = to
}

// forget stops waiting. The end may have arrived in the channel meanwhile.
func (e *ends) forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, id)
}
