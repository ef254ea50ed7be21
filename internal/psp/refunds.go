package psp

import (
	"net/http"
	"time"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/simulated"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

// codeRefundFailed is why the refunds of pm_card_refundFail fail; Stripe's word.
const codeRefundFailed = "expired_or_canceled_card"

func (p *Provider) refund(c *simulated.Call, charge string, r amountRequest) (ledger.Reply, error) {
	e, err := load(c.Tx, charge)
	if err != nil {
		return ledger.Reply{}, err
	}
	if e.Status != sagas.ChargeCaptured {
		return ledger.Reply{}, simulated.Refuse("charge_not_captured", "charge %s is %s: only captured money can be refunded", e.ID, e.Status)
	}
	left := e.Captured - e.returning()
	amount, err := r.of(e, left, "refund_too_large")
	if err != nil {
		return ledger.Reply{}, err
	}
	if amount == 0 {
		return ledger.Reply{}, simulated.Refuse("charge_refunded", "charge %s has been refunded in full", e.ID)
	}
	id, err := ledger.NewID("re_")
	if err != nil {
		return ledger.Reply{}, err
	}
	e.Refunds = append(e.Refunds, Refund{
		ID: id, Charge: e.ID, Key: c.Key, Amount: amount, Currency: e.Currency, Status: sagas.RefundPending, CreatedAt: c.At,
	})
	e.Effects = append(e.Effects, Effect{c.Key, Refunding, amount, c.At})
	c.Set([]byte(prefixRefund+id), []byte(e.ID))
	if scriptOf(e.Method).refund == refundsAtOnce {
		if c.Overtaking, err = p.settleRefund(c.Tx, e, len(e.Refunds)-1, c.At, false); err != nil {
			return ledger.Reply{}, err
		}
	} else {
		p.service.Agenda.Add(c.Tx, c.At.Add(p.options.SettleAfter), id)
	}
	if err := save(c.Tx, e); err != nil {
		return ledger.Reply{}, err
	}
	return simulated.Reply(http.StatusCreated, e.Refunds[len(e.Refunds)-1])
}

func (p *Provider) settleRefund(tx *ledger.Tx, e *Entry, index int, at time.Time, later bool) (uint64, error) {
	r := &e.Refunds[index]
	event := webhook.RefundSucceeded
	if scriptOf(e.Method).refund == refundFailsLater {
		r.Status, r.Reason, event = sagas.RefundFailed, codeRefundFailed, webhook.RefundFailed
	} else {
		r.Status = sagas.RefundSucceeded
		e.Refunded += r.Amount
	}
	return p.tell(tx, event, e, r, r.Key, at, later)
}
