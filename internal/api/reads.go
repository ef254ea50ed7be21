package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	fast "github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/history"
	"github.com/ordersaga/ordersaga/sagas"
)

// longestWait bounds how long a read waits for the read models, and a write for the copies of the catalogue.
const longestWait = 5 * time.Second

func (s *Server) bounded(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), longestWait)
}

// token says how far the read models must be to include a write: a source and a position of its store.
func token(source string, position eventstore.Position) string {
	return source + "@" + strconv.FormatUint(uint64(position), 10)
}

// await makes a read wait until the read models include the writes whose tokens it brings.
func (s *Server) await(r *http.Request) error {
	header := r.Header.Get(consistencyToken)
	if header == "" {
		return nil
	}
	ctx, cancel := s.bounded(r)
	defer cancel()
	tokens, err := s.parseTokens(header)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := s.Views.Wait(ctx, t.source, t.position); err != nil {
			return problem(http.StatusServiceUnavailable, "The read models are not there yet",
				fmt.Sprintf("%s was not reached within %s; read again, or without the %s header", token(t.source, t.position), longestWait, consistencyToken))
		}
	}
	return nil
}

type place struct {
	source   string
	position eventstore.Position
}

func (s *Server) parseTokens(header string) ([]place, error) {
	var places []place
	for _, text := range strings.Split(header, ",") {
		source, number, ok := strings.Cut(strings.TrimSpace(text), "@")
		position, err := strconv.ParseUint(number, 10, 64)
		if !ok || err != nil || s.Services[source] == nil {
			return nil, badRequest(consistencyToken, "%q is not a token that a write answered with", shorten(text))
		}
		places = append(places, place{source, eventstore.Position(position)})
	}
	return places, nil
}

// orderEvents is an order's history over all services.
func (s *Server) orderEvents(w http.ResponseWriter, r *http.Request) error {
	if err := s.await(r); err != nil {
		return err
	}
	id, err := orderOf(r)
	if err != nil {
		return err
	}
	if err := s.awaitStock(r); err != nil {
		return err
	}
	view, _, err := s.Views.Order(r.Context(), id)
	if err != nil {
		return err
	}
	var stock []history.StockRef
	for _, ref := range view.Stock.Events {
		stock = append(stock, history.StockRef{Stream: ref.Stream, Revision: ref.Revision})
	}
	events, err := s.History.Order(r.Context(), id, stock)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		return notFound("order", id)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"events": events})
}

// awaitStock waits, but not for ever, until the views say where in the warehouse's long stream an order's events are.
func (s *Server) awaitStock(r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	stock, err := s.Services[sagas.Inventory].State(ctx, s.Choreography.Edge("POST /v1/stock/receipts"), s.Warehouse)
	if err != nil {
		return err
	}
	_ = s.Views.Wait(ctx, sagas.Inventory, stock.Position)
	return nil
}

// listEvents sends the services' events as lines of JSON, in the order of time; with follow it goes on with what is
// recorded from then on.
func (s *Server) listEvents(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := history.Filter{Stream: eventstore.StreamID(q.Get("stream")), Type: q.Get("type")}
	if f.Stream != "" && sagas.ServiceOf(f.Stream.Category()) == "" {
		return badRequest("stream", "%q belongs to no service; its category must be order, payment, shipment, stock or product", shorten(string(f.Stream)))
	}
	if _, known := sagas.Events.GoType(f.Type); f.Type != "" && !known {
		return badRequest("type", "%q is no event type, such as order.placed.v1", shorten(f.Type))
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := fast.NewEncoder(w)
	if q.Has("follow") {
		control := http.NewResponseController(w)
		_ = s.History.Follow(r.Context(), f, func(e history.Event) error { return errors.Join(lines.Encode(e), control.Flush()) })
		return nil
	}
	for e, err := range s.History.Browse(r.Context(), f) {
		if err != nil { // the answer has begun: it breaks off
			s.Logger.Error("events cannot be read", "error", err)
			panic(http.ErrAbortHandler)
		}
		if lines.Encode(e) != nil {
			return nil
		}
	}
	return nil
}

// sums adds the orders up, for whoever compares them with something else.
func (s *Server) sums(w http.ResponseWriter, r *http.Request) error {
	if err := s.await(r); err != nil {
		return err
	}
	sums, err := s.Views.Sums(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, sums)
}

// audit checks every invariant over the whole history. It takes its time.
func (s *Server) audit(w http.ResponseWriter, r *http.Request) error {
	report, err := s.Audit(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, report)
}
