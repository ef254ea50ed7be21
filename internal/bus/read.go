package bus

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Read yields a source's events after a number, then stays live: each event once, in order, without gaps, whatever
// happens to the stream meanwhile. It is for readers that keep the number with their own data; it leaves no trace on the
// server.
//
// What is unavailable is waited for. The sequence ends with an error: the context's, [*Foreign] or [ErrClosed].
func (b *Bus) Read(ctx context.Context, source string, after uint64) iter.Seq2[Run, error] {
	return func(yield func(Run, error) bool) {
		r := &reader{bus: b, source: source, after: after, yield: yield, log: b.log.With("reader", source, "after", after)}
		if err := b.persist(ctx, r.log, r.session); !r.left {
			yield(Run{}, err)
		}
	}
}

type reader struct {
	bus    *Bus
	source string
	after  uint64 // number of the last event yielded
	yield  func(Run, error) bool
	left   bool // the caller has left the loop
	log    *slog.Logger
}

var errLeft = errors.New("the caller has left the loop")

// session reads through a consumer that lives no longer than it.
func (r *reader) session(ctx context.Context, l *link, pause *backoff) error {
	stream, err := r.bus.stream(ctx, l, r.source)
	if err != nil {
		return err
	}
	start, err := seek(ctx, stream, r.after+1)
	if err != nil {
		return err
	}
	pull, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       start,
		AckPolicy:         jetstream.AckNonePolicy,
		InactiveThreshold: time.Minute,
		MemoryStorage:     true,
		Replicas:          1,
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", r.source, err)
	}
	defer r.drop(ctx, stream, pull)
	messages, err := pull.Messages(
		jetstream.PullMaxMessages(prefetch),
		jetstream.PullHeartbeat(heartbeat),
		jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return fmt.Errorf("read %s: %w", r.source, err)
	}
	defer messages.Stop()
	for {
		message, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("read %s: %w", r.source, err)
		}
		if err := r.take(message); err != nil {
			return err
		}
		pause.reset()
	}
}

// take yields what is new in a message.
func (r *reader) take(message jetstream.Msg) error {
	meta, err := message.Metadata()
	if err != nil {
		return fmt.Errorf("read %s: %w", r.source, err)
	}
	run, err := unpack(r.source, meta.Sequence.Stream, message.Headers(), message.Data())
	switch {
	case err != nil:
		return err
	case run.Last() <= r.after: // the stream is being filled again, or the run was read before it was cut anew
		return nil
	case run.First() > r.after+1:
		return fmt.Errorf("message %d begins with event %d, after event %d: %w", meta.Sequence.Stream, run.First(), r.after, errGap)
	}
	run.Events = run.Events[r.after+1-run.First():]
	r.after = run.Last()
	if !r.yield(run, nil) {
		r.left = true
		return errLeft
	}
	return nil
}

var errGap = errors.New("events are missing in between")

// drop deletes the session's consumer, which else the server would find out about only after a while.
func (r *reader) drop(ctx context.Context, stream jetstream.Stream, pull jetstream.Consumer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := stream.DeleteConsumer(ctx, pull.CachedInfo().Name); err != nil {
		r.log.Debug("bus: reader's consumer not deleted", "error", err)
	}
}
