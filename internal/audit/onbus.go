package audit

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/ordersaga/ordersaga/internal/bus"
)

const (
	// relayGrace is how long an event may wait for its relay on a running system.
	relayGrace = 5 * time.Second
	// stallAfter is how long the bus may yield nothing that it says it has.
	stallAfter = 10 * time.Second
)

var errStalled = errors.New("the bus yields nothing more")

// readHeads asks the bus where its streams end, before the stores are read on: whatever the bus has, the stores have.
func (a *auditor) readHeads(ctx context.Context) error {
	if a.Bus == nil {
		return nil
	}
	for _, l := range a.logs {
		head, err := a.Bus.Head(ctx, l.name)
		if err != nil {
			return fmt.Errorf("bus: %w", err)
		}
		a.heads = append(a.heads, head)
	}
	return nil
}

// checkBus compares each source's events on the bus with those in its store, number by number.
func (a *auditor) checkBus(ctx context.Context) error {
	if a.Bus == nil {
		return nil
	}
	for i, l := range a.logs {
		c := &comparison{auditor: a, log: l, end: a.heads[i].Number}
		if err := c.run(ctx); err != nil {
			return fmt.Errorf("bus of %s: %w", l.name, err)
		}
	}
	return nil
}

// comparison is one source's.
type comparison struct {
	*auditor
	log    *log
	end    uint64 // number of the last event on the bus
	number uint64 // of the last event that was compared
}

func (c *comparison) run(ctx context.Context) error {
	stored := uint64(len(c.log.nodes))
	switch {
	case c.end > stored:
		c.say(stored, "it ends with event %d, the store has only %d", c.end, stored)
	case c.end < stored && c.running():
		if err := c.awaitRelay(ctx); err != nil {
			return err
		}
	}
	err := c.compare(ctx)
	var foreign *bus.Foreign
	switch {
	case errors.Is(err, errStalled):
		c.say(c.number+1, "it ends with event %d and yields none after %d: there is a gap", c.end, c.number)
		return nil
	case errors.As(err, &foreign):
		c.say(c.number+1, "%v", foreign)
		return nil
	}
	return err
}

// compare reads the bus up to its end, or to the first event that is not the store's.
func (c *comparison) compare(ctx context.Context) error {
	end := min(c.end, uint64(len(c.log.nodes)))
	if end == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(stallAfter, func() { cancel(errStalled) })
	defer stall.Stop()
	for run, err := range c.Bus.Read(ctx, c.log.name, 0) {
		if err != nil {
			if errors.Is(context.Cause(ctx), errStalled) {
				return errStalled
			}
			return err
		}
		stall.Reset(stallAfter)
		for i := range run.Events {
			if !c.same(&run.Events[i]) || c.number == end {
				return nil
			}
		}
	}
	return errStalled
}

// same compares the next event.
func (c *comparison) same(e *bus.Event) bool {
	c.checked[7]++
	want := c.number + 1
	if e.Number != want {
		c.say(want, "event %d follows event %d", e.Number, c.number)
		return false
	}
	c.number = want
	n := &c.log.nodes[want-1]
	switch {
	case e.ID != n.id:
		c.say(want, "event %d is %s there (%s/%d), in the store it is %s", want, e.ID, e.Stream, e.Revision, n.id)
	case e.Stream != c.streams.all[n.stream].id || uint32(e.Revision) != n.revision || c.names.number(e.Type) != n.fact ||
		e.Metadata.Causation != n.cause || maphash.Bytes(seed, e.Data) != n.sum:
		c.say(want, "event %d (%s) says something else there than in the store", want, e.ID)
	default:
		return true
	}
	return false
}

// awaitRelay: what is not on the bus yet comes soon, or is missing.
func (c *comparison) awaitRelay(ctx context.Context) error {
	next := &c.log.nodes[c.end]
	if next.at > c.Now.Add(-relayGrace).UnixMicro() {
		return nil
	}
	for waited := time.Duration(0); waited <= relayGrace; waited += lookPause {
		head, err := c.Bus.Head(ctx, c.log.name)
		if err != nil {
			return err
		}
		if head.Number > c.end {
			return nil
		}
		if err := wait(ctx, lookPause); err != nil {
			return err
		}
	}
	c.say(c.end+1, "it ends with event %d, and event %d was recorded long ago", c.end, c.end+1)
	return nil
}

// say reports about the event of a number, as the store has it.
func (c *comparison) say(number uint64, format string, args ...any) {
	f := finding{invariant: 7, order: noOrder, message: "the bus of " + c.log.name + ": " + fmt.Sprintf(format, args...)}
	if number > 0 && number <= uint64(len(c.log.nodes)) {
		at := c.log.ref(int(number - 1))
		f.order, f.events = c.node(at).order, []ref{at}
	}
	c.found(f)
}
