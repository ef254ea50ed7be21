package audit

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

var dispatched = shipping.Dispatched{}

func mugs(n int64) []inventory.Item { return []inventory.Item{{SKU: "mug", Quantity: n}} }

// The cases plant one violation each into a history with every end, and say how it is to be named.
type planted struct {
	name      string
	plant     func(c *checkout)
	invariant int
	order     string
	says      string
}

func runPlanted(t *testing.T, cases []planted) {
	for _, p := range cases {
		t.Run(p.name, func(t *testing.T) {
			c := everyEnd(t)
			p.plant(c)
			c.finds(c.audit(), p.invariant, p.order, p.says)
		})
	}
}

func TestMoneyThatDoesNotAddUpIsFound(t *testing.T) {
	ledger := func(id string, change func(*Charge)) func(*checkout) {
		return func(c *checkout) { change(c.world.charges[id]) }
	}
	runPlanted(t, []planted{
		{"captured twice in the events", func(c *checkout) {
			c.plant("payment-completed", "payment-completed", payment.CaptureStarted{}, payment.Captured{Amount: gbp(500)})
		}, 1, "completed", "is more than the authorized 500"},
		{"more refunded than captured", func(c *checkout) {
			c.plant("payment-lost", "payment-lost", payment.RefundStarted{}, payment.Refunded{Amount: gbp(100)})
		}, 1, "lost", "350 is refunded of 250"},
		{"more authorized than asked for", func(c *checkout) {
			c.raw("order-dear", draft(uuid.New(), uuid.Nil, "dear", placed("dear", 1, "visa")))
			c.plant("payment-dear", "order-dear", order.Placed{}, payment.Requested{Amount: gbp(250)})
			c.plant("payment-dear", "order-dear", order.Placed{}, payment.AuthorizationStarted{Amount: gbp(250)})
			c.plant("payment-dear", "payment-dear", payment.AuthorizationStarted{}, payment.Authorized{Charge: "ch", Amount: gbp(251)})
		}, 1, "dear", "251 is authorized of 2.50 GBP"},
		{"another amount than the order's", func(c *checkout) {
			c.place("dear", 1, "visa")
			c.raw("order-dearer", draft(uuid.New(), uuid.Nil, "dearer", placed("dearer", 2, "visa")))
			c.plant("payment-dearer", "order-dearer", order.Placed{}, payment.Requested{Amount: gbp(250)})
		}, 1, "dearer", "the order comes to 500 GBP"},
		{"another currency", func(c *checkout) {
			c.plant("payment-under-way", "shipment-completed", dispatched, payment.CaptureStarted{Amount: domain.Money{Amount: 250, Currency: "EUR"}})
		}, 1, "under-way", "not in the currency"},
		{"the provider took less", ledger("completed", func(x *Charge) { x.Captured = 499 }), 1, "completed", "captured: 500 in our events, 499"},
		{"the provider took what we never captured", ledger("cancelled", func(x *Charge) { x.Captured, x.Voided = 250, 0 }), 1, "cancelled", "captured: 0 in our events, 250"},
		{"the provider gave more back", ledger("completed", func(x *Charge) { x.Refunded = 1 }), 1, "completed", "refunded: 0 in our events, 1"},
		{"the provider still holds it", ledger("cancelled", func(x *Charge) { x.Voided = 0 }), 1, "cancelled", "voided or expired: 250 in our events, 0"},
		{"the provider let go what we count on", ledger("under-way", func(x *Charge) { x.Voided = 250 }), 1, "under-way", "voided or expired: 0 in our events, 250"},
		{"declined, and the provider holds money", ledger("declined", func(x *Charge) { x.Authorized = 250 }), 1, "declined", "the provider holds 250"},
		{"the provider's own sums", ledger("completed", func(x *Charge) { x.Voided = 500 }), 1, "completed", "does not add up"},
		{"the provider's currency", ledger("completed", func(x *Charge) { x.Currency = "EUR" }), 1, "completed", `in "EUR"`},
		{"authorized, and no charge", func(c *checkout) {
			delete(c.world.charges, "completed")
			c.world.order = c.world.order[1:]
		}, 1, "completed", "the provider has no charge"},
		{"a charge of no order", func(c *checkout) {
			c.world.charges["ghost"], c.world.order = &Charge{Reference: "ghost", Status: "authorized"}, append(c.world.order, "ghost")
		}, 1, "ghost", "never placed"},
		{"two charges", func(c *checkout) { c.world.order = append(c.world.order, "completed") }, 1, "completed", "2 charges"},
	})
}

