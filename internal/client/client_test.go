package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serve starts a server whose answers are given and a client of it.
func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c := New(server.URL, Options{})
	t.Cleanup(c.Close)
	return c
}

func TestARefusalNamesTheFieldAndWhatWasAsked(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"type":"about:blank","title":"The request is not valid","status":422,"errors":[{"field":"lines[0].sku","detail":"is missing"}]}`)
	})
	_, err := c.PlaceOrder(t.Context(), "k", NewOrder{})
	var p *Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a *Problem", err)
	}
	if p.Status != 422 || !p.Names("lines[0].sku") || p.Names("currency") {
		t.Errorf("got %+v", p)
	}
	if want := "POST /v1/orders was answered with 422: The request is not valid: lines[0].sku: is missing"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestARefusalThatIsNoProblemDocumentIsQuoted(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "a proxy's page", http.StatusNotFound) })
	_, err := c.Order(t.Context(), "1")
	if !IsNotFound(err) || !strings.Contains(err.Error(), "a proxy's page") {
		t.Errorf("got %v", err)
	}
}

func TestNobodyThereSaysWhatToDo(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	err := New(server.URL, Options{RetryFor: -1}).Ready(t.Context())
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "is `ordersaga up` running?") || !strings.Contains(err.Error(), "--server") {
		t.Errorf("got %v", err)
	}
}

func TestARequestIsRepeatedUntilTheServerIsBack(t *testing.T) {
	var asked atomic.Int32
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			panic(http.ErrAbortHandler) // the connection breaks
		default:
			w.Header().Set("Consistency-Token", "inventory@7")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"sku":"A","onHand":5}`)
			if string(body) != `{"sku":"A","quantity":5,"reference":"r"}` {
				t.Errorf("the repeated body is %s", body)
			}
		}
	})
	level, err := c.Receive(t.Context(), Receipt{SKU: "A", Quantity: 5, Reference: "r"})
	if want := (Stock{SKU: "A", OnHand: 5, New: true, Token: "inventory@7"}); err != nil || level != want {
		t.Errorf("got %+v, %v, want %+v", level, err, want)
	}
}

func TestWhatIsNotSafeToRepeatIsSentOnce(t *testing.T) {
	var asked atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if err := c.Retry(t.Context(), "1"); err == nil || asked.Load() != 1 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
}

func TestARefusalIsNotRepeated(t *testing.T) {
	var asked atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusConflict)
	})
	if _, err := c.Cancel(t.Context(), "k", "1", ""); err == nil || asked.Load() != 1 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
}

func TestRepeatingEndsWithTheContext(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	c.retryFor = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Order(ctx, "1"); err == nil {
		t.Error("got no error")
	}
}

func TestReadsCarryTheTokensOfWrites(t *testing.T) {
	var got string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Consistency-Token")
		_, _ = io.WriteString(w, `{}`)
	})
	ctx := Consistent(Consistent(t.Context(), "order@1"), "", "catalog@2")
	if _, err := c.Order(ctx, "1"); err != nil || got != "order@1,catalog@2" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := c.Order(Consistent(t.Context(), ""), "1"); err != nil || got != "" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestListingFollowsTheLinksToTheLastPage(t *testing.T) {
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		if r.URL.Query().Get("cursor") == "" {
			w.Header().Set("Link", `</v1/orders?cursor=x%2B1&limit=2&status=placed>; rel="next"`)
			_, _ = io.WriteString(w, `{"orders":[{"id":"3"},{"id":"2"}]}`)
			return
		}
		_, _ = io.WriteString(w, `{"orders":[{"id":"1"}]}`)
	})
	var ids []string
	for order, err := range c.Orders(t.Context(), Filter{Status: "placed", PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, order.ID)
	}
	if diff := cmp.Diff([]string{"3", "2", "1"}, ids); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"/v1/orders?limit=2&status=placed", "/v1/orders?cursor=x%2B1&limit=2&status=placed"}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestThePlaceOfARawOrderIsItsID(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/v1/orders/"+r.Header.Get("Idempotency-Key"))
		w.WriteHeader(http.StatusAccepted)
	})
	if id, err := c.PlaceRaw(t.Context(), "abc", []byte(`{}`)); id != "abc" || err != nil {
		t.Errorf("got %q, %v", id, err)
	}
}

func TestWatchingEndsPassesOverWhatElseIsSent(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, ": alive\n\nevent: other\ndata: {}\n\nevent: ended\ndata: {\"id\":\"1\",\"status\":\"completed\"}\n\n"+
			"event: ended\ndata: {\"id\":\"2\",\"status\":\"rejected\",\"reason\":\"out_of_stock\"}\n\n")
	})
	ends, err := c.WatchEnds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []End
	var last error
	for end, err := range ends {
		if last = err; err == nil {
			got = append(got, end)
		}
	}
	if diff := cmp.Diff([]End{{"1", "completed", ""}, {"2", "rejected", "out_of_stock"}}, got); diff != "" {
		t.Error(diff)
	}
	if !errors.Is(last, io.ErrUnexpectedEOF) {
		t.Errorf("a stream that breaks off ends with %v", last)
	}
}

func TestWatchingAnOrderStopsAtItsEnd(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for _, end := range []string{"", `,"endedAt":"2026-01-01T00:00:00Z"`} {
			_, _ = fmt.Fprintf(w, "event: order\ndata: {\"id\":\"1\"%s}\n\n", end)
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	views := 0
	for _, err := range c.Watch(t.Context(), "1") {
		if err != nil {
			t.Fatal(err)
		}
		views++
	}
	if views != 2 {
		t.Errorf("saw %d views", views)
	}
}

func TestAnOrderIsSettledOnceNoMoneyIsHeld(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name    string
		order   Order
		settled bool
	}{
		{"open", Order{Status: "placed"}, false},
		{"rejected while money is held", Order{Status: "rejected", EndedAt: &now, Payment: Payment{Authorized: 5}}, false},
		{"rejected and voided", Order{Status: "rejected", EndedAt: &now, Payment: Payment{Authorized: 5, Voided: 5}}, true},
		{"completed", Order{Status: "completed", EndedAt: &now, Total: 5, Payment: Payment{Authorized: 5, Captured: 5}}, true},
		{"completed before its payment is heard of", Order{Status: "completed", EndedAt: &now, Total: 5}, false},
		{"completed for nothing", Order{Status: "completed", EndedAt: &now}, true},
		{"lost before the refund", Order{Status: "lost", EndedAt: &now, Payment: Payment{Authorized: 5, Captured: 5}}, false},
		{"a person must decide", Order{Status: "attention", Payment: Payment{Authorized: 5}}, true},
	} {
		if c.order.Settled() != c.settled {
			t.Errorf("%s: settled is %v", c.name, !c.settled)
		}
	}
}
