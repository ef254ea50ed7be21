package sagas

import (
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/domain/shipping"
)

// Checkout is the whole dance. Read a row as: on this event, that stream's service decides, and records one of these.
// An Effect asks the outside world on behalf of its own intent; At does the same with time; an Edge is a door for people
// and for the outside world's own words.
var Checkout = New(
	// The happy path.
	Edge("POST /v1/orders", order.Entity).Emitting(order.Placed{}),
	On[order.Placed](inventory.Entity, reserveStock).Emitting(inventory.Reserved{}, inventory.Refused{}),
	On[order.Placed](payment.Entity, requestPayment).Emitting(payment.Requested{}),
	On[inventory.Reserved](payment.Entity, authorizePayment).Needing(payment.Requested{}).Emitting(payment.AuthorizationStarted{}, payment.Authorized{}),
	Effect[payment.AuthorizationStarted](payment.Entity, askAuthorization).Emitting(payment.Authorized{}, payment.Declined{}, payment.VoidStarted{}),
	On[payment.Authorized](order.Entity, confirmOrder).Emitting(order.Confirmed{}),
	On[order.Confirmed](shipping.Entity, prepareShipment).Emitting(shipping.Prepared{}),
	Effect[shipping.Prepared](shipping.Entity, askBooking).Emitting(shipping.Booked{}, shipping.Failed{}, shipping.Dispatched{}, shipping.Delivered{},
		shipping.Cancelled{}, shipping.CancellationRefused{}, shipping.Lost{}, shipping.Returned{}),
	Edge("the carrier's webhook", shipping.Entity).Emitting(shipping.Booked{}, shipping.Failed{}, shipping.Dispatched{}, shipping.Delivered{},
		shipping.Cancelled{}, shipping.CancellationRefused{}, shipping.Lost{}, shipping.Returned{}),
	On[shipping.Dispatched](inventory.Entity, shipStock).Emitting(inventory.Shipped{}),
	On[shipping.Dispatched](payment.Entity, capturePayment).Needing(payment.Authorized{}).Emitting(payment.CaptureStarted{}, payment.Captured{}, payment.CaptureFailed{}),
	Effect[payment.CaptureStarted](payment.Entity, askCapture).Emitting(payment.Captured{}, payment.CaptureFailed{}, payment.RefundStarted{}, payment.VoidStarted{}),
	On[payment.Captured](order.Entity, notePaid).Emitting(order.Paid{}, order.Completed{}),
	On[shipping.Delivered](order.Entity, noteDelivered).Emitting(order.Delivered{}, order.Completed{}),

	// Every failure leads to a pivot of the order, or to a person.
	On[inventory.Refused](order.Entity, rejectOutOfStock).Emitting(order.Rejected{}),
	On[payment.Declined](order.Entity, rejectDeclined).Emitting(order.Rejected{}),
	At[order.Placed](order.Entity, expirePayment).Until(order.Confirmed{}, order.Rejected{}, order.Cancelled{}).Emitting(order.Rejected{}),
	Edge("POST /v1/orders/{id}/cancel", order.Entity).Emitting(order.Cancelled{}, order.CancellationRequested{}),
	On[order.CancellationRequested](shipping.Entity, cancelShipment).Emitting(shipping.Cancelled{}, shipping.CancellationStarted{}, shipping.CancellationRefused{}),
	Effect[shipping.CancellationStarted](shipping.Entity, askCancellation).Needing(shipping.Booked{}).Emitting(shipping.Cancelled{}, shipping.CancellationRefused{},
		shipping.Failed{}, shipping.Dispatched{}, shipping.Delivered{}, shipping.Lost{}, shipping.Returned{}),
	On[shipping.CancellationRefused](order.Entity, refuseCancellation).Emitting(order.CancellationRefused{}),
	On[shipping.Cancelled](order.Entity, cancelAsAsked).Emitting(order.Cancelled{}),
	On[shipping.Failed](order.Entity, cancelUnshippable).Emitting(order.Cancelled{}),
	At[payment.Authorized](payment.Entity, expireAuthorization).Until(payment.CaptureStarted{}, payment.Captured{}, payment.VoidStarted{}, payment.Voided{}).Emitting(payment.AuthorizationLost{}),
	On[payment.AuthorizationLost](order.Entity, loseAuthorization).Emitting(order.Rejected{}, order.CancellationRequested{}),
	On[payment.CaptureFailed](order.Entity, notePaymentDue).Emitting(order.PaymentDue{}),
	On[shipping.Lost](order.Entity, loseOrder).Emitting(order.Lost{}),
	On[shipping.Returned](order.Entity, returnOrder).Emitting(order.Returned{}),

	// Undoing: one row a step, whatever the failure was.
	Undo(inventory.Entity, releaseStock, order.Rejected{}, order.Cancelled{}).Undoing(inventory.Reserved{}).Emitting(inventory.Released{}),
	On[shipping.Returned](inventory.Entity, restockReturned).Undoing(inventory.Shipped{}).Emitting(inventory.Shipped{}, inventory.Restocked{}),
	Undo(payment.Entity, undoPayment, order.Rejected{}, order.Cancelled{}, order.Lost{}, order.Returned{}).Undoing(payment.Authorized{}, payment.Captured{}).
		Emitting(payment.Cancelled{}, payment.VoidStarted{}, payment.Voided{}, payment.RefundStarted{}, payment.Refunded{}),
	Effect[payment.VoidStarted](payment.Entity, askVoid).Emitting(payment.Voided{}, payment.VoidFailed{}),
	Effect[payment.RefundStarted](payment.Entity, askRefund).Emitting(payment.RefundPending{}, payment.Refunded{}, payment.RefundFailed{}),
	Effect[payment.RefundPending](payment.Entity, askPendingRefund).Emitting(payment.Refunded{}, payment.RefundFailed{}),

	// Around the orders.
	Edge("the provider's webhook", payment.Entity).Emitting(payment.Authorized{}, payment.Declined{}, payment.AuthorizationLost{}, payment.VoidStarted{},
		payment.Captured{}, payment.RefundStarted{}, payment.Voided{}, payment.Refunded{}, payment.RefundFailed{}),
	Edge("PUT /v1/products/{sku}", catalog.Entity).Emitting(catalog.Listed{}, catalog.Changed{}),
	Edge("POST /v1/stock/receipts", inventory.Entity).Emitting(inventory.Received{}),
	Edge("POST /v1/stock/adjustments", inventory.Entity).Emitting(inventory.Adjusted{}),
	Edge("a long stretch of triggers that ask for nothing", inventory.Entity).Emitting(inventory.CaughtUp{}),
)