func TestMoneyThatIsKeptFromTheCustomerIsFound(t *testing.T) {
	c := newCheckout(t)
	c.place("o", 2, "visa")
	c.stopped = true
	c.word("o", sagas.BookingDispatched)
	c.plant("payment-o", "shipment-o", dispatched, payment.CaptureStarted{Charge: "ch", Amount: gbp(500)})
	c.plant("payment-o", "payment-o", payment.CaptureStarted{}, payment.Captured{Amount: gbp(400)})
	c.stopped = false
	c.word("o", sagas.BookingDelivered)
	c.finds(c.audit(func(s *Sources) { s.Charges = nil }), 1, "o", "keeps 400", "not 500")
	c.finds(c.audit(func(s *Sources) { s.Charges = nil }), 1, "o", "100 of the authorized 500 is still held")
}

func TestStockThatDoesNotAddUpIsFound(t *testing.T) {
	stock := func(on eventstore.StreamID, heard, e domain.Event) func(*checkout) {
		return func(c *checkout) { c.plant("stock-main", on, heard, e) }
	}
	runPlanted(t, []planted{
		{"more promised than is there", func(c *checkout) {
			c.raw("order-greedy", draft(uuid.New(), uuid.Nil, "greedy", placed("greedy", 200, "visa")))
			c.plant("stock-main", "order-greedy", order.Placed{}, inventory.Reserved{OrderID: "greedy", Items: mugs(200)})
		}, 2, "greedy", "201 reserved"},
		{"counted below nothing", func(c *checkout) {
			c.raw("stock-main", draft(uuid.New(), uuid.Nil, "", inventory.Adjusted{SKU: "lid", Delta: -2, Reference: "A"}))
		}, 2, "", "-1 on hand"},
		{"received twice", func(c *checkout) {
			c.raw("stock-main", draft(uuid.New(), uuid.Nil, "", inventory.Received{SKU: "mug", Quantity: 1, Reference: "PO-1"}))
		}, 2, "", `reference "PO-1" counts twice`},
		{
			"released without being reserved", stock("order-declined", order.Rejected{}, inventory.Released{OrderID: "declined", Items: mugs(1)}),
			2, "declined", "nothing reserved here",
		},
		{
			"shipped without being reserved", stock("shipment-completed", dispatched, inventory.Shipped{OrderID: "completed", Items: mugs(2)}),
			2, "completed", "nothing reserved here",
		},
		{
			"other goods shipped", stock("order-under-way", order.Placed{}, inventory.Shipped{OrderID: "under-way", Items: mugs(2)}),
			2, "under-way", "other goods than the order has reserved",
		},
		{
			"reserved twice", stock("order-under-way", order.Placed{}, inventory.Reserved{OrderID: "under-way", Items: mugs(1)}),
			2, "under-way", "holds a reservation already",
		},
		{
			"restocked without being shipped", stock("shipment-returned", shipping.Returned{}, inventory.Restocked{OrderID: "under-way", Items: mugs(1)}),
			2, "under-way", "nothing was shipped",
		},
		{
			"more restocked than shipped", stock("shipment-returned", shipping.Returned{}, inventory.Restocked{OrderID: "returned", Items: mugs(4)}),
			2, "returned", "other goods came back",
		},
		{"a trigger counted twice", stock("order-under-way", order.Placed{},
			inventory.Refused{OrderID: "under-way", Heard: inventory.Heard{Source: "order", Number: 1}}), 2, "under-way", "event 1 of order was heard after"},
		{"reserved for nobody", func(c *checkout) {
			c.raw("stock-main", draft(uuid.New(), uuid.Nil, "nobody", inventory.Reserved{OrderID: "nobody", Items: mugs(1)}))
		}, 2, "nobody", "never placed"},
		{"other goods reserved than ordered", func(c *checkout) {
			c.raw("order-odd", draft(uuid.New(), uuid.Nil, "odd", placed("odd", 2, "visa")))
			c.plant("stock-main", "order-odd", order.Placed{}, inventory.Reserved{OrderID: "odd", Items: mugs(3)})
		}, 2, "odd", "other goods are reserved than were ordered"},
		{"reserved elsewhere", func(c *checkout) {
			c.raw("stock-north", draft(uuid.New(), uuid.Nil, "", inventory.Received{SKU: "mug", Quantity: 9, Reference: "N"}))
			c.raw("order-odd", draft(uuid.New(), uuid.Nil, "odd", placed("odd", 2, "visa")))
			c.plant("stock-north", "order-odd", order.Placed{}, inventory.Reserved{OrderID: "odd", Items: mugs(2)})
		}, 2, "odd", "served from main"},
	})
}

