package domain

import (
	"errors"
	"fmt"
)

// ErrUnknownCurrency is the answer to a code that nobody pays in.
var ErrUnknownCurrency = errors.New("unknown currency")

// Currency is an ISO 4217 code in capitals: "GBP".
type Currency string

// ParseCurrency accepts the ISO 4217 codes that are in use for payment.
func ParseCurrency(code string) (Currency, error) {
	if _, inUse := minorUnit(Currency(code)); !inUse {
		return "", fmt.Errorf("%w %q: use an ISO 4217 code in capitals, such as GBP", ErrUnknownCurrency, code)
	}
	return Currency(code), nil
}

// Decimals is how many digits the minor unit has: 2 for GBP, 0 for JPY, 3 for KWD, and 2 for what is no currency.
func (c Currency) Decimals() int {
	if digits, inUse := minorUnit(c); inUse {
		return digits
	}
	return 2
}

// minorUnit is how many digits a currency's minor unit has, and whether people pay in it at all.
//
// The source is ISO 4217, list one ("current currency and funds"), as of 2026: without funds and units of account (CLF,
// CHE, XDR), metals (XAU), and the codes for tests and for none (XTS, XXX). Payment providers differ for a few: Stripe,
// say, counts ISK and UGX in hundredths and MGA in whole ariary. Whoever calls one must translate.
func minorUnit(c Currency) (digits int, inUse bool) {
	switch c {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
		"XAF", "XOF", "XPF":
		return 0, true
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3, true
	case "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD",
		"BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP",
		"CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP",
		"GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS",
		"INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD",
		"LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN",
		"MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR",
		"PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE",
		"SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD",
		"TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "XCG", "YER", "ZAR",
		"ZMW", "ZWG":
		return 2, true
	}
	return 0, false
}
