package psp

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/sagas"
)

// Entry is the provider's record of one charge: what its API answers with and what audits read. All amounts are in the
// minor unit of the one currency.
type Entry struct {
	ID          string             `json:"id"` // "ch_…", in the order of creation
	Reference   string             `json:"reference"`
	Key         string             `json:"key"` // idempotency key of the call that made it
	Method      string             `json:"method"`
	Status      sagas.ChargeStatus `json:"status"`
	DeclineCode string             `json:"declineCode,omitempty"`
	Currency    domain.Currency    `json:"currency"`
	Amount      int64              `json:"amount"` // asked for
	Authorized  int64              `json:"authorized"`
	Captured    int64              `json:"captured"`
	Voided      int64              `json:"voided"` // with what a partial capture left over
	Expired     int64              `json:"expired"`
	Refunded    int64              `json:"refunded"` // by refunds that succeeded
	CreatedAt   time.Time          `json:"createdAt"`
	ExpiresAt   time.Time          `json:"expiresAt,omitzero"`
	Refunds     []Refund           `json:"refunds,omitempty"`
	Effects     []Effect           `json:"effects,omitempty"`
}

// Refund is the provider's record of money that goes back.
type Refund struct {
	ID        string             `json:"id"` // "re_…"
	Charge    string             `json:"charge"`
	Key       string             `json:"key"` // idempotency key of the call
	Amount    int64              `json:"amount"`
	Currency  domain.Currency    `json:"currency"`
	Status    sagas.RefundStatus `json:"status"`
	Reason    string             `json:"reason,omitempty"` // why it failed
	CreatedAt time.Time          `json:"createdAt"`
}

// Effect is one thing that a call brought about. A call with one key never brings about two; a decline, a refused call
// and a repeated one bring about none. A refund counts once it is begun, whatever becomes of it.
type Effect struct {
	Key    string     `json:"key"`
	Kind   EffectKind `json:"kind"`
	Amount int64      `json:"amount"`
	At     time.Time  `json:"at"`
}

// EffectKind is what a call did.
type EffectKind string

// The kinds of effects.
const (
	Authorize EffectKind = "authorize"
	Capture   EffectKind = "capture"
	Void      EffectKind = "void"
	Refunding EffectKind = "refund"
)

// Notice is the data of every webhook event of the provider: the charge as it was when the event happened, the refund it
// is about, if any, and the idempotency key of the call that began it.
type Notice struct {
	Key    string  `json:"key"`
	Charge Entry   `json:"charge"`
	Refund *Refund `json:"refund,omitempty"`
}

// Open is what is authorized and neither captured nor let go.
func (e Entry) Open() int64 { return e.Authorized - e.Captured - e.Voided - e.Expired }

func (e Entry) money(amount int64) domain.Money {
	return domain.Money{Amount: amount, Currency: e.Currency}
}

// AsCharge is the entry as the payment service knows it.
func (e Entry) AsCharge() sagas.Charge {
	c := sagas.Charge{
		ID: e.ID, Reference: e.Reference, Status: e.Status, DeclineCode: e.DeclineCode, ExpiresAt: e.ExpiresAt,
		Authorized: e.money(e.Authorized), Captured: e.money(e.Captured), Refunded: e.money(e.Refunded),
	}
	for _, r := range e.Refunds {
		c.Refunds = append(c.Refunds, r.AsRefund())
	}
	return c
}

// AsRefund is the refund as the payment service knows it. A key that is no UUID was not ours and becomes uuid.Nil.
func (r Refund) AsRefund() sagas.Refund {
	key, err := uuid.Parse(r.Key)
	if err != nil {
		key = uuid.Nil
	}
	return sagas.Refund{
		ID: r.ID, Key: key, Amount: domain.Money{Amount: r.Amount, Currency: r.Currency}, Status: r.Status, Reason: r.Reason,
	}
}

// returning is what refunds that have not failed give back.
func (e Entry) returning() int64 {
	var sum int64
	for _, r := range e.Refunds {
		if r.Status != sagas.RefundFailed {
			sum += r.Amount
		}
	}
	return sum
}

// Check tells what in the entry does not add up: authorized = captured + voided + expired + open, refunded ≤ captured,
// and the effects agree with the sums.
func (e Entry) Check() error {
	var problems []error
	must := func(holds bool, format string, args ...any) {
		if !holds {
			problems = append(problems, fmt.Errorf("charge %s of %s: "+format, append([]any{e.ID, e.Reference}, args...)...))
		}
	}
	must(min(e.Authorized, e.Captured, e.Voided, e.Expired, e.Refunded) >= 0, "an amount is negative")
	must((e.Status == sagas.ChargeAuthorized) == (e.Open() > 0) && e.Open() >= 0,
		"status %s, but authorized %d, captured %d, voided %d, expired %d", e.Status, e.Authorized, e.Captured, e.Voided, e.Expired)
	must(e.Refunded <= e.Captured, "refunded %d of %d captured", e.Refunded, e.Captured)
	must(e.returning() <= e.Captured, "refunds of %d against %d captured", e.returning(), e.Captured)

	sums, keys := map[EffectKind]int64{}, map[string]bool{}
	for _, effect := range e.Effects {
		must(!keys[effect.Key], "key %s had two effects", effect.Key)
		keys[effect.Key] = true
		sums[effect.Kind] += effect.Amount
	}
	var settled, begun int64
	for _, r := range e.Refunds {
		begun += r.Amount
		if r.Status == sagas.RefundSucceeded {
			settled += r.Amount
		}
	}
	must(settled == e.Refunded, "refunded %d, but its refunds say %d", e.Refunded, settled)
	must(sums[Authorize] == e.Authorized && sums[Capture] == e.Captured && sums[Void] <= e.Voided && sums[Refunding] == begun,
		"its effects are %v", sums)
	return errors.Join(problems...)
}
