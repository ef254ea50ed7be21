package importer

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/internal/client"
)

const extract = "../../docs/data/online-retail-extract.csv"

const heading = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

// parse reads lines below the usual heading.
func parse(t *testing.T, lines ...string) Plan {
	t.Helper()
	plan, err := Parse(strings.NewReader(heading + strings.Join(lines, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	everyLineOnce(t, plan)
	return plan
}

// everyLineOnce fails unless each line is part of one order or listed, and no money was lost on the way.
func everyLineOnce(t *testing.T, p Plan) {
	t.Helper()
	seen := map[int]int{}
	for _, l := range p.Listed {
		seen[l.Line]++
	}
	for _, o := range p.Orders {
		sum := o.Body.ShippingCharge - o.Body.Discount
		for _, l := range o.Body.Lines {
			sum += l.Quantity * l.UnitPrice
		}
		lines := int64(0)
		for _, s := range o.Lines {
			seen[s.Line]++
			lines += s.Amount
		}
		if sum != o.Total || lines != o.Total {
			t.Errorf("invoice %s: the body adds up to %d, the lines to %d, the total is %d", o.Invoice, sum, lines, o.Total)
		}
	}
	if len(seen) != p.Lines {
		t.Errorf("%d lines are accounted for, there are %d", len(seen), p.Lines)
	}
	for line, times := range seen {
		if times != 1 {
			t.Errorf("line %d is accounted for %d times", line, times)
		}
	}
}

// reasons are why lines are listed, in the order of the lines.
func reasons(p Plan) []string {
	var all []string
	for _, l := range p.Listed {
		all = append(all, l.Reason)
	}
	return all
}

const good = "1,10001,MUG,2,01/12/2010 08:26,2.55,17850,United Kingdom"

func TestAnInvoiceBecomesAnOrder(t *testing.T) {
	p := parse(t,
		"536370,22728,ALARM CLOCK BAKELIKE PINK,24,01/12/2010 08:45,3.75,12583,France",
		"536370,22727,ALARM CLOCK BAKELIKE RED ,24,01/12/2010 08:45,3.75,12583,France",
		"536370,POST,POSTAGE,3,01/12/2010 08:45,18,12583,France",
		"536370,D,Discount,-1,01/12/2010 08:45,1.50,12583,France")
	want := []Order{{
		Invoice: "536370", Key: "online-retail-536370", Total: 2*24*375 + 3*1800 - 150,
		Body: client.NewOrder{
			CustomerID: "12583", Currency: "GBP", PaymentMethod: "pm_card_visa", ShippingCharge: 5400, Discount: 150,
			ShipTo: client.Address{Name: "Customer 12583", Country: "FR"},
			Lines:  []client.NewLine{{SKU: "22728", Quantity: 24, UnitPrice: 375}, {SKU: "22727", Quantity: 24, UnitPrice: 375}},
		},
		Lines: []Source{{2, "22728", 9000}, {3, "22727", 9000}, {4, "POST", 5400}, {5, "D", -150}},
	}}
	if diff := cmp.Diff(want, p.Orders); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int64{"22728": 24, "22727": 24}, p.Demand); diff != "" {
		t.Error(diff)
	}
	if p.Listed != nil {
		t.Errorf("listed: %v", p.Listed)
	}
}

func TestAGuestOrdersWithoutACustomer(t *testing.T) {
	p := parse(t, "1,10001,MUG,2,01/12/2010 08:26,2.55,,United Kingdom")
	if body := p.Orders[0].Body; body.CustomerID != "" || body.ShipTo != (client.Address{Country: "GB"}) || p.Customers != 0 {
		t.Errorf("got %+v, %d customers", body, p.Customers)
	}
}

func TestWhatCannotBeOrderedIsListedWithItsReason(t *testing.T) {
	for _, c := range []struct{ line, reason string }{
		{"1,M,Manual,1,01/12/2010 08:26,1.25,17850,United Kingdom", NoProduct},
		{"1,m,Manual,1,01/12/2010 08:26,1.25,17850,United Kingdom", NoProduct},
		{"1,C2,CARRIAGE,1,01/12/2010 08:26,50,17850,EIRE", NoProduct},
		{"1,S,SAMPLES,1,01/12/2010 08:26,50,17850,EIRE", NoProduct},
		{"1,BANK CHARGES,Bank Charges,1,01/12/2010 08:26,15,17850,EIRE", NoProduct},
		{"1,AMAZONFEE,AMAZON FEE,1,01/12/2010 08:26,15,17850,EIRE", NoProduct},
		{"A1,B,Adjust bad debt,1,12/08/2011 14:51,-11062.06,,United Kingdom", NoProduct},
		{"1,CRUK,CRUK Commission,-1,01/12/2010 08:26,15,17850,EIRE", NoProduct},
		{"1,PADS,PADS TO MATCH ALL CUSHIONS,1,01/12/2010 08:26,0.001,17850,EIRE", NoProduct},
		{"1,gift_0001_20,Dotcomgiftshop Gift Voucher £20.00,1,01/12/2010 08:26,16.67,,EIRE", NoProduct},
		{"C1,10001,MUG,-2,01/12/2010 08:26,2.55,17850,United Kingdom", Cancellation},
		{"C1,D,Discount,-1,01/12/2010 08:26,2.55,17850,United Kingdom", Cancellation},
		{"1,10001,damages,-2,01/12/2010 08:26,0,,United Kingdom", NegativeQuantity},
		{"1,10001,MUG,0,01/12/2010 08:26,2.55,,United Kingdom", ZeroQuantity},
		{"1,10001,MUG,1,01/12/2010 08:26,-2.55,,United Kingdom", NegativePrice},
		{"1,10001,,1,01/12/2010 08:26,0,,United Kingdom", NoDescription},
		{"1,10001,MUG,1,01/12/2010 08:26,0.001,,United Kingdom", InexactPrice},
		{"1,10001,MUG,1,01/12/2010 08:26,,,United Kingdom", BadPrice},
		{"1,10001,MUG,1,01/12/2010 08:26,1e3,,United Kingdom", BadPrice},
		{"1,10001,MUG,1.5,01/12/2010 08:26,1,,United Kingdom", BadQuantity},
		{"1,10001,MUG,99999999999999999999,01/12/2010 08:26,1,,United Kingdom", BadQuantity},
		{"1,10001,MUG,1000001,01/12/2010 08:26,1,,United Kingdom", TooMany},
		{"1,10001,MUG,1,01/12/2010 08:26,10000000000.01,,United Kingdom", TooMuch},
		{"1,10001,MUG,1000000,01/12/2010 08:26,10000.01,,United Kingdom", TooMuch},
		{"1,10001,MUG,1,yesterday,1,,United Kingdom", BadDate},
		{"1,1000 1,MUG,1,01/12/2010 08:26,1,,United Kingdom", BadStockCode},
		{"1,..,MUG,1,01/12/2010 08:26,1,,United Kingdom", BadStockCode},
		{"1,,MUG,1,01/12/2010 08:26,1,,United Kingdom", NoStockCode},
		{",10001,MUG,1,01/12/2010 08:26,1,,United Kingdom", NoInvoice},
		{"1,10001,MUG,1,01/12/2010 08:26,1,", Unreadable},
		{`1,10001,"MUG,1,01/12/2010 08:26,1,,United Kingdom`, Unreadable},
		{`1,10001,"MUG" RED,1,01/12/2010 08:26,1,,United Kingdom`, Unreadable},
		{"1,D,Discount,1,01/12/2010 08:26,1,,United Kingdom", RaisingDiscount},
	} {
		p := parse(t, c.line)
		if diff := cmp.Diff([]string{c.reason}, reasons(p)); diff != "" {
			t.Errorf("%s:\n%s", c.line, diff)
		}
		if len(p.Orders) != 0 || p.Listed[0].Line != 2 {
			t.Errorf("%s: %+v", c.line, p)
		}
	}
}

func TestTheRestOfAnInvoiceIsOrdered(t *testing.T) {
	p := parse(t, good, "1,M,Manual,1,01/12/2010 08:26,1.25,17850,United Kingdom", "1,10002,,1,01/12/2010 08:26,0,17850,United Kingdom")
	if diff := cmp.Diff([]string{NoProduct, NoDescription}, reasons(p)); diff != "" {
		t.Error(diff)
	}
	if len(p.Orders) != 1 || p.Orders[0].Total != 510 {
		t.Errorf("got %+v", p.Orders)
	}
}

func TestAnInvoiceWithNothingToOrderIsListed(t *testing.T) {
	p := parse(t, "1,POST,POSTAGE,1,01/12/2010 08:26,18,17850,France", "1,D,Discount,-1,01/12/2010 08:26,1,17850,France")
	if diff := cmp.Diff([]string{NothingToOrder, NothingToOrder}, reasons(p)); diff != "" {
		t.Error(diff)
	}
	if p.Listed[0].Amount != 1800 || p.Listed[1].Amount != -100 {
		t.Errorf("got %+v", p.Listed)
	}
}

func TestADiscountNeverMakesAnOrderCostLessThanNothing(t *testing.T) {
	p := parse(t, good, "1,D,Discount,-1,01/12/2010 08:26,5.11,17850,France", "1,D,Discount,-1,01/12/2010 08:26,5.10,17850,France")
	if diff := cmp.Diff([]string{LargeDiscount}, reasons(p)); diff != "" {
		t.Error(diff)
	}
	if p.Orders[0].Total != 0 || p.Orders[0].Body.Discount != 510 {
		t.Errorf("got %+v", p.Orders[0])
	}
}

func TestWhatIsFreeIsOrderedForNothing(t *testing.T) {
	p := parse(t, "1,10001,MUG,2,01/12/2010 08:26,0,,United Kingdom")
	if len(p.Orders) != 1 || p.Orders[0].Total != 0 || p.Demand["10001"] != 2 {
		t.Errorf("got %+v", p.Orders)
	}
}

func TestAnInvoiceOfTooManyLinesIsListedAsAWhole(t *testing.T) {
	lines := make([]string, maxLines+1)
	for i := range lines {
		lines[i] = good
	}
	if p := parse(t, lines[:maxLines]...); len(p.Orders) != 1 {
		t.Errorf("%d lines make %d orders", maxLines, len(p.Orders))
	}
	if p := parse(t, lines...); len(p.Orders) != 0 || len(p.Products) != 0 || p.Listed[0].Reason != TooManyLines {
		t.Errorf("%d lines make %d orders", maxLines+1, len(p.Orders))
	}
}

func TestAProductIsWhatMostLinesSay(t *testing.T) {
	p := parse(t,
		"1,85123A,WHITE HEART,1,01/12/2010 08:26,2.95,1,France",
		"1,85123a,WHITE HANGING HEART,1,01/12/2010 08:26,2.55,1,France",
		"2,85123A,CREAM HANGING HEARTS,1,01/12/2010 08:26,2.55,1,France",
		"2,85123A,CREAM HANGING HEARTS,1,01/12/2010 08:26,0,1,France")
	want := []client.Product{{SKU: "85123A", Name: "CREAM HANGING HEARTS", UnitPrice: 255, Currency: "GBP"}}
	if diff := cmp.Diff(want, p.Products); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Note{{Line: 3, Invoice: "1", Note: InCapitals, Detail: "85123a is 85123A"}}, p.Notes); diff != "" {
		t.Error(diff)
	}
	if got := p.Orders[0].Body.Lines[0].UnitPrice; got != 295 {
		t.Errorf("a line's own price became %d", got)
	}
}

func TestACountryWithoutACodeIsLeftEmptyAndNoted(t *testing.T) {
	p := parse(t, "1,10001,MUG,2,01/12/2010 08:26,1,,European Community", "2,10001,MUG,2,01/12/2010 08:26,1,,EIRE")
	if p.Orders[0].Body.ShipTo.Country != "" || p.Orders[1].Body.ShipTo.Country != "IE" {
		t.Errorf("got %+v", p.Orders)
	}
	if diff := cmp.Diff([]Note{{Line: 2, Invoice: "1", Note: CountryUnknown, Detail: "European Community"}}, p.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestAnInvoiceMayBeScatteredOverTheFile(t *testing.T) {
	p := parse(t, good, "2,10001,MUG,2,01/12/2010 08:26,1,,France", good)
	if len(p.Orders) != 2 || len(p.Orders[0].Body.Lines) != 2 || p.Invoices != 2 {
		t.Errorf("got %+v", p.Orders)
	}
}

func TestEveryFormOfTheSameFileIsReadAlike(t *testing.T) {
	line := `1,10001,"MUG, 12"" £",2,01/12/2010 08:26,2.55,17850,United Kingdom`
	want := parse(t, line).Products
	if want[0].Name != `MUG, 12" £` {
		t.Fatalf("got %q", want[0].Name)
	}
	for name, file := range map[string]string{
		"latin-1":         heading + strings.ReplaceAll(line, "£", "\xa3") + "\n",
		"crlf":            strings.ReplaceAll(heading+line+"\n", "\n", "\r\n"),
		"byte order mark": "\ufeff" + heading + line,
		"blank lines":     heading + "\n" + line + "\n\r\n\n",
		"columns in another order": "Country,InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,customerid,More\n" +
			"United Kingdom,1,10001,\"MUG, 12\"\" £\",2,01/12/2010 08:26,2.55,17850,x\n",
	} {
		p, err := Parse(strings.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, p.Products); diff != "" || p.Lines != 1 {
			t.Errorf("%s: %d lines, %s", name, p.Lines, diff)
		}
	}
}

func TestAnotherLayoutIsRefused(t *testing.T) {
	for _, file := range []string{"", "a,b\n1,2\n", strings.Replace(heading, "UnitPrice", "Price", 1), heading + strings.Repeat("x", longestLine+1)} {
		if _, err := Parse(strings.NewReader(file)); err == nil {
			t.Errorf("%.40q is accepted", file)
		}
	}
}

func TestPricesAreExact(t *testing.T) {
	for text, want := range map[string]int64{"2.55": 255, "2.5": 250, "2": 200, "2.": 200, "0": 0, "-11062.06": -1106206, "2.5500": 255, "13541.33": 1354133, "00.10": 10} {
		if got, err := pence(text); got != want || err != nil {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for text, want := range map[string]error{
		"2.555": errInexact, "0.001": errInexact, "": errNoPrice, "-": errNoPrice, ".5": errNoPrice, "1,5": errNoPrice, "+1": errNoPrice,
		"--1": errNoPrice, "1.-5": errNoPrice, "NaN": errNoPrice, "1.2.3": errNoPrice, "99999999999999999999": errNoPrice,
	} {
		if _, err := pence(text); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestTheExtractIsReadAsItsReadmeSays(t *testing.T) {
	file, err := os.Open(extract)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	p, err := Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	everyLineOnce(t, p)
	count := map[string]int{}
	for _, reason := range reasons(p) {
		count[reason]++
	}
	want := map[string]int{Cancellation: 19, NoProduct: 6, NegativeQuantity: 2, NoDescription: 1, NothingToOrder: 1}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Error(diff)
	}
	if p.Lines != 346 || p.Invoices != 41 || len(p.Orders) != 31 {
		t.Errorf("%d lines, %d invoices, %d orders", p.Lines, p.Invoices, len(p.Orders))
	}
	total := int64(0)
	for _, o := range p.Orders {
		total += o.Total
	}
	if want := int64(725_653); total != want {
		t.Errorf("the orders add up to %d, want %d", total, want)
	}
}

// FuzzParse: whatever a file says, each of its lines is accounted for once and no order costs less than nothing.
func FuzzParse(f *testing.F) {
	f.Add(good + "\n1,D,Discount,-1,01/12/2010 08:26,1,,France\nC2,POST,,1,,1,,\n\"1\",\"a\"\"b\",c,1,1/1/2010 1:01,1,,\n")
	f.Fuzz(func(t *testing.T, lines string) {
		p, err := Parse(strings.NewReader(heading + lines))
		if err != nil {
			return
		}
		everyLineOnce(t, p)
		for _, o := range p.Orders {
			if o.Total < 0 || o.Total > maxAmount || len(o.Body.Lines) == 0 {
				t.Errorf("invoice %s: %+v", o.Invoice, o)
			}
		}
	})
}
