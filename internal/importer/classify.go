package importer

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// role is what a line is to its invoice.
type role int

const (
	item role = iota
	shipping
	discount
)

// read is a line that was understood.
type read struct {
	row
	role            role
	sku             string
	quantity, price int64
	amount          int64 // of a discount: how much is taken off
}

var skuPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// notProducts are the stock codes that the shop used for its bookkeeping.
var notProducts = map[string]string{
	"M":            "a manual entry",
	"C2":           "carriage",
	"C3":           "carriage",
	"S":            "samples",
	"B":            "a bad debt",
	"AMAZONFEE":    "a fee of a marketplace",
	"BANK CHARGES": "bank charges",
	"CRUK":         "a donation",
	"PADS":         "pads to match cushions",
	"ADJUST":       "an adjustment",
	"ADJUST2":      "an adjustment",
	"GIFT":         "a voucher",
}

func notProduct(code string) (what string, is bool) {
	if what, is = notProducts[code]; is {
		return what, true
	}
	switch {
	case strings.HasPrefix(code, "GIFT_"):
		return "a voucher", true
	case strings.HasPrefix(code, "TEST"):
		return "a test", true
	}
	return "", false
}

// refusal is why a line is listed.
type refusal struct{ reason, detail string }

func (r *refusal) Error() string { return r.reason + ": " + r.detail }

func refuse(reason, format string, args ...any) error {
	return &refusal{reason, fmt.Sprintf(format, args...)}
}

// isCancellation tells whether an invoice takes an earlier one back.
func isCancellation(invoice string) bool {
	return invoice != "" && (invoice[0] == 'C' || invoice[0] == 'c')
}

// classify says what a line is to its invoice, or with a *refusal why it is nothing. What depends on the invoice's other
// lines is not asked here. The amount is there even when the line is refused, if it can be read.
func classify(r row) (read, error) {
	l := read{row: r, sku: strings.ToUpper(r.stockCode)}
	quantity, quantityErr := strconv.ParseInt(r.quantity, 10, 64)
	price, priceErr := pence(r.price)
	if quantityErr == nil && priceErr == nil {
		l.quantity, l.price, l.amount = quantity, price, product(quantity, price)
	}
	what, is := notProduct(l.sku)
	switch {
	case r.invoice == "":
		return l, refuse(NoInvoice, "")
	case isCancellation(r.invoice):
		return l, refuse(Cancellation, "")
	case l.sku == "":
		return l, refuse(NoStockCode, "")
	case is:
		return l, refuse(NoProduct, "%s is %s", l.sku, what)
	case quantityErr != nil:
		return l, refuse(BadQuantity, "%q", r.quantity)
	case errors.Is(priceErr, errInexact):
		return l, refuse(InexactPrice, "%q", r.price)
	case priceErr != nil:
		return l, refuse(BadPrice, "%q", r.price)
	case !isDate(r.date):
		return l, refuse(BadDate, "%q", r.date)
	}
	return l.asRole()
}

func (l read) asRole() (read, error) {
	if l.sku == "D" {
		if l.amount > 0 {
			return l, refuse(RaisingDiscount, "")
		}
		l.role, l.amount = discount, -l.amount
		return l, nil
	}
	switch {
	case l.quantity == 0:
		return l, refuse(ZeroQuantity, "")
	case l.quantity < 0:
		return l, refuse(NegativeQuantity, "%s", l.description)
	case l.price < 0:
		return l, refuse(NegativePrice, "")
	case l.quantity > maxQuantity:
		return l, refuse(TooMany, "at most %d", maxQuantity)
	case l.price > maxAmount || l.amount > maxAmount:
		return l, refuse(TooMuch, "at most %s", pounds(maxAmount))
	case l.sku == "POST" || l.sku == "DOT":
		l.role = shipping
	case !skuPattern.MatchString(l.sku) || strings.Trim(l.sku, ".") == "": // a path of dots leads elsewhere
		return l, refuse(BadStockCode, "")
	case l.description == "":
		return l, refuse(NoDescription, "")
	}
	return l, nil
}

// isDate accepts the layout's dates and those that spreadsheets make of them. A date is only checked for being one:
// orders are placed today, so that day before month or month before day makes no difference.
func isDate(text string) bool {
	for _, layout := range []string{"2/1/2006 15:04", "1/2/2006 15:04", "2/1/2006 15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}
