// Package carrier is a parcel service to develop and test against, and the client for it.
//
// Why not a fake in memory: what matters about a carrier is that it acts by itself. It fetches and delivers parcels in
// its own time, goes on after a restart, tells us by webhooks that repeat and overtake our calls, and it alone decides
// whether a parcel was cancelled or has left. So this one is a real HTTP service with a durable ledger; addresses script
// what goes wrong, see Scripts.
package carrier

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/ordersaga/ordersaga/internal/simulated"
	"github.com/ordersaga/ordersaga/internal/webhook"
)

// Options of a Carrier.
type Options struct {
	Dir      string              // of the ledger; required
	Webhooks webhook.Destination // none by default: then bookings must be looked up
	// NotifyAll sends webhooks for what was already told by the answer of a call, too.
	NotifyAll bool
	Now       func() time.Time
	Logger    *slog.Logger

	DispatchAfter time.Duration // from booking to dispatch; 0 is at once
	DeliverAfter  time.Duration // from dispatch to the parcel's end; 0 is at once
	SlowAnswer    time.Duration // what SIM-SLOW waits: 2 s
	Hang          time.Duration // how long a hanging call takes before it answers 504: 30 s, far beyond a client's patience
}

// Carrier is the parcel service.
type Carrier struct {
	service *simulated.Service
	options Options
}

// Open opens the carrier's ledger, and goes on with the parcels that were under way when it was closed or killed.
func Open(options Options) (*Carrier, error) {
	if options.SlowAnswer == 0 {
		options.SlowAnswer = 2 * time.Second
	}
	if options.Hang == 0 {
		options.Hang = 30 * time.Second
	}
	service, err := simulated.Open(simulated.Options{
		Dir: options.Dir, Webhooks: options.Webhooks, Now: options.Now, Logger: options.Logger,
		Slow: options.SlowAnswer, Hang: options.Hang,
	})
	if err != nil {
		return nil, fmt.Errorf("carrier: %w", err)
	}
	c := &Carrier{service, options}
	service.Start(c.due)
	return c, nil
}

// Close ends what runs by itself, frees the calls that hang and closes the ledger. Calls after it are answered with 503.
func (c *Carrier) Close() error { return c.service.Close() }

// Handler is the carrier's HTTP API.
func (c *Carrier) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/bookings", c.postBooking)
	mux.HandleFunc("GET /v1/bookings", c.getBookings)
	mux.HandleFunc("GET /v1/bookings/{id}", c.getBooking)
	mux.HandleFunc("POST /v1/bookings/{reference}/cancel", c.postCancel)
	mux.HandleFunc("POST /v1/bookings/{reference}/advance", c.postAdvance)
	return mux
}

// The ledger's keys, besides those of simulated.Service. On the agenda stand bookings.
const (
	prefixBooking   = "b/" // + booking id: Entry
	prefixReference = "r/" // + our reference: the ids of its bookings, separated by spaces
)
