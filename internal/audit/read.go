package audit

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/service"
)

// log is one service's history as far as it was read.
type log struct {
	index      int
	name       string
	store      eventstore.Store
	categories []string
	after      eventstore.Position
	nodes      []node // number n is at n-1
	decision   decision
	previous   previous
}

// node is all that is kept of an event.
type node struct {
	id, cause uuid.UUID
	sum       uint64 // of its data
	at        int64  // microseconds
	stream    uint32
	revision  uint32
	order     int32 // noOrder where it concerns none
	fact      uint8
	kind      kind
	visited   visit
}

// ref is a node's place: the log in the upper bits, the index in the lower ones.
type ref uint32

const indexBits = 29

func (l *log) ref(i int) ref { return ref(l.index<<indexBits | i) }

func (a *auditor) node(r ref) *node { return &a.logs[r>>indexBits].nodes[r&(1<<indexBits-1)] }

var seed = maphash.MakeSeed()

// readAll reads every store to its end, and remembers where that was.
func (a *auditor) readAll(ctx context.Context) error {
	if err := a.readTails(ctx); err != nil {
		return err
	}
	for _, l := range a.logs {
		a.cut = append(a.cut, len(l.nodes))
	}
	return nil
}

// readTails reads what was recorded since.
func (a *auditor) readTails(ctx context.Context) error {
	a.parkedCount = 0
	clear(a.parked)
	for _, l := range a.logs {
		for recorded, err := range l.store.All(ctx, l.after) {
			if err != nil {
				return fmt.Errorf("read the store of %s: %w", l.name, err)
			}
			a.take(l, recorded)
		}
		entries, err := service.ReadParked(ctx, l.store, l.name)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			a.parked[entry.Order] = true
			a.parkedCount++
		}
	}
	return nil
}

// take folds one event. Streams that are not the service's own are somebody else's in a shared store, or its memory of
// itself.
func (a *auditor) take(l *log, recorded eventstore.Recorded) {
	if recorded.Position <= l.after {
		a.found(finding{9, noOrder, "", fmt.Sprintf("the store of %s goes from position %d to %d, at %s/%d",
			l.name, l.after, recorded.Position, recorded.Stream, recorded.Revision), nil})
	}
	l.after = recorded.Position
	category := recorded.Stream.Category()
	if !slices.Contains(l.categories, category) {
		return
	}
	n := node{
		id: recorded.ID, cause: recorded.Metadata.Causation, sum: maphash.Bytes(seed, recorded.Data), at: recorded.At.UnixMicro(),
		revision: uint32(recorded.Revision), order: noOrder, fact: a.names.number(recorded.Type),
	}
	n.stream = a.streams.of(recorded.Stream)
	a.newest = max(a.newest, n.at)
	n.kind = a.derive(l, recorded)
	body, err := a.names.decode(recorded)
	if err == nil && !strings.HasPrefix(recorded.Type, category+".") {
		err = fmt.Errorf("%s/%d: %s is no event of such a stream", recorded.Stream, recorded.Revision, recorded.Type)
	}
	if err == nil {
		n.order = a.orderOf(n.stream, body)
	}
	at := l.ref(len(l.nodes))
	l.nodes = append(l.nodes, n)
	a.checkPlace(at, recorded)
	if err != nil {
		a.found(finding{9, noOrder, "", err.Error(), []ref{at}})
		return
	}
	a.fold(l, at, body)
}

// checkPlace: a stream has no gap, an id is there once, and the event says which order it belongs to.
func (a *auditor) checkPlace(at ref, recorded eventstore.Recorded) {
	n := a.node(at)
	a.checked[9]++
	stream := &a.streams.all[n.stream]
	if recorded.Revision != stream.next {
		a.found(finding{9, n.order, "", fmt.Sprintf("%s has revision %d where %d was expected", stream.id, recorded.Revision, stream.next), []ref{at}})
	}
	stream.next = recorded.Revision + 1
	if first, twice := a.byID[n.id]; twice {
		a.found(finding{6, n.order, "", fmt.Sprintf("event %s is recorded twice", n.id), []ref{first, at}})
	} else {
		a.byID[n.id] = at
	}
	if n.order != noOrder && recorded.Metadata.Correlation != a.orders[n.order].id {
		a.found(finding{6, n.order, "", fmt.Sprintf("%s/%d (%s) carries the correlation %q", stream.id, n.revision, recorded.Type, recorded.Metadata.Correlation), nil})
	}
}

// streams numbers the streams.
type streams struct {
	all   []stream
	index map[eventstore.StreamID]uint32
}

type stream struct {
	id   eventstore.StreamID
	next eventstore.Revision
}

func newStreams() *streams { return &streams{index: map[eventstore.StreamID]uint32{}} }

func (s *streams) of(id eventstore.StreamID) uint32 {
	i, known := s.index[id]
	if !known {
		i = uint32(len(s.all))
		id = eventstore.StreamID(strings.Clone(string(id)))
		s.all = append(s.all, stream{id: id})
		s.index[id] = i
	}
	return i
}

// fold tells whoever checks a kind of stream about its next event.
func (a *auditor) fold(l *log, at ref, body domain.Event) {
	n := a.node(at)
	if n.order != noOrder {
		a.orders[n.order].note(n)
	}
	if w := a.warehouses[n.stream]; w != nil {
		a.foldStock(w, at, body)
		return
	}
	if !a.foldStream(l, at, body) {
		a.found(finding{9, n.order, "", fmt.Sprintf("%s/%d: %s is impossible after what is recorded before it",
			a.streams.all[n.stream].id, n.revision, a.names.of(n.fact)), []ref{at}})
	}
}
