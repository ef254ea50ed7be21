package bus

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"
)

// backoff grows from step to step until it is reset.
type backoff struct {
	next  time.Duration
	steps int
}

const (
	backoffFirst = 20 * time.Millisecond
	backoffMost  = time.Second
)

func (b *backoff) reset() { *b = backoff{} }

// telling is true at the first step and now and then after it.
func (b *backoff) telling() bool { return b.steps%15 == 0 }

// wait pauses, up to a half longer or shorter, or until the context ends.
func (b *backoff) wait(ctx context.Context) error {
	b.steps++
	b.next = min(max(2*b.next, backoffFirst), backoffMost)
	timer := time.NewTimer(b.next/2 + rand.N(b.next))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// persist runs sessions until the context ends or an error is final. A session resets the backoff when it gets on.
func (b *Bus) persist(ctx context.Context, log *slog.Logger, session func(context.Context, *link, *backoff) error) error {
	var pause backoff
	for {
		l, err := b.link()
		if err == nil {
			err = b.during(ctx, l, &pause, session)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errLeft), errors.Is(err, ErrClosed):
			return err
		case final(err):
			log.Error("bus: cannot go on", "error", err)
			return err
		}
		if pause.telling() {
			log.Log(ctx, level(err), "bus: interrupted, trying again", "reason", err)
		}
		b.suspect()
		if err := pause.wait(ctx); err != nil {
			return err
		}
	}
}

// during runs a session that ends with its link.
func (b *Bus) during(ctx context.Context, l *link, pause *backoff, session func(context.Context, *link, *backoff) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-l.down:
			cancel(errReplaced)
		case <-stop:
		}
	}()
	err := session(ctx, l, pause)
	if cause := context.Cause(ctx); errors.Is(cause, errReplaced) && !final(err) {
		return cause
	}
	return err
}

var (
	errReplaced = errors.New("the connection was replaced")
	errFenced   = errors.New("another relay writes to the stream")
)

func level(err error) slog.Level {
	if errors.Is(err, errFenced) || errors.Is(err, errReplaced) {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}
