package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// AckFloor is the number up to which a service has acknowledged every event of a source, as the server knows it; 0 where
// that cannot be told. A service that remembers it can go on from there when the bus has lost its durable.
func (b *Bus) AckFloor(ctx context.Context, service, source string) (uint64, error) {
	l, err := b.link()
	if err != nil {
		return 0, err
	}
	number, err := ackFloor(ctx, l, service, source)
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("acknowledgements of %s: %w", DurableName(service, source), err)
	}
	return number, nil
}

func ackFloor(ctx context.Context, l *link, service, source string) (uint64, error) {
	stream, err := l.js.Stream(ctx, StreamName(source))
	if err != nil {
		return 0, err
	}
	pull, err := stream.Consumer(ctx, DurableName(service, source))
	if err != nil {
		return 0, err
	}
	sequence := pull.CachedInfo().AckFloor.Stream
	if sequence < stream.CachedInfo().State.FirstSeq {
		return 0, nil
	}
	s, err := at(ctx, stream, sequence)
	return s.last, err
}