func TestGoodsThatStayReservedForAnEndedOrderAreFound(t *testing.T) {
	c := newCheckout(t)
	c.stopped = true
	c.place("o", 1, "visa")
	c.plant("stock-main", "order-o", order.Placed{}, inventory.Reserved{OrderID: "o", Items: mugs(1)})
	c.due("order-o", order.Placed{})
	if r := c.clean(); r.Open != 1 {
		t.Errorf("%d open: the release is under way", r.Open)
	}
	c.pass(bound + 1)
	c.finds(c.audit(), 2, "o", "still reserved")
	c.finds(c.audit(), 4, "o", "still reserved")
}

func TestASecondEffectForOneIntentIsFound(t *testing.T) {
	effect := func(id string, e func(c *checkout) Effect) func(*checkout) {
		return func(c *checkout) { c.world.charges[id].Effects = append(c.world.charges[id].Effects, e(c)) }
	}
	key := func(stream eventstore.StreamID, intent domain.Event, kind string) func(*checkout) Effect {
		return func(c *checkout) Effect { return Effect{Key: c.find(stream, intent).ID, Kind: kind} }
	}
	runPlanted(t, []planted{
		{"a key with two effects", effect("completed", key("payment-completed", payment.CaptureStarted{}, Capture)), 3, "completed", "had 2 effects"},
		{"a key that nobody asked with", effect("completed", func(*checkout) Effect { return Effect{Key: uuid.New(), Kind: Refund} }), 3, "completed", "no event's id"},
		{"no key at all", effect("completed", func(*checkout) Effect { return Effect{Kind: Refund} }), 3, "completed", "carries no key"},
		{"another order's key", func(c *checkout) {
			c.world.charges["under-way"].Effects[0].Key = c.find("payment-expired", payment.AuthorizationStarted{}).ID
		}, 3, "under-way", "another order's event"},
		{"another intent's key", effect("expired", key("payment-expired", payment.Authorized{}, Refund)), 3, "expired", "which is the id of payment.authorized.v1"},
		{"another amount", func(c *checkout) { c.world.charges["completed"].Effects[1].Amount = 501 }, 3, "completed", "501, asked for was 500"},
		{"an intent twice", func(c *checkout) {
			c.plant("payment-completed", "shipment-completed", dispatched, payment.CaptureStarted{Charge: "ch", Amount: gbp(500)})
		}, 3, "completed", "payment.capture_started.v1 is recorded twice"},
		{"a parcel booked twice", func(c *checkout) {
			b := c.world.bookings["completed"]
			b.Effects = append(b.Effects, b.Effects[0])
		}, 3, "completed", "had 2 effects"},
		{"a parcel that the carrier does not know", func(c *checkout) { delete(c.world.bookings, "completed") }, 3, "completed", "the carrier has no booking"},
		{"a parcel of no order", func(c *checkout) {
			c.world.bookings["ghost"] = &Booking{Reference: "ghost", Status: sagas.BookingBooked}
		}, 3, "ghost", "never placed"},
		{"two parcels", func(c *checkout) {
			c.world.bookings["second"] = &Booking{Reference: "completed", Status: sagas.BookingDelivered}
		}, 3, "completed", "2 bookings"},
	})
}

