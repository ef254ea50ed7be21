package service

import "github.com/ordersaga/ordersaga/eventstore"

// cache keeps the streams that were used last. It has two generations: when the young one is full the old one is
// dropped, so that neither a list nor a lock is needed.
type cache struct{ young, old map[eventstore.StreamID]known }

const generation = 16384

func newCache() *cache {
	return &cache{young: map[eventstore.StreamID]known{}}
}

func (c *cache) get(stream eventstore.StreamID) (known, bool) {
	if k, ok := c.young[stream]; ok {
		return k, true
	}
	k, ok := c.old[stream]
	if ok {
		c.put(stream, k)
	}
	return k, ok
}

func (c *cache) put(stream eventstore.StreamID, k known) {
	if len(c.young) >= generation {
		c.old, c.young = c.young, make(map[eventstore.StreamID]known, generation)
	}
	c.young[stream] = k
}

func (c *cache) drop(stream eventstore.StreamID) {
	delete(c.young, stream)
	delete(c.old, stream)
}
