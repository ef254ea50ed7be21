package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

func (s *Server) placeOrder(w http.ResponseWriter, r *http.Request) error {
	if err := s.serving(); err != nil {
		return err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var request placeRequest
	if err := decode(w, r, &request); err != nil {
		return err
	}
	products := s.Catalogues[sagas.Order]
	placed, err := request.check(func(sku string) bool { _, known := products.Product(sku); return known })
	if err != nil {
		return err
	}
	id := orderID(key)
	if err := s.checkPrices(r.Context(), request, id.String()); err != nil {
		return err
	}
	placed.Warehouse, placed.PaymentDeadline = s.Warehouse, deadline(s.Now(), s.PaymentDeadline)
	outcome, err := s.do(r, sagas.Order, "POST /v1/orders", id.String(), order.Place{Placed: placed}, id, id.String())
	if errors.Is(err, order.ErrKeyReused) {
		var v invalid
		v.add("Idempotency-Key", "%q was used for another order, %s; send a new key for a new order", key, id)
		return v.problem()
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/orders/"+id.String())
	w.Header().Set(consistencyToken, token(sagas.Order, outcome.Position))
	if len(outcome.Events) > 0 {
		return writeJSON(w, http.StatusAccepted, projections.OrderFromPlaced(id.String(), placed, outcome.At))
	}
	view, err := s.orderNow(r, id.String())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, view)
}

// checkPrices compares a quote with the catalogue, where that is wanted. An order that was accepted stays accepted.
func (s *Server) checkPrices(ctx context.Context, request placeRequest, id string) error {
	if !s.CheckPrices {
		return nil
	}
	refused := request.checkPrices(s.Catalogues[sagas.Order])
	if refused == nil {
		return nil
	}
	there, err := s.Services[sagas.Order].State(ctx, s.Choreography.Edge("POST /v1/orders"), id)
	if err != nil {
		return err
	}
	if there.State.(order.State).Stage != order.Unknown {
		return nil
	}
	return refused
}

func (s *Server) cancelOrder(w http.ResponseWriter, r *http.Request) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var request struct {
		Reason string `json:"reason"`
	}
	if err := decodeIfAny(w, r, &request); err != nil {
		return err
	}
	if request.Reason == "" {
		request.Reason = order.Customer
	}
	if len(request.Reason) > maxText {
		return badRequest("reason", "has more than %d characters", maxText)
	}
	id, err := orderOf(r)
	if err != nil {
		return err
	}
	outcome, err := s.do(r, sagas.Order, "POST /v1/orders/{id}/cancel", id, order.Cancel{Reason: request.Reason}, requestID("cancel", id, key), id)
	switch {
	case errors.Is(err, order.ErrUnknown):
		return notFound("order", id)
	case errors.Is(err, order.ErrEnded), errors.Is(err, order.ErrDispatched):
		return conflict("The order cannot be cancelled", err)
	case err != nil:
		return err
	}
	w.Header().Set("Location", "/v1/orders/"+id)
	w.Header().Set(consistencyToken, token(sagas.Order, outcome.Position))
	return writeJSON(w, http.StatusAccepted, map[string]any{"id": id, "status": outcome.State.(order.State).Stage.String()})
}

func (s *Server) getOrder(w http.ResponseWriter, r *http.Request) error {
	if err := s.await(r); err != nil {
		return err
	}
	id, err := orderOf(r)
	if err != nil {
		return err
	}
	view, err := s.orderNow(r, id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, view)
}

// orderOf is the order that a request is about, its id spelled as it is everywhere.
func orderOf(r *http.Request) (string, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return "", notFound("order", shorten(r.PathValue("id")))
	}
	return id.String(), nil
}

// orderNow is the order's view. Where the views do not have it yet, the order's own stream answers.
func (s *Server) orderNow(r *http.Request, id string) (projections.OrderView, error) {
	view, found, err := s.Views.Order(r.Context(), id)
	if err != nil || found {
		return view, err
	}
	view, found, err = projections.OrderFromStream(r.Context(), s.History[sagas.Order], id)
	if err == nil && !found {
		err = notFound("order", id)
	}
	return view, err
}

func (s *Server) listOrders(w http.ResponseWriter, r *http.Request) error {
	if err := s.await(r); err != nil {
		return err
	}
	limit, err := limitOf(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	if status := q.Get("status"); status != "" && !projections.IsStatus(status) {
		return badRequest("status", "%q is not a status of an order", status)
	}
	page, next, err := s.Views.Orders(r.Context(), projections.Filter{
		Customer: q.Get("customer"), Status: q.Get("status"), Limit: limit, After: q.Get("cursor"),
	})
	return writePage(w, r, "orders", page, next, err)
}

func (s *Server) listAttention(w http.ResponseWriter, r *http.Request) error {
	limit, err := limitOf(r)
	if err != nil {
		return err
	}
	page, next, err := s.Views.Orders(r.Context(), projections.Filter{Status: "attention", Limit: limit, After: r.URL.Query().Get("cursor")})
	return writePage(w, r, "orders", page, next, err)
}

// do carries a command out and waits until it is durable.
func (s *Server) do(r *http.Request, name, edge, id string, command any, request uuid.UUID, correlation string) (service.Outcome, error) {
	if err := s.serving(); err != nil {
		return service.Outcome{}, err
	}
	return s.Services[name].Do(r.Context(), s.Choreography.Edge(edge), id, command, service.Request{
		ID: request, Correlation: correlation, Actor: "api", Traceparent: r.Header.Get("Traceparent"),
	})
}

// serving refuses a request before the copies of the catalogue, which it is checked against, are complete.
func (s *Server) serving() error {
	if err := s.Ready(); err != nil {
		return problem(http.StatusServiceUnavailable, "Not ready", err.Error())
	}
	return nil
}

func idempotencyKey(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	switch {
	case key == "":
		return "", badRequest("Idempotency-Key", "the header is missing; send any text that is the same when the request is repeated, such as a UUID")
	case len(key) > 255:
		return "", badRequest("Idempotency-Key", "has more than 255 characters")
	}
	return key, nil
}

const maxPage = 500

func limitOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 50, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxPage {
		return 0, badRequest("limit", "must be between 1 and %d, is %q", maxPage, text)
	}
	return limit, nil
}

// writePage answers with a page of a listing.
func writePage[T any](w http.ResponseWriter, r *http.Request, name string, page []T, next string, err error) error {
	if errors.Is(err, projections.ErrCursor) {
		return badRequest("cursor", "is not one that a page's Link gave")
	}
	if err != nil {
		return err
	}
	if page == nil {
		page = []T{}
	}
	linkNext(w, r, next)
	return writeJSON(w, http.StatusOK, map[string]any{name: page})
}

// linkNext says where the next page is (RFC 8288).
func linkNext(w http.ResponseWriter, r *http.Request, cursor string) {
	if cursor == "" {
		return
	}
	q := r.URL.Query()
	q.Set("cursor", cursor)
	next := url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
	w.Header().Set("Link", fmt.Sprintf("<%s>; rel=\"next\"", next.String()))
}
