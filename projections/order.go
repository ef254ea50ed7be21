package projections

import (
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// orderRow is all that is known of an order. Its sections may fill in any order: a row may know of a payment before it
// knows of the order.
type orderRow struct {
	Order    orderSection    `json:"order"`
	Payment  PaymentView     `json:"payment"`
	Shipment shipmentSection `json:"shipment"`
	Stock    stockSection    `json:"stock"`
}

// orders is the read model of orders, by order id.
var orders = Projection[orderRow]{
	Name:   "orders",
	Keys:   orderKeys,
	New:    func(string) orderRow { return orderRow{} },
	Evolve: evolveOrder,
}

func orderKeys(f Fact, touch func(string)) {
	switch e := f.Body.(type) {
	case order.Event, payment.Event, shipping.Event:
		touch(f.Stream.ID())
	case inventory.Reserved:
		touch(e.OrderID)
	case inventory.Refused:
		touch(e.OrderID)
	case inventory.Released:
		touch(e.OrderID)
	case inventory.Shipped:
		touch(e.OrderID)
	case inventory.Restocked:
		touch(e.OrderID)
	}
}

func evolveOrder(r orderRow, f Fact) orderRow {
	switch e := f.Body.(type) {
	case order.Event:
		r.Order = r.Order.evolve(e, f)
	case payment.Event:
		r.Payment = r.Payment.evolve(e)
	case shipping.Event:
		r.Shipment = r.Shipment.evolve(e)
	case inventory.Event:
		r.Stock = r.Stock.evolve(e, f)
	}
	return r
}

// orderSection is what the order service's events say.
type orderSection struct {
	Placed         uint64          `json:"placed"` // number of order.placed among its source's events; 0: not heard yet
	Stage          string          `json:"stage,omitempty"`
	Reason         string          `json:"reason,omitempty"`
	Detail         string          `json:"detail,omitempty"`
	CustomerID     string          `json:"customerId,omitempty"`
	Email          string          `json:"email,omitempty"`
	Currency       domain.Currency `json:"currency,omitempty"`
	Lines          []order.Line    `json:"lines,omitempty"`
	ShippingCharge int64           `json:"shippingCharge,omitempty"`
	Discount       int64           `json:"discount,omitempty"`
	Total          int64           `json:"total,omitempty"`
	ShipTo         order.Address   `json:"shipTo"`
	Warehouse      string          `json:"warehouse,omitempty"`
	PlacedAt       *time.Time      `json:"placedAt,omitempty"`
	EndedAt        *time.Time      `json:"endedAt,omitempty"`
	PaymentDue     bool            `json:"paymentDue,omitempty"` // and not paid since
	DueReason      string          `json:"dueReason,omitempty"`
}

func (s orderSection) evolve(event order.Event, f Fact) orderSection {
	switch e := event.(type) {
	case order.Placed:
		return placed(e, f)
	case order.Confirmed:
		s.Stage = StatusConfirmed
	case order.Rejected:
		return s.ended(StatusRejected, e.Reason, e.Detail, f)
	case order.CancellationRequested:
		s.Stage, s.Reason = StatusCancelling, e.Reason
	case order.CancellationRefused:
		s.Stage, s.Reason = StatusConfirmed, ""
	case order.Cancelled:
		return s.ended(StatusCancelled, e.Reason, e.Detail, f)
	case order.Delivered: // the shipment's section says so too
	case order.Paid:
		s.PaymentDue, s.DueReason = false, ""
	case order.PaymentDue:
		s.PaymentDue, s.DueReason = true, e.Reason
	case order.Completed:
		return s.ended(StatusCompleted, "", "", f)
	case order.Lost:
		return s.ended(StatusLost, "", "", f)
	case order.Returned:
		return s.ended(StatusReturned, "", "", f)
	}
	return s
}

func placed(e order.Placed, f Fact) orderSection {
	return orderSection{
		Placed: f.Number, Stage: StatusPlaced, PlacedAt: at(f),
		CustomerID: e.CustomerID, Email: e.Email, Currency: e.Currency, Lines: e.Lines,
		ShippingCharge: e.ShippingCharge, Discount: e.Discount, Total: e.Total,
		ShipTo: e.ShipTo, Warehouse: e.Warehouse,
	}
}

// ended closes the order. Whatever was due is settled by the pivot's own undoing.
func (s orderSection) ended(stage, reason, detail string, f Fact) orderSection {
	s.Stage, s.Reason, s.Detail, s.EndedAt = stage, reason, detail, at(f)
	s.PaymentDue, s.DueReason = false, ""
	return s
}

func at(f Fact) *time.Time {
	t := f.At.UTC()
	return &t
}

// orderTable is where the rows are kept. Orders are listed by the number of their placing: it grows with the time of
// placing and, unlike a time, no two orders share it.
var orderTable = table{
	name: orders.Name,
	fixed: []column{
		{"placed", integer}, {"customer", text}, {"currency", text}, {"total", integer},
	},
	moving: []column{
		{"status", text}, {"authorized", integer}, {"captured", integer}, {"voided", integer}, {"expired", integer}, {"refunded", integer},
	},
	indexes: [][]string{{"placed"}, {"customer", "placed"}, {"status", "placed"}},
}

// columns of a row that is not placed yet are null where they are fixed: it is in no listing.
func (r orderRow) columns(_ string, to []any) (columns []any, fixed bool) {
	if o := r.Order; o.Placed != 0 {
		to = append(to, int64(o.Placed), o.CustomerID, string(o.Currency), o.Total)
	} else {
		to = append(to, nil, nil, nil, nil)
	}
	p := r.Payment
	to = append(to, r.status(), p.Authorized, p.Captured, p.Voided, p.Expired, p.Refunded)
	return to, r.Order.Placed != 0
}
