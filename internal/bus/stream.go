package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ordersaga/ordersaga/eventstore"
)

// StreamName is the JetStream stream of a service, Subject what its relay publishes to.
func StreamName(source string) string { return strings.ToUpper(source) }

// Subject is the subject of a service's events.
func Subject(source string) string { return "evt." + source }

// DurableName is the consumer with which a service hears a source.
func DurableName(service, source string) string { return service + "-on-" + source }

// Headers of a message. They say what the batch holds without decoding it.
const (
	headerContentType = "content-type"
	headerFirst       = "ordersaga-first"
	headerLast        = "ordersaga-last"
	headerPosition    = "ordersaga-position"
	headerID          = "ordersaga-id"

	contentType = "application/cloudevents-batch+json"
)

// Last is where a stream ends. The zero value is an empty stream.
type Last struct {
	Number   uint64              // of the last event
	Position eventstore.Position // of the last event in its store
	ID       uuid.UUID           // of the last event
	Sequence uint64              // of the last message; where messages were purged it may be above 0 on an empty stream
}

// span is what a message's headers say.
type span struct {
	first, last uint64
	position    eventstore.Position
	id          uuid.UUID
}

func parseSpan(header nats.Header) (s span, err error) {
	number := func(key string) (n uint64) {
		if err == nil {
			if n, err = strconv.ParseUint(header.Get(key), 10, 64); err != nil {
				err = fmt.Errorf("header %s: %w", key, err)
			}
		}
		return n
	}
	s.first, s.last = number(headerFirst), number(headerLast)
	s.position = eventstore.Position(number(headerPosition))
	if err != nil {
		return span{}, err
	}
	if s.id, err = uuid.Parse(header.Get(headerID)); err != nil {
		return span{}, fmt.Errorf("header %s: %w", headerID, err)
	}
	if s.first == 0 || s.last < s.first {
		return span{}, fmt.Errorf("headers say events %d to %d", s.first, s.last)
	}
	return s, nil
}

// stream finds the stream of a source and makes it where there is none.
//
// Each incarnation of a stream starts at a sequence of its own, the microseconds since 1970. So neither a late publish
// nor a late acknowledgement, which both name only a sequence, can be taken for one of the stream that came after.
func (b *Bus) stream(ctx context.Context, l *link, source string) (jetstream.Stream, error) {
	name := StreamName(source)
	stream, err := l.js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = l.js.CreateStream(ctx, jetstream.StreamConfig{
			Name:        name,
			Description: "events of " + source + ", relayed from its store",
			Subjects:    []string{Subject(source)},
			Storage:     jetstream.FileStorage,
			Retention:   jetstream.LimitsPolicy,
			AllowDirect: true,
			FirstSeq:    uint64(time.Now().UnixMicro()),
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // somebody was quicker
			stream, err = l.js.Stream(ctx, name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", name, err)
	}
	b.mu.Lock()
	b.known[name] = true
	b.mu.Unlock()
	return stream, nil
}

// at reads the headers of one message. jetstream.ErrMsgNotFound may be wrapped.
func at(ctx context.Context, stream jetstream.Stream, sequence uint64) (span, error) {
	message, err := stream.GetMsg(ctx, sequence)
	if err != nil {
		return span{}, fmt.Errorf("message %d: %w", sequence, err)
	}
	s, err := parseSpan(message.Header)
	if err != nil {
		return span{}, &Foreign{Stream: stream.CachedInfo().Config.Name, Sequence: sequence, Err: err}
	}
	return s, nil
}

// last reads the end of a stream.
func last(ctx context.Context, stream jetstream.Stream) (Last, error) {
	info, err := stream.Info(ctx)
	if err != nil {
		return Last{}, err
	}
	if info.State.Msgs == 0 {
		return Last{Sequence: info.State.LastSeq}, nil
	}
	s, err := at(ctx, stream, info.State.LastSeq)
	if err != nil {
		return Last{}, err
	}
	return Last{Number: s.last, Position: s.position, ID: s.id, Sequence: info.State.LastSeq}, nil
}

// Head reads the end of a source's stream; zero where there is no stream yet.
func (b *Bus) Head(ctx context.Context, source string) (Last, error) {
	l, err := b.link()
	if err != nil {
		return Last{}, err
	}
	stream, err := l.js.Stream(ctx, StreamName(source))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return Last{}, nil
	}
	if err != nil {
		return Last{}, fmt.Errorf("head of %s: %w", source, err)
	}
	end, err := last(ctx, stream)
	if err != nil {
		return Last{}, fmt.Errorf("head of %s: %w", source, err)
	}
	return end, nil
}

// seek finds the message that holds a number, by bisection over the messages' headers. Where the stream does not reach
// so far, it is the message to come. Where the number was cut off, it is an error, as the relay is about to refill.
func seek(ctx context.Context, stream jetstream.Stream, number uint64) (sequence uint64, err error) {
	info, err := stream.Info(ctx)
	if err != nil {
		return 0, err
	}
	low, high := info.State.FirstSeq, info.State.LastSeq+1 // the answer is in [low, high]
	first := number                                        // of the message at high, as far as it is known
	for low < high {
		middle := low + (high-low)/2
		s, err := at(ctx, stream, middle)
		var foreign *Foreign
		switch {
		case errors.As(err, &foreign): // whoever reads up to there reports it
			high, first = middle, number
		case err != nil:
			return 0, fmt.Errorf("seek event %d: %w", number, err)
		case s.last < number:
			low = middle + 1
		default:
			high, first = middle, s.first
		}
	}
	if first > number {
		return 0, fmt.Errorf("seek event %d: message %d begins with %d: %w", number, low, first, errGap)
	}
	return max(low, 1), nil
}
