package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ordersaga/ordersaga/eventstore"
)

// auditEvery is how often an idle relay compares the stream with what it wrote.
const auditEvery = time.Second

// Relay copies a service's events of the categories from its store to its stream, until the context ends. It keeps no
// checkpoint: the stream's last message says where to go on, and each publish names the message that it must follow. So
// any number of relays may run at once, a lost stream is filled again, and nothing is there twice.
//
// What is unavailable is waited for. Besides the context's error it returns only [*Fork], [*Foreign] and [ErrClosed].
func (b *Bus) Relay(ctx context.Context, source string, store eventstore.Store, categories ...string) error {
	r := &relay{bus: b, source: source, store: store, categories: categories, stats: b.stats(source)}
	r.log = b.log.With("relay", source)
	return b.persist(ctx, r.log, r.session)
}

type relay struct {
	bus        *Bus
	source     string
	store      eventstore.Store
	categories []string
	log        *slog.Logger
	stats      *relayStats
}

// session goes on from the stream's end until something disturbs it.
func (r *relay) session(ctx context.Context, l *link, pause *backoff) error {
	stream, err := r.bus.stream(ctx, l, r.source)
	if err != nil {
		return err
	}
	end, err := r.resume(ctx, l, stream)
	if err != nil {
		return err
	}
	r.stats.seen.Store(uint64(end.Position))
	r.stats.counted.Store(end.Number)
	r.stats.number.Store(end.Number)
	r.stats.published.Store(uint64(end.Position))
	r.stats.sessions.Add(1)
	r.log.Debug("relay goes on", "number", end.Number, "position", end.Position, "sequence", end.Sequence)

	ctx, cancel := context.WithCancel(ctx)
	waiting, failed, done := make(chan []eventstore.Recorded, 4), make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		failed <- r.follow(ctx, end.Position, waiting)
	}()
	defer func() { cancel(); <-done }()
	p := publisher{
		relay: r, link: l, stream: stream, pause: pause, waiting: waiting, sent: end, acked: end,
		first: stream.CachedInfo().State.FirstSeq,
	}
	if end.Number == 0 { // the server says 0 or 1 of a stream that was never written to
		p.first = end.Sequence + 1
	}
	return p.run(ctx, failed)
}

// resume finds where the stream ends, having made sure that the store knows this end and that nothing before it is
// missing.
func (r *relay) resume(ctx context.Context, l *link, stream jetstream.Stream) (Last, error) {
	end, err := last(ctx, stream)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return Last{}, r.discard(ctx, l, "its last message is missing")
	case err != nil:
		return Last{}, fmt.Errorf("end of stream: %w", err)
	case end.Number == 0:
		return end, nil
	}
	if err := r.verify(ctx, end); err != nil {
		return Last{}, err
	}
	state := stream.CachedInfo().State
	first, err := at(ctx, stream, state.FirstSeq)
	if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return Last{}, err
	}
	if err != nil || first.first != 1 || state.Msgs != state.LastSeq-state.FirstSeq+1 {
		return Last{}, r.discard(ctx, l, "messages are missing before its end")
	}
	return end, nil
}

// verify looks the stream's last event up in the store.
func (r *relay) verify(ctx context.Context, end Last) error {
	fork := &Fork{Source: r.source, Sequence: end.Sequence, Number: end.Number, Position: end.Position, InStream: end.ID}
	if end.Position == 0 {
		return fork
	}
	for e, err := range r.store.All(ctx, end.Position-1) {
		switch {
		case err != nil:
			return fmt.Errorf("read the store: %w", err)
		case e.Position != end.Position:
			return fork
		case e.ID != end.ID:
			fork.InStore = e.ID
			return fork
		}
		return nil
	}
	return fork
}

// discard deletes a stream with holes: the next session fills a new one.
func (r *relay) discard(ctx context.Context, l *link, why string) error {
	r.log.Warn("the stream is damaged; it is deleted and filled again from the store", "why", why)
	err := l.js.DeleteStream(ctx, StreamName(r.source))
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("delete damaged stream: %w", err)
	}
	return errDamaged
}

var errDamaged = errors.New("the stream was damaged and is filled again")

// follow hands on the store's events of the relay's categories, in pieces no larger than a message.
func (r *relay) follow(ctx context.Context, after eventstore.Position, waiting chan<- []eventstore.Recorded) error {
	for run, err := range r.store.Follow(ctx, after) {
		if err != nil {
			return fmt.Errorf("follow the store: %w", err)
		}
		var piece []eventstore.Recorded
		size := 0
		for i := range run {
			if !slices.Contains(r.categories, run[i].Stream.Category()) {
				continue
			}
			piece = append(piece, run[i])
			r.stats.counted.Add(1)
			size += weight(run[i])
			if len(piece) < maxRunEvents && size < maxRunBytes {
				continue
			}
			if err := hand(ctx, waiting, piece); err != nil {
				return err
			}
			piece, size = nil, 0
		}
		if len(piece) > 0 {
			if err := hand(ctx, waiting, piece); err != nil {
				return err
			}
		}
		r.stats.seen.Store(uint64(run[len(run)-1].Position))
	}
	return errors.New("the store's live events ended")
}

func hand(ctx context.Context, to chan<- []eventstore.Recorded, piece []eventstore.Recorded) error {
	select {
	case to <- piece:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
