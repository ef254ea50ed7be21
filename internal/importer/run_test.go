package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/internal/client"
	"github.com/ordersaga/ordersaga/internal/client/clienttest"
)

// options import the extract into a server.
func options(t *testing.T, s *clienttest.Server) Options {
	c := client.New(s.URL, client.Options{RetryFor: 5 * time.Second})
	t.Cleanup(c.Close)
	return Options{File: extract, Client: c, StockFactor: 1, Concurrency: 8, Patience: 5 * time.Second}
}

// write makes a file of lines below the usual heading.
func write(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(path, []byte(heading+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustRun(t *testing.T, o Options) Summary {
	t.Helper()
	s, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheExtractComesOutToThePenny(t *testing.T) {
	server := clienttest.New(t)
	var out, progress bytes.Buffer
	o := options(t, server)
	o.Out, o.Progress = &out, &progress
	s := mustRun(t, o)
	if s.Placed != (Placed{New: 31}) || s.ByStatus["completed"] != 31 || !s.Agrees {
		t.Errorf("got %+v", s)
	}
	if s.Sums.Placed != 725_653 || s.Sums.Views != 725_653 || s.Sums.Captured != 725_653 || s.Sums.File != s.Sums.Placed+s.Sums.Listed {
		t.Errorf("got %+v", s.Sums)
	}
	if s.Ordered+s.Rejected != s.Lines || s.Receipts.New != s.Products || s.Cancellations.Invoices != 4 {
		t.Errorf("got %+v", s)
	}
	for _, want := range []string{"✓ ordered by the file 7256.53 GBP, in the views 7256.53 GBP", "✓ completed by the file", "317 ordered + 29 listed = 346", Cancellation} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the summary lacks %q:\n%s", want, out.String())
		}
	}
	if !strings.Contains(progress.String(), "orders placed: 31 of 31\n") || strings.Contains(progress.String(), "\r") {
		t.Errorf("the progress of what is no terminal is %q", progress.String())
	}
}

func TestASecondRunAddsNothing(t *testing.T) {
	server := clienttest.New(t)
	o := options(t, server)
	mustRun(t, o)
	before := server.Events()
	s := mustRun(t, o)
	if server.Events() != before {
		t.Errorf("it recorded %d more", server.Events()-before)
	}
	if s.Placed != (Placed{AlreadyThere: 31}) || s.Receipts.New != 0 || s.Receipts.AlreadyThere != s.Products || !s.Agrees {
		t.Errorf("got %+v", s)
	}
}

func TestASecondRunWithAnotherFactorAddsNothingToWhatWasReceived(t *testing.T) {
	server := clienttest.New(t)
	o := options(t, server)
	o.StockFactor = 0.5
	if s := mustRun(t, o); s.NotCompleted["rejected: out_of_stock"] == 0 || s.ByStatus["completed"] == 0 {
		t.Errorf("half of the stock leaves %v", s.ByStatus)
	}
	before := server.Events()
	var out bytes.Buffer
	o.StockFactor, o.Out = 2, &out
	s := mustRun(t, o)
	if more := server.Events() - before; more != s.Receipts.New { // of what the first factor left nothing
		t.Errorf("it recorded %d more, and %d receipts", more, s.Receipts.New)
	}
	if s.Receipts.OtherFactor == 0 || !strings.Contains(out.String(), "received before with another stock factor") {
		t.Errorf("got %+v", s.Receipts)
	}
}

func TestAFactorLeavesShortages(t *testing.T) {
	server := clienttest.New(t)
	o := options(t, server)
	o.File, o.StockFactor, o.Concurrency = write(t,
		"1,10001,MUG,80,01/12/2010 08:26,1,,France", "2,10001,MUG,20,01/12/2010 08:26,1,,France", "3,10002,PIN,1,01/12/2010 08:26,1,,France"), 0.8, 1
	s := mustRun(t, o)
	if s.Receipts.Units != 80 || s.Receipts.Nothing != 1 || s.ByStatus["completed"] != 1 || s.NotCompleted["rejected: out_of_stock"] != 2 {
		t.Errorf("got %+v", s)
	}
	if s.Sums.Placed != 10100 || s.Sums.Views != 10100 || s.Sums.Captured != 8000 || !s.Agrees {
		t.Errorf("got %+v", s.Sums)
	}
}

func TestPortionsAreExact(t *testing.T) {
	for _, c := range []struct {
		demand int64
		factor float64
		want   int64
	}{{100, 0.29, 29}, {10, 0.8, 8}, {15, 0.8, 12}, {1, 0.8, 0}, {7, 1, 7}, {7, 0, 0}, {3, 1.5, 4}} {
		if got := portion(c.demand, c.factor); got != c.want {
			t.Errorf("%v of %d is %d, want %d", c.factor, c.demand, got, c.want)
		}
	}
}

func TestAnImportSurvivesLostRequestsAndAnswers(t *testing.T) {
	server := clienttest.New(t)
	var asked atomic.Int64
	server.Break = func(r *http.Request) (cut, done bool) {
		n := asked.Add(1)
		return n%5 == 0 && r.URL.Path != "/readyz", n%2 == 0 && r.Method != http.MethodGet
	}
	o := options(t, server)
	s := mustRun(t, o)
	if len(server.Orders()) != 31 || s.Placed.New != 31 || !s.Agrees {
		t.Errorf("%d orders, %+v", len(server.Orders()), s.Placed)
	}
}

func TestAKilledImportIsCompletedByTheNext(t *testing.T) {
	server := clienttest.New(t)
	ctx, kill := context.WithCancel(t.Context())
	var placings atomic.Int32
	server.Break = func(r *http.Request) (cut, done bool) {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/orders" && placings.Add(1) == 10 {
			kill()
		}
		return false, false
	}
	o := options(t, server)
	var out bytes.Buffer
	o.Out = &out
	_, err := Run(ctx, o)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "run it again") {
		t.Errorf("killed: %v", err)
	}
	if !strings.Contains(out.String(), "not compared") {
		t.Errorf("got %s", out.String())
	}
	before := len(server.Orders())
	if before == 0 || before == 31 {
		t.Fatalf("%d orders were placed before", before)
	}
	s := mustRun(t, o)
	// What was on its way when the first was killed may have come through since.
	if s.Placed.AlreadyThere < before || s.Placed.AlreadyThere+s.Placed.New != 31 || len(server.Orders()) != 31 || !s.Agrees {
		t.Errorf("%d were there, %d are, %+v", before, len(server.Orders()), s.Placed)
	}
}

