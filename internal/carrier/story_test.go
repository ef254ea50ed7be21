package carrier_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/internal/carrier"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

func TestParcelsGoTheirWayByThemselves(t *testing.T) {
	for _, delay := range []time.Duration{0, 40 * time.Millisecond} {
		w := newWorld(t, carrier.Options{DispatchAfter: delay, DeliverAfter: delay})
		for line1, end := range map[string]sagas.BookingStatus{
			"1 High Street":               sagas.BookingDelivered,
			carrier.Lose + " 1 High St":   sagas.BookingLost,
			carrier.Return + " 1 High St": sagas.BookingReturned,
			carrier.Handover:              sagas.BookingDelivered,
			"SIM-LOSER 1 High Street":     sagas.BookingDelivered,
		} {
			w.booked(t.Context(), line1, line1)
			waitFor(t, func() bool { return len(w.words(line1)) == 2 })
			if diff := cmp.Diff([]sagas.BookingStatus{sagas.BookingDispatched, end}, w.words(line1)); diff != "" {
				t.Errorf("%s after %s: %s", line1, delay, diff)
			}
			b, err := w.client.Find(t.Context(), line1)
			if err != nil || b.Status != end {
				t.Errorf("found %+v, %v", b, err)
			}
			w.only(line1)
		}
	}
}

func TestARefusedAddressIsAnAnswer(t *testing.T) {
	w := newWorld(t, carrier.Options{})
	call := newCall("order")
	for range 2 {
		b, err := w.client.Book(t.Context(), call, parcel(carrier.Refuse))
		if err != nil || b.Status != sagas.BookingRefused || b.Reason != "address_refused" {
			t.Errorf("got %+v, %v", b, err)
		}
	}
	if b, err := w.client.Cancel(t.Context(), newCall("order")); err != nil || b.Status != sagas.BookingRefused {
		t.Errorf("its cancellation: %+v, %v", b, err)
	}
	w.only("order")
}

func TestTimeOutsBookOnce(t *testing.T) {
	w := newWorld(t, carrier.Options{DispatchAfter: never})
	for line1, effect := range map[string]bool{carrier.TimeoutBefore: false, carrier.TimeoutAfter: true} {
		call := newCall(line1)
		if b, err := w.hasty.Book(t.Context(), call, parcel(line1)); !errors.Is(err, remote.ErrUnclear) {
			t.Errorf("%s: the first call is answered: %+v, %v", line1, b, err)
		}
		if _, err := w.client.Find(t.Context(), line1); errors.Is(err, sagas.ErrNotFound) == effect {
			t.Errorf("%s: after the first call: %v", line1, err)
		}
		b, err := w.client.Book(t.Context(), call, parcel(line1))
		if err != nil || b.Status != sagas.BookingBooked {
			t.Errorf("%s: the second call: %+v, %v", line1, b, err)
		}
		if e := w.only(line1); e.ID != b.ID {
			t.Errorf("%s: answered %s, in the ledger is %s", line1, b.ID, e.ID)
		}
	}
}

func TestASlowAnswerIsStillAnAnswer(t *testing.T) {
	w := newWorld(t, carrier.Options{DispatchAfter: never, SlowAnswer: 100 * time.Millisecond})
	start := time.Now()
	w.booked(t.Context(), "order", carrier.Slow)
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

func TestFiftyRepetitionsAtOnceBookOnce(t *testing.T) {
	w := newWorld(t, carrier.Options{})
	call := newCall("order")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if b, err := w.client.Book(t.Context(), call, parcel("1 High Street")); err != nil || b.Status != sagas.BookingBooked {
				t.Errorf("got %+v, %v", b, err)
			}
		})
	}
	all.Wait()
	w.only("order")
	if _, err := w.client.Book(t.Context(), call, parcel("2 High Street")); err == nil {
		t.Error("the key books another parcel")
	}
}

func TestACancellationHappensOnce(t *testing.T) {
	w := newWorld(t, carrier.Options{DispatchAfter: 300 * time.Millisecond, NotifyAll: true})
	w.booked(t.Context(), "order", "1 High Street")
	call := newCall("order")
	for _, again := range []sagas.Call{call, call, newCall("order")} {
		if b, err := w.client.Cancel(t.Context(), again); err != nil || b.Status != sagas.BookingCancelled {
			t.Errorf("got %+v, %v", b, err)
		}
	}
	e := w.only("order")
	if len(e.Effects) != 2 || e.Effects[1] != (carrier.Effect{Key: call.Key.String(), Kind: carrier.Cancel, At: e.Effects[1].At}) {
		t.Errorf("its effects are %+v", e.Effects)
	}
	w.booked(t.Context(), "later", "1 High Street")
	waitFor(t, func() bool { return w.only("later").Status == sagas.BookingDelivered })
	waitFor(t, func() bool { return len(w.words("later")) == 3 })
	if diff := cmp.Diff([]sagas.BookingStatus{sagas.BookingBooked, sagas.BookingCancelled}, w.words("order")); diff != "" {
		t.Error("a cancelled parcel moved: ", diff)
	}
}

