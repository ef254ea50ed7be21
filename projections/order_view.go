package projections

import (
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
)

// What an order's status may be.
const (
	StatusPlaced     = "placed"
	StatusConfirmed  = "confirmed"
	StatusShipped    = "shipped"
	StatusCompleted  = "completed"
	StatusRejected   = "rejected"
	StatusCancelling = "cancelling"
	StatusCancelled  = "cancelled"
	StatusReturned   = "returned"
	StatusLost       = "lost"
	StatusAttention  = "attention" // a person must decide; OrderView.Attention says about what
)

// Why an order needs a person.
const (
	AttentionPaymentDue   = "payment_due"   // the parcel left and the money could not be taken
	AttentionRefundFailed = "refund_failed" // the money could not go back
	AttentionVoidFailed   = "void_failed"   // the held money could not be let go
)

// none is the status of a part of an order of which nothing was heard yet.
const none = "none"

// OrderView is an order as people see it: the body of GET /v1/orders/{id}. Amounts are minor units of Currency.
type OrderView struct {
	ID             string          `json:"id"`
	Status         string          `json:"status"`
	Reason         string          `json:"reason,omitempty"`
	Detail         string          `json:"detail,omitempty"`
	Attention      string          `json:"attention,omitempty"` // empty unless Status is attention
	CustomerID     string          `json:"customerId,omitempty"`
	Email          string          `json:"email,omitempty"`
	Currency       domain.Currency `json:"currency"`
	Lines          []order.Line    `json:"lines"`
	ShippingCharge int64           `json:"shippingCharge"`
	Discount       int64           `json:"discount"`
	Total          int64           `json:"total"`
	ShipTo         order.Address   `json:"shipTo"`
	Warehouse      string          `json:"warehouse,omitempty"`
	PlacedAt       time.Time       `json:"placedAt"`
	EndedAt        *time.Time      `json:"endedAt,omitempty"`
	Payment        PaymentView     `json:"payment"`
	Shipment       ShipmentView    `json:"shipment"`
	Stock          OrderStockView  `json:"stock"`
}

// ShipmentView is an order's parcel.
type ShipmentView struct {
	Status   string `json:"status"`
	Booking  string `json:"booking,omitempty"`
	Tracking string `json:"tracking,omitempty"`
	Code     string `json:"code,omitempty"` // the carrier's, of a failure
	Detail   string `json:"detail,omitempty"`
}

// OrderStockView is what the warehouse did for an order.
type OrderStockView struct {
	Status    string               `json:"status"`
	Shortages []inventory.Shortage `json:"shortages,omitempty"`
	Events    []EventRef           `json:"events,omitempty"` // where the order's events lie in the warehouse's stream
}

// Ended tells whether the order's own stream has come to its end. Payment and stock may still be undoing their steps.
func (v OrderView) Ended() bool { return v.EndedAt != nil }

func (r orderRow) view(id string) OrderView {
	o := r.Order
	v := OrderView{
		ID: id, Status: r.status(), Reason: o.Reason, Detail: o.Detail, Attention: r.attention(),
		CustomerID: o.CustomerID, Email: o.Email, Currency: o.Currency, Lines: o.Lines,
		ShippingCharge: o.ShippingCharge, Discount: o.Discount, Total: o.Total,
		ShipTo: o.ShipTo, Warehouse: o.Warehouse, EndedAt: o.EndedAt,
		Payment: r.Payment,
		Shipment: ShipmentView{
			Status: r.Shipment.status(), Booking: r.Shipment.Booking, Tracking: r.Shipment.Tracking,
			Code: r.Shipment.Code, Detail: r.Shipment.Detail,
		},
		Stock: OrderStockView(r.Stock),
	}
	if o.PlacedAt != nil {
		v.PlacedAt = *o.PlacedAt
	}
	if v.Reason == "" && v.Attention != "" {
		v.Reason, v.Detail = v.Attention, r.attentionDetail()
	}
	for _, status := range []*string{&v.Payment.Status, &v.Shipment.Status, &v.Stock.Status} {
		if *status == "" {
			*status = none
		}
	}
	return v
}

// status is empty where the order is not placed yet.
func (r orderRow) status() string {
	switch o := r.Order; {
	case o.Placed == 0:
		return ""
	case r.attention() != "":
		return StatusAttention
	case o.EndedAt == nil && r.Shipment.hasLeft():
		return StatusShipped
	}
	return r.Order.Stage
}

func (r orderRow) attention() string {
	switch {
	case r.Order.Placed == 0:
		return ""
	case r.Payment.Status == paymentRefundFailed:
		return AttentionRefundFailed
	case r.Payment.Status == paymentVoidFailed:
		return AttentionVoidFailed
	case r.Order.PaymentDue:
		return AttentionPaymentDue
	}
	return ""
}

func (r orderRow) attentionDetail() string {
	if r.Order.PaymentDue {
		return r.Order.DueReason
	}
	return r.Payment.Code
}
