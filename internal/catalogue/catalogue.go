// Package catalogue holds a service's own copy of what the catalogue says.
//
// Why a copy: a service that takes orders or goods must know which SKUs there are, and must not ask another service for
// it. It hears the catalogue's events like everybody else's and answers from memory.
package catalogue

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
)

// Source is the service whose events are heard.
const Source = "catalog"

// Product is what the catalogue says of a SKU.
type Product struct {
	Name      string
	UnitPrice domain.Money
}

// Replica is a copy of the catalogue. It is empty until Run has caught up.
type Replica struct {
	events *eventstore.Registry

	mu       sync.RWMutex
	products map[string]Product
	number   uint64
	position eventstore.Position
	moved    chan struct{} // closed and replaced at each step
}

// New makes an empty replica.
func New(events *eventstore.Registry) *Replica {
	return &Replica{events: events, products: map[string]Product{}, moved: make(chan struct{})}
}

// Run hears the catalogue until the context ends.
func (r *Replica) Run(ctx context.Context, read func(context.Context, string, uint64) iter.Seq2[bus.Run, error]) error {
	r.mu.RLock()
	after := r.number
	r.mu.RUnlock()
	for run, err := range read(ctx, Source, after) {
		if err != nil {
			return err
		}
		if err := r.take(run); err != nil {
			return fmt.Errorf("the copy of the catalogue cannot go on: %w", err)
		}
	}
	return ctx.Err()
}

func (r *Replica) take(run bus.Run) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, recorded := range run.Events {
		fact, err := r.events.Decode(recorded.Recorded)
		if err != nil {
			return err
		}
		sku := recorded.Stream.ID()
		switch e := fact.(type) {
		case catalog.Listed:
			r.products[sku] = Product(e)
		case catalog.Changed:
			r.products[sku] = Product(e)
		}
		r.number, r.position = recorded.Number, recorded.Position
	}
	close(r.moved)
	r.moved = make(chan struct{})
	return nil
}

// Product looks a SKU up.
func (r *Replica) Product(sku string) (Product, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	p, known := r.products[sku]
	return p, known
}

// Number is how many of the catalogue's events were heard.
func (r *Replica) Number() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.number
}

// Wait returns once the copy includes a position of the catalogue's store, or with the context's error.
func (r *Replica) Wait(ctx context.Context, position eventstore.Position) error {
	for {
		r.mu.RLock()
		there, moved := r.position >= position, r.moved
		r.mu.RUnlock()
		if there {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