func TestCancellationsThatAreRefused(t *testing.T) {
	w := newWorld(t, carrier.Options{DispatchAfter: never, DeliverAfter: never})
	for line1, code := range map[string]string{
		carrier.Handover: carrier.CodeAlreadyDispatched, carrier.NoCancel: carrier.CodeCancelRefused,
	} {
		w.booked(t.Context(), line1, line1)
		for range 2 {
			_, err := w.client.Cancel(t.Context(), newCall(line1))
			if refused, ok := errors.AsType[*sagas.Refusal](err); !ok || refused.Code != code {
				t.Errorf("%s: %v", line1, err)
			}
		}
		w.only(line1)
	}
	if _, err := w.client.Cancel(t.Context(), newCall("never booked/at all")); !errors.Is(err, sagas.ErrNotFound) {
		t.Errorf("what was never booked: %v", err)
	}
}

func TestAParcelLeavesOnTimeThoughItsTurnHasNotCome(t *testing.T) {
	var later atomic.Int64
	w := newWorld(t, carrier.Options{
		DispatchAfter: never, DeliverAfter: never,
		Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) },
	})
	w.booked(t.Context(), "order", "1 High Street")
	later.Store(int64(never)) // the carrier sleeps for up to a second more
	_, err := w.client.Cancel(t.Context(), newCall("order"))
	if refused, ok := errors.AsType[*sagas.Refusal](err); !ok || refused.Code != carrier.CodeAlreadyDispatched {
		t.Errorf("a cancellation after an hour: %v", err)
	}
	if e := w.only("order"); e.Status != sagas.BookingDispatched {
		t.Errorf("the ledger says %+v", e)
	}
}

func TestCancelAgainstDispatchExactlyOneWins(t *testing.T) {
	const parcels = 60
	w := newWorld(t, carrier.Options{DispatchAfter: 500 * time.Millisecond})
	var cancelled sync.Map
	var all sync.WaitGroup
	for i := range parcels {
		all.Go(func() {
			reference := fmt.Sprint(i)
			w.booked(t.Context(), reference, "1 High Street")
			due := w.only(reference).DueAt // most of the calls fall into the milliseconds around it
			timer := time.NewTimer(time.Until(due.Add(time.Duration(i-40) * max(1, time.Duration(30-i)) * time.Millisecond / 4)))
			defer timer.Stop()
			<-timer.C
			b, err := w.client.Cancel(t.Context(), newCall(reference))
			refused, _ := errors.AsType[*sagas.Refusal](err)
			switch {
			case err == nil && b.Status == sagas.BookingCancelled:
				cancelled.Store(reference, true)
			case refused != nil && refused.Code == carrier.CodeAlreadyDispatched:
				cancelled.Store(reference, false)
			default:
				t.Errorf("%s: %+v, %v", reference, b, err)
			}
		})
	}
	all.Wait()
	wins := 0
	for i := range parcels {
		reference := fmt.Sprint(i)
		answer, _ := cancelled.Load(reference)
		if answer == true {
			wins++
			if e := w.only(reference); e.Status != sagas.BookingCancelled || len(w.words(reference)) != 0 {
				t.Errorf("%s: answered cancelled, but it is %s and told %v", reference, e.Status, w.words(reference))
			}
			continue
		}
		waitFor(t, func() bool { return len(w.words(reference)) == 2 })
		if e := w.only(reference); e.Status != sagas.BookingDelivered {
			t.Errorf("%s: answered dispatched, but it is %s", reference, e.Status)
		}
	}
	if wins == 0 || wins == parcels {
		t.Errorf("%d of %d cancellations won: there was no race", wins, parcels)
	}
}