func TestWhatTheOutsideWorldDoesByItselfNeedsNoIntent(t *testing.T) {
	c := everyEnd(t)
	x := c.world.charges["expired"]
	x.Effects = append(x.Effects, Effect{Kind: "expire", Amount: 250})
	c.clean()
}

func TestAnOrderThatDoesNotEndIsFound(t *testing.T) {
	runPlanted(t, []planted{
		{"never decided", func(c *checkout) { c.stopped = true; c.place("o", 1, "visa"); c.pass(bound + 1) }, 4, "o", "it is placed"},
		{"never shipped", func(c *checkout) { c.place("o", 1, "visa"); c.pass(bound + 1) }, 4, "o", "it is confirmed"},
		{"its payment never undone", func(c *checkout) {
			c.place("o", 1, "visa")
			c.stopped = true
			c.word("o", sagas.BookingLost)
			c.plant("order-o", "shipment-o", shipping.Lost{}, order.Lost{})
			c.plant("stock-main", "shipment-o", dispatched, inventory.Shipped{OrderID: "o", Items: mugs(1)})
			c.pass(bound + 1)
		}, 4, "o", "its payment is not undone: it stands at payment.authorized.v1"},
		{"its payment never heard of the end", func(c *checkout) {
			c.stopped = true
			c.place("o", 1, "visa")
			c.due("order-o", order.Placed{})
			c.pass(bound + 1)
		}, 4, "o", "it has heard of nothing"},
		{"its parcel never restocked", func(c *checkout) {
			c.place("o", 1, "visa")
			c.word("o", sagas.BookingDispatched)
			c.stopped = true
			c.word("o", sagas.BookingReturned)
			c.plant("order-o", "shipment-o", shipping.Returned{}, order.Returned{})
			c.plant("payment-o", "order-o", order.Returned{}, payment.RefundStarted{Charge: "ch", Amount: gbp(250)})
			c.pass(bound + 1)
		}, 4, "o", "is not in the stock again"},
	})
}

func TestAnOrderWithinTheBoundIsOpen(t *testing.T) {
	c := newCheckout(t)
	c.place("o", 1, "visa")
	c.pass(bound - time.Second)
	if r := c.clean(); r.Open != 1 {
		t.Errorf("%d open", r.Open)
	}
}

