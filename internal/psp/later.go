package psp

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

// due moves a charge or refund on whose time has come.
func (p *Provider) due(tx *ledger.Tx, id string) error {
	at := p.service.Now()
	if strings.HasPrefix(id, "re_") {
		return p.refundDue(tx, id, at)
	}
	e, err := load(tx, id)
	if err != nil {
		return err
	}
	switch e.Status {
	case sagas.ChargePending:
		if _, err := p.settle(tx, e, scriptOf(e.Method), at, true); err != nil {
			return err
		}
		return save(tx, e)
	case sagas.ChargeAuthorized:
		return p.expire(tx, e, at)
	}
	return nil
}

func (p *Provider) refundDue(tx *ledger.Tx, id string, at time.Time) error {
	charge, found, err := tx.Get([]byte(prefixRefund + id))
	if err != nil || !found {
		return err
	}
	e, err := load(tx, string(charge))
	if err != nil {
		return err
	}
	for i, r := range e.Refunds {
		if r.ID == id && r.Status == sagas.RefundPending {
			if _, err := p.settleRefund(tx, e, i, at, true); err != nil {
				return err
			}
		}
	}
	return save(tx, e)
}

func (p *Provider) expire(tx *ledger.Tx, e *Entry, at time.Time) error {
	e.Status, e.Expired = sagas.ChargeExpired, e.Open()
	if _, err := p.tell(tx, webhook.ChargeExpired, e, nil, e.Key, at, true); err != nil {
		return err
	}
	return save(tx, e)
}

// tell records a webhook event. What the caller hears anyway is told only where the method's script or NotifyAll wants it.
// It returns the event's number where the script has it overtake the answer.
func (p *Provider) tell(tx *ledger.Tx, event string, e *Entry, refund *Refund, key string, at time.Time, news bool) (uint64, error) {
	script := scriptOf(e.Method)
	if !news && !p.options.NotifyAll && !script.notify || !p.service.Listens() {
		return 0, nil
	}
	data, err := json.Marshal(Notice{Key: key, Charge: *e, Refund: refund})
	if err != nil {
		return 0, fmt.Errorf("write webhook: %w", err)
	}
	subject := e.ID
	if refund != nil {
		subject = refund.ID
	}
	_, what, _ := strings.Cut(event, ".")
	number, err := p.service.Outbox.Add(tx, webhook.Event{
		ID: "evt_" + subject + "_" + what, Type: event, Reference: e.Reference, At: at, Data: data,
	}, max(1, script.copies))
	if err != nil || !script.overtake {
		return 0, err
	}
	return number, nil
}
