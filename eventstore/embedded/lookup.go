package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ordersaga/ordersaga/eventstore"
)

// head finds the last revision of the append's stream, among the events of the group too.
func (c *committer) head(a *eventstore.Append) (eventstore.Revision, error) {
	if head, known := c.heads.get(a.Stream); known {
		return head, nil
	}
	it, err := c.places()
	if err != nil {
		return 0, err
	}
	if a.Expected == eventstore.NoStream {
		// Nearly always right for a new stream, and then the bloom filters answer without touching a table.
		c.key = appendPlaceKey(c.key[:0], a.Stream, 0)
		if !it.SeekPrefixGE(c.key) {
			return eventstore.NoStream, it.Error()
		}
	}
	c.key = appendPlacePrefix(c.key[:0], a.Stream)
	c.key[len(c.key)-1]++ // behind the stream's places: no name holds a NUL
	head := eventstore.NoStream
	if it.SeekLT(c.key) {
		c.key[len(c.key)-1]--
		if bytes.HasPrefix(it.Key(), c.key) {
			head = revisionOf(it.Key())
		}
	}
	if err := it.Error(); err != nil {
		return 0, fmt.Errorf("find the end of stream %s: %w", a.Stream, err)
	}
	if head != eventstore.NoStream {
		c.heads.set(a.Stream, head)
	}
	return head, nil
}

// places is one iterator for all look-ups of a group.
func (c *committer) places() (*pebble.Iterator, error) {
	if c.index != nil {
		return c.index, nil
	}
	var err error
	c.index, err = c.store.db.NewIter(&pebble.IterOptions{
		LowerBound: []byte(placePrefix), UpperBound: []byte("s0"), UseL6Filters: true,
	})
	return c.index, err
}

// recorded finds the event at a revision that the stream has, on disk or not yet.
func (c *committer) recorded(stream eventstore.StreamID, revision eventstore.Revision) (eventstore.Recorded, error) {
	for i := len(c.group.events) - 1; i >= 0; i-- {
		if e := &c.group.events[i]; e.Revision == revision && e.Stream == stream {
			return *e, nil
		}
	}
	c.key = appendPlaceKey(c.key[:0], stream, revision)
	value, closer, err := c.store.db.Get(c.key)
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("find %s/%d: %w", stream, revision, err)
	}
	position, err := readPosition(value)
	if err = errors.Join(err, closer.Close()); err != nil {
		return eventstore.Recorded{}, fmt.Errorf("find %s/%d: %w", stream, revision, err)
	}
	return c.store.event(position)
}

// event reads one event, from memory if it is recent. The caller keeps Pebble open.
func (s *Store) event(p eventstore.Position) (eventstore.Recorded, error) {
	if e, found := s.tail.at(p); found {
		return e, nil
	}
	key := appendEventKey(make([]byte, 0, eventKeySize), p)
	value, closer, err := s.db.Get(key)
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("read event %d: %w", p, err)
	}
	e, err := decodeEvent(key, value)
	return e, errors.Join(err, closer.Close())
}

func putPosition(to []byte, p eventstore.Position) { binary.BigEndian.PutUint64(to, uint64(p)) }

func readPosition(value []byte) (eventstore.Position, error) {
	if len(value) != 8 {
		return 0, errDamaged
	}
	return eventstore.Position(binary.BigEndian.Uint64(value)), nil
}