func TestCompensationWithoutCauseOrStepOrTwiceIsFound(t *testing.T) {
	runPlanted(t, []planted{
		{"released without a cause", func(c *checkout) {
			c.plant("stock-main", "order-under-way", order.Placed{}, inventory.Released{OrderID: "under-way", Items: mugs(1)})
		}, 5, "under-way", "stock.released.v1 without a cause"},
		{"released twice", func(c *checkout) {
			c.plant("stock-main", "order-refused", order.Placed{}, inventory.Released{OrderID: "refused", Items: mugs(1)})
		}, 5, "refused", "stock.released.v1 happened more than once"},
		{"released without the step", func(c *checkout) {
			c.plant("stock-main", "order-out-of-stock", order.Rejected{}, inventory.Released{OrderID: "out-of-stock", Items: mugs(1)})
		}, 5, "out-of-stock", "there is no stock.reserved.v1"},
		{"voided without a cause", func(c *checkout) {
			c.plant("payment-under-way", "payment-under-way", payment.Authorized{}, payment.VoidStarted{Charge: "ch", Amount: gbp(250)})
		}, 5, "under-way", "payment.void_started.v1 without a cause"},
		{"refunded without the step", func(c *checkout) {
			c.plant("payment-cancelled", "order-cancelled", order.Cancelled{}, payment.RefundStarted{Charge: "ch", Amount: gbp(250)})
		}, 5, "cancelled", "there is no payment.captured.v1"},
		{"refunded twice", func(c *checkout) {
			c.plant("payment-lost", "payment-lost", payment.RefundStarted{}, payment.Refunded{Amount: gbp(250)})
		}, 5, "lost", "payment.refunded.v1 happened more than once"},
		{"completed and refunded", func(c *checkout) {
			c.plant("payment-completed", "order-completed", order.Completed{}, payment.RefundStarted{Charge: "ch", Amount: gbp(500)})
		}, 5, "completed", "both order.completed.v1 and payment.refund_started.v1"},
		{"two ends", func(c *checkout) {
			c.plant("order-completed", "shipment-lost", shipping.Lost{}, order.Lost{})
		}, 5, "completed", "several ends: order.completed.v1, order.lost.v1"},
		{"dispatched and cancelled", func(c *checkout) {
			c.plant("shipment-completed", "order-completed", order.Placed{}, shipping.Cancelled{})
		}, 5, "completed", "both shipment.cancelled.v1 and shipment.dispatched.v1"},
		{"cancelled while the parcel leaves", func(c *checkout) {
			c.plant("order-under-way", "order-under-way", order.Placed{}, order.Cancelled{Reason: "customer"})
		}, 5, "under-way", "its parcel was not held back"},
		{"a shipment cancelled that nobody asked for", func(c *checkout) {
			c.plant("shipment-under-way", "order-under-way", order.Placed{}, shipping.Cancelled{})
		}, 5, "under-way", "shipment.cancelled.v1 without a cause"},
		{"completed and never paid", func(c *checkout) {
			c.plant("order-under-way", "order-under-way", order.Confirmed{}, order.Completed{})
		}, 5, "under-way", "without being delivered and paid"},
		{"cancelled with us and on its way", func(c *checkout) {
			c.world.bookings["cancelled"].Status = sagas.BookingDispatched
		}, 5, "cancelled", "the carrier says dispatched"},
		{"dispatched with us and cancelled there", func(c *checkout) {
			c.world.bookings["completed"].Status = sagas.BookingCancelled
		}, 5, "completed", "the carrier says cancelled"},
	})
}

func TestCausesThatAreWrongAreFound(t *testing.T) {
	runPlanted(t, []planted{
		{"a cause that does not exist", func(c *checkout) {
			cause := uuid.New()
			c.raw("order-under-way", draft(uuid.New(), cause, "under-way", order.Delivered{}))
		}, 6, "under-way", "does not exist"},
		{"no cause where there must be one", func(c *checkout) {
			c.raw("order-under-way", draft(uuid.New(), uuid.Nil, "under-way", order.Delivered{}))
		}, 6, "under-way", "nothing from outside records it"},
		{"a cause that the choreography does not know", func(c *checkout) {
			c.plant("order-under-way", "shipment-under-way", shipping.Booked{}, order.Delivered{})
		}, 6, "under-way", "does not record it on shipment.booked.v1"},
		{"an id derived as if the choreography did so", func(c *checkout) {
			cause := c.find("shipment-under-way", shipping.Booked{})
			row := rowOn("shipment.delivered.v1", order.Delivered{})
			c.raw("order-under-way", draft(sagas.EventID(cause.ID, row, "order.delivered.v1", 0), cause.ID, "under-way", order.Delivered{}))
		}, 6, "under-way", "does not record it on shipment.booked.v1 in that way"},
		{"another order's cause", func(c *checkout) {
			cause := c.find("shipment-completed", shipping.Delivered{})
			row := rowOn(cause.Type, order.Delivered{})
			c.raw("order-under-way", draft(sagas.EventID(cause.ID, row, "order.delivered.v1", 0), cause.ID, "under-way", order.Delivered{}))
		}, 6, "under-way", "of another order"},
		{"an id that is not derived", func(c *checkout) {
			cause := c.find("payment-under-way", payment.Authorized{})
			c.raw("payment-under-way", draft(uuid.New(), cause.ID, "under-way", payment.AuthorizationLost{}))
		}, 6, "under-way", "not derived from its cause"},
		{"an id at the wrong place of its decision", func(c *checkout) {
			cause := c.find("payment-under-way", payment.Authorized{})
			id := sagas.EventID(cause.ID, rowOn(cause.Type, payment.AuthorizationLost{}), "payment.authorization_lost.v1", 1)
			c.raw("payment-under-way", draft(id, cause.ID, "under-way", payment.AuthorizationLost{}))
		}, 6, "under-way", "not derived from its cause"},
		{"a circle", func(c *checkout) {
			one, two := uuid.New(), uuid.New()
			c.raw("order-under-way", draft(one, two, "under-way", order.Delivered{}))
			c.raw("payment-under-way", draft(two, one, "under-way", payment.AuthorizationLost{}))
		}, 6, "under-way", "a cause of itself"},
		{"one id twice", func(c *checkout) {
			id := c.find("order-under-way", order.Placed{}).ID
			c.raw("payment-under-way", draft(id, uuid.Nil, "under-way", payment.AuthorizationLost{}))
		}, 6, "under-way", "recorded twice"},
		{"another correlation", func(c *checkout) {
			cause := c.find("payment-under-way", payment.Authorized{})
			c.raw("payment-under-way", draft(uuid.New(), cause.ID, "lost", payment.AuthorizationLost{}))
		}, 6, "under-way", `carries the correlation "lost"`},
		{"heard under another number", func(c *checkout) {
			c.place("last", 1, "visa")
			c.plant("stock-main", "order-last", order.Placed{}, inventory.Refused{OrderID: "last", Heard: inventory.Heard{Source: "order", Number: 1 << 20}})
		}, 6, "last", "heard event 1048576 of order"},
	})
}