func TestABrokenStreamOfEndsIsOpenedAgain(t *testing.T) {
	server := clienttest.New(t)
	server.Delay = 200 * time.Millisecond
	var placings atomic.Int32
	server.Break = func(r *http.Request) (cut, done bool) {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/orders" && placings.Add(1) == 15 {
			server.HangUp()
		}
		return false, false
	}
	if s := mustRun(t, options(t, server)); !s.Agrees || s.ByStatus["completed"] != 31 {
		t.Errorf("got %+v", s)
	}
}

func TestOrdersThatEndUnheardAreAskedFor(t *testing.T) {
	server := clienttest.New(t)
	server.Deaf, server.Delay = true, 50*time.Millisecond
	o := options(t, server)
	o.Patience = 2 * time.Second
	if s := mustRun(t, o); !s.Agrees || s.ByStatus["completed"] != 31 {
		t.Errorf("got %+v", s)
	}
}

func TestPatienceEnds(t *testing.T) {
	server := clienttest.New(t)
	server.Delay = -1
	o := options(t, server)
	o.Patience = 100 * time.Millisecond
	s, err := Run(t.Context(), o)
	if !errors.Is(err, ErrNotEnded) || s.NotEnded != 31 || s.Agrees {
		t.Errorf("got %v, %d", err, s.NotEnded)
	}
}

