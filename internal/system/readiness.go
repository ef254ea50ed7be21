package system

import (
	"context"
	"errors"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/catalogue"
	"github.com/ordersaga/ordersaga/sagas"
)

// readiness says whether requests can be served: the services that check SKUs must have heard of all that were listed
// before this start. It is reached once and never lost; a broker that goes away later holds nothing up.
type readiness struct {
	system *System
	done   chan struct{}
}

func newReadiness(s *System) *readiness { return &readiness{system: s, done: make(chan struct{})} }

func (r *readiness) err() error {
	select {
	case <-r.done:
		return nil
	default:
		return errors.New("the catalogue is being read; try again in a moment")
	}
}

func (r *readiness) run(ctx context.Context) error {
	listed, err := r.lastListed(ctx)
	if err != nil {
		return err
	}
	for _, replica := range r.system.catalogues {
		if err := replica.Wait(ctx, listed); err != nil {
			return err
		}
	}
	close(r.done)
	<-ctx.Done()
	return ctx.Err()
}

// lastListed is the position of the last product's event.
func (r *readiness) lastListed(ctx context.Context) (last eventstore.Position, err error) {
	for recorded, err := range r.system.stores[catalogue.Source].All(ctx, 0) {
		if err != nil {
			return 0, err
		}
		if sagas.ServiceOf(recorded.Stream.Category()) == catalogue.Source {
			last = recorded.Position
		}
	}
	return last, nil
}
