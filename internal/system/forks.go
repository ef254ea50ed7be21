package system

import (
	"context"
	"fmt"
	"time"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// watchForks compares, once after a start, what each service remembers of the others with what they have. A service that
// has heard more than there is has heard events of a store that was replaced by an older copy since; it would pass over
// as many new ones. Where the bus still has the lost events its relay says so first.
func (s *System) watchForks(ctx context.Context) error {
	ends := map[string]eventstore.Position{}
	for name, store := range s.stores {
		ends[name] = store.Stats().Position
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for before := error(nil); ; {
		counted := s.counted(ends)
		found, err := s.findFork(ctx, counted)
		if err != nil {
			return err
		}
		if found != nil && before != nil { // twice: a relay that begins again counts again
			return found
		}
		if before = found; found == nil && len(counted) == len(ends) {
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

// counted is how many events each service has, of those whose relays have read up to a position.
func (s *System) counted(upTo map[string]eventstore.Position) map[string]uint64 {
	numbers := map[string]uint64{}
	for name, relay := range s.bus.Relays() {
		if relay.Seen >= upTo[name] {
			numbers[name] = relay.Counted
		}
	}
	return numbers
}

func (s *System) findFork(ctx context.Context, counted map[string]uint64) (found, err error) {
	for _, name := range sagas.Services {
		heard, err := s.services[name].Remembered(ctx)
		if err != nil {
			return nil, err
		}
		for source, number := range heard {
			if has, known := counted[source]; known && number > has {
				return fmt.Errorf("%s has heard %d events of %s, whose store has only %d: that store was replaced by an older copy. Bring the "+
					"newer copy back if there is one; if there is none, restore the whole data directory as it was at one time, without the bus",
					name, number, source, has), nil
			}
		}
	}
	return nil, nil
}
