package system

import (
	"context"
	"errors"
	"time"

	"github.com/ordersaga/ordersaga/internal/catalogue"
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
	listed := r.system.stores[catalogue.Source].Stats().Position
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		relay := r.system.bus.Relays()[catalogue.Source]
		there := max(relay.Seen, relay.Published) >= listed
		for _, replica := range r.system.catalogues {
			there = there && replica.Number() >= relay.Number
		}
		if there {
			close(r.done)
			<-ctx.Done()
			return ctx.Err()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
