package psp_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

func TestLedgerSurvivesRestart(t *testing.T) {
	w := newWorld(t, psp.Options{SettleAfter: 250 * time.Millisecond, ShortLife: 250 * time.Millisecond})
	call := newCall("paid")
	first, err := w.client.Authorize(t.Context(), call, "pm_card_visa", pounds(1000))
	if err != nil {
		t.Fatal(err)
	}
	w.authorized("expiring", "pm_sim_expires")
	if _, err := w.client.Authorize(t.Context(), newCall("pending"), "pm_sim_async", pounds(1000)); err != nil {
		t.Fatal(err)
	}
	hung := newCall("hung")
	if _, err := w.hasty.Authorize(t.Context(), hung, "pm_sim_timeoutBefore", pounds(1000)); err == nil {
		t.Fatal("it was answered")
	}
	w.stop()
	w.start()

	if again, err := w.client.Authorize(t.Context(), call, "pm_card_visa", pounds(1000)); err != nil || !cmp.Equal(first, again) {
		t.Errorf("the first answer was %+v, after the restart it is %+v, %v", first, again, err)
	}
	if c, err := w.client.Authorize(t.Context(), hung, "pm_sim_timeoutBefore", pounds(1000)); err != nil || c.Status != sagas.ChargeAuthorized {
		t.Errorf("the same call again: %+v, %v", c, err)
	}
	for reference, want := range map[string]string{"expiring": webhook.ChargeExpired, "pending": webhook.ChargeAuthorized} {
		waitFor(t, func() bool { types, _ := w.notices(reference); return len(types) == 1 && types[0] == want })
	}
	w.only("paid")
}

func TestAStoppedLedgerCanBeRead(t *testing.T) {
	w := newWorld(t, psp.Options{})
	w.captured("order", "pm_card_visa")
	for _, err := range psp.ReadLedger(w.options.Dir) {
		if err == nil {
			t.Error("a running provider's ledger was opened a second time")
		}
	}
	want := w.only("order")
	w.stop()
	for range 2 {
		var got []psp.Entry
		for e, err := range psp.ReadLedger(w.options.Dir) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff([]psp.Entry{want}, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, err := range psp.ReadLedger(t.TempDir()) {
		if err == nil {
			t.Error("a ledger was read where there is none")
		}
	}
	w.start()
}

func TestCloseFreesCallsThatHang(t *testing.T) {
	w := newWorld(t, psp.Options{})
	client := psp.NewClient(w.server.URL, nil, time.Minute)
	answered := make(chan error)
	go func() {
		_, err := client.Authorize(t.Context(), newCall("order"), "pm_sim_timeoutAfter", pounds(1000))
		answered <- err
	}()
	waitFor(t, func() bool { return len(w.ledger()["order"]) == 1 })
	w.stop()
	select {
	case err := <-answered:
		if err == nil {
			t.Error("a hanging call got a good answer")
		}
	case <-time.After(5 * time.Second):
		t.Error("the call still hangs")
	}
	w.start()
}

// TestWhatWasAnsweredIsThereAfterKill9 runs a provider in a process of its own and kills it under load.
func TestWhatWasAnsweredIsThereAfterKill9(t *testing.T) {
	if dir := os.Getenv("PSP_TEST_SERVE"); dir != "" {
		serveUntilKilled(t, dir)
	}
	dir := t.TempDir()
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWhatWasAnsweredIsThereAfterKill9$")
	process.Env = append(os.Environ(), "PSP_TEST_SERVE="+dir)
	out, err := process.StdoutPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "http://") {
		t.Fatalf("the provider says %q", lines.Text())
	}
	client := psp.NewClient(lines.Text(), nil, 5*time.Second)

	var mu sync.Mutex
	answered := map[string]sagas.Charge{}
	var clients sync.WaitGroup
	for i := range 16 {
		clients.Go(func() {
			for n := 0; ; n++ {
				c, err := client.Authorize(t.Context(), newCall(fmt.Sprintf("%d-%d", i, n)), "pm_card_visa", pounds(1000))
				if err != nil {
					return
				}
				mu.Lock()
				answered[c.ID] = c
				mu.Unlock()
			}
		})
	}
	waitFor(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(answered) > 200 })
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait()
	clients.Wait()

	kept := map[string]sagas.Charge{}
	for e, err := range psp.ReadLedger(dir) {
		if err := errors.Join(err, e.Check()); err != nil {
			t.Fatal(err)
		}
		kept[e.ID] = e.AsCharge()
	}
	for id, c := range answered {
		if diff := cmp.Diff(c, kept[id]); diff != "" {
			t.Fatal(diff)
		}
	}
}

func serveUntilKilled(t *testing.T, dir string) {
	provider, err := psp.Open(psp.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	t.Fatal(http.Serve(listener, provider.Handler())) //nolint:gosec // a test's
}
