package api

import (
	"fmt"
	"net/http"
	"time"

	fast "github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/sagas"
)

// watchOrder sends an order's view whenever it changes, as server-sent events, until it ends.
func (s *Server) watchOrder(w http.ResponseWriter, r *http.Request) error {
	id, err := orderOf(r)
	if err != nil {
		return err
	}
	if _, err := s.orderNow(r, id); err != nil {
		return err
	}
	stream := startStream(w)
	for view, err := range s.Views.Watch(r.Context(), id) {
		if err != nil || stream.send("order", view) != nil || view.Ended() {
			return nil
		}
	}
	return nil
}

// ended is what watchOrders says of an order.
type ended struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// watchOrders sends the end of every order that ends from now on, as server-sent events.
func (s *Server) watchOrders(w http.ResponseWriter, r *http.Request) error {
	head, err := s.Bus.Head(r.Context(), sagas.Order)
	if err != nil {
		return problem(http.StatusServiceUnavailable, "The bus cannot be reached", err.Error())
	}
	stream := startStream(w)
	for run, err := range s.Bus.Read(r.Context(), sagas.Order, head.Number) {
		if err != nil {
			return nil
		}
		for _, recorded := range run.Events {
			if !ends[recorded.Type] {
				continue
			}
			fact, err := sagas.Events.Decode(recorded.Recorded)
			if err != nil {
				return nil
			}
			stream.write("ended", endOf(recorded.Stream.ID(), fact))
		}
		if stream.flush() != nil {
			return nil
		}
	}
	return nil
}

var ends = map[string]bool{
	order.Completed{}.EventType(): true, order.Rejected{}.EventType(): true, order.Cancelled{}.EventType(): true,
	order.Lost{}.EventType(): true, order.Returned{}.EventType(): true,
}

func endOf(id string, fact domain.Event) ended {
	switch e := fact.(type) {
	case order.Rejected:
		return ended{id, "rejected", e.Reason}
	case order.Cancelled:
		return ended{id, "cancelled", e.Reason}
	case order.Lost:
		return ended{id, "lost", ""}
	case order.Returned:
		return ended{id, "returned", ""}
	}
	return ended{id, "completed", ""}
}

// eventStream writes server-sent events.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func startStream(w http.ResponseWriter) eventStream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	s := eventStream{w, http.NewResponseController(w)}
	_ = s.control.SetWriteDeadline(time.Time{})
	_ = s.flush()
	return s
}

func (s eventStream) write(name string, body any) {
	data, _ := fast.Marshal(body)
	_, _ = fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", name, data)
}

func (s eventStream) send(name string, body any) error { s.write(name, body); return s.flush() }

func (s eventStream) flush() error { return s.control.Flush() }
