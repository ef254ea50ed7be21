package domain_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordersaga/ordersaga/domain"
)

func gbp(amount int64) domain.Money { return domain.Money{Amount: amount, Currency: "GBP"} }

func TestMoneyAddsUntilItOverflows(t *testing.T) {
	const most, least = math.MaxInt64, math.MinInt64
	for _, c := range []struct {
		a, b, sum int64
		err       error
	}{
		{a: 0, b: 0, sum: 0},
		{a: 255, b: -255, sum: 0},
		{a: -1, b: -2, sum: -3},
		{a: most, b: 0, sum: most},
		{a: most - 1, b: 1, sum: most},
		{a: most, b: least, sum: -1},
		{a: least, b: 0, sum: least},
		{a: least + 1, b: -1, sum: least},
		{a: most, b: 1, err: domain.ErrOverflow},
		{a: most, b: most, err: domain.ErrOverflow},
		{a: least, b: -1, err: domain.ErrOverflow},
		{a: least, b: least, err: domain.ErrOverflow},
	} {
		for _, pair := range [][2]int64{{c.a, c.b}, {c.b, c.a}} {
			got, err := gbp(pair[0]).Add(gbp(pair[1]))
			if !errors.Is(err, c.err) || err == nil && got != gbp(c.sum) {
				t.Errorf("%d + %d = %v, %v; want %d, %v", pair[0], pair[1], got, err, c.sum, c.err)
			}
		}
	}
}

func TestMoneyMultipliesUntilItOverflows(t *testing.T) {
	const most, least = math.MaxInt64, math.MinInt64
	for _, c := range []struct {
		a, n, product int64
		err           error
	}{
		{a: 255, n: 6, product: 1530},
		{a: -255, n: 6, product: -1530},
		{a: -255, n: -6, product: 1530},
		{a: 0, n: least, product: 0},
		{a: most, n: 1, product: most},
		{a: most, n: -1, product: -most},
		{a: 1 << 31, n: 1<<32 - 1, product: 1<<63 - 1<<31},
		{a: least, n: 1, product: least},
		{a: 1 << 62, n: -2, product: least},
		{a: 1 << 62, n: 2, err: domain.ErrOverflow},
		{a: -(1 << 62), n: -2, err: domain.ErrOverflow},
		{a: -(1<<62 + 1), n: 2, err: domain.ErrOverflow},
		{a: 1 << 31, n: 1 << 32, err: domain.ErrOverflow},
		{a: 1 << 32, n: 1 << 32, err: domain.ErrOverflow}, // 2⁶⁴: nothing is left in 64 bits
		{a: most, n: 2, err: domain.ErrOverflow},
		{a: least, n: -1, err: domain.ErrOverflow},
		{a: least, n: 2, err: domain.ErrOverflow},
		{a: least, n: least, err: domain.ErrOverflow},
	} {
		for _, pair := range [][2]int64{{c.a, c.n}, {c.n, c.a}} {
			got, err := gbp(pair[0]).Times(pair[1])
			if !errors.Is(err, c.err) || err == nil && got != gbp(c.product) {
				t.Errorf("%d × %d = %v, %v; want %d, %v", pair[0], pair[1], got, err, c.product, c.err)
			}
		}
	}
}

func TestMoneyOfTwoCurrenciesHasNoSum(t *testing.T) {
	_, err := gbp(1).Add(domain.Money{Amount: 1, Currency: "EUR"})
	if !errors.Is(err, domain.ErrMixedCurrencies) || !strings.Contains(err.Error(), "GBP and EUR") {
		t.Errorf("got %v", err)
	}
	if _, err := gbp(1).Add(domain.Money{}); !errors.Is(err, domain.ErrMixedCurrencies) {
		t.Errorf("no currency was taken for GBP: %v", err)
	}
}

func TestMoneyIsWrittenWithItsCurrencysOwnDecimals(t *testing.T) {
	for want, m := range map[string]domain.Money{
		"2.55 GBP":                  gbp(255),
		"0.05 GBP":                  gbp(5),
		"0.00 GBP":                  gbp(0),
		"-0.05 GBP":                 gbp(-5),
		"-12.00 GBP":                gbp(-1200),
		"100 JPY":                   {Amount: 100, Currency: "JPY"},
		"-1 JPY":                    {Amount: -1, Currency: "JPY"},
		"1.234 KWD":                 {Amount: 1234, Currency: "KWD"},
		"0.007 KWD":                 {Amount: 7, Currency: "KWD"},
		"92233720368547758.07 GBP":  gbp(math.MaxInt64),
		"-92233720368547758.08 GBP": gbp(math.MinInt64),
		"-9223372036854775.808 KWD": {Amount: math.MinInt64, Currency: "KWD"},
		"-9223372036854775808 JPY":  {Amount: math.MinInt64, Currency: "JPY"},
		"1.00 no such currency":     {Amount: 100, Currency: "no such currency"},
	} {
		if got := m.String(); got != want {
			t.Errorf("%#v is written %q, want %q", m, got, want)
		}
	}
}

func TestOnlyNothingIsZero(t *testing.T) {
	if !gbp(0).IsZero() || !(domain.Money{}).IsZero() || gbp(1).IsZero() || gbp(-1).IsZero() {
		t.Error("zero is an amount of 0 and nothing else")
	}
}

func TestAnySumIsExactOrRefused(t *testing.T) {
	edges := []int64{0, 1, -1, math.MaxInt64, math.MinInt64}
	term := rapid.OneOf(rapid.Int64(), rapid.SampledFrom(edges))
	rapid.Check(t, func(t *rapid.T) {
		a, b := term.Draw(t, "a"), term.Draw(t, "b")
		exact := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		switch got, err := gbp(a).Add(gbp(b)); {
		case exact.IsInt64() && (err != nil || got != gbp(exact.Int64())):
			t.Fatalf("%d + %d = %v, %v; want %v", a, b, got, err, exact)
		case !exact.IsInt64() && !errors.Is(err, domain.ErrOverflow):
			t.Fatalf("%d + %d = %v, %v; want an overflow", a, b, got, err)
		}
	})
}
