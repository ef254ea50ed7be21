package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/ordersaga/ordersaga/projections"
)

// told is one server-sent event.
type told struct{ name, data string }

// listen opens a stream of server-sent events. The channel is closed when the stream ends.
func (s *shop) listen(t *testing.T, path string) <-chan told {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	request, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("got %d %s", response.StatusCode, response.Header.Get("Content-Type"))
	}
	heard := make(chan told, 1024)
	go func() {
		defer close(heard)
		defer cancel()
		defer response.Body.Close()
		var e told
		lines := bufio.NewScanner(response.Body)
		for lines.Buffer(nil, 1<<20); lines.Scan(); {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				heard <- e
				e = told{}
			}
		}
	}()
	t.Cleanup(cancel)
	return heard
}

func TestWatchingAnOrderShowsItsWayAndStopsAtItsEnd(t *testing.T) {
	t.Parallel()
	s := patient(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 1, "pm_card_visa", "1 High Street"))
	s.until(t, id, "booked", bookedIs)
	heard := s.listen(t, "/v1/orders/"+id+"/watch")
	var seen []string
	for e := range heard {
		var v projections.OrderView
		if err := json.Unmarshal([]byte(e.data), &v); err != nil || e.name != "order" || v.ID != id {
			t.Fatalf("heard %+v (%v)", e, err)
		}
		if len(seen) == 0 || seen[len(seen)-1] != v.Status {
			seen = append(seen, v.Status)
			switch v.Status {
			case "confirmed":
				s.move(t, id, "dispatched")
			case "shipped":
				s.move(t, id, "delivered")
			}
		}
	}
	if got := strings.Join(seen, " "); got != "confirmed shipped completed" {
		t.Errorf("saw %s", got)
	}
}

func TestWatchingAnOrderThatHasEndedShowsItOnce(t *testing.T) {
	t.Parallel()
	s := quick(t)
	id := s.place(t, wishFor(s.list(t, 0), 1, "pm_card_visa", "1 High Street"))
	s.untilStatus(t, id, "rejected")
	n := 0
	for range s.listen(t, "/v1/orders/"+id+"/watch") {
		n++
	}
	if n != 1 {
		t.Errorf("it was shown %d times", n)
	}
}

func TestWatchingAllOrdersTellsEachEndOnce(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	heard := s.listen(t, "/v1/orders/watch")
	want := map[string]string{}
	for name, w := range map[string]wish{
		"completed": wishFor(sku, 1, "pm_card_visa", "1 High Street"), "rejected out_of_stock": wishFor(sku, 100, "pm_card_visa", ""),
		"rejected payment_declined": wishFor(sku, 1, "pm_card_chargeDeclined", ""), "cancelled shipment_failed": wishFor(sku, 1, "pm_card_visa", "SIM-REFUSE"),
		"lost": wishFor(sku, 1, "pm_card_visa", "SIM-LOSE"), "returned": wishFor(sku, 1, "pm_card_visa", "SIM-RETURN"),
	} {
		a := s.ask(t, "POST", "/v1/orders", w.json(), "Idempotency-Key: "+nameOf(t)+name).must(t, 202)
		want[read[projections.OrderView](t, a).ID] = name
	}
	// A second order, placed after the others have ended, ends last: whatever was to be told of them has been told by then.
	last := ""
	for e := range heard {
		var end struct{ ID, Status, Reason string }
		if err := json.Unmarshal([]byte(e.data), &end); err != nil || e.name != "ended" {
			t.Fatalf("heard %+v (%v)", e, err)
		}
		if end.ID == last {
			return
		}
		name, ours := want[end.ID]
		if got := strings.TrimSpace(end.Status + " " + end.Reason); ours && got != name {
			t.Errorf("%s ended as %q, or twice; want %q", end.ID, got, name)
		}
		if delete(want, end.ID); ours {
			want[end.ID] = "nothing more"
		}
		if last == "" && !wanted(want) {
			a := s.ask(t, "POST", "/v1/orders", wishFor(sku, 100, "pm_card_visa", "").json(), "Idempotency-Key: "+nameOf(t)+"last").must(t, 202)
			last = read[projections.OrderView](t, a).ID
		}
	}
	t.Error("the stream ended by itself")
}

// wanted tells whether an end is still to come.
func wanted(ends map[string]string) bool {
	for _, name := range ends {
		if name != "nothing more" {
			return true
		}
	}
	return false
}
