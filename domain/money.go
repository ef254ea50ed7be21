package domain

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Errors of money arithmetic.
var (
	ErrOverflow        = errors.New("amount is too large")
	ErrMixedCurrencies = errors.New("amounts are in different currencies")
)

// Money is an amount in the minor units of its currency: 255 GBP is £2.55. The zero value is nothing, in no currency.
type Money struct {
	Amount   int64    `json:"amount"`
	Currency Currency `json:"currency"`
}

// IsZero tells whether there is nothing to pay.
func (m Money) IsZero() bool { return m.Amount == 0 }

// Add returns ErrMixedCurrencies or ErrOverflow where there is no sum.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, fmt.Errorf("%w: %s and %s", ErrMixedCurrencies, m.Currency, o.Currency)
	}
	sum := m.Amount + o.Amount
	if (sum > m.Amount) != (o.Amount > 0) && o.Amount != 0 {
		return Money{}, ErrOverflow
	}
	return Money{sum, m.Currency}, nil
}

// Times is n times the amount, or ErrOverflow.
func (m Money) Times(n int64) (Money, error) {
	negative := (m.Amount < 0) != (n < 0)
	limit := uint64(math.MaxInt64)
	if negative {
		limit++ // −2⁶³ has no opposite
	}
	hi, lo := bits.Mul64(magnitude(m.Amount), magnitude(n))
	if hi != 0 || lo > limit {
		return Money{}, ErrOverflow
	}
	if negative {
		lo = -lo
	}
	return Money{int64(lo), m.Currency}, nil
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// String writes the amount as people do, with the currency's own decimals: "2.55 GBP", "100 JPY".
func (m Money) String() string {
	sign, rest := "", magnitude(m.Amount)
	if m.Amount < 0 {
		sign = "-"
	}
	decimals := m.Currency.Decimals()
	unit := uint64(math.Pow10(decimals))
	if decimals == 0 {
		return fmt.Sprintf("%s%d %s", sign, rest, m.Currency)
	}
	return fmt.Sprintf("%s%d.%0*d %s", sign, rest/unit, decimals, rest%unit, m.Currency)
}
