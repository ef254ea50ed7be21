// Package api is the HTTP door to the services.
//
// Why it holds no rule: a request is checked for its form, becomes one command of the service that owns the resource, and
// is answered once everything is durable. What a command means is decided behind the door. Reads go to the read models.
package api

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/internal/catalogue"
	"github.com/ordersaga/ordersaga/internal/history"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

// Bus is what the API needs of the bus.
type Bus interface {
	Head(ctx context.Context, source string) (bus.Last, error)
	Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error]
}

// Options are what the API leads to.
type Options struct {
	Services        map[string]*service.Service // by name
	Choreography    sagas.Choreography
	Views           *projections.Views
	Bus             Bus
	Catalogues      map[string]*catalogue.Replica // of the services that have one
	History         history.Stores
	Warehouse       string
	PaymentDeadline time.Duration
	CheckPrices     bool
	PSPSecrets      []string
	CarrierSecrets  []string
	Audit           func(context.Context) (any, error) // its report
	Ready           func() error                       // why requests cannot be served yet, nil when they can
	Metrics         http.Handler
	Now             func() time.Time
	Logger          *slog.Logger
}

// Server answers HTTP requests.
type Server struct {
	Options
	mux *http.ServeMux
}

// New makes a server.
func New(o Options) *Server {
	s := &Server{Options: o, mux: http.NewServeMux()}
	s.handle("POST /v1/orders", s.placeOrder)
	s.handle("GET /v1/orders", s.listOrders)
	s.handle("GET /v1/orders/watch", s.watchOrders)
	s.handle("GET /v1/orders/{id}", s.getOrder)
	s.handle("POST /v1/orders/{id}/cancel", s.cancelOrder)
	s.handle("GET /v1/orders/{id}/events", s.orderEvents)
	s.handle("GET /v1/orders/{id}/watch", s.watchOrder)
	s.handle("GET /v1/products", s.listProducts)
	s.handle("GET /v1/products/{sku}", s.getProduct)
	s.handle("PUT /v1/products/{sku}", s.putProduct)
	s.handle("GET /v1/stock/{sku}", s.getStock)
	s.handle("POST /v1/stock/receipts", s.receiveStock)
	s.handle("POST /v1/stock/adjustments", s.adjustStock)
	s.handle("POST /v1/webhooks/psp", s.pspWebhook)
	s.handle("POST /v1/webhooks/carrier", s.carrierWebhook)
	s.handle("GET /v1/events", s.listEvents)
	s.handle("GET /v1/parked", s.listParked)
	s.handle("POST /v1/parked/{id}/retry", s.retryParked)
	s.handle("POST /v1/parked/{id}/dismiss", s.dismissParked)
	s.handle("GET /v1/attention", s.listAttention)
	s.handle("GET /v1/sums", s.sums)
	s.handle("GET /v1/audit", s.audit)
	s.handle("GET /livez", s.live)
	s.handle("GET /readyz", s.ready)
	s.handle("GET /openapi.json", s.openapi)
	s.mux.Handle("GET /metrics", o.Metrics)
	return s
}

// ServeHTTP makes Server an http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.mux.Handler(r); pattern == "" {
		s.noSuchDoor(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// noSuchDoor answers where there is nothing, or nothing for this method.
func (s *Server) noSuchDoor(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		writeProblem(w, problem(http.StatusNotFound, "Not found", "see /openapi.json for what there is"))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	writeProblem(w, problem(http.StatusMethodNotAllowed, "Method not allowed", r.Method+" is not for "+r.URL.Path+"; it takes "+strings.Join(allowed, ", ")))
}

// handle answers an error with its problem document.
func (s *Server) handle(pattern string, h func(http.ResponseWriter, *http.Request) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		var p *Problem
		switch {
		case errors.As(err, &p):
		case r.Context().Err() != nil:
			return
		case errors.Is(err, eventstore.ErrClosed):
			p = problem(http.StatusServiceUnavailable, "Stopping", "nothing is known to have been recorded; send it again, with the same key or reference")
		default:
			s.Logger.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
			p = problem(http.StatusInternalServerError, "The request failed", "it may be sent again, with the same key or reference")
		}
		writeProblem(w, p)
	})
}

// consistencyToken names the header that says how far the read models must be.
const consistencyToken = "Consistency-Token"