func TestAPennyMoreOrLessIsAnError(t *testing.T) {
	for name, cheat := range map[string]func(*client.Order){
		"a total":   func(o *client.Order) { o.Total++ },
		"a capture": func(o *client.Order) { o.Payment.Captured--; o.Payment.Voided++ },
		"a refund":  func(o *client.Order) { o.Payment.Refunded++ },
		"a charge of what was rejected": func(o *client.Order) {
			o.Status, o.Reason = "rejected", "out_of_stock"
		},
		"money that stays held": func(o *client.Order) { o.Payment.Authorized++ },
	} {
		t.Run(name, func(t *testing.T) {
			server := clienttest.New(t)
			var once sync.Once
			server.Cheat = func(o *client.Order) {
				if o.Total > 1 {
					once.Do(func() { cheat(o) })
				}
			}
			var out bytes.Buffer
			o := options(t, server)
			o.Out, o.Patience = &out, 50*time.Millisecond
			s, err := Run(t.Context(), o)
			if !errors.Is(err, ErrDisagrees) || s.Agrees || s.Sums.Differ != 1 || !strings.Contains(out.String(), "✗") {
				t.Errorf("got %v, %+v\n%s", err, s.Sums, out.String())
			}
		})
	}
}

func TestTwoWrongsDoNotMakeARight(t *testing.T) {
	server := clienttest.New(t)
	by := int64(1)
	server.Cheat = func(o *client.Order) {
		if o.Total > 1 && by >= -1 {
			o.Total += by
			by -= 2
		}
	}
	s, err := Run(t.Context(), options(t, server))
	if !errors.Is(err, ErrDisagrees) || s.Sums.Views != s.Sums.Placed || s.Sums.Differ != 2 {
		t.Errorf("got %v, %+v", err, s.Sums)
	}
}

func TestARefusedOrderIsListedWithAllItsLines(t *testing.T) {
	server := clienttest.New(t)
	o := options(t, server)
	o.File = write(t, "1,10001,MUG,1,01/12/2010 08:26,1,,France", "2,10001,MUG,1,01/12/2010 08:26,1,,France")
	mustRun(t, o)
	o.File = write(t, "1,10001,MUG,1,01/12/2010 08:26,1,,France", "2,10001,MUG,1,01/12/2010 08:26,9,,France", "2,POST,POSTAGE,1,01/12/2010 08:26,5,,France")
	s, err := Run(t.Context(), o)
	if !errors.Is(err, ErrRefused) || s.Placed != (Placed{AlreadyThere: 1, Refused: 1}) || !s.Agrees {
		t.Errorf("got %v, %+v", err, s)
	}
	if len(s.Listed) != 2 || s.Listed[0].Line != 3 || s.Listed[0].Reason != Refused || !strings.Contains(s.Listed[0].Detail, "was used for another order") {
		t.Errorf("got %+v", s.Listed)
	}
	if s.Sums.Placed != 100 || s.Sums.Listed != 1400 {
		t.Errorf("got %+v", s.Sums)
	}
}

func TestTheSummaryAsJSONListsAll(t *testing.T) {
	server := clienttest.New(t)
	var out, progress bytes.Buffer
	o := options(t, server)
	o.Out, o.Progress, o.JSON, o.Rejects = &out, &progress, true, filepath.Join(t.TempDir(), "rejects.csv")
	mustRun(t, o)
	var s Summary
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Listed) != 29 || !s.Agrees || progress.Len() != 0 {
		t.Errorf("%d listed, progress %q", len(s.Listed), progress.String())
	}
	rejects, err := os.ReadFile(o.Rejects)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(rejects), "\n"); lines != 30 {
		t.Errorf("%d lines of rejects:\n%s", lines, rejects)
	}
}

func TestNobodyThereIsSaidAtOnce(t *testing.T) {
	c := client.New("127.0.0.1:1", client.Options{RetryFor: time.Minute})
	_, err := Run(t.Context(), Options{File: extract, Client: c, StockFactor: 1})
	if !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

func TestAnImpossibleFactorIsRefused(t *testing.T) {
	if _, err := Run(t.Context(), Options{File: extract, StockFactor: -1}); err == nil {
		t.Error("got no error")
	}
}
