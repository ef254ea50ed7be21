package psp

import (
	"net/http"
	"strconv"
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/simulated"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

// chargeRequest is the body of POST /v1/charges.
type chargeRequest struct {
	Reference string          `json:"reference"`
	Method    string          `json:"method"`
	Amount    int64           `json:"amount"`
	Currency  domain.Currency `json:"currency"`
}

func (r chargeRequest) check() error {
	if _, err := domain.ParseCurrency(string(r.Currency)); err != nil {
		return simulated.Refuse("invalid_currency", "%v", err)
	}
	if r.Amount <= 0 {
		return simulated.Refuse("invalid_amount", "amount is %d: it must be positive, in the minor unit of the currency", r.Amount)
	}
	if r.Reference == "" {
		return simulated.Refuse("invalid_reference", "reference is missing: name the order")
	}
	return nil
}

func (r chargeRequest) fingerprint() ledger.Fingerprint {
	return ledger.FingerprintOf("charge", r.Reference, r.Method, strconv.FormatInt(r.Amount, 10), string(r.Currency))
}

func (p *Provider) authorize(c *simulated.Call, r chargeRequest) (ledger.Reply, error) {
	if err := r.check(); err != nil {
		return ledger.Reply{}, err
	}
	id, err := ledger.NewID("ch_")
	if err != nil {
		return ledger.Reply{}, err
	}
	e := &Entry{ID: id, Reference: r.Reference, Key: c.Key, Method: r.Method, Currency: r.Currency, Amount: r.Amount, CreatedAt: c.At}
	if err := index(c.Tx, e); err != nil {
		return ledger.Reply{}, err
	}
	if script := scriptOf(e.Method); script.async {
		e.Status = sagas.ChargePending
		p.service.Agenda.Add(c.Tx, c.At.Add(p.options.SettleAfter), e.ID)
	} else if c.Overtaking, err = p.settle(c.Tx, e, script, c.At, false); err != nil {
		return ledger.Reply{}, err
	}
	if err := save(c.Tx, e); err != nil {
		return ledger.Reply{}, err
	}
	if e.Status == sagas.ChargeDeclined {
		problem := remote.Problemf(http.StatusPaymentRequired, e.DeclineCode, "the payment method %s was declined", e.Method)
		return simulated.Reply(problem.Status, remote.Failure[Entry]{Error: problem, Subject: e})
	}
	return simulated.Reply(http.StatusCreated, e)
}

// settle decides a charge: now, or later where it was pending.
func (p *Provider) settle(tx *ledger.Tx, e *Entry, script Script, at time.Time, later bool) (uint64, error) {
	if script.Decline != "" {
		e.Status, e.DeclineCode = sagas.ChargeDeclined, script.Decline
		return p.tell(tx, webhook.ChargeDeclined, e, nil, e.Key, at, later)
	}
	life := p.options.AuthorizationLife
	if script.short {
		life = p.options.ShortLife
	}
	e.Status, e.Authorized, e.ExpiresAt = sagas.ChargeAuthorized, e.Amount, at.Add(life)
	e.Effects = append(e.Effects, Effect{e.Key, Authorize, e.Amount, at})
	p.service.Agenda.Add(tx, e.ExpiresAt, e.ID)
	return p.tell(tx, webhook.ChargeAuthorized, e, nil, e.Key, at, later)
}

// amountRequest is the body of a capture or refund. Where the amount is left out it is all that there is; zero is refused.
type amountRequest struct {
	Amount   *int64          `json:"amount,omitempty"`
	Currency domain.Currency `json:"currency,omitempty"`
}

func (r amountRequest) fingerprint(what, charge string) ledger.Fingerprint {
	amount := "all"
	if r.Amount != nil {
		amount = strconv.FormatInt(*r.Amount, 10)
	}
	return ledger.FingerprintOf(what, charge, amount, string(r.Currency))
}

// of returns the amount, at most a limit.
func (r amountRequest) of(e *Entry, limit int64, tooLarge string) (int64, error) {
	switch {
	case r.Currency != "" && r.Currency != e.Currency:
		return 0, simulated.Refuse("currency_mismatch", "the charge is in %s, not in %s", e.Currency, r.Currency)
	case r.Amount == nil:
		return limit, nil
	case *r.Amount <= 0:
		return 0, simulated.Refuse("invalid_amount", "amount is %d: it must be positive", *r.Amount)
	case *r.Amount > limit:
		return 0, simulated.Refuse(tooLarge, "%d is more than the %d that is left", *r.Amount, limit)
	}
	return *r.Amount, nil
}

func (p *Provider) capture(c *simulated.Call, charge string, r amountRequest) (ledger.Reply, error) {
	e, err := p.open(c, charge)
	if err != nil {
		return ledger.Reply{}, err
	}
	if code := scriptOf(e.Method).capture; code != "" {
		return ledger.Reply{}, simulated.Refuse(code, "the payment method %s never lets itself be captured", e.Method)
	}
	amount, err := r.of(e, e.Open(), "amount_too_large")
	if err != nil {
		return ledger.Reply{}, err
	}
	p.service.Agenda.Remove(c.Tx, e.ExpiresAt, e.ID)
	e.Status, e.Captured, e.Voided = sagas.ChargeCaptured, amount, e.Authorized-amount
	return p.done(c, e, Effect{c.Key, Capture, amount, c.At}, webhook.ChargeCaptured)
}

func (p *Provider) void(c *simulated.Call, charge string) (ledger.Reply, error) {
	if e, err := load(c.Tx, charge); err == nil && e.Status == sagas.ChargeVoided {
		return simulated.Reply(http.StatusOK, e) // nothing is held any more, which is all that was asked
	}
	e, err := p.open(c, charge)
	if err != nil {
		return ledger.Reply{}, err
	}
	if code := scriptOf(e.Method).void; code != "" {
		return ledger.Reply{}, simulated.Refuse(code, "the payment method %s never lets itself be voided", e.Method)
	}
	p.service.Agenda.Remove(c.Tx, e.ExpiresAt, e.ID)
	e.Status, e.Voided = sagas.ChargeVoided, e.Open()
	return p.done(c, e, Effect{c.Key, Void, e.Voided, c.At}, webhook.ChargeVoided)
}

// open returns a charge that is authorized, and expires it first where its time has come but not yet its turn.
func (p *Provider) open(c *simulated.Call, charge string) (*Entry, error) {
	e, err := load(c.Tx, charge)
	if err != nil {
		return nil, err
	}
	if e.Status == sagas.ChargeAuthorized && !c.At.Before(e.ExpiresAt) {
		p.service.Agenda.Remove(c.Tx, e.ExpiresAt, e.ID)
		if err := p.expire(c.Tx, e, c.At); err != nil {
			return nil, err
		}
	}
	switch e.Status {
	case sagas.ChargeAuthorized:
		return e, nil
	case sagas.ChargePending:
		return nil, remote.Problemf(http.StatusConflict, "charge_pending", "charge %s is not decided yet", e.ID)
	}
	return nil, simulated.Refuse("charge_"+string(e.Status), "charge %s is %s", e.ID, e.Status)
}

func (p *Provider) done(c *simulated.Call, e *Entry, effect Effect, event string) (_ ledger.Reply, err error) {
	e.Effects = append(e.Effects, effect)
	if c.Overtaking, err = p.tell(c.Tx, event, e, nil, c.Key, c.At, false); err != nil {
		return ledger.Reply{}, err
	}
	if err := save(c.Tx, e); err != nil {
		return ledger.Reply{}, err
	}
	return simulated.Reply(http.StatusOK, e)
}
