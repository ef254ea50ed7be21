package service_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/sagas"
)

// checkout is all services on one real bus, with stores in memory and an outside world that the test scripts.
type checkout struct {
	t        *testing.T
	stores   map[string]*eventstore.Memory
	bus      *bus.Bus
	busDir   string
	world    *world
	services map[string]*service.Service
	stop     func()

	instances int // of each service
}

func newCheckout(t *testing.T) *checkout { return newCheckoutOf(t, 1) }

func newCheckoutOf(t *testing.T, instances int) *checkout {
	c := &checkout{t: t, stores: map[string]*eventstore.Memory{}, world: &world{}, busDir: t.TempDir(), instances: instances}
	for _, name := range sagas.Services {
		c.stores[name] = eventstore.NewMemory()
	}
	t.Cleanup(func() { c.stop() })
	c.start()
	c.do(sagas.Catalog, "PUT /v1/products/{sku}", "mug", catalog.Put{Name: "Mug", UnitPrice: gbp(250)})
	c.do(sagas.Inventory, "POST /v1/stock/receipts", "main", inventory.Receive{Received: inventory.Received{SKU: "mug", Quantity: 10, Reference: "PO-1"}})
	return c
}

func gbp(amount int64) domain.Money { return domain.Money{Amount: amount, Currency: "GBP"} }

func (c *checkout) start() {
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.NewTextHandler(c.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	var err error
	if c.bus, err = bus.Open(ctx, bus.Options{Dir: c.busDir, Logger: log}); err != nil {
		c.t.Fatal(err)
	}
	c.services = map[string]*service.Service{}
	var group sync.WaitGroup
	for range c.instances {
		c.startInstance(ctx, &group, log)
	}
	c.stop = func() {
		cancel()
		group.Wait()
		if err := c.bus.Close(); err != nil {
			c.t.Error(err)
		}
		c.stop = func() {}
	}
}

// startInstance starts one instance of each service. Requests go to the last one.
func (c *checkout) startInstance(ctx context.Context, group *sync.WaitGroup, log *slog.Logger) {
	for _, name := range sagas.Services {
		o := service.Options{
			Name: name, Choreography: sagas.Checkout, Events: sagas.Events, Store: c.stores[name], Bus: c.bus, Logger: log,
			World: sagas.World{Payments: c.world, Carrier: carrier{c.world}, Now: time.Now},
		}
		if name == sagas.Inventory {
			o.Owner = service.Warehouse(sagas.Checkout, "main")
		}
		s, err := service.Open(ctx, o)
		if err != nil {
			c.t.Fatal(err)
		}
		c.services[name] = s
		group.Go(func() {
			if err := s.Run(ctx); ctx.Err() == nil {
				c.t.Errorf("%s stopped: %v", name, err)
			}
		})
	}
}

// do carries out a request.
func (c *checkout) do(name, edge, id string, command any) service.Outcome {
	c.t.Helper()
	o, err := c.try(name, edge, id, command)
	if err != nil {
		c.t.Fatal(err)
	}
	return o
}

func (c *checkout) try(name, edge, id string, command any) (service.Outcome, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	return c.services[name].Do(ctx, sagas.Checkout.Edge(edge), id, command, service.Request{ID: uuid.New(), Correlation: id, Actor: "test"})
}

// place places an order of mugs.
func (c *checkout) place(quantity int64, method string, deadline time.Duration) string {
	c.t.Helper()
	id := uuid.NewString()
	c.do(sagas.Order, "POST /v1/orders", id, order.Place{Placed: order.Placed{
		Currency: "GBP", PaymentMethod: method, Warehouse: "main", Total: 250 * quantity, RequestHash: id,
		Lines:           []order.Line{{LineID: "1", SKU: "mug", Quantity: quantity, UnitPrice: 250}},
		PaymentDeadline: time.Now().Add(deadline),
	}})
	return id
}

// word is the carrier's.
func (c *checkout) word(id string, command shipping.Command) {
	c.t.Helper()
	c.do(sagas.Shipping, "the carrier's webhook", id, command)
}

// history is the types of a stream's events.
func (c *checkout) history(name string, stream eventstore.StreamID) []string {
	var types []string
	for recorded, err := range c.stores[name].Read(c.t.Context(), stream, eventstore.NoStream) {
		if err != nil {
			c.t.Fatal(err)
		}
		types = append(types, recorded.Type)
	}
	return types
}

// until waits for a stream to end with an event.
func (c *checkout) until(name, category, id string, last domain.Event) {
	c.t.Helper()
	stream := eventstore.NewStreamID(category, id)
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		types := c.history(name, stream)
		if len(types) > 0 && types[len(types)-1] == last.EventType() {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			c.t.Fatalf("%s does not come to %s: %v", stream, last.EventType(), types)
		}
	}
}

// level is the stock of mugs.
func (c *checkout) level() inventory.Level {
	o, err := c.services[sagas.Inventory].State(c.t.Context(), sagas.Checkout.Edge("POST /v1/stock/receipts"), "main")
	if err != nil {
		c.t.Fatal(err)
	}
	return o.State.(inventory.State).Level("mug")
}

// settlesAt waits for the stock of mugs to come to a level.
func (c *checkout) settlesAt(want inventory.Level) {
	c.t.Helper()
	c.eventually(func() bool { return c.level() == want }, func() any { return c.level() })
}

// settlesWith waits for a stream to have so many events of a type.
func (c *checkout) settlesWith(name string, stream eventstore.StreamID, eventType string, want int) {
	c.t.Helper()
	count := func() (n int) {
		for _, t := range c.history(name, stream) {
			if t == eventType {
				n++
			}
		}
		return n
	}
	c.eventually(func() bool { return count() == want }, func() any { return c.history(name, stream) })
}

func (c *checkout) eventually(is func() bool, now func() any) {
	c.t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			c.t.Fatalf("it does not come to that: %+v", now())
		}
	}
}

func (c *checkout) setDown(down bool) {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.world.down = down
}
