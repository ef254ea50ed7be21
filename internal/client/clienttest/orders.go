package clienttest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/ordersaga/ordersaga/internal/client"
)

func (s *Server) place(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	body, _ := io.ReadAll(r.Body)
	var wanted client.NewOrder
	if err := json.Unmarshal(body, &wanted); err != nil || key == "" || len(wanted.Lines) == 0 {
		refuse(w, "body", "is no order with a key")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byKey[key]
	if known != nil && known.body != string(body) {
		refuse(w, "Idempotency-Key", "was used for another order")
		return
	}
	if known == nil {
		for _, l := range wanted.Lines {
			if _, listed := s.products[l.SKU]; !listed {
				refuse(w, "lines", l.SKU+" is not in the catalogue")
				return
			}
		}
		known = &placed{string(body), s.record(idOf(key), wanted)}
		s.byKey[key] = known
	}
	w.Header().Set("Location", "/v1/orders/"+known.order.ID)
	answer(w, http.StatusAccepted, known.order)
}

// record notes a new order and makes it end after the delay.
func (s *Server) record(id string, wanted client.NewOrder) *client.Order {
	o := &client.Order{
		ID: id, Status: "placed", CustomerID: wanted.CustomerID, Currency: wanted.Currency, ShippingCharge: wanted.ShippingCharge,
		Discount: wanted.Discount, Total: wanted.ShippingCharge - wanted.Discount, ShipTo: wanted.ShipTo, PlacedAt: time.Now().UTC(),
	}
	for i, l := range wanted.Lines {
		o.Lines = append(o.Lines, client.Line{LineID: fmt.Sprint(i + 1), SKU: l.SKU, Quantity: l.Quantity, UnitPrice: l.UnitPrice})
		o.Total += l.Quantity * l.UnitPrice
	}
	s.orders = append(s.orders, o)
	s.byID[id] = o
	s.events++
	if s.Delay >= 0 {
		s.ends.Add(1)
		time.AfterFunc(s.Delay, func() { defer s.ends.Done(); s.end(o, wanted.PaymentMethod) })
	}
	return o
}

// end completes or rejects an order and tells the streams.
func (s *Server) end(o *client.Order, card string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now().UTC()
	ended := *o // what was answered with before is not changed
	ended.EndedAt = &now
	switch {
	case !isGood(card):
		ended.Status, ended.Reason = "rejected", "payment_declined"
	case !s.take(o.Lines):
		ended.Status, ended.Reason = "rejected", "out_of_stock"
	default:
		ended.Status, ended.Payment = "completed", client.Payment{Status: "captured", Authorized: o.Total, Captured: o.Total}
	}
	if s.Cheat != nil {
		s.Cheat(&ended)
	}
	*o = ended
	s.events++
	for stream := range s.streams {
		stream <- client.End{ID: ended.ID, Status: ended.Status, Reason: ended.Reason}
	}
}

// take takes all of an order's items from the stock, or none.
func (s *Server) take(lines []client.Line) bool {
	wanted := map[string]int64{}
	for _, l := range lines {
		wanted[l.SKU] += l.Quantity
	}
	for sku, quantity := range wanted {
		if s.stock[sku] < quantity {
			return false
		}
	}
	for sku, quantity := range wanted {
		s.stock[sku] -= quantity
	}
	return true
}

func (s *Server) watch(w http.ResponseWriter, r *http.Request) {
	stream := make(chan client.End, 100_000) // more than any test's orders: an end never waits for a reader
	s.mu.Lock()
	if !s.Deaf {
		s.streams[stream] = true
	}
	hungUp := s.hungUp
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, stream)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := http.NewResponseController(w)
	_ = flusher.Flush()
	for {
		select {
		case end := <-stream:
			data, _ := json.Marshal(end)
			_, _ = fmt.Fprintf(w, "event: ended\ndata: %s\n\n", data)
			_ = flusher.Flush()
		case <-hungUp:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			return
		}
	}
}
