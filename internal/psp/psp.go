// Package psp is a payment provider to develop and test against, and the client for it.
//
// Why not a fake in memory: what goes wrong between a shop and its provider goes wrong around time-outs, repeated calls,
// restarts and late webhooks. So this one is a real HTTP service with a durable ledger, which keeps its word through
// kill -9, answers a repeated Idempotency-Key with the first answer, moves charges on by itself, and fails on demand:
// each payment method is a script, see Methods. Its ledger is also what audits compare our own history with.
//
// It keeps payment methods' names, never card numbers. Amounts are integers in the currency's minor unit.
package psp

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/ordersaga/ordersaga/internal/simulated"
	"github.com/ordersaga/ordersaga/internal/webhook"
)

// Options of a Provider; every zero value has a default.
type Options struct {
	Dir      string              // of the ledger; required
	Webhooks webhook.Destination // none by default: then outcomes must be asked for
	// NotifyAll sends webhooks for outcomes that were already told by the answer of a call, too.
	NotifyAll bool
	Now       func() time.Time
	Logger    *slog.Logger

	AuthorizationLife time.Duration // until an uncaptured authorization expires: 7 days
	ShortLife         time.Duration // the same for pm_sim_expires: 3 s
	SettleAfter       time.Duration // until a pending charge or refund is decided: 1 s
	SlowAnswer        time.Duration // what pm_sim_slow waits: 2 s
	Hang              time.Duration // how long a hanging call takes before it answers 504: 30 s, far beyond a client's patience
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		to       *time.Duration
		fallback time.Duration
	}{
		{&o.AuthorizationLife, 7 * 24 * time.Hour},
		{&o.ShortLife, 3 * time.Second},
		{&o.SettleAfter, time.Second},
		{&o.SlowAnswer, 2 * time.Second},
		{&o.Hang, 30 * time.Second},
	} {
		if *d.to == 0 {
			*d.to = d.fallback
		}
	}
}

// Provider is the payment provider.
type Provider struct {
	service *simulated.Service
	options Options
}

// Open opens the provider's ledger, and goes on with what was pending when it was closed or killed.
func Open(options Options) (*Provider, error) {
	options.setDefaults()
	service, err := simulated.Open(simulated.Options{
		Dir: options.Dir, Webhooks: options.Webhooks, Now: options.Now, Logger: options.Logger,
		Slow: options.SlowAnswer, Hang: options.Hang,
	})
	if err != nil {
		return nil, fmt.Errorf("payment provider: %w", err)
	}
	p := &Provider{service, options}
	service.Start(p.due)
	return p, nil
}

// Close ends what runs by itself, frees the calls that hang and closes the ledger. Calls after it are answered with 503.
func (p *Provider) Close() error { return p.service.Close() }

// Handler is the provider's HTTP API.
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/charges", p.postCharge)
	mux.HandleFunc("GET /v1/charges", p.getCharges)
	mux.HandleFunc("GET /v1/charges/{id}", p.getCharge)
	mux.HandleFunc("POST /v1/charges/{id}/capture", p.postCapture)
	mux.HandleFunc("POST /v1/charges/{id}/void", p.postVoid)
	mux.HandleFunc("POST /v1/charges/{id}/refunds", p.postRefund)
	mux.HandleFunc("GET /v1/refunds/{id}", p.getRefund)
	return mux
}

// The ledger's keys, besides those of simulated.Service. On the agenda stand charges and refunds.
const (
	prefixCharge    = "c/" // + charge id: Entry
	prefixReference = "r/" // + our reference: the ids of its charges, separated by spaces
	prefixRefund    = "f/" // + refund id: the id of its charge
)
