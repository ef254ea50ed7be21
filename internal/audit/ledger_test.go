package audit

import (
	"testing"
	"testing/synctest"

	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/sagas"
)

// inFlightOrder is one whose newest effect is done and not recorded yet: the services stand still, the provider does not.
func inFlightOrder(t *testing.T, heard func(c *checkout)) *checkout {
	c := newCheckout(t)
	c.place("o", 1, "visa")
	c.stopped = true
	heard(c)
	return c
}

func TestALedgerThatIsAheadOfACallInFlightIsClean(t *testing.T) {
	c := inFlightOrder(t, func(c *checkout) {
		c.word("o", sagas.BookingDispatched)
		c.plant("payment-o", "shipment-o", dispatched, payment.CaptureStarted{Charge: "ch", Amount: gbp(250)})
	})
	c.clean()
	c.world.charges["o"].Captured = 250
	c.clean()
	c.world.charges["o"].Authorized, c.world.charges["o"].Captured = 249, 249
	c.finds(c.audit(), 1, "o", "authorized: 250 in our events, 249")
}

func TestALedgerThatIsAheadOfAVoidInFlightIsClean(t *testing.T) {
	c := inFlightOrder(t, func(c *checkout) {
		c.do("POST /v1/orders/{id}/cancel", "o", "o", order.Cancel{Reason: order.Customer})
		c.stopped = false
		c.world.hold = true
		c.settle()
	})
	c.find("payment-o", payment.VoidStarted{})
	c.clean()
	c.world.charges["o"].Voided = 250
	c.clean()
}

func TestAnAuthorizationThatRanOutIsSettledByEitherSidesClock(t *testing.T) {
	c := newCheckout(t)
	c.place("theirs", 1, "visa")
	c.world.charges["theirs"].Expired = 250 // our deadline comes next
	c.clean()
	c.place("ours", 1, "visa")
	c.due("payment-ours", payment.Authorized{})
	c.clean() // the provider has not noticed
	c.world.charges["ours"].Voided = 250
	c.clean()
}

func TestAVoidThatFailedIsForAPersonToCompare(t *testing.T) {
	c := newCheckout(t)
	c.place("o", 1, "unvoidable")
	c.do("POST /v1/orders/{id}/cancel", "o", "o", order.Cancel{Reason: order.Customer})
	c.settle()
	c.find("payment-o", payment.VoidFailed{})
	if r := c.clean(); r.Attention != 1 {
		t.Errorf("%d on the attention list", r.Attention)
	}
	c.world.charges["o"].Voided = 250
	c.clean()
}

func TestWhatChangesWhileTheOrderStandsStillIsNotConvicted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := everyEnd(t)
		x := c.world.charges["completed"]
		x.Captured = 499
		c.world.onRead = func() {
			switch c.world.reads {
			case 2:
				x.Captured, x.Refunded = 500, 1
			case 3:
				x.Refunded = 0
			}
		}
		c.clean(running(c))
		if c.world.reads != 3 {
			t.Errorf("the ledger was read %d times", c.world.reads)
		}
	})
}