func TestLedgerSurvivesRestart(t *testing.T) {
	w := newWorld(t, carrier.Options{DispatchAfter: 250 * time.Millisecond, DeliverAfter: 50 * time.Millisecond})
	var references []string
	call := newCall("0")
	first, err := w.client.Book(t.Context(), call, parcel("1 High Street"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		reference := fmt.Sprint(i)
		references = append(references, reference)
		if i > 0 {
			w.booked(t.Context(), reference, "1 High Street")
		}
	}
	w.stop()
	read := 0
	for e, err := range carrier.ReadLedger(w.options.Dir) {
		if err := errors.Join(err, e.Check()); err != nil {
			t.Fatal(err)
		}
		read++
	}
	if read != len(references) {
		t.Errorf("the stopped ledger holds %d bookings", read)
	}
	w.start()
	if again, err := w.client.Book(t.Context(), call, parcel("1 High Street")); err != nil || again != first {
		t.Errorf("the first answer was %+v, after the restart it is %+v, %v", first, again, err)
	}
	for _, reference := range references {
		waitFor(t, func() bool { return len(w.words(reference)) >= 2 })
	}
	for id, times := range w.ids {
		if times != 1 {
			t.Errorf("%s was told %d times", id, times)
		}
	}
}

func TestEachWebhookThriceAtOnce(t *testing.T) {
	w := newWorld(t, carrier.Options{})
	w.booked(t.Context(), "order", carrier.Duplicate)
	waitFor(t, func() bool { return len(w.words("order")) == 9 })
	words := slices.Compact(w.words("order"))
	if diff := cmp.Diff([]sagas.BookingStatus{sagas.BookingBooked, sagas.BookingDispatched, sagas.BookingDelivered}, words); diff != "" {
		t.Error(diff)
	}
}

func TestTheWebhookOvertakesTheAnswer(t *testing.T) {
	w := newWorld(t, carrier.Options{DispatchAfter: never})
	w.booked(t.Context(), "order", carrier.Early)
	if words := w.words("order"); !slices.Equal(words, []sagas.BookingStatus{sagas.BookingBooked}) {
		t.Errorf("when the answer came, %v had been told", words)
	}
}

func TestAParcelCanBeMovedByHand(t *testing.T) {
	w := newWorld(t, carrier.Options{DispatchAfter: never, DeliverAfter: never})
	caller := remote.NewCaller(w.server.URL, nil, 0)
	advance := func(reference, status string) (carrier.Entry, error) {
		answer, err := caller.Call(t.Context(), http.MethodPost, "/v1/bookings/"+reference+"/advance", "", "", map[string]string{"status": status})
		if err != nil {
			return carrier.Entry{}, err
		}
		return remote.Decode[carrier.Entry](answer)
	}
	w.booked(t.Context(), "order", "1 High Street")
	for range 2 {
		if e, err := advance("order", "returned"); err != nil || e.Status != sagas.BookingReturned {
			t.Errorf("got %+v, %v", e, err)
		}
	}
	want := []sagas.BookingStatus{sagas.BookingDispatched, sagas.BookingReturned}
	waitFor(t, func() bool { return len(w.words("order")) == 2 })
	if diff := cmp.Diff(want, w.words("order")); diff != "" {
		t.Error(diff)
	}
	w.booked(t.Context(), "cancelled", "1 High Street")
	if _, err := w.client.Cancel(t.Context(), newCall("cancelled")); err != nil {
		t.Fatal(err)
	}
	for reference, status := range map[string]string{"cancelled": "dispatched", "order": "dispatched", "none": "lost"} {
		if e, err := advance(reference, status); err == nil {
			t.Errorf("%s became %+v", reference, e)
		}
	}
	if _, err := advance("order", "booked"); !errors.Is(err, remote.ErrUnclear) {
		t.Errorf("back to booked: %v", err)
	}
	w.only("cancelled")
}

// TestWordsReachAShopThatIsOftenDown has the shop refuse deliveries half of the time.
func TestWordsReachAShopThatIsOftenDown(t *testing.T) {
	w := newWorld(t, carrier.Options{DispatchAfter: 10 * time.Millisecond})
	start := time.Now()
	flaky := remote.InProcess(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if time.Since(start)/(60*time.Millisecond)%2 == 0 {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.hear(rw, r)
	}))
	w.stop()
	w.options.Webhooks = webhook.Destination{URL: func() string { return "http://shop" }, Secret: secret, Transport: flaky}
	w.start()
	for i := range 20 {
		w.booked(t.Context(), fmt.Sprint(i), "1 High Street")
	}
	for i := range 20 {
		reference := fmt.Sprint(i)
		waitFor(t, func() bool { return len(w.words(reference)) == 2 })
		if diff := cmp.Diff([]sagas.BookingStatus{sagas.BookingDispatched, sagas.BookingDelivered}, w.words(reference)); diff != "" {
			t.Error(diff)
		}
	}
}
