// Package loadgen puts a running system under load and measures it.
//
// Why a closed loop: each worker places its next order only when its last one has ended. So the number of orders under
// way is known, the rate is what the system sustains rather than what was thrown at it, and a latency is that of the whole
// dance, from the request to the order's end. The ends come over one stream for all orders; nothing polls.
package loadgen

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/internal/client"
)

// Options say what load to make.
type Options struct {
	URL         string               // of the running system
	Orders      int                  // that are measured
	Concurrency int                  // orders under way at a time; 0 means 64
	Warmup      int                  // orders before the measurement
	Products    int                  // over which the lines are spread; 0 means 200
	Timeout     time.Duration        // an order that has not ended by then has failed; 0 means a minute
	CPU         func() time.Duration // that the system has used so far, and this load where it shares the process; nil: unknown
	Bytes       func() int64         // that the system's data takes now; nil: unknown
}

// Report is what was measured. Latencies are from the request to the order's end, of the orders that ended.
type Report struct {
	Orders          int      `json:"orders"`
	Concurrency     int      `json:"concurrency"`
	Seconds         float64  `json:"seconds"`
	OrdersPerSecond float64  `json:"ordersPerSecond"` // that ended
	P50Ms           float64  `json:"p50Ms"`
	P95Ms           float64  `json:"p95Ms"`
	P99Ms           float64  `json:"p99Ms"`
	MaxMs           float64  `json:"maxMs"`
	AnswerP50Ms     float64  `json:"answerP50Ms"` // from the request to its answer: the order is durable
	AnswerP99Ms     float64  `json:"answerP99Ms"`
	CPUMsPerOrder   float64  `json:"cpuMsPerOrder"` // 0: unknown
	BytesPerOrder   float64  `json:"bytesPerOrder"` // 0: unknown
	Completed       int      `json:"completed"`
	Rejected        int      `json:"rejected"`
	Failures        int      `json:"failures"` // not placed, not ended in time, or ended otherwise than its card makes it
	Errors          []string `json:"errors,omitempty"`
}

// Run loads the system until all orders have ended. Orders that fail are in the report; an error means that there is
// nothing to report.
func Run(ctx context.Context, o Options) (Report, error) {
	o = o.withDefaults()
	if o.Orders < 1 {
		return Report{}, fmt.Errorf("a load of %d orders is none", o.Orders)
	}
	c := client.New(o.URL, client.Options{Connections: o.Concurrency + 1})
	defer c.Close()
	l := &load{Options: o, client: c, run: uuid.NewString(), ends: newEnds()}
	if err := c.Ready(ctx); err != nil {
		return Report{}, err
	}
	if err := l.stock(ctx); err != nil {
		return Report{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	heard, err := l.listen(ctx, cancel)
	if err != nil {
		cancel(nil)
		return Report{}, err
	}
	defer func() { cancel(nil); <-heard }()
	l.drive(ctx, o.Warmup, nil)
	report := l.measure(ctx)
	if ctx.Err() != nil {
		return Report{}, context.Cause(ctx)
	}
	return report, nil
}

func (o Options) withDefaults() Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 64
	}
	if o.Products <= 0 {
		o.Products = 200
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.CPU == nil {
		o.CPU = func() time.Duration { return 0 }
	}
	if o.Bytes == nil {
		o.Bytes = func() int64 { return 0 }
	}
	return o
}

// load is one run.
type load struct {
	Options
	client *client.Client
	run    string // makes keys and references of this run
	ends   *ends
	placed int // by the drives that are over
}

// listen hears of ends from here on. A stream that breaks off ends the load: what it missed was not measured.
func (l *load) listen(ctx context.Context, cancel context.CancelCauseFunc) (done <-chan struct{}, err error) {
	stream, err := l.client.WatchEnds(ctx)
	if err != nil {
		return nil, fmt.Errorf("watch for orders to end: %w", err)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for end, err := range stream {
			if err != nil {
				cancel(fmt.Errorf("the stream of ends broke off: %w", err))
				return
			}
			l.ends.heard(end, time.Now())
		}
	}()
	return closed, nil
}

// measure drives the load and adds up.
func (l *load) measure(ctx context.Context) Report {
	cpu, bytes, began := l.CPU(), l.Bytes(), time.Now()
	results := make([]result, l.Orders)
	l.drive(ctx, l.Orders, results)
	took := time.Since(began)
	r := reportOf(results, took)
	r.Concurrency = l.Concurrency
	r.CPUMsPerOrder = round(float64(l.CPU()-cpu) / float64(time.Millisecond) / float64(l.Orders))
	r.BytesPerOrder = round(float64(l.Bytes()-bytes) / float64(l.Orders))
	return r
}

var (
	errNotEnded  = errors.New("an order has not ended in its time")
	errOtherwise = errors.New("an order ended otherwise than its card makes it")
)
