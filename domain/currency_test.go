package domain_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/domain"
)

// accepted are all currencies, by the digits of their minor units.
func accepted() map[int][]string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	byDigits := map[int][]string{}
	for i := range 26 * 26 * 26 {
		code := string([]byte{letters[i/26/26], letters[i/26%26], letters[i%26]})
		if c, err := domain.ParseCurrency(code); err == nil {
			byDigits[c.Decimals()] = append(byDigits[c.Decimals()], string(c))
		}
	}
	return byDigits
}

func TestMinorUnitsAreTheStandards(t *testing.T) {
	got := accepted()
	for digits, want := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
		2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
			CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
			GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL
			MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN
			PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
			SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
		3: "BHD IQD JOD KWD LYD OMR TND",
	} {
		if diff := cmp.Diff(strings.Fields(want), got[digits]); diff != "" {
			t.Errorf("%d digits (-want +got):\n%s", digits, diff)
		}
	}
	if all := slices.Sorted(maps.Keys(got)); !slices.Equal(all, []int{0, 2, 3}) {
		t.Errorf("minor units have %v digits", all)
	}
}

func TestCurrenciesInUseAreAccepted(t *testing.T) {
	for _, code := range strings.Fields("GBP EUR USD JPY KWD CHF SEK BYN MRU SLE STN VED VES XCD XCG ZMW ZWG") {
		if got, err := domain.ParseCurrency(code); err != nil || got != domain.Currency(code) {
			t.Errorf("%s: %q, %v", code, got, err)
		}
	}
}

func TestCodesThatNobodyPaysInAreRefused(t *testing.T) {
	for what, codes := range map[string]string{
		"withdrawn":                   "ANG ATS BGN BYR CUC DEM FRF HRK MRO SLL STD VEF ZMK ZWL",
		"a fund or a unit of account": "BOV CHE CHW CLF COU MXV USN UYI UYW XAD XDR XSU XUA",
		"a metal":                     "XAG XAU XPD XPT",
		"for tests, or for none":      "XTS XXX",
		"never assigned":              "AAA BTC ZZZ",
	} {
		for _, code := range strings.Fields(codes) {
			if got, err := domain.ParseCurrency(code); !errors.Is(err, domain.ErrUnknownCurrency) {
				t.Errorf("%s is %s, and accepted: %q, %v", code, what, got, err)
			}
		}
	}
}

func TestWhatIsNoCurrencyIsRefusedByName(t *testing.T) {
	for _, code := range []string{"", "gbp", "Gbp", "GB", "GBPP", " GBP", "GBP ", "£", "G\x00P", "826"} {
		got, err := domain.ParseCurrency(code)
		if !errors.Is(err, domain.ErrUnknownCurrency) || got != "" {
			t.Errorf("%q: %q, %v", code, got, err)
		}
	}
	_, err := domain.ParseCurrency("gbp")
	if want := `unknown currency "gbp": use an ISO 4217 code in capitals, such as GBP`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
