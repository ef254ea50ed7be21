package loadgen

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/internal/client"
	"github.com/ordersaga/ordersaga/internal/client/clienttest"
)

func TestALoadIsMeasuredToTheLastOrder(t *testing.T) {
	server := clienttest.New(t)
	server.Delay = 5 * time.Millisecond
	cpu, bytes := time.Duration(0), int64(0)
	r, err := Run(t.Context(), Options{
		URL: server.URL, Orders: 100, Concurrency: 8, Warmup: 20, Products: 10,
		CPU:   func() time.Duration { cpu += 50 * time.Millisecond; return cpu },
		Bytes: func() int64 { bytes += 12_300; return bytes },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Orders != 100 || r.Completed != 90 || r.Rejected != 10 || r.Failures != 0 {
		t.Errorf("got %+v", r)
	}
	if r.CPUMsPerOrder != 0.5 || r.BytesPerOrder != 123 {
		t.Errorf("got %v ms, %v bytes an order", r.CPUMsPerOrder, r.BytesPerOrder)
	}
	if r.P50Ms < 5 || r.P50Ms > r.P95Ms || r.P95Ms > r.P99Ms || r.P99Ms > r.MaxMs || r.OrdersPerSecond <= 0 || r.AnswerP50Ms <= 0 {
		t.Errorf("got %+v", r)
	}
	if got := len(server.Orders()); got != 120 {
		t.Errorf("%d orders were placed, the warm-up among them", got)
	}
	for _, o := range server.Orders() {
		if len(o.Lines) != 2 || o.Lines[0].SKU == o.Lines[1].SKU {
			t.Fatalf("got %+v", o.Lines)
		}
	}
}

func TestTwoLoadsDoNotMeet(t *testing.T) {
	server := clienttest.New(t)
	for range 2 {
		r, err := Run(t.Context(), Options{URL: server.URL, Orders: 10, Concurrency: 2, Products: 3})
		if err != nil || r.Failures != 0 || r.Completed != 9 {
			t.Fatalf("got %+v, %v", r, err)
		}
	}
	if got := len(server.Orders()); got != 20 {
		t.Errorf("%d orders", got)
	}
}

func TestAnOrderThatDoesNotEndHasFailed(t *testing.T) {
	server := clienttest.New(t)
	server.Delay = -1
	r, err := Run(t.Context(), Options{URL: server.URL, Orders: 4, Concurrency: 2, Products: 3, Timeout: 20 * time.Millisecond})
	if err != nil || r.Failures != 4 || r.OrdersPerSecond != 0 || len(r.Errors) != 4 || !strings.Contains(r.Errors[0], errNotEnded.Error()) {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestAnOrderThatEndsOtherwiseHasFailed(t *testing.T) {
	server := clienttest.New(t)
	server.Cheat = func(o *client.Order) { o.Status, o.Reason = "rejected", "out_of_stock" }
	r, err := Run(t.Context(), Options{URL: server.URL, Orders: 10, Concurrency: 2, Products: 3})
	if err != nil || r.Failures != 9 || r.Rejected != 10 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestALateEndIsNotTakenForTheNextOrders(t *testing.T) {
	l := &load{Options: Options{Timeout: time.Minute}, ends: newEnds()}
	arrivals := make(chan arrival, 1)
	l.ends.await("1", arrivals)
	l.ends.forget("1")
	l.ends.heard(client.End{ID: "1", Status: "completed"}, time.Now())
	l.ends.await("2", arrivals)
	l.ends.heard(client.End{ID: "2", Status: "rejected"}, time.Now())
	if got := <-arrivals; got.ID != "2" {
		t.Errorf("got %+v", got)
	}
}

func TestAnEndMayBeHeardBeforeTheAnswer(t *testing.T) {
	e := newEnds()
	heard := time.Now()
	e.heard(client.End{ID: "1", Status: "completed"}, heard)
	arrivals := make(chan arrival, 1)
	e.await("1", arrivals)
	if got := <-arrivals; got.ID != "1" || !got.at.Equal(heard) || len(e.early) != 0 {
		t.Errorf("got %+v, %d kept", got, len(e.early))
	}
}

func TestABrokenStreamEndsTheLoad(t *testing.T) {
	server := clienttest.New(t)
	server.Delay = -1
	var placings atomic.Int32
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errors.New("the load went on"))
	defer cancel()
	server.Break = func(r *http.Request) (cut, done bool) {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/orders" && placings.Add(1) == 2 {
			server.HangUp()
		}
		return false, false
	}
	_, err := Run(ctx, Options{URL: server.URL, Orders: 10, Concurrency: 2, Products: 3})
	if err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("got %v", err)
	}
}

func TestALoadEndsWithItsContext(t *testing.T) {
	server := clienttest.New(t)
	server.Delay = -1
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, Options{URL: server.URL, Orders: 10, Concurrency: 2, Products: 3}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestPercentilesAreNearestRanks(t *testing.T) {
	var sorted []time.Duration
	for ms := range 200 {
		sorted = append(sorted, time.Duration(ms+1)*time.Millisecond)
	}
	for p, want := range map[int]float64{50: 100, 95: 190, 99: 198, 100: 200} {
		if got := percentile(sorted, p); got != want {
			t.Errorf("p%d is %v, want %v", p, got, want)
		}
	}
	if got := percentile(sorted[:1], 50); got != 1 {
		t.Errorf("the median of one is %v", got)
	}
}

func TestTheReportIsOneObject(t *testing.T) {
	data, err := json.Marshal(reportOf([]result{{answered: time.Millisecond, ended: 2 * time.Millisecond, status: "completed"}}, time.Second))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"orders", "concurrency", "ordersPerSecond", "p50Ms", "p95Ms", "p99Ms", "cpuMsPerOrder", "bytesPerOrder", "failures"} {
		if !strings.Contains(string(data), `"`+field+`":`) {
			t.Errorf("%s lacks %s", data, field)
		}
	}
}