func rowOn(trigger string, e domain.Event) *sagas.Row {
	for _, row := range emitters[e.EventType()] {
		if len(row.On) > 0 && row.On[0] == trigger {
			return row
		}
	}
	panic("no row records " + e.EventType() + " on " + trigger)
}

func TestHistoryThatWasTamperedWithIsFound(t *testing.T) {
	runPlanted(t, []planted{
		{"an order that goes on after its end", func(c *checkout) {
			c.plant("order-lost", "shipment-lost", dispatched, order.Delivered{})
		}, 9, "lost", "order.delivered.v1 is impossible"},
		{"a payment captured before it is authorized", func(c *checkout) {
			c.plant("payment-declined", "shipment-completed", dispatched, payment.Captured{Amount: gbp(250)})
		}, 9, "declined", "payment.captured.v1 is impossible"},
		{"a parcel that comes back from the customer", func(c *checkout) {
			c.plant("shipment-completed", "order-completed", order.Placed{}, shipping.Lost{})
		}, 9, "completed", "shipment.lost.v1 is impossible"},
		{"a product changed before it is listed", func(c *checkout) {
			c.raw("product-jug", draft(uuid.New(), uuid.Nil, "", catalog.Changed{Name: "Jug", UnitPrice: gbp(1)}))
		}, 9, "", "product.changed.v1 is impossible"},
		{"an event in a stream of another kind", func(c *checkout) {
			c.raw("order-completed", draft(uuid.New(), uuid.Nil, "completed", payment.Cancelled{}))
		}, 9, "", "no event of such a stream"},
		{"an event that cannot be read", func(c *checkout) {
			d := draft(uuid.New(), uuid.Nil, "completed", order.Rejected{})
			d.Data = []byte(`{"reason": 5}`)
			c.raw("order-completed", d)
		}, 9, "", "order.rejected.v1"},
		{"an unknown type", func(c *checkout) {
			c.raw("order-completed", eventstore.Draft{ID: uuid.New(), Type: "order.eaten.v1", Data: []byte("{}")})
		}, 9, "", "order.eaten.v1"},
		{"events of an order that is gone", func(c *checkout) {
			c.raw("payment-gone", draft(uuid.New(), uuid.Nil, "gone", payment.Cancelled{}))
		}, 9, "gone", "never placed"},
	})
}

func TestWhatWasAcknowledgedAndIsGoneIsFound(t *testing.T) {
	c := everyEnd(t)
	r := c.audit(func(s *Sources) { s.Acknowledged = []string{"completed", "promised"} })
	c.finds(r, 9, "promised", "acknowledged")
	if len(r.Violations) != 1 {
		t.Errorf("%d violations", len(r.Violations))
	}
}
