// Package simulated is what the simulated payment provider and carrier have in common: services of the outside world that
// keep their word through restarts, and fail on demand.
//
// A call is decided once for its idempotency key, alone, together with the webhook events that tell it and with what
// follows from it later; all of that is on disk before the call is answered. Then the script of the call may have the
// answer come late, or never.
package simulated

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/webhook"
)

// The ledger's keys that every simulated service has; it names its own apart from these.
const (
	prefixReply  = "k/" // + idempotency key: the first answer
	prefixTried  = "t/" // + idempotency key: a call that hung without an effect
	prefixDue    = "d/" // + time and id of what moves on then
	prefixOutbox = "o/" // + number: an event to be sent
)

// Options of a Service.
type Options struct {
	Dir      string
	Webhooks webhook.Destination
	Now      func() time.Time
	Logger   *slog.Logger
	Slow     time.Duration // what AnswersLate waits
	Hang     time.Duration // what HangsBefore and HangsAfter wait before they answer 504
}

// Service is the common part of a simulated service.
type Service struct {
	Ledger  *ledger.Ledger
	Agenda  *ledger.Agenda
	Outbox  *webhook.Outbox
	Now     func() time.Time // in UTC
	replies ledger.Replies
	options Options
	closing context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Open opens the ledger. Nothing moves before Start.
func Open(options Options) (*Service, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	l, err := ledger.Open(options.Dir, options.Logger)
	if err != nil {
		return nil, err
	}
	outbox, err := webhook.NewOutbox(l, prefixOutbox, options.Webhooks, options.Now, options.Logger)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	s := &Service{
		Ledger: l, Agenda: ledger.NewAgenda(l, prefixDue), Outbox: outbox,
		Now:     func() time.Time { return options.Now().UTC() },
		replies: ledger.NewReplies(prefixReply), options: options,
	}
	s.closing, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Start has due called for what is due, and the webhooks delivered, until Close.
func (s *Service) Start(due func(tx *ledger.Tx, id string) error) {
	s.running.Go(func() { s.Outbox.Run(s.closing) })
	s.running.Go(func() { s.Agenda.Run(s.closing, s.Now, s.options.Logger, due) })
}

// Close ends what runs by itself, frees the calls that hang and closes the ledger. Calls after it are answered with 503.
func (s *Service) Close() error {
	s.stop()
	s.running.Wait()
	return s.Ledger.Close()
}

// Listens tells whether there is anybody to send webhooks to.
func (s *Service) Listens() bool { return s.options.Webhooks.URL != nil }

// Key returns a request's idempotency key, or a Problem.
func Key(r *http.Request) (string, error) {
	const limit = 255
	key := r.Header.Get(remote.KeyHeader)
	if key == "" || len(key) > limit {
		return "", remote.Problemf(http.StatusBadRequest, "idempotency_key_missing",
			"the header %s must hold 1 to %d characters", remote.KeyHeader, limit)
	}
	return key, nil
}

// Refuse is the final no of a decision.
func Refuse(code, format string, args ...any) error {
	return remote.Problemf(http.StatusUnprocessableEntity, code, format, args...)
}
