package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

const (
	batchLimit     = 200
	attemptTimeout = 10 * time.Second
	firstPause     = 10 * time.Millisecond
	refusedPause   = 500 * time.Millisecond // the longest while somebody answers
	longestPause   = 10 * time.Second
	firstHold      = 100 * time.Millisecond
	longestHold    = 2 * time.Second
)

// errRefused says that the destination answered, but not with 2xx.
var errRefused = errors.New("webhook was refused")

// courier delivers one outbox. What is refused is divided until the one event that the destination does not take is
// alone; that event's reference is then held back with a growing delay, and tried alone, while everything else goes on.
type courier struct {
	*Outbox
	size   int           // of the next batch; halved by refusals, doubled by successes
	pause  time.Duration // after the next failure; grows until something is accepted
	failed bool
	held   map[string]hold // references that were refused and not accepted since
	others bool            // a held reference was just tried: it is the turn of the others
}

type hold struct {
	until time.Time
	delay time.Duration
}

// Run delivers until ctx ends.
func (o *Outbox) Run(ctx context.Context) {
	if o.to.URL == nil {
		return
	}
	c := courier{Outbox: o, size: batchLimit, pause: firstPause, held: map[string]hold{}}
	for ctx.Err() == nil {
		batch, err := o.waiting(c.size, c.turn)
		switch {
		case err != nil:
			o.logger.Error("webhooks: the outbox cannot be read", slog.Any("error", err))
			c.sleep(ctx, time.Second, nil)
		case len(batch) == 0 && c.others:
			c.others = false
		case len(batch) == 0:
			c.sleep(ctx, c.nextHold(), o.wake)
		case o.to.URL() == "":
			c.sleep(ctx, firstPause, nil)
		default:
			c.attempt(ctx, batch)
		}
	}
}

// turn tells how an event of a reference may travel.
func (c *courier) turn(reference string) turn {
	h, suspect := c.held[reference]
	switch {
	case !suspect:
		return together
	case c.others || c.now().Before(h.until):
		return later
	}
	return alone
}

// nextHold is how long to wait where all that is left is held back.
func (c *courier) nextHold() time.Duration {
	wait := longestPause
	for _, h := range c.held {
		wait = min(wait, max(h.until.Sub(c.now()), time.Millisecond))
	}
	return wait
}

func (c *courier) attempt(ctx context.Context, batch []pending) {
	_, c.others = c.held[batch[0].reference]
	err := c.send(ctx, batch)
	if err == nil {
		c.accepted(ctx, batch)
		return
	}
	if ctx.Err() != nil {
		return
	}
	c.report(err, len(batch))
	switch {
	case !errors.Is(err, errRefused): // nobody there: all must wait
		c.sleep(ctx, c.pause, nil)
		c.pause = min(2*c.pause, longestPause)
	case len(batch) > 1:
		c.size = len(batch) / 2
		c.sleep(ctx, firstPause, nil)
	case c.others: // its own delay paces it
		c.hold(batch[0].reference)
		c.sleep(ctx, firstPause, nil)
	default: // perhaps this one only, perhaps whatever comes
		c.hold(batch[0].reference)
		c.sleep(ctx, min(c.pause, refusedPause), nil)
		c.pause = min(2*c.pause, longestPause)
	}
}

func (c *courier) hold(reference string) {
	h := c.held[reference]
	h.delay = min(max(2*h.delay, firstHold), longestHold)
	h.until = c.now().Add(h.delay)
	c.held[reference] = h
}

func (c *courier) accepted(ctx context.Context, batch []pending) {
	for _, p := range batch {
		delete(c.held, p.reference)
	}
	c.size, c.pause, c.failed = min(2*c.size, batchLimit), firstPause, false
	if err := c.drop(ctx, batch); err != nil && ctx.Err() == nil {
		c.logger.Error("webhooks: deliveries cannot be marked as accepted and will be repeated", slog.Any("error", err))
		c.sleep(ctx, time.Second, nil)
	}
}

// report is loud about the first failure after a success only.
func (c *courier) report(err error, events int) {
	level := slog.LevelDebug
	if !c.failed {
		level, c.failed = slog.LevelWarn, true
	}
	c.logger.Log(context.Background(), level, "webhooks: not delivered, will be repeated",
		slog.Int("events", events), slog.Any("error", err))
}

func (c *courier) sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}

// send posts one envelope, in as many copies at once as its events want. All copies must be accepted.
func (c *courier) send(ctx context.Context, batch []pending) error {
	size := 32
	for _, p := range batch {
		size += len(p.text) + 1
	}
	body := append(make([]byte, 0, size), `{"events":[`...)
	for i, p := range batch {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, p.text...)
	}
	body = append(body, `]}`...)
	copies := max(1, batch[0].copies)
	if copies == 1 {
		return c.post(ctx, body)
	}
	outcomes := make(chan error, copies)
	for range copies {
		go func() { outcomes <- c.post(ctx, body) }()
	}
	var failed error
	for range copies {
		failed = errors.Join(failed, <-outcomes)
	}
	return failed
}

func (c *courier) post(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to.URL(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("post webhook: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(Header, Sign(c.to.Secret, c.now(), body))
	answer, err := c.to.Transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("post webhook: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	detail, _ := io.ReadAll(io.LimitReader(answer.Body, 512))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%w: %s: %s", errRefused, answer.Status, bytes.TrimSpace(detail))
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return nil
}
