package embedded

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ordersaga/ordersaga/eventstore"
)

const (
	// groupBytes ends a group: it keeps a batch well below the size at which Pebble would give it a memtable of its own.
	groupBytes = 1 << 20
	// groupsInFlight may be on their way to disk at once. With one, 16 writers get half as many appends through; beyond
	// three, groups only become smaller.
	groupsInFlight = 3
)

// group is the events of many appends on their way to disk as one batch, and whom to tell when they are there. Answers
// that record nothing travel with a group too: they may rest on an event that is not durable before it.
type group struct {
	batch  *pebble.Batch // nil until there is something to write
	events []eventstore.Recorded
	shares []share
	err    error // of handing the batch to Pebble
}

// share is the part of a request that is settled by one group.
type share struct {
	request  *request
	from, to int
}

func (g *group) reset() {
	clear(g.events)
	clear(g.shares)
	g.batch, g.events, g.shares, g.err = nil, g.events[:0], g.shares[:0], nil
}

// committer decides appends one after the other, in the order that becomes the order of history. It runs ahead of the
// disk: what it decides on includes groups that are still being synced.
type committer struct {
	store    *Store
	position eventstore.Position // of the last event given out
	at       time.Time           // of the last event given out
	heads    *heads
	free     chan *group // those that may be filled
	inFlight chan *group // those that wait for the disk, in order

	group *group           // the one being filled
	index *pebble.Iterator // places in Pebble, of all groups before this one; nil until it is needed
	key   []byte
}

func newCommitter(s *Store, last eventstore.Recorded) *committer {
	c := &committer{
		store: s, position: last.Position, at: last.At, heads: newHeads(s.options.heads),
		free: make(chan *group, groupsInFlight), inFlight: make(chan *group, groupsInFlight),
	}
	for range groupsInFlight {
		c.free <- new(group)
	}
	return c
}

// run commits until the queue is closed and empty.
func (c *committer) run() {
	defer close(c.inFlight)
	var requests []*request
	for {
		c.group = <-c.free // before taking requests: those that come while the disk is busy make the group larger
		clear(requests)
		if requests = c.store.queue.take(requests[:0]); requests == nil {
			return
		}
		now := c.store.options.clock().UTC().Truncate(time.Microsecond)
		if now.After(c.at) {
			c.at = now // never backwards, whatever the clock does
		}
		for _, r := range requests {
			c.stage(r)
		}
		c.send()
	}
}

// stage decides a request's appends. A large request goes out in several groups.
func (c *committer) stage(r *request) {
	from := 0
	for i := range r.appends {
		if r.results[i].Err != nil {
			continue
		}
		if c.group.batch != nil && c.group.batch.Len() >= groupBytes {
			c.group.shares = append(c.group.shares, share{r, from, i})
			c.send()
			c.group, from = <-c.free, i
		}
		r.results[i] = c.append(&r.appends[i])
	}
	c.group.shares = append(c.group.shares, share{r, from, len(r.appends)})
}

func (c *committer) append(a *eventstore.Append) eventstore.Result {
	if err := c.store.failed(); err != nil {
		return eventstore.Result{Err: err}
	}
	head, err := c.head(a)
	if err != nil {
		return eventstore.Result{Err: err}
	}
	at := func(r eventstore.Revision) (eventstore.Recorded, error) { return c.recorded(a.Stream, r) }
	if result, settled := a.Settle(head, at); settled {
		return result
	}
	if c.group.batch == nil {
		c.group.batch = c.store.db.NewBatch()
	}
	for _, d := range a.Drafts {
		head++
		c.position++
		c.group.events = append(c.group.events, eventstore.Recorded{
			Position: c.position, Stream: a.Stream, Revision: head, Draft: d, At: c.at,
		})
		c.write(&c.group.events[len(c.group.events)-1])
	}
	c.heads.set(a.Stream, head)
	c.store.appends.Add(1)
	return eventstore.Result{Revision: head, Position: c.position, At: c.at}
}

func (c *committer) write(e *eventstore.Recorded) {
	op := c.group.batch.SetDeferred(eventKeySize, eventSize(e))
	appendEventKey(op.Key[:0], e.Position)
	encodeEvent(op.Value, e)
	_ = op.Finish() // fails on indexed batches only
	op = c.group.batch.SetDeferred(placeKeySize(e.Stream), 8)
	appendPlaceKey(op.Key[:0], e.Stream, e.Revision)
	putPosition(op.Value, e.Position)
	_ = op.Finish()
}

// send hands the group to Pebble, whose log syncs it in the background, and to the publisher, which waits for that.
func (c *committer) send() {
	g := c.group
	if g.batch != nil {
		if g.err = c.store.failed(); g.err == nil {
			g.err = c.apply(g.batch)
		}
		c.store.commits.Add(1)
		if g.err != nil {
			c.store.fail(g.err)
		}
	}
	if c.index != nil {
		if err := c.index.Close(); err != nil {
			c.store.background(err)
		}
		c.index = nil
	}
	c.heads.forget()
	c.group = nil
	c.inFlight <- g
}

// apply turns Pebble's panics, its way to say that the log is broken, into an error.
func (c *committer) apply(batch *pebble.Batch) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			c.store.wedged.Store(true)
			err = fmt.Errorf("commit: %v", cause)
		}
	}()
	return c.store.db.ApplyNoSyncWait(batch, pebble.Sync)
}

// publish waits for the groups to be on disk, in order, and only then shows their events and answers their requests.
func (s *Store) publish(c *committer) {
	defer close(s.published)
	for g := range c.inFlight {
		err := g.err
		if g.batch != nil && err == nil {
			err = g.batch.SyncWait()
		}
		if err != nil {
			s.fail(err)
		}
		// A group behind a failed one is not safe even if its own sync went well: the log has a hole before it.
		if failed := s.failed(); failed != nil {
			g.disown(failed)
		} else {
			if g.batch != nil {
				_ = g.batch.Close() // only returns it to a pool
			}
			s.tail.push(g.events)
		}
		for _, share := range g.shares {
			if share.to == len(share.request.appends) {
				close(share.request.done)
			}
		}
		g.reset()
		c.free <- g
	}
}

// disown takes back every answer of a group that may never have reached the disk, or that rests on one.
func (g *group) disown(failed error) {
	for _, share := range g.shares {
		for i := share.from; i < share.to; i++ {
			result := &share.request.results[i]
			switch {
			case result.Err == nil:
				*result = eventstore.Result{Err: fmt.Errorf("%w: %w", eventstore.ErrUnknownOutcome, failed)}
			case errors.Is(result.Err, eventstore.ErrConflict):
				*result = eventstore.Result{Err: failed}
			}
		}
	}
}
