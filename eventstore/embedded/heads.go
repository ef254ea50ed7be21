package embedded

import "github.com/ordersaga/ordersaga/eventstore"

// heads remembers the last revision of the streams that were written or looked at last. It is bounded by two
// generations: when the young one is full it becomes the old one, and what nobody asked for since then is forgotten.
type heads struct {
	limit      int
	young, old map[eventstore.StreamID]eventstore.Revision
}

func newHeads(limit int) *heads {
	return &heads{limit: limit, young: map[eventstore.StreamID]eventstore.Revision{}}
}

func (h *heads) get(stream eventstore.StreamID) (eventstore.Revision, bool) {
	if head, known := h.young[stream]; known {
		return head, true
	}
	head, known := h.old[stream]
	if known {
		h.young[stream] = head
	}
	return head, known
}

func (h *heads) set(stream eventstore.StreamID, head eventstore.Revision) { h.young[stream] = head }

// forget drops what is over the limit. It must not be called while there are events that Pebble does not have yet:
// their heads are nowhere else.
func (h *heads) forget() {
	if len(h.young) >= h.limit {
		h.old, h.young = h.young, make(map[eventstore.StreamID]eventstore.Revision, h.limit)
	}
}
