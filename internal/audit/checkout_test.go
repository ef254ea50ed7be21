package audit

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// checkout records real histories: the choreography's own policies and deciders, one step after the other, with an
// outside world that keeps ledgers. Violations are planted into what it recorded.
type checkout struct {
	t       testing.TB
	now     time.Time
	stores  map[string]*eventstore.Memory
	world   *world
	heard   map[string]int // events of each source that were reacted to
	waiting []pending
	stopped bool // nothing is reacted to
}

// pending is a reaction that is not done yet.
type pending struct {
	row    *sagas.Row
	number uint64
	event  eventstore.Recorded
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const bound = 17 * time.Minute

func newCheckout(t testing.TB) *checkout {
	c := &checkout{t: t, now: epoch, stores: map[string]*eventstore.Memory{}, world: newWorld(), heard: map[string]int{}}
	for _, name := range sagas.Services {
		c.stores[name] = eventstore.NewMemoryAt(func() time.Time { c.now = c.now.Add(time.Millisecond); return c.now })
	}
	c.do("PUT /v1/products/{sku}", "mug", "", catalog.Put{Name: "Mug", UnitPrice: gbp(250)})
	c.do("POST /v1/stock/receipts", "main", "", inventory.Receive{Received: inventory.Received{SKU: "mug", Quantity: 100, Reference: "PO-1"}})
	return c
}

func gbp(amount int64) domain.Money { return domain.Money{Amount: amount, Currency: "GBP"} }

// place places an order of mugs and lets everything happen that follows by itself.
func (c *checkout) place(id string, quantity int64, method string) {
	c.t.Helper()
	c.do("POST /v1/orders", id, id, order.Place{Placed: placed(id, quantity, method)})
	c.settle()
}

func placed(id string, quantity int64, method string) order.Placed {
	price := int64(250)
	if method == "free" {
		price = 0
	}
	return order.Placed{
		Currency: "GBP", PaymentMethod: method, Warehouse: "main", Total: price * quantity, RequestHash: id,
		Lines: []order.Line{{LineID: "1", SKU: "mug", Quantity: quantity, UnitPrice: price}}, PaymentDeadline: epoch.Add(15 * time.Minute),
	}
}

// word is the carrier's about an order's parcel, with all that follows.
func (c *checkout) word(id string, status sagas.BookingStatus) {
	c.t.Helper()
	c.world.bookings[id].Status = status
	c.do("the carrier's webhook", id, id, sagas.CarrierWord(sagas.Booking{ID: "bk", Reference: id, Tracking: "T", Status: status}))
	c.settle()
}

func (c *checkout) do(edge, id, order string, command any) {
	c.t.Helper()
	row := sagas.Checkout.Edge(edge)
	if err := c.decide(row, id, command, uuid.New(), uuid.Nil, order); err != nil {
		c.t.Fatal(err)
	}
}

// settle reacts to everything until nothing follows any more.
func (c *checkout) settle() {
	c.t.Helper()
	for progress := !c.stopped; progress; {
		progress = false
		for _, source := range sagas.Services {
			events := c.events(source)
			for ; c.heard[source] < len(events); c.heard[source]++ {
				progress = true
				e := events[c.heard[source]]
				for _, row := range sagas.Checkout.Rows {
					if slices.Contains(row.On, e.Type) && row.Kind != sagas.Deadline {
						c.waiting = append(c.waiting, pending{row, uint64(c.heard[source] + 1), e})
					}
				}
			}
		}
		ready := c.waiting
		c.waiting = nil
		for _, p := range ready {
			if !c.react(p) {
				c.waiting = append(c.waiting, p)
			}
		}
	}
}

// react carries a row out. It is false where the row has to wait.
func (c *checkout) react(p pending) bool {
	body, err := sagas.Events.Decode(p.event)
	if err != nil {
		c.t.Fatal(err)
	}
	t := sagas.Trigger{ID: p.event.ID, Source: p.row.Source(), Number: p.number, Subject: p.event.Stream.ID(), RecordedAt: p.event.At}
	id, command := p.row.Policy(body, t)
	if id == sagas.Everywhere {
		id = "main"
	}
	if p.row.Kind == sagas.Asks {
		w := sagas.World{Payments: c.world, Carrier: carrier{c.world}, Now: func() time.Time { return c.now }}
		command, err = p.row.Perform(c.t.Context(), w, body, t, c.state(p.row, id))
		if err != nil || command == nil {
			return err == nil // what has no answer is asked again when there is more to react to
		}
	}
	err = c.decide(p.row, id, command, p.event.ID, p.event.ID, p.event.Metadata.Correlation)
	if _, waits := domain.AsNotYet(err); waits {
		return false
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return true
}

// due lets a deadline of an order pass.
func (c *checkout) due(stream eventstore.StreamID, carrying domain.Event) {
	c.t.Helper()
	e := c.find(stream, carrying)
	for _, row := range sagas.Checkout.Rows {
		if row.Kind == sagas.Deadline && slices.Contains(row.On, e.Type) {
			c.react(pending{row, 0, e})
		}
	}
	c.settle()
}

func (c *checkout) state(row *sagas.Row, id string) any {
	state := row.Machine.Initial()
	for e, err := range c.stores[row.Service()].Read(c.t.Context(), eventstore.NewStreamID(row.Machine.Category, id), eventstore.NoStream) {
		if err != nil {
			c.t.Fatal(err)
		}
		body, err := sagas.Events.Decode(e)
		if err != nil {
			c.t.Fatal(err)
		}
		state = row.Machine.Evolve(state, body)
	}
	return state
}

func (c *checkout) decide(row *sagas.Row, id string, command any, trigger, cause uuid.UUID, order string) error {
	events, err := row.Machine.Decide(command, c.state(row, id))
	if err != nil || len(events) == 0 {
		return err
	}
	c.append(row, eventstore.NewStreamID(row.Machine.Category, id), trigger, cause, order, events...)
	return nil
}

// append records events as a row would.
func (c *checkout) append(row *sagas.Row, stream eventstore.StreamID, trigger, cause uuid.UUID, order string, events ...domain.Event) {
	c.t.Helper()
	drafts := make([]eventstore.Draft, len(events))
	for i, e := range events {
		drafts[i] = draft(sagas.EventID(trigger, row, e.EventType(), i), cause, order, e)
	}
	if r := c.stores[row.Service()].Append(c.t.Context(), stream, eventstore.Any, drafts...); r.Err != nil {
		c.t.Fatal(r.Err)
	}
}

func draft(id, cause uuid.UUID, order string, e domain.Event) eventstore.Draft {
	data, err := eventstore.Encode(e)
	if err != nil {
		panic(err)
	}
	return eventstore.Draft{ID: id, Type: e.EventType(), Data: data, Metadata: eventstore.Metadata{Correlation: order, Causation: cause}}
}

// plant records an event that should not be there, as if a row had recorded it on hearing the newest event of a type in a
// stream. Where no row does that, its id is underived.
func (c *checkout) plant(stream eventstore.StreamID, on eventstore.StreamID, heard, e domain.Event) {
	c.t.Helper()
	cause, id := c.find(on, heard), uuid.New()
	for _, row := range sagas.Checkout.Rows {
		if slices.Contains(row.On, cause.Type) && slices.Contains(row.Emits, e.EventType()) {
			id = sagas.EventID(cause.ID, row, e.EventType(), 0)
		}
	}
	if slices.ContainsFunc(c.events(sagas.ServiceOf(stream.Category())), func(r eventstore.Recorded) bool { return r.ID == id }) {
		id = uuid.New() // a store would recognise it
	}
	c.raw(stream, draft(id, cause.ID, cause.Metadata.Correlation, e))
}

// raw appends a draft to whichever store the stream belongs to.
func (c *checkout) raw(stream eventstore.StreamID, d eventstore.Draft) {
	c.t.Helper()
	if r := c.stores[sagas.ServiceOf(stream.Category())].Append(c.t.Context(), stream, eventstore.Any, d); r.Err != nil {
		c.t.Fatal(r.Err)
	}
}

// find is the newest event of a type in a stream; in the stock's stream, of any order.
func (c *checkout) find(stream eventstore.StreamID, e domain.Event) eventstore.Recorded {
	c.t.Helper()
	for recorded, err := range c.stores[sagas.ServiceOf(stream.Category())].ReadBackwards(c.t.Context(), stream) {
		if err != nil {
			c.t.Fatal(err)
		}
		if recorded.Type == e.EventType() {
			return recorded
		}
	}
	c.t.Fatalf("%s has no %s", stream, e.EventType())
	return eventstore.Recorded{}
}

func (c *checkout) events(source string) []eventstore.Recorded {
	var events []eventstore.Recorded
	for e, err := range c.stores[source].All(context.Background(), 0) {
		if err != nil {
			c.t.Fatal(err)
		}
		if slices.Contains(sagas.Categories(source), e.Stream.Category()) {
			events = append(events, e)
		}
	}
	return events
}

// pass lets time pass, and an unrelated event happen in it.
func (c *checkout) pass(d time.Duration) {
	c.t.Helper()
	c.now = c.now.Add(d)
	reference := c.now.String()
	c.do("POST /v1/stock/receipts", "main", "", inventory.Receive{Received: inventory.Received{SKU: "lid", Quantity: 1, Reference: reference}})
}

// sources is the system at rest, with both ledgers.
func (c *checkout) sources() Sources {
	stores := map[string]eventstore.Store{}
	for name, store := range c.stores {
		stores[name] = store
	}
	return Sources{Stores: stores, Charges: c.world.Charges, Bookings: c.world.Bookings, Bound: bound}
}

func (c *checkout) audit(change ...func(*Sources)) *Report {
	c.t.Helper()
	s := c.sources()
	for _, f := range change {
		f(&s)
	}
	r, err := Run(c.t.Context(), s)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// clean fails unless nothing was found.
func (c *checkout) clean(change ...func(*Sources)) *Report {
	c.t.Helper()
	r := c.audit(change...)
	if !r.Clean() {
		c.t.Fatalf("violations in a clean history:\n%s", text(c.t, r))
	}
	return r
}

// finds fails unless a violation of the invariant is found that names the order, with its events, and says all words.
func (c *checkout) finds(r *Report, invariant int, order string, words ...string) {
	c.t.Helper()
	for _, v := range r.Violations {
		if v.Invariant != invariant || v.Order != order {
			continue
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(v.Message, w) }) {
			return
		}
	}
	c.t.Fatalf("no violation of invariant %d about %q that says %q in:\n%s", invariant, order, words, text(c.t, r))
}

func text(t testing.TB, r *Report) string {
	var b strings.Builder
	if err := r.Text(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
