package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	ackWait       = 10 * time.Second // without a heartbeat for so long, the server delivers a message again
	maxAckPending = 10_000           // messages
	prefetch      = 64               // messages, of maxRunBytes at most for nearly all
	heartbeat     = time.Second      // of the server on an idle pull
)

// Consume hears a source's events for a service, through the durable pull consumer of the two. It calls handle for each
// run in the order of the stream and does not wait until it is acknowledged; a run that is neither acknowledged nor sent
// back is kept from being delivered again for as long as the process lives. A handle that blocks slows the consumer
// down.
//
// settled answers with the highest number up to which the service needs nothing any more. Where the durable is lost, or
// the stream is not the one it was, a new one starts there: then runs may come again, cut in other places, so a service
// must know events that it has handled. Runs up to settled are acknowledged here. It is called before each run.
//
// What is unavailable is waited for. Besides the context's error it returns only [*Foreign] and [ErrClosed].
func (b *Bus) Consume(ctx context.Context, service, source string, settled func() uint64, handle func(*Delivery)) error {
	c := &consumer{
		bus: b, source: source, durable: DurableName(service, source), settled: settled, handle: handle,
		log: b.log.With("consumer", DurableName(service, source)),
	}
	c.ledger = newLedger(c.log)
	beating, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.ledger.beat(beating)
	}()
	defer func() { stop(); <-done }()
	return b.persist(ctx, c.log, c.session)
}

type consumer struct {
	bus     *Bus
	source  string
	durable string
	settled func() uint64
	handle  func(*Delivery)
	log     *slog.Logger
	ledger  *ledger

	// Of the messages that this durable delivered, the latest one. A message must fit to it, or the stream was
	// replaced or shortened and filled again under the durable.
	sequence, number uint64

	opened bool   // this process has opened the durable
	before uint64 // the last message that was delivered before that
}

func (c *consumer) session(ctx context.Context, l *link, pause *backoff) error {
	stream, err := c.bus.stream(ctx, l, c.source)
	if err != nil {
		return err
	}
	pull, err := c.open(ctx, stream)
	if err != nil {
		return err
	}
	messages, err := pull.Messages(
		jetstream.PullMaxMessages(prefetch),
		jetstream.PullHeartbeat(heartbeat),
		jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return fmt.Errorf("consumer %s: %w", c.durable, err)
	}
	defer messages.Stop()
	for {
		message, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("consumer %s: %w", c.durable, err)
		}
		if err := c.take(message); err != nil {
			if errors.Is(err, errRefilled) {
				return c.forget(ctx, stream, err)
			}
			return err
		}
		pause.reset()
	}
}

// open finds the durable, or makes one that starts behind what is settled.
func (c *consumer) open(ctx context.Context, stream jetstream.Stream) (jetstream.Consumer, error) {
	pull, err := stream.Consumer(ctx, c.durable)
	switch {
	case err == nil && c.opened:
		return pull, nil
	case err == nil:
		return c.takeOver(ctx, stream, pull)
	case !errors.Is(err, jetstream.ErrConsumerNotFound):
		return nil, fmt.Errorf("consumer %s: %w", c.durable, err)
	}
	c.restart()
	number := c.settled() + 1
	start, err := seek(ctx, stream, number)
	if err != nil {
		return nil, err
	}
	c.log.Debug("consumer starts", "number", number, "sequence", start)
	return c.create(ctx, stream, start)
}

// takeOver opens a durable of an earlier process. On the embedded server that process is gone for sure, so nobody needs
// to wait until its deliveries time out: a new durable begins with the first that was not acknowledged.
func (c *consumer) takeOver(ctx context.Context, stream jetstream.Stream, pull jetstream.Consumer) (jetstream.Consumer, error) {
	info := pull.CachedInfo()
	if !c.bus.embedded() || info.NumAckPending == 0 {
		c.opened = true
		return pull, nil
	}
	if err := stream.DeleteConsumer(ctx, c.durable); err != nil {
		return nil, fmt.Errorf("consumer %s: %w", c.durable, err)
	}
	c.before = info.Delivered.Stream
	return c.create(ctx, stream, info.AckFloor.Stream+1)
}

func (c *consumer) create(ctx context.Context, stream jetstream.Stream, start uint64) (jetstream.Consumer, error) {
	pull, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       c.durable,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   start,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxDeliver:    -1,
		MaxAckPending: maxAckPending,
	})
	if err != nil {
		return nil, fmt.Errorf("consumer %s: %w", c.durable, err)
	}
	c.opened = true
	return pull, nil
}

// restart forgets what the durable delivered.
func (c *consumer) restart() {
	c.ledger.void()
	c.sequence, c.number = 0, 0
}

// forget deletes a durable whose place in the stream means nothing any more.
func (c *consumer) forget(ctx context.Context, stream jetstream.Stream, why error) error {
	c.restart()
	if err := stream.DeleteConsumer(ctx, c.durable); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return errors.Join(why, err)
	}
	return why
}

// take hands a message's run on, unless it is settled or handed on already.
func (c *consumer) take(message jetstream.Msg) error {
	meta, err := message.Metadata()
	if err != nil {
		return fmt.Errorf("consumer %s: %w", c.durable, err)
	}
	run, err := unpack(c.source, meta.Sequence.Stream, message.Headers(), message.Data())
	if err != nil {
		return err
	}
	settled := c.settled()
	if err := c.fits(meta.Sequence.Stream, run); err != nil {
		return err
	}
	d := &Delivery{
		Run: run, Redelivered: meta.NumDelivered > 1 || meta.Sequence.Stream <= c.before,
		sequence: meta.Sequence.Stream, message: message, ledger: c.ledger,
	}
	if run.Last() <= settled {
		d.settle(message.Ack)
		return nil
	}
	if c.ledger.add(d) {
		c.handle(d)
	}
	return nil
}

var errRefilled = errors.New("the stream was filled again since")

// fits compares a message's place in the stream with its numbers.
func (c *consumer) fits(sequence uint64, run Run) error {
	fits := true
	switch {
	case c.sequence == 0:
	case sequence == c.sequence+1:
		fits = run.First() == c.number+1
	case sequence > c.sequence: // others that share the durable have those between
		fits = run.First() > c.number
	default:
		fits = run.Last() <= c.number && c.ledger.fits(sequence, run)
	}
	if !fits {
		return fmt.Errorf("message %d has the events %d to %d, after message %d with event %d: %w",
			sequence, run.First(), run.Last(), c.sequence, c.number, errRefilled)
	}
	if sequence > c.sequence {
		c.sequence, c.number = sequence, run.Last()
	}
	return nil
}

// unpack reads a message. What no relay wrote is a *Foreign.
func unpack(source string, sequence uint64, header nats.Header, body []byte) (Run, error) {
	s, err := parseSpan(header)
	if err == nil {
		var run Run
		if run, err = decode(source, s, body); err == nil {
			return run, nil
		}
	}
	return Run{}, &Foreign{Stream: StreamName(source), Sequence: sequence, Err: err}
}
