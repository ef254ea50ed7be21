package domain_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/ordersaga/ordersaga/domain"
)

// A product is exact, or refused where an int64 does not hold it.
func FuzzMoneyTimes(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 255, 1 << 31, 1 << 32, math.MaxInt64, math.MinInt64} {
		f.Add(n, int64(6))
		f.Add(n, n)
		f.Add(int64(-1), n)
	}
	f.Fuzz(func(t *testing.T, amount, n int64) {
		exact := new(big.Int).Mul(big.NewInt(amount), big.NewInt(n))
		fits := exact.IsInt64()
		got, err := gbp(amount).Times(n)
		switch {
		case fits && (err != nil || got != gbp(exact.Int64())):
			t.Errorf("%d × %d = %v, %v; want %v", amount, n, got, err, exact)
		case !fits && (!errors.Is(err, domain.ErrOverflow) || got != domain.Money{}):
			t.Errorf("%d × %d = %v, %v; want an overflow", amount, n, got, err)
		}
	})
}

// A currency is taken exactly as it is written, or refused; what is taken has three capitals and decimals to write it with.
func FuzzParseCurrency(f *testing.F) {
	for _, code := range []string{"GBP", "JPY", "KWD", "gbp", "XXX", "XTS", "", "GBPP", "ÅÅÅ", "G\x00P"} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		got, err := domain.ParseCurrency(code)
		if err != nil {
			if !errors.Is(err, domain.ErrUnknownCurrency) || got != "" {
				t.Errorf("%q: refused with %q, %v", code, got, err)
			}
			return
		}
		if string(got) != code || len(code) != 3 {
			t.Errorf("%q became %q", code, got)
		}
		for _, letter := range code {
			if letter < 'A' || letter > 'Z' {
				t.Errorf("%q is accepted", code)
			}
		}
		if decimals := got.Decimals(); decimals < 0 || decimals > 4 {
			t.Errorf("%q has %d decimals", code, decimals)
		}
	})
}
