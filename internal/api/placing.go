package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/mail"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/internal/catalogue"
)

// placeRequest is the body of POST /v1/orders.
type placeRequest struct {
	CustomerID     string        `json:"customerId"`
	Email          string        `json:"email"`
	Currency       string        `json:"currency"`
	PaymentMethod  string        `json:"paymentMethod"`
	Lines          []placeLine   `json:"lines"`
	ShippingCharge int64         `json:"shippingCharge"`
	Discount       int64         `json:"discount"`
	ShipTo         order.Address `json:"shipTo"`
}

type placeLine struct {
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unitPrice"`
}

// Limits of one order.
const (
	maxLines    = 2000
	maxQuantity = 1_000_000
	maxAmount   = 1_000_000_000_000 // minor units, of a unit price and of an order's total
	maxText     = 200
)

var (
	cardNumber = regexp.MustCompile(`^[0-9 -]{12,23}$`)
	country    = regexp.MustCompile(`^[A-Z]{2}$`)
	skuPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
)

// namespace is what ids of orders and requests are derived in.
var namespace = uuid.MustParse("6f7264e7-2073-5a61-8167-612e6f726465")

// orderID derives an order's id from its idempotency key, so that a key is remembered for ever.
func orderID(key string) uuid.UUID { return uuid.NewSHA1(namespace, []byte("order/"+key)) }

// requestID derives what makes a request recognisable.
func requestID(parts ...string) uuid.UUID {
	name := ""
	for _, part := range parts {
		name += strconv.Itoa(len(part)) + ":" + part
	}
	return uuid.NewSHA1(namespace, []byte(name))
}

// check says all that is wrong with a request, or answers with what is to be placed.
func (r placeRequest) check(known func(sku string) bool) (order.Placed, error) {
	var v invalid
	v.require(len(r.CustomerID) <= maxText, "customerId", "has more than %d characters", maxText)
	if r.Email != "" {
		address, err := mail.ParseAddress(r.Email)
		v.require(err == nil && address.Address == r.Email && len(r.Email) <= 254, "email", "%q is not an address such as a@example.com", r.Email)
	}
	currency, err := domain.ParseCurrency(r.Currency)
	if err != nil {
		v.add("currency", "%v", err)
	}
	r.checkPayment(&v)
	r.checkShipTo(&v)
	r.checkLines(&v, known)
	if err := v.problem(); err != nil {
		return order.Placed{}, err
	}
	total, err := r.total(currency)
	if err != nil {
		return order.Placed{}, err
	}
	placed := order.Placed{
		CustomerID: r.CustomerID, Email: r.Email, Currency: currency, PaymentMethod: r.PaymentMethod,
		ShippingCharge: r.ShippingCharge, Discount: r.Discount, Total: total, ShipTo: r.ShipTo, RequestHash: r.hash(),
		Lines: make([]order.Line, len(r.Lines)),
	}
	for i, l := range r.Lines {
		placed.Lines[i] = order.Line{LineID: strconv.Itoa(i + 1), SKU: l.SKU, Quantity: l.Quantity, UnitPrice: l.UnitPrice}
	}
	return placed, nil
}

func (r placeRequest) checkPayment(v *invalid) {
	switch {
	case r.PaymentMethod == "":
		v.add("paymentMethod", "is missing; send the provider's token, such as pm_card_visa")
	case cardNumber.MatchString(r.PaymentMethod):
		v.add("paymentMethod", "looks like a card number; send the provider's token, such as pm_card_visa")
	case len(r.PaymentMethod) > maxText:
		v.add("paymentMethod", "has more than %d characters", maxText)
	}
	v.require(r.ShippingCharge >= 0 && r.ShippingCharge <= maxAmount, "shippingCharge", "must be between 0 and %d minor units, is %d", int64(maxAmount), r.ShippingCharge)
	v.require(r.Discount >= 0 && r.Discount <= maxAmount, "discount", "must be between 0 and %d minor units, is %d", int64(maxAmount), r.Discount)
}

func (r placeRequest) checkShipTo(v *invalid) {
	for _, f := range []struct{ field, value string }{
		{"shipTo.name", r.ShipTo.Name}, {"shipTo.line1", r.ShipTo.Line1}, {"shipTo.city", r.ShipTo.City}, {"shipTo.postcode", r.ShipTo.Postcode},
	} {
		v.require(len(f.value) <= maxText, f.field, "has more than %d characters", maxText)
	}
	v.require(r.ShipTo.Country == "" || country.MatchString(r.ShipTo.Country), "shipTo.country", "%q is not a two-letter country code such as GB", r.ShipTo.Country)
}

func (r placeRequest) checkLines(v *invalid, known func(sku string) bool) {
	v.require(len(r.Lines) > 0, "lines", "is empty; an order has at least one line")
	if len(r.Lines) > maxLines {
		v.add("lines", "has %d lines; at most %d are accepted, split the order", len(r.Lines), maxLines)
		return
	}
	for i, l := range r.Lines {
		field := func(name string) string { return fmt.Sprintf("lines[%d].%s", i, name) }
		switch {
		case l.SKU == "":
			v.add(field("sku"), "is missing")
		case !known(l.SKU):
			v.add(field("sku"), "%q is not in the catalogue; list it first with PUT /v1/products/{sku}", shorten(l.SKU))
		}
		v.require(l.Quantity >= 1 && l.Quantity <= maxQuantity, field("quantity"), "must be between 1 and %d, is %d", maxQuantity, l.Quantity)
		v.require(l.UnitPrice >= 0 && l.UnitPrice <= maxAmount, field("unitPrice"), "must be between 0 and %d minor units, is %d", int64(maxAmount), l.UnitPrice)
	}
}

// total adds the order up. It may be nothing, but not less.
func (r placeRequest) total(currency domain.Currency) (int64, error) {
	var v invalid
	sum := domain.Money{Amount: r.ShippingCharge, Currency: currency}
	for i, l := range r.Lines {
		line, err := domain.Money{Amount: l.UnitPrice, Currency: currency}.Times(l.Quantity)
		if err == nil {
			sum, err = sum.Add(line)
		}
		if err != nil || sum.Amount > maxAmount {
			v.add(fmt.Sprintf("lines[%d]", i), "brings the total above %d minor units", int64(maxAmount))
			return 0, v.problem()
		}
	}
	v.require(r.Discount <= sum.Amount, "discount", "%d is more than the order's %d", r.Discount, sum.Amount)
	return sum.Amount - r.Discount, v.problem()
}

// hash tells a repeated request from another one, whatever its spelling.
func (r placeRequest) hash() string {
	canonical, _ := json.Marshal(r)
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:16])
}

func shorten(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

// deadline is when an order placed now must be paid.
func deadline(now time.Time, within time.Duration) time.Time {
	return now.Add(within).UTC().Truncate(time.Millisecond)
}

// checkPrices compares the quote with the catalogue.
func (r placeRequest) checkPrices(products *catalogue.Replica) error {
	var v invalid
	for i, l := range r.Lines {
		p, _ := products.Product(l.SKU)
		v.require(p.UnitPrice.Amount == l.UnitPrice && string(p.UnitPrice.Currency) == r.Currency, fmt.Sprintf("lines[%d].unitPrice", i),
			"is %d %s, the catalogue says %d %s", l.UnitPrice, r.Currency, p.UnitPrice.Amount, p.UnitPrice.Currency)
	}
	return v.problem()
}
