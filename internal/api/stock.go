package api

import (
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/sagas"
)

func (s *Server) getStock(w http.ResponseWriter, r *http.Request) error {
	if err := s.await(r); err != nil {
		return err
	}
	sku := r.PathValue("sku")
	stock, found, err := s.Views.Stock(r.Context(), sku)
	if err != nil {
		return err
	}
	if !found {
		if _, listed := s.Catalogues[sagas.Inventory].Product(sku); !listed {
			return notFound("product", sku)
		}
		stock.SKU = sku
	}
	return writeJSON(w, http.StatusOK, stock)
}

type receipt struct {
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	Reference string `json:"reference"`
}

func (s *Server) receiveStock(w http.ResponseWriter, r *http.Request) error {
	if err := s.serving(); err != nil {
		return err
	}
	var request receipt
	if err := decode(w, r, &request); err != nil {
		return err
	}
	var v invalid
	s.checkStock(&v, request.SKU, request.Reference)
	v.require(request.Quantity >= 1 && request.Quantity <= maxStock, "quantity", "must be between 1 and %d, is %d", int64(maxStock), request.Quantity)
	if err := v.problem(); err != nil {
		return err
	}
	outcome, err := s.do(r, sagas.Inventory, "POST /v1/stock/receipts", s.Warehouse, inventory.Receive{Received: inventory.Received(request)},
		requestID("receipt", request.SKU, request.Reference), "")
	if err != nil {
		return stockRefusal(err, "quantity")
	}
	return s.writeLevel(w, outcome, request.SKU)
}

type adjustment struct {
	SKU       string `json:"sku"`
	Delta     int64  `json:"delta"`
	Reason    string `json:"reason"`
	Reference string `json:"reference"`
}

func (s *Server) adjustStock(w http.ResponseWriter, r *http.Request) error {
	if err := s.serving(); err != nil {
		return err
	}
	var request adjustment
	if err := decode(w, r, &request); err != nil {
		return err
	}
	var v invalid
	s.checkStock(&v, request.SKU, request.Reference)
	v.require(request.Delta != 0 && request.Delta >= -maxStock && request.Delta <= maxStock, "delta", "must be between %d and %d and not 0, is %d",
		int64(-maxStock), int64(maxStock), request.Delta)
	v.require(request.Reason != "" && len(request.Reason) <= maxText, "reason", "must have 1 to %d characters", maxText)
	if err := v.problem(); err != nil {
		return err
	}
	outcome, err := s.do(r, sagas.Inventory, "POST /v1/stock/adjustments", s.Warehouse, inventory.Adjust{Adjusted: inventory.Adjusted(request)},
		requestID("adjustment", request.SKU, request.Reference), "")
	if err != nil {
		return stockRefusal(err, "delta")
	}
	return s.writeLevel(w, outcome, request.SKU)
}

const maxStock = 1_000_000_000_000

func (s *Server) checkStock(v *invalid, sku, reference string) {
	if _, listed := s.Catalogues[sagas.Inventory].Product(sku); !listed {
		v.add("sku", "%q is not in the catalogue; list it first with PUT /v1/products/{sku}", shorten(sku))
	}
	v.require(reference != "" && len(reference) <= maxText, "reference",
		"must have 1 to %d characters; the same reference for the same SKU counts once", maxText)
}

func stockRefusal(err error, field string) error {
	var v invalid
	switch {
	case errors.Is(err, inventory.ErrReferenceReused):
		v.add("reference", "%v", err)
		return v.problem()
	case errors.Is(err, inventory.ErrTooMuch):
		v.add(field, "%v", err)
		return v.problem()
	case errors.Is(err, inventory.ErrBelowReserved):
		p := conflict("The stock cannot be adjusted", err)
		p.Errors = []FieldError{{field, err.Error()}}
		return p
	}
	return err
}

// writeLevel answers with the stock as the command left it.
func (s *Server) writeLevel(w http.ResponseWriter, outcome service.Outcome, sku string) error {
	level := outcome.State.(inventory.State).Level(sku)
	w.Header().Set(consistencyToken, token(sagas.Inventory, outcome.Position))
	status := http.StatusCreated
	if len(outcome.Events) == 0 {
		status = http.StatusOK
	}
	return writeJSON(w, status, map[string]any{
		"sku": sku, "onHand": level.OnHand, "reserved": level.Reserved, "available": level.Available(),
	})
}

func (s *Server) putProduct(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Name      string `json:"name"`
		UnitPrice *int64 `json:"unitPrice"`
		Currency  string `json:"currency"`
	}
	if err := decode(w, r, &request); err != nil {
		return err
	}
	sku := r.PathValue("sku")
	var v invalid
	v.require(skuPattern.MatchString(sku), "sku", "%q must have 1 to 64 letters, digits, dots, hyphens or underscores", shorten(sku))
	v.require(request.Name != "" && len(request.Name) <= maxText, "name", "must have 1 to %d characters", maxText)
	if request.UnitPrice == nil {
		v.add("unitPrice", "is missing; send minor units, such as 255 for 2.55 GBP")
	} else {
		v.require(*request.UnitPrice >= 0 && *request.UnitPrice <= maxAmount, "unitPrice", "must be between 0 and %d minor units, is %d", int64(maxAmount), *request.UnitPrice)
	}
	currency, err := domain.ParseCurrency(request.Currency)
	if err != nil {
		v.add("currency", "%v", err)
	}
	if err := v.problem(); err != nil {
		return err
	}
	put := catalog.Put{Name: request.Name, UnitPrice: domain.Money{Amount: *request.UnitPrice, Currency: currency}}
	outcome, err := s.do(r, sagas.Catalog, "PUT /v1/products/{sku}", sku, put, uuid.New(), "")
	if err != nil {
		return err
	}
	ctx, cancel := s.bounded(r)
	defer cancel()
	for _, replica := range s.Catalogues {
		if err := replica.Wait(ctx, outcome.Position); err != nil {
			return problem(http.StatusServiceUnavailable, "Recorded, but not known everywhere yet", "send the request again")
		}
	}
	w.Header().Set(consistencyToken, token(sagas.Catalog, outcome.Position))
	return writeJSON(w, http.StatusOK, map[string]any{
		"sku": sku, "name": put.Name, "unitPrice": put.UnitPrice.Amount, "currency": put.UnitPrice.Currency,
	})
}

func (s *Server) getProduct(w http.ResponseWriter, r *http.Request) error {
	if err := s.await(r); err != nil {
		return err
	}
	sku := r.PathValue("sku")
	product, found, err := s.Views.Product(r.Context(), sku)
	if err == nil && !found {
		err = notFound("product", sku)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, product)
}

func (s *Server) listProducts(w http.ResponseWriter, r *http.Request) error {
	if err := s.await(r); err != nil {
		return err
	}
	limit, err := limitOf(r)
	if err != nil {
		return err
	}
	page, next, err := s.Views.Products(r.Context(), r.URL.Query().Get("cursor"), limit)
	return writePage(w, r, "products", page, next, err)
}
