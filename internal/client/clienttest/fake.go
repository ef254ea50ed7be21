// Package clienttest is a server to test clients of the HTTP API against: it keeps what the API promises a client, and
// can be made to fail on the way.
//
// Why a fake: what an importer or a load must cope with (an answer that is lost, a stream that breaks off, read models
// that lag) is rare in the real server, and here one line of a test. It decides nothing that the real services decide:
// an order with stock and a good card completes, any other is rejected.
package clienttest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/internal/client"
)

// Server answers like the API. Its knobs may be set before it is first asked.
type Server struct {
	URL string

	// Break is asked before each request: true breaks the connection off. With the second result, only the answer is
	// lost: what was asked for is done.
	Break func(r *http.Request) (cut, done bool)
	// Delay is how long an order takes from its placing to its end; less than 0: it never ends.
	Delay time.Duration
	// Deaf sends nothing on the stream of ends.
	Deaf bool
	// Cheat changes what an order shows at its end.
	Cheat func(o *client.Order)

	mu       sync.Mutex
	orders   []*client.Order // by placing
	byKey    map[string]*placed
	byID     map[string]*client.Order
	products map[string]client.Product
	stock    map[string]int64
	receipts map[string]int64 // sku and reference → quantity
	streams  map[chan client.End]bool
	hungUp   chan struct{} // closed and replaced when the streams are to break off
	events   int
	ends     sync.WaitGroup
}

type placed struct {
	body  string
	order *client.Order
}

// New starts a server that stops with the test.
func New(t testing.TB) *Server {
	s := &Server{
		byKey: map[string]*placed{}, byID: map[string]*client.Order{}, products: map[string]client.Product{},
		stock: map[string]int64{}, receipts: map[string]int64{}, streams: map[chan client.End]bool{}, hungUp: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ready"})
	})
	mux.HandleFunc("PUT /v1/products/{sku}", s.putProduct)
	mux.HandleFunc("POST /v1/stock/receipts", s.receive)
	mux.HandleFunc("POST /v1/orders", s.place)
	mux.HandleFunc("GET /v1/orders", s.list)
	mux.HandleFunc("GET /v1/orders/watch", s.watch)
	mux.HandleFunc("GET /v1/orders/{id}", s.get)
	server := httptest.NewServer(s.breaking(mux))
	t.Cleanup(func() { s.ends.Wait(); server.CloseClientConnections(); server.Close() })
	s.URL = server.URL
	return s
}

// HangUp breaks the streams of ends off that are open now.
func (s *Server) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.hungUp)
	s.hungUp = make(chan struct{})
}

// Events is how many facts were recorded: what is done twice records none.
func (s *Server) Events() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events
}

// Orders are all orders, by placing.
func (s *Server) Orders() []client.Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]client.Order, len(s.orders))
	for i, o := range s.orders {
		all[i] = *o
	}
	return all
}

// Stock is what is on hand of a SKU.
func (s *Server) Stock(sku string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stock[sku]
}

// Product is what is listed under a SKU.
func (s *Server) Product(sku string) client.Product {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.products[sku]
}

func (s *Server) breaking(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Break != nil {
			cut, done := s.Break(r)
			if cut && done {
				next.ServeHTTP(httptest.NewRecorder(), r)
			}
			if cut {
				panic(http.ErrAbortHandler)
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) putProduct(w http.ResponseWriter, r *http.Request) {
	var p client.Product
	if !read(w, r, &p) {
		return
	}
	p.SKU = r.PathValue("sku")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.products[p.SKU] != p {
		s.products[p.SKU] = p
		s.events++
	}
	answer(w, http.StatusOK, p)
}

func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	var receipt client.Receipt
	if !read(w, r, &receipt) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, listed := s.products[receipt.SKU]; !listed {
		refuse(w, "sku", "is not in the catalogue")
		return
	}
	status := http.StatusOK
	before, known := s.receipts[receipt.SKU+"/"+receipt.Reference]
	switch {
	case known && before != receipt.Quantity:
		refuse(w, "reference", "was used for another quantity")
		return
	case !known:
		status = http.StatusCreated
		s.receipts[receipt.SKU+"/"+receipt.Reference] = receipt.Quantity
		s.stock[receipt.SKU] += receipt.Quantity
		s.events++
	}
	answer(w, status, client.Stock{SKU: receipt.SKU, OnHand: s.stock[receipt.SKU]})
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	s.mu.Lock()
	defer s.mu.Unlock()
	end := len(s.orders)
	if cursor := r.URL.Query().Get("cursor"); cursor != "" {
		end, _ = strconv.Atoi(cursor)
	}
	page := []client.Order{}
	for ; end > 0 && len(page) < limit; end-- {
		page = append(page, *s.orders[end-1])
	}
	if end > 0 {
		w.Header().Set("Link", "</v1/orders?limit="+strconv.Itoa(limit)+"&cursor="+strconv.Itoa(end)+`>; rel="next"`)
	}
	answer(w, http.StatusOK, map[string]any{"orders": page})
}

func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	order := s.byID[r.PathValue("id")]
	if order == nil {
		problem(w, client.Problem{Status: http.StatusNotFound, Title: "order not found"})
		return
	}
	answer(w, http.StatusOK, order)
}

// idOf derives an order's id from its key.
func idOf(key string) string { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(key)).String() }

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		refuse(w, "body", err.Error())
		return false
	}
	return true
}

func refuse(w http.ResponseWriter, field, detail string) {
	problem(w, client.Problem{
		Status: http.StatusUnprocessableEntity, Title: "The request is not valid", Errors: []client.FieldError{{Field: field, Detail: detail}},
	})
}

func problem(w http.ResponseWriter, p client.Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func isGood(card string) bool { return !strings.Contains(strings.ToLower(card), "declined") }
