package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ordersaga/ordersaga/eventstore"
)

const (
	maxRunEvents   = 500
	maxRunBytes    = 512 << 10 // one larger event still makes a message of its own
	maxInFlight    = 16        // messages without an acknowledgement
	publishTimeout = 5 * time.Second
	envelope       = 512 // what an event's envelope weighs, about
)

func weight(e eventstore.Recorded) int { return len(e.Data) + envelope }

// publisher is one session's way from the store's events to messages. In the manner of Nagle it publishes at once when
// nothing is in flight, and otherwise gathers until a message is full or the acknowledgements are there: one event a
// message when idle, hundreds under load.
type publisher struct {
	*relay
	link    *link
	stream  jetstream.Stream
	pause   *backoff
	waiting <-chan []eventstore.Recorded

	pending      []eventstore.Recorded // not published yet
	pendingBytes int
	flying       []flight // published, oldest first
	sent, acked  Last
	first        uint64  // sequence of the message with event 1
	events       []Event // of the message being made, kept for its memory
	body         []byte
}

// flight is a message without an acknowledgement.
type flight struct {
	jetstream.PubAckFuture
	end Last
}

// run returns why the session cannot go on. failed says the same of the store.
func (p *publisher) run(ctx context.Context, failed <-chan error) error {
	audit := time.NewTicker(auditEvery)
	defer audit.Stop()
	for {
		if err := p.publish(); err != nil {
			return err
		}
		waiting := p.waiting
		if p.full() {
			waiting = nil
		}
		var ok <-chan *jetstream.PubAck
		var lost <-chan error
		if len(p.flying) > 0 {
			ok, lost = p.flying[0].Ok(), p.flying[0].Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case piece := <-waiting:
			p.gather(piece)
		case ack := <-ok:
			if err := p.landed(ack); err != nil {
				return err
			}
		case err := <-lost:
			return publishError(err)
		case err := <-failed:
			return err
		case <-audit.C:
			if err := p.audit(ctx); err != nil {
				return err
			}
		}
	}
}

func (p *publisher) full() bool {
	return len(p.pending) >= maxRunEvents || p.pendingBytes >= maxRunBytes
}

func (p *publisher) gather(piece []eventstore.Recorded) {
	p.pending = append(p.pending, piece...)
	for i := range piece {
		p.pendingBytes += weight(piece[i])
	}
}

// publish sends what may be sent now.
func (p *publisher) publish() error {
	for len(p.flying) < maxInFlight {
		for more := true; more && !p.full(); {
			select {
			case piece := <-p.waiting:
				p.gather(piece)
			default:
				more = false
			}
		}
		if len(p.pending) == 0 || len(p.flying) > 0 && !p.full() {
			return nil
		}
		if err := p.send(p.cut()); err != nil {
			return err
		}
	}
	return nil
}

// cut takes a message's worth of what is pending.
func (p *publisher) cut() []Event {
	p.events = p.events[:0]
	size, n := 0, 0
	for n < len(p.pending) && n < maxRunEvents && (n == 0 || size+weight(p.pending[n]) <= maxRunBytes) {
		size += weight(p.pending[n])
		n++
		p.events = append(p.events, Event{Number: p.sent.Number + uint64(n), Recorded: p.pending[n-1]})
	}
	rest := copy(p.pending, p.pending[n:])
	clear(p.pending[rest:])
	p.pending = p.pending[:rest]
	p.pendingBytes -= size
	return p.events
}

// send publishes one message, which must follow the one sent before.
func (p *publisher) send(events []Event) error {
	end := events[len(events)-1]
	p.body = appendBatch(p.body[:0], p.source, events)
	future, err := p.link.js.PublishMsgAsync(&nats.Msg{
		Subject: Subject(p.source),
		Header:  header(events[0].Number, end),
		Data:    p.body,
	},
		jetstream.WithExpectStream(StreamName(p.source)),
		jetstream.WithExpectLastSequence(p.sent.Sequence),
		jetstream.WithRetryAttempts(0)) // a publish that is repeated later has lost its place
	if err != nil {
		return publishError(err)
	}
	p.sent = Last{Number: end.Number, Position: end.Position, ID: end.ID, Sequence: p.sent.Sequence + 1}
	p.flying = append(p.flying, flight{future, p.sent})
	clear(events)
	return nil
}

func header(first uint64, end Event) nats.Header {
	return nats.Header{
		headerContentType: {contentType},
		headerFirst:       {strconv.FormatUint(first, 10)},
		headerLast:        {strconv.FormatUint(end.Number, 10)},
		headerPosition:    {strconv.FormatUint(uint64(end.Position), 10)},
		headerID:          {end.ID.String()},
	}
}

// landed notes that the oldest message in flight is in the stream.
func (p *publisher) landed(ack *jetstream.PubAck) error {
	end := p.flying[0].end
	p.flying = append(p.flying[:0], p.flying[1:]...)
	if ack.Sequence != end.Sequence {
		return fmt.Errorf("message %d was stored as %d: %w", end.Sequence, ack.Sequence, errFenced)
	}
	p.acked = end
	p.pause.reset()
	p.stats.number.Store(end.Number)
	p.stats.published.Store(uint64(end.Position))
	p.stats.messages.Add(1)
	return nil
}

// publishError tells a fence from what is unavailable.
func publishError(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return errFenced
	}
	return fmt.Errorf("publish: %w", err)
}

// audit finds what an idle relay would not notice: a stream that was deleted, purged, shortened or written to by others.
func (p *publisher) audit(ctx context.Context) error {
	if len(p.flying) > 0 {
		return nil
	}
	info, err := p.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	state := info.State
	switch {
	case state.LastSeq != p.acked.Sequence:
		return errFenced
	case p.acked.Number > 0 && (state.FirstSeq != p.first || state.Msgs != state.LastSeq-state.FirstSeq+1):
		return errDamaged
	}
	return nil
}
