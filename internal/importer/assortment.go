package importer

import (
	"github.com/ordersaga/ordersaga/internal/client"
)

// assortment gathers what the lines call each product and what they ask for it.
type assortment struct {
	order []string // SKUs, by first line
	votes map[string]*votes
}

type votes struct {
	names  []count[string]
	prices []count[int64]
}

// count is how many lines say a value, kept in the order of first mention.
type count[T comparable] struct {
	value T
	lines int
}

func tally[T comparable](counts []count[T], value T) []count[T] {
	for i := range counts {
		if counts[i].value == value {
			counts[i].lines++
			return counts
		}
	}
	return append(counts, count[T]{value, 1})
}

func (a *assortment) add(l read) {
	if a.votes == nil {
		a.votes = map[string]*votes{}
	}
	v := a.votes[l.sku]
	if v == nil {
		v = &votes{}
		a.votes[l.sku] = v
		a.order = append(a.order, l.sku)
	}
	v.names = tally(v.names, l.description)
	v.prices = tally(v.prices, l.price)
}

func (a *assortment) products() []client.Product {
	products := make([]client.Product, 0, len(a.order))
	for _, sku := range a.order {
		v := a.votes[sku]
		products = append(products, client.Product{SKU: sku, Name: clip(v.name()), UnitPrice: v.price(), Currency: Currency})
	}
	return products
}

// name is what most lines say, the longest of those that equally many say, and of those the first.
func (v *votes) name() string {
	best := v.names[0]
	for _, c := range v.names[1:] {
		if c.lines > best.lines || c.lines == best.lines && len(c.value) > len(best.value) {
			best = c
		}
	}
	return best.value
}

// price is what most lines say, the first of those that equally many say. Giving something away is no price.
func (v *votes) price() int64 {
	var best count[int64]
	for _, c := range v.prices {
		if c.value > 0 && c.lines > best.lines {
			best = c
		}
	}
	return best.value
}
