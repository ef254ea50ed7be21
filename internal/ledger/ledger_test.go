package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/internal/ledger"
)

func open(t testing.TB, dir string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func get(t *testing.T, l *ledger.Ledger, key string) (value string, found bool) {
	t.Helper()
	err := l.Do(t.Context(), func(tx *ledger.Tx) error {
		text, ok, err := tx.Get([]byte(key))
		value, found = string(text), ok
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return value, found
}

func set(key, value string) func(*ledger.Tx) error {
	return func(tx *ledger.Tx) error {
		tx.Set([]byte(key), []byte(value))
		return nil
	}
}

func TestFunctionsRunOneAfterAnother(t *testing.T) {
	l := open(t, t.TempDir())
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			err := l.Do(t.Context(), func(tx *ledger.Tx) error {
				n, _, err := ledger.Load[int](tx, []byte("n"))
				if err != nil {
					return err
				}
				return ledger.Store(tx, []byte("n"), n+1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n, _ := get(t, l, "n"); n != "200" {
		t.Errorf("200 increments made %s", n)
	}
}

func TestAFunctionThatFailsWritesNothing(t *testing.T) {
	l := open(t, t.TempDir())
	no := errors.New("no")
	told := false
	err := l.Do(t.Context(), func(tx *ledger.Tx) error {
		tx.Set([]byte("a"), []byte("1"))
		tx.OnDisk(func() { told = true })
		if v, ok, _ := tx.Get([]byte("a")); !ok || string(v) != "1" {
			t.Errorf("it does not see its own write: %q", v)
		}
		tx.Delete([]byte("a"))
		if _, ok, _ := tx.Get([]byte("a")); ok {
			t.Error("it does not see its own deletion")
		}
		tx.Set([]byte("a"), []byte("2"))
		return no
	})
	if !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if v, found := get(t, l, "a"); found || told {
		t.Errorf("it left %q behind, told %t", v, told)
	}
}

func TestWhatWasAnsweredIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	if err := l.Do(t.Context(), set("a", "1")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	if err := l.Do(t.Context(), set("a", "2")); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("a closed ledger answers %v", err)
	}
	read, err := ledger.OpenReadOnly(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range read.Scan([]byte("a"), ledger.After([]byte("a"))) {
		if err != nil || string(row.Value) != "1" {
			t.Errorf("read only: %q, %v", row.Value, err)
		}
	}
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	if v, _ := get(t, open(t, dir), "a"); v != "1" {
		t.Errorf("after the restart it is %q", v)
	}
}

func TestAnEndedContextDoesNotWait(t *testing.T) {
	l := open(t, t.TempDir())
	release, busy := make(chan struct{}), make(chan struct{})
	defer close(release)
	go func() {
		_ = l.Do(context.Background(), func(*ledger.Tx) error {
			close(busy)
			<-release
			return nil
		})
	}()
	<-busy
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for range 3 {
		if err := l.Do(ctx, set("a", "1")); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestAKeyBelongsToOneRequest(t *testing.T) {
	l := open(t, t.TempDir())
	replies := ledger.NewReplies("k/")
	one, other := ledger.FingerprintOf("a", "bc"), ledger.FingerprintOf("ab", "c")
	err := l.Do(t.Context(), func(tx *ledger.Tx) error {
		if _, found, err := replies.Find(tx, "key", one); found || err != nil {
			t.Errorf("found %t, %v before it was kept", found, err)
		}
		replies.Keep(tx, "key", one, ledger.Reply{Status: 201, Body: []byte("{}")})
		if r, found, err := replies.Find(tx, "key", one); !found || err != nil || r.Status != 201 || string(r.Body) != "{}" {
			t.Errorf("kept %v, %t, %v", r, found, err)
		}
		if _, _, err := replies.Find(tx, "key", other); !errors.Is(err, ledger.ErrKeyReused) {
			t.Errorf("another request with that key: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// agenda runs an agenda and counts what it does.
func agenda(t *testing.T, l *ledger.Ledger, do func(string) error) (*ledger.Agenda, context.CancelFunc) {
	a := ledger.NewAgenda(l, "d/")
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		a.Run(ctx, time.Now, slog.New(slog.DiscardHandler), func(_ *ledger.Tx, id string) error { return do(id) })
	})
	stop := func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return a, stop
}

func TestWhatIsDueIsDoneOnceAlsoAfterARestart(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var mu sync.Mutex
	done := map[string]int{}
	count := func(id string) error {
		mu.Lock()
		defer mu.Unlock()
		done[id]++
		return nil
	}
	a, stop := agenda(t, l, count)
	start := time.Now()
	for i := range 1500 {
		err := l.Do(t.Context(), func(tx *ledger.Tx) error {
			at := start.Add(time.Duration(i%3) * 150 * time.Millisecond)
			id := fmt.Sprintf("%04d", i)
			a.Add(tx, at, id)
			if i%5 == 0 && i%3 == 2 {
				a.Remove(tx, at, id)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if i == 700 {
			stop()
			_ = l.Close()
			l = open(t, dir)
			a, stop = agenda(t, l, count)
		}
	}
	const want = 1400 // one in fifteen was taken back in time
	waitFor(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(done) >= want })
	mu.Lock()
	defer mu.Unlock()
	for id, times := range done {
		if times != 1 {
			t.Errorf("%s was done %d times", id, times)
		}
	}
	if len(done) != want {
		t.Errorf("%d were done, want %d", len(done), want)
	}
}

func TestWhatFailsStaysOnTheAgenda(t *testing.T) {
	l := open(t, t.TempDir())
	var attempts, others atomic.Int32
	a, _ := agenda(t, l, func(id string) error {
		if id == "bad" && attempts.Add(1) == 1 {
			return errors.New("not now")
		}
		others.Add(1)
		return nil
	})
	err := l.Do(t.Context(), func(tx *ledger.Tx) error {
		a.Add(tx, time.Now(), "bad")
		a.Add(tx, time.Now(), "good")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return attempts.Load() == 2 && others.Load() == 2 })
}

func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 10 s")
		}
	}
}
