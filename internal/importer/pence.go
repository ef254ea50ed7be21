package importer

import (
	"errors"
	"strconv"
	"strings"

	"github.com/ordersaga/ordersaga/domain"
)

var (
	errNoPrice = errors.New("no decimal number")
	errInexact = errors.New("more than two decimals")
)

// pence reads a decimal number of pounds exactly, or says errNoPrice or errInexact. Zeros after the second decimal are
// as good as none.
func pence(text string) (int64, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	fraction = strings.TrimRight(fraction, "0")
	if whole == "" || !allDigits(whole) || !allDigits(fraction) {
		return 0, errNoPrice
	}
	if len(fraction) > 2 {
		return 0, errInexact
	}
	amount, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	if err != nil {
		return 0, errNoPrice
	}
	if negative {
		amount = -amount
	}
	return amount, nil
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// product is quantity × price, 0 where that is beyond counting.
func product(quantity, price int64) int64 {
	amount, err := domain.Money{Amount: price, Currency: Currency}.Times(quantity)
	if err != nil {
		return 0
	}
	return amount.Amount
}

// pounds writes an amount for people.
func pounds(amount int64) string { return domain.Money{Amount: amount, Currency: Currency}.String() }
