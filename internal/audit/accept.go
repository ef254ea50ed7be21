package audit

import (
	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// decision is what remains of the decision that a log's newest event came from: its other events follow at once, as they
// were written together.
type decision struct {
	stream uint32
	rest   []string
}

// step is an event on its way into a state.
type step struct {
	decision *decision
	stream   uint32
	fact     uint8
}

// acceptor tells whether a decider could have recorded an event: whether there is a command that it would have answered
// with it. That needs no list of transitions beside the decider's own.
type acceptor[S, C any, E domain.Event] struct {
	entity   domain.Entity[S, C, E]
	telling  func(E) (C, bool) // the command that tells the decider what the event says, where there is one
	commands []C               // one of each other kind
	likely   map[uint8]int     // the command that led to such an event the last time
}

func (x *acceptor[S, C, E]) accept(state S, s step, e E) bool {
	if s.decision.continues(s.stream, e) {
		return true
	}
	if command, told := x.telling(e); told && x.try(command, state, s, e) {
		return true
	}
	if i, known := x.likely[s.fact]; known && x.try(x.commands[i], state, s, e) {
		return true
	}
	for i, command := range x.commands {
		if x.try(command, state, s, e) {
			x.likely[s.fact] = i
			return true
		}
	}
	return false
}

// try asks the decider, and remembers the rest of its answer.
func (x *acceptor[S, C, E]) try(command C, state S, s step, e E) bool {
	events, err := x.entity.Decide(command, state)
	if err != nil || len(events) == 0 || events[0].EventType() != e.EventType() {
		return false
	}
	*s.decision = decision{stream: s.stream}
	for _, next := range events[1:] {
		s.decision.rest = append(s.decision.rest, next.EventType())
	}
	return true
}

func (d *decision) continues(stream uint32, e domain.Event) bool {
	if d.stream != stream || len(d.rest) == 0 || d.rest[0] != e.EventType() {
		d.rest = nil
		return false
	}
	d.rest = d.rest[1:]
	return true
}

// acceptors are those of the streams that an order or a product has to itself.
type acceptors struct {
	order    *acceptor[order.State, order.Command, order.Event]
	payment  *acceptor[payment.State, payment.Command, payment.Event]
	shipment *acceptor[shipping.State, shipping.Command, shipping.Event]
	product  *acceptor[catalog.State, catalog.Command, catalog.Event]
	products map[uint32]catalog.State // by stream
}

func newAcceptors() acceptors {
	return acceptors{
		order: &acceptor[order.State, order.Command, order.Event]{
			entity: order.Entity, telling: tellOrder, likely: map[uint8]int{},
			commands: []order.Command{
				order.Confirm{},
				order.Cancel{},
				order.LoseAuthorization{},
				order.RefuseCancellation{},
				order.NoteDelivered{},
				order.NotePaid{},
				order.NotePaymentDue{},
				order.Lose{},
				order.Return{},
			},
		},
		payment: &acceptor[payment.State, payment.Command, payment.Event]{
			entity: payment.Entity, telling: tellPayment, likely: map[uint8]int{},
			commands: []payment.Command{
				payment.Authorize{},
				payment.Capture{},
				payment.Undo{},
				payment.ExpireAuthorization{},
				payment.RecordVoided{},
				payment.RecordVoidFailed{},
				payment.RecordRefundPending{},
				payment.RecordRefunded{},
				payment.RecordRefundFailed{},
			},
		},
		shipment: &acceptor[shipping.State, shipping.Command, shipping.Event]{
			entity: shipping.Entity, telling: tellShipment, likely: map[uint8]int{},
			commands: []shipping.Command{
				shipping.Cancel{},
				shipping.RecordCancelled{},
				shipping.RecordDispatched{},
				shipping.RecordDelivered{},
				shipping.RecordLost{},
				shipping.RecordReturned{},
			},
		},
		product: &acceptor[catalog.State, catalog.Command, catalog.Event]{
			entity: catalog.Entity, telling: tellProduct, likely: map[uint8]int{},
		},
		products: map[uint32]catalog.State{},
	}
}

func tellOrder(e order.Event) (order.Command, bool) {
	switch e := e.(type) {
	case order.Placed:
		return order.Place{Placed: e}, true
	case order.Rejected:
		return order.Reject(e), true
	case order.Cancelled:
		return order.EndShipment(e), true
	}
	return nil, false
}

func tellPayment(e payment.Event) (payment.Command, bool) {
	switch e := e.(type) {
	case payment.Requested:
		return payment.Request(e), true
	case payment.Authorized:
		return payment.RecordAuthorized(e), true
	case payment.Declined:
		return payment.RecordDeclined(e), true
	case payment.Captured:
		return payment.RecordCaptured(e), true
	case payment.CaptureFailed:
		return payment.RecordCaptureFailed(e), true
	}
	return nil, false
}

func tellShipment(e shipping.Event) (shipping.Command, bool) {
	switch e := e.(type) {
	case shipping.Prepared:
		return shipping.Prepare(e), true
	case shipping.Booked:
		return shipping.RecordBooked(e), true
	case shipping.Failed:
		return shipping.RecordFailed(e), true
	case shipping.CancellationRefused:
		return shipping.RecordCancellationRefused(e), true
	}
	return nil, false
}

func tellProduct(e catalog.Event) (catalog.Command, bool) {
	switch e := e.(type) {
	case catalog.Listed:
		return catalog.Put(e), true
	case catalog.Changed:
		return catalog.Put(e), true
	}
	return nil, false
}
