package system

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/eventstore/embedded"
	"github.com/ordersaga/ordersaga/internal/audit"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/internal/carrier"
	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

// Audit checks every invariant of the running system.
func (s *System) Audit(ctx context.Context) (*audit.Report, error) {
	stores := map[string]eventstore.Store{}
	for name, store := range s.stores {
		stores[name] = store
	}
	return audit.Run(ctx, audit.Sources{
		Stores: stores, Charges: charges(s.simulators.psp.Ledger), Bookings: bookings(s.simulators.carrier.Ledger),
		Bus: s.bus, Views: s.views, Now: time.Now(), Bound: settleBound(s.config), Since: s.started,
	})
}

// settleBound is how long an order may take: until its payment's deadline, its parcel's way, and a minute.
func settleBound(c config.Config) time.Duration {
	return c.PaymentDeadline + c.CarrierDelay + time.Minute
}

// AuditStopped checks every invariant of a data directory that no process uses.
func AuditStopped(ctx context.Context, c config.Config, log *slog.Logger) (*audit.Report, error) {
	if _, err := os.Stat(filepath.Join(c.Data, sagas.Order)); err != nil {
		return nil, fmt.Errorf("%s holds no data of ordersaga: name another directory with --data, or a running system with --server", c.Data)
	}
	stores := map[string]eventstore.Store{}
	for _, name := range sagas.Services {
		store, err := OpenStore(c.Data, name, embedded.ReadOnly())
		if err != nil {
			return nil, fmt.Errorf("%w; a running system is audited with --server URL", err)
		}
		defer store.Close()
		stores[name] = store
	}
	from := audit.Sources{
		Stores:  stores,
		Charges: charges(func() iter.Seq2[psp.Entry, error] { return psp.ReadLedger(filepath.Join(c.Data, "simulator", "psp")) }),
		Bookings: bookings(func() iter.Seq2[carrier.Entry, error] {
			return carrier.ReadLedger(filepath.Join(c.Data, "simulator", "carrier"))
		}),
		Bound: settleBound(c),
	}
	if _, err := os.Stat(c.Views); err == nil {
		views, err := projections.Open(c.Views, projections.ReadOnly())
		if err != nil {
			return nil, err
		}
		defer views.Close()
		from.Views = views
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if dir := filepath.Join(c.Data, "nats"); c.NATS == bus.Embedded && exists(dir) {
		b, err := bus.Open(ctx, bus.Options{Dir: dir, Name: "audit", Logger: log})
		if err != nil {
			return nil, err
		}
		defer b.Close()
		from.Bus = b
	}
	return audit.Run(ctx, from)
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// charges shows the provider's ledger to the auditor.
func charges(ledger func() iter.Seq2[psp.Entry, error]) func(context.Context) iter.Seq2[audit.Charge, error] {
	return translated(ledger, func(e psp.Entry) audit.Charge {
		c := audit.Charge{
			Reference: e.Reference, Status: string(e.Status), Currency: e.Currency, Authorized: e.Authorized, Captured: e.Captured,
			Voided: e.Voided, Expired: e.Expired, Refunded: e.Refunded,
		}
		for _, effect := range e.Effects {
			c.Effects = append(c.Effects, audit.Effect{Key: keyOf(effect.Key), Kind: string(effect.Kind), Amount: effect.Amount})
		}
		return c
	})
}

// bookings shows the carrier's ledger to the auditor.
func bookings(ledger func() iter.Seq2[carrier.Entry, error]) func(context.Context) iter.Seq2[audit.Booking, error] {
	return translated(ledger, func(e carrier.Entry) audit.Booking {
		b := audit.Booking{Reference: e.Reference, Status: e.Status}
		for _, effect := range e.Effects {
			b.Effects = append(b.Effects, audit.Effect{Key: keyOf(effect.Key), Kind: string(effect.Kind)})
		}
		return b
	})
}

func translated[From, To any](ledger func() iter.Seq2[From, error], as func(From) To) func(context.Context) iter.Seq2[To, error] {
	return func(ctx context.Context) iter.Seq2[To, error] {
		return func(yield func(To, error) bool) {
			for entry, err := range ledger() {
				if err == nil {
					err = ctx.Err()
				}
				if !yield(as(entry), err) || err != nil {
					return
				}
			}
		}
	}
}

// keyOf is uuid.Nil for what nobody of ours asked for.
func keyOf(text string) uuid.UUID {
	key, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil
	}
	return key
}
