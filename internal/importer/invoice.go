package importer

import (
	"strings"

	"github.com/ordersaga/ordersaga/internal/client"
)

// invoice is what of an invoice was understood.
type invoice struct {
	number string
	lines  []read
}

// build makes an invoice an order, or lists what is left of it.
func (p *parser) build(in *invoice, goods *assortment) {
	kept := p.affordable(in.lines)
	items, gross := 0, int64(0)
	for _, l := range kept {
		switch l.role {
		case item:
			items++
			gross += l.amount
		case shipping:
			gross += l.amount
		}
	}
	switch {
	case items == 0:
		p.listAll(kept, refuse(NothingToOrder, ""))
		return
	case items > maxLines:
		p.listAll(kept, refuse(TooManyLines, "%d lines, at most %d", items, maxLines))
		return
	}
	kept = p.discountable(kept, gross)
	p.plan.Orders = append(p.plan.Orders, p.order(in.number, kept))
	for _, l := range kept {
		if l.role == item {
			p.plan.Demand[l.sku] += l.quantity
			goods.add(l)
			if l.sku != l.stockCode {
				p.note(l, InCapitals, l.stockCode+" is "+l.sku)
			}
		}
	}
}

// affordable lists the lines that bring an order above what it may cost.
func (p *parser) affordable(lines []read) []read {
	kept, gross := make([]read, 0, len(lines)), int64(0)
	for _, l := range lines {
		if l.role != discount {
			if gross+l.amount > maxAmount {
				p.list(l, refuse(TooMuch, "at most %s", pounds(maxAmount)))
				continue
			}
			gross += l.amount
		}
		kept = append(kept, l)
	}
	return kept
}

// discountable lists the discounts that would make an order cost less than nothing.
func (p *parser) discountable(lines []read, gross int64) []read {
	kept := make([]read, 0, len(lines))
	for _, l := range lines {
		if l.role == discount {
			if l.amount > gross {
				p.list(l, refuse(LargeDiscount, "%s off %s", pounds(l.amount), pounds(gross)))
				continue
			}
			gross -= l.amount
		}
		kept = append(kept, l)
	}
	return kept
}

func (p *parser) listAll(lines []read, why error) {
	for _, l := range lines {
		p.list(l, why)
	}
}

func (p *parser) note(l read, note, detail string) {
	p.plan.Notes = append(p.plan.Notes, Note{Line: l.line, Invoice: l.invoice, Note: note, Detail: detail})
}

// order is the request that an invoice becomes. It must be the same at every import, or its key is refused.
func (p *parser) order(number string, lines []read) Order {
	first := lines[0]
	o := Order{
		Invoice: number, Key: "online-retail-" + number,
		Body: client.NewOrder{CustomerID: customerID(first.customer), Currency: Currency, PaymentMethod: paymentMethod},
	}
	if id := o.Body.CustomerID; id != "" {
		o.Body.ShipTo.Name = "Customer " + id
	}
	code, known := countryCode(first.country)
	if o.Body.ShipTo.Country = code; !known {
		p.note(first, CountryUnknown, first.country)
	}
	for _, l := range lines {
		amount := l.amount
		switch l.role {
		case item:
			o.Body.Lines = append(o.Body.Lines, client.NewLine{SKU: l.sku, Quantity: l.quantity, UnitPrice: l.price})
		case shipping:
			o.Body.ShippingCharge += l.amount
		case discount:
			o.Body.Discount += l.amount
			amount = -amount
		}
		o.Total += amount
		o.Lines = append(o.Lines, Source{Line: l.line, StockCode: l.stockCode, Amount: amount})
	}
	return o
}

// customerID is empty for a guest. Tables that once held numbers write 17850 as 17850.0.
func customerID(text string) string { return clip(strings.TrimSuffix(text, ".0")) }

// clip keeps what a text field of the API takes.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}
