// Package system puts the whole checkout into one process: a store for each service, the bus, the read models, the
// simulated outside world, and the HTTP door.
//
// Why nothing else is in here: this is the only place where the parts meet. Each is made once, handed to those that need
// it, and closed in the opposite order.
package system

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/oklog/run"

	"github.com/ordersaga/ordersaga/eventstore/embedded"
	"github.com/ordersaga/ordersaga/internal/api"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/internal/catalogue"
	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/history"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

// TheWarehouse is the one from which orders are served.
const TheWarehouse = "main"

// System is a running checkout.
type System struct {
	config     config.Config
	log        *slog.Logger
	stores     map[string]*embedded.Store
	bus        *bus.Bus
	views      *projections.Views
	services   map[string]*service.Service
	catalogues map[string]*catalogue.Replica
	simulators *simulators
	readiness  *readiness
	listener   net.Listener
	server     *http.Server
	started    time.Time
	closers    []func() error // in the order of opening
}

// Open makes the parts and takes the address, but serves nothing yet. Where it fails nothing is left open.
func Open(ctx context.Context, c config.Config, log *slog.Logger) (*System, error) {
	s := &System{config: c, log: log, stores: map[string]*embedded.Store{}, services: map[string]*service.Service{}, started: time.Now()}
	for _, open := range []func(context.Context) error{
		s.listen, s.openStores, s.openBus, s.openViews, s.openSimulators, s.openServices, s.openDoor,
	} {
		if err := open(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *System) onClose(close func() error) { s.closers = append(s.closers, close) }

// Close closes the parts, the last one first.
func (s *System) Close() error {
	var failed error
	for i := len(s.closers) - 1; i >= 0; i-- {
		failed = errors.Join(failed, s.closers[i]())
	}
	s.closers = nil
	return failed
}

// listen takes the address first: whether it is free is what most often goes wrong.
func (s *System) listen(context.Context) error {
	listener, err := net.Listen("tcp", s.config.HTTP)
	if err != nil {
		return fmt.Errorf("cannot serve on %s: %w; is another one running? Choose an address with --http or ORDERSAGA_HTTP", s.config.HTTP, err)
	}
	s.listener = listener
	s.onClose(func() error {
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return nil
}

// URL is where the API is.
func (s *System) URL() string { return "http://" + s.listener.Addr().String() }

func (s *System) openStores(context.Context) error {
	for _, name := range sagas.Services {
		store, err := OpenStore(s.config.Data, name, embedded.WithLogger(s.log))
		if err != nil {
			return err
		}
		s.stores[name] = store
		s.onClose(store.Close)
	}
	return nil
}

// OpenStore opens a service's store below a data directory.
func OpenStore(data, service string, options ...embedded.Option) (*embedded.Store, error) {
	dir := filepath.Join(data, service)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return embedded.Open(dir, options...)
}

func (s *System) openBus(ctx context.Context) (err error) {
	s.bus, err = bus.Open(ctx, bus.Options{URL: s.config.NATS, Dir: filepath.Join(s.config.Data, "nats"), Name: "ordersaga", Logger: s.log})
	if err != nil {
		return err
	}
	s.onClose(s.bus.Close)
	return nil
}

func (s *System) openViews(context.Context) (err error) {
	if err := os.MkdirAll(filepath.Dir(s.config.Views), 0o755); err != nil {
		return fmt.Errorf("views: %w", err)
	}
	if s.views, err = projections.Open(s.config.Views, projections.WithLogger(s.log)); err != nil {
		return err
	}
	s.onClose(s.views.Close)
	return nil
}

func (s *System) openServices(ctx context.Context) error {
	for _, name := range sagas.Services {
		o := service.Options{
			Name: name, Choreography: sagas.Checkout, Events: sagas.Events, Store: s.stores[name], Bus: s.bus,
			World: s.simulators.world(), Logger: s.log,
		}
		if name == sagas.Inventory {
			o.Owner = service.Warehouse(sagas.Checkout, TheWarehouse)
			o.Snapshots = &service.Snapshots{
				Stream: o.Owner.Stream, File: filepath.Join(s.config.Data, "snapshots", string(o.Owner.Stream)+".json"), Every: 20_000,
				Encode: service.EncodeStock, Restore: service.RestoreStock, Logger: s.log,
			}
		}
		opened, err := service.Open(ctx, o)
		if err != nil {
			return err
		}
		s.services[name] = opened
	}
	s.catalogues = map[string]*catalogue.Replica{
		sagas.Order: catalogue.New(sagas.Events), sagas.Inventory: catalogue.New(sagas.Events),
	}
	return nil
}

// Stores are the services' stores as whoever asks for history sees them.
func (s *System) Stores() history.Stores {
	stores := history.Stores{}
	for name, store := range s.stores {
		stores[name] = store
	}
	return stores
}

func (s *System) openDoor(context.Context) error {
	s.readiness = newReadiness(s)
	door := api.New(api.Options{
		Services: s.services, Choreography: sagas.Checkout, Views: s.views, Bus: s.bus, Catalogues: s.catalogues,
		History: s.Stores(), Warehouse: TheWarehouse, PaymentDeadline: s.config.PaymentDeadline, CheckPrices: s.config.CheckPrices,
		PSPSecrets: s.simulators.secrets, CarrierSecrets: s.simulators.secrets,
		Audit: func(ctx context.Context) (any, error) { return s.Audit(ctx) },
		Ready: s.readiness.err, Metrics: s.metrics(), Now: time.Now, Logger: s.log,
	})
	mux := http.NewServeMux()
	mux.Handle("/", door)
	s.simulators.mount(mux)
	s.simulators.door.Set(door)
	streams, endStreams := context.WithCancel(context.Background())
	s.server = &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return streams },
	}
	s.server.RegisterOnShutdown(endStreams)
	s.onClose(func() error { endStreams(); return nil })
	return nil
}

// Actors adds everything that runs to a group. They are interrupted in this order, so that no request is taken when the
// services stop.
func (s *System) Actors(g *run.Group) {
	{
		g.Add(func() error {
			if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		}, func(error) {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := s.server.Shutdown(ctx); err != nil {
				s.log.Warn("requests were cut off", "error", err)
			}
		})
	}
	for _, name := range sagas.Services {
		addActor(g, s.services[name].Run)
	}
	for _, replica := range s.catalogues {
		addActor(g, func(ctx context.Context) error { return replica.Run(ctx, s.bus.Read) })
	}
	addActor(g, s.runViews)
	addActor(g, s.readiness.run)
	addActor(g, s.watchForks)
}

// addActor adds what runs until its context ends.
func addActor(g *run.Group, actor func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	g.Add(func() error { return actor(ctx) }, func(error) { cancel() })
}

// runViews keeps the read models going. An event that cannot be folded stops them alone, visibly.
func (s *System) runViews(ctx context.Context) error {
	err := s.views.Run(ctx, s.bus)
	var failure *projections.Failure
	if errors.As(err, &failure) {
		s.log.Error("the read models stand still", "error", failure)
		<-ctx.Done()
	}
	return err
}

// StoreBytes is what the services' stores take on disk.
func (s *System) StoreBytes() int64 {
	var bytes uint64
	for _, store := range s.stores {
		stats := store.Stats()
		bytes += stats.TableBytes + stats.LogBytes
	}
	return int64(bytes)
}
