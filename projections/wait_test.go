package projections

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/sagas"
)

func TestWaitReturnsOnceThePositionIsThere(t *testing.T) {
	h := newHistory().stocked()
	v := opened(t, filepath.Join(t.TempDir(), "views.db"))
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Wait(impatient, sagas.Order, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting in vain gives %v", err)
	}
	if len(v.waiters[sagas.Order]) != 0 {
		t.Error("a waiter was left behind")
	}
	running(t, v, h)
	for i := range 20 {
		id := fmt.Sprintf("o%d", i)
		h.placed(id)
		if err := v.Wait(t.Context(), sagas.Order, h.end(sagas.Order)); err != nil {
			t.Fatal(err)
		}
		orderOf(t, v, id)
	}
}

func TestALoneEventIsSeenAtOnce(t *testing.T) {
	h := newHistory()
	v := opened(t, filepath.Join(t.TempDir(), "views.db"), WithCoalescing(time.Hour))
	running(t, v, h)
	h.placed("o")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := v.Wait(ctx, sagas.Order, h.end(sagas.Order)); err != nil {
		t.Error(err)
	}
}

func TestWatchTellsEveryStatusUntilTheCallerLeaves(t *testing.T) {
	h := newHistory()
	v := opened(t, filepath.Join(t.TempDir(), "views.db"), WithCoalescing(0))
	running(t, v, h)
	next := map[string]domain.Event{
		StatusPlaced: order.Confirmed{}, StatusConfirmed: order.CancellationRequested{Reason: "customer"},
		StatusCancelling: order.Cancelled{Reason: "customer"},
	}
	started := make(chan struct{})
	go func() { <-started; h.placed("other").placed("o") }()
	var seen []string
	close(started)
	for o, err := range v.Watch(t.Context(), "o") {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, o.Status)
		if o.Ended() {
			break
		}
		h.record("order-o", next[o.Status])
	}
	if want := []string{StatusPlaced, StatusConfirmed, StatusCancelling, StatusCancelled}; !slices.Equal(seen, want) {
		t.Errorf("saw %v, not %v", seen, want)
	}
	if len(v.watchers) != 0 {
		t.Errorf("watchers were left behind: %v", v.watchers)
	}
}

func TestWatchEndsWithItsContextAndWithTheViews(t *testing.T) {
	v := opened(t, filepath.Join(t.TempDir(), "views.db"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	watch := func(ctx context.Context) {
		for _, err := range v.Watch(ctx, "nobody") {
			ended <- err
		}
	}
	go watch(ctx)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	go watch(t.Context())
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("ended with %v", err)
	}
}

func ids(page []OrderView) (list []string) {
	for _, o := range page {
		list = append(list, o.ID)
	}
	return list
}

func TestPagesAreNewestFirstAndDoNotShift(t *testing.T) {
	h := newHistory()
	for i := range 7 {
		h.placed(fmt.Sprintf("o%d", i))
	}
	v := folded(t, h)
	var all []string
	f := Filter{Limit: 3}
	for i := 0; ; i++ {
		page, next, err := v.Orders(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ids(page)...)
		foldAll(t, v, h.placed(fmt.Sprintf("new%d", i)))
		if next == "" {
			break
		}
		f.After = next
	}
	if diff := cmp.Diff([]string{"o6", "o5", "o4", "o3", "o2", "o1", "o0"}, all); diff != "" {
		t.Error(diff)
	}
	if _, _, err := v.Orders(t.Context(), Filter{After: "?"}); !errors.Is(err, ErrCursor) {
		t.Errorf("a made-up cursor gives %v", err)
	}
}

func TestOrdersAreFoundByCustomerAndStatus(t *testing.T) {
	h := newHistory().stocked().completed("a").booked("b").completed("c")
	guest := placedFact
	guest.CustomerID = ""
	h.record("order-d", guest)
	v := folded(t, h)
	for f, want := range map[Filter][]string{
		{}:                        {"d", "c", "b", "a"},
		{Customer: "17850"}:       {"c", "b", "a"},
		{Status: StatusCompleted}: {"c", "a"},
		{Customer: "17850", Status: StatusConfirmed}: {"b"},
		{Customer: "somebody"}:                       nil,
		{Customer: "17850", Status: StatusPlaced}:    nil,
	} {
		page, next, err := v.Orders(t.Context(), f)
		if err != nil || next != "" || !slices.Equal(ids(page), want) {
			t.Errorf("%+v: %v, next %q, %v", f, ids(page), next, err)
		}
	}
	var all []string
	for o, err := range v.AllOrders(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o.ID)
	}
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(all, want) {
		t.Errorf("all orders are %v", all)
	}
}

func TestSumsAddUpToThePenny(t *testing.T) {
	h := newHistory().stocked().completed("a").completed("b")
	h.authorized("c").record("order-c", order.Cancelled{Reason: "customer"}).voided("c").released("c")
	sums, err := folded(t, h).Sums(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := Amounts{Orders: 2, Total: 2140, Authorized: 2140, Captured: 2140}
	undone := Amounts{Orders: 1, Total: 1070, Authorized: 1070, Voided: 1070}
	want := Sums{
		Orders: map[string]int64{StatusCompleted: 2, StatusCancelled: 1},
		Money:  map[domain.Currency]Amounts{"GBP": {Orders: 3, Total: 3210, Authorized: 3210, Captured: 2140, Voided: 1070}},
		ByStatus: map[string]map[domain.Currency]Amounts{
			StatusCompleted: {"GBP": done}, StatusCancelled: {"GBP": undone},
		},
		Products: 2, SKUs: 2, OnHand: 100,
	}
	if diff := cmp.Diff(want, sums); diff != "" {
		t.Error(diff)
	}
}
