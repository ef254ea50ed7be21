package bus

import (
	"sync/atomic"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Progress is how far a relay of this process is.
type Progress struct {
	Number    uint64              // of the last event in the stream
	Published eventstore.Position // of the last event in the stream
	Seen      eventstore.Position // of the last event read from the store, relayed or not
	Counted   uint64              // number of the last event read from the store
	Messages  uint64              // published since the start
	Sessions  uint64              // started since the start; each but the first follows a disturbance
}

type relayStats struct {
	number, published, seen, counted, messages, sessions atomic.Uint64
}

func (b *Bus) stats(source string) *relayStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.relays[source]
	if s == nil {
		s = &relayStats{}
		b.relays[source] = s
	}
	return s
}

// Relays tells the progress of this process's relays, by source.
func (b *Bus) Relays() map[string]Progress {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make(map[string]Progress, len(b.relays))
	for source, s := range b.relays {
		all[source] = Progress{
			Number:    s.number.Load(),
			Published: eventstore.Position(s.published.Load()),
			Seen:      eventstore.Position(s.seen.Load()),
			Counted:   s.counted.Load(),
			Messages:  s.messages.Load(),
			Sessions:  s.sessions.Load(),
		}
	}
	return all
}
