package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"github.com/ordersaga/ordersaga/internal/client"
)

// Options say what to import, and how.
type Options struct {
	File        string         // path of the CSV
	Client      *client.Client // of the running system
	StockFactor float64        // how much of the demand is received: 1 is enough for all, 0 is nothing
	Concurrency int            // requests at a time; 0 means 64
	Patience    time.Duration  // how long no order may end before the import gives up; 0 means two minutes
	Out         io.Writer      // the summary; nil: none
	Progress    io.Writer      // how far it is: a bar on a terminal, else plain lines; nil: nothing
	JSON        bool           // the summary is one JSON object with all that is listed, and there is no progress
	Rejects     string         // path of a CSV to which all that is listed is written; empty: none
}

// ErrDisagrees says that what the system shows is not what the file says. The summary tells where.
var ErrDisagrees = errors.New("the system's sums are not the file's")

// ErrNotEnded says that orders had not ended when patience did.
var ErrNotEnded = errors.New("orders have not ended")

// ErrRefused says that the server refused orders that it should take.
var ErrRefused = errors.New("orders were refused")

// Run imports a file: it lists the products, receives the stock, places the orders, waits until each has ended, and
// compares what the system shows with the file. The summary is written even where the import failed, as far as it came.
//
// Running it again with the same file adds nothing, and completes what an interrupted run had begun: every write has a
// key that follows from the file alone.
func Run(ctx context.Context, o Options) (Summary, error) {
	if o.StockFactor < 0 || math.IsNaN(o.StockFactor) || o.StockFactor > 1000 {
		return Summary{}, fmt.Errorf("the stock factor is %v; it must be between 0 and 1000", o.StockFactor)
	}
	o = o.withDefaults()
	began := time.Now()
	plan, err := parseFile(o.File)
	if err != nil {
		return Summary{}, err
	}
	i := &importing{Options: o, plan: plan, known: newLedger(len(plan.Orders))}
	i.summary = summaryOf(plan, o)
	err = i.run(ctx)
	i.summary.finish(i.plan, time.Since(began))
	if err == nil {
		err = i.summary.verdict()
	}
	if writeErr := i.summary.write(o); writeErr != nil {
		err = errors.Join(err, writeErr)
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("the import was interrupted, run it again to complete it: %w", ctx.Err())
	}
	return i.summary, err
}

func (o Options) withDefaults() Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 64
	}
	if o.Patience <= 0 {
		o.Patience = 2 * time.Minute
	}
	if o.JSON {
		o.Progress = nil
	}
	return o
}

func parseFile(path string) (Plan, error) {
	file, err := os.Open(path)
	if err != nil {
		return Plan{}, fmt.Errorf("open the file to import: %w", err)
	}
	defer func() { _ = file.Close() }()
	plan, err := Parse(file)
	if err != nil {
		return Plan{}, fmt.Errorf("%s: %w", path, err)
	}
	return plan, nil
}

// importing is one run.
type importing struct {
	Options
	plan    Plan
	summary Summary
	known   *ledger
	watcher sync.WaitGroup
}

func (i *importing) run(ctx context.Context) error {
	if err := i.Client.Ready(ctx); err != nil {
		return err
	}
	cut, err := i.newestOrder(ctx)
	if err != nil {
		return err
	}
	if err := i.receive(ctx); err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer i.watcher.Wait()
	defer stop()
	if err := i.watch(watching); err != nil {
		return err
	}
	if err := i.place(ctx, cut); err != nil {
		return err
	}
	if err := i.await(ctx); err != nil {
		return err
	}
	return i.compare(ctx)
}

// newestOrder is when the newest order was placed before this run, by the server's clock: an order that is answered
// with and is not newer was there already.
func (i *importing) newestOrder(ctx context.Context) (time.Time, error) {
	for order, err := range i.Client.Orders(ctx, client.Filter{PageSize: 1}) {
		return order.PlacedAt, err
	}
	return time.Time{}, nil
}
