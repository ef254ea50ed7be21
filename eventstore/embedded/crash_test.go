package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/eventstore/embedded"
	"github.com/ordersaga/ordersaga/eventstore/storetest"
)

// writer appends three events at a time to a stream of its own, until it fails.
func writer(s eventstore.Store, stream eventstore.StreamID, acknowledged func(part int, r eventstore.Result)) {
	for part := 0; ; part++ {
		result := s.Append(context.Background(), stream, eventstore.Revision(part*3-1), trio(stream, part)...)
		if result.Err != nil {
			return
		}
		acknowledged(part, result)
	}
}

func trio(stream eventstore.StreamID, part int) []eventstore.Draft {
	return storetest.Drafts(fmt.Sprint(stream, part, "x"), fmt.Sprint(stream, part, "y"), fmt.Sprint(stream, part, "z"))
}

// wantSurvived checks a store after a crash: no gap, no torn append, and everything that was acknowledged at its place.
func wantSurvived(t *testing.T, s eventstore.Store, acknowledged map[eventstore.StreamID][]eventstore.Result) {
	t.Helper()
	position := eventstore.Position(0)
	streams := map[eventstore.StreamID]int{}
	for e, err := range s.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if position++; e.Position != position {
			t.Fatalf("position %d is missing, %d is there", position, e.Position)
		}
		if want := trio(e.Stream, streams[e.Stream]/3)[streams[e.Stream]%3]; e.ID != want.ID || int(e.Revision) != streams[e.Stream] {
			t.Fatalf("position %d is not event %d of %s", position, streams[e.Stream], e.Stream)
		}
		streams[e.Stream]++
	}
	for stream, count := range streams {
		if count%3 != 0 {
			t.Errorf("%s has %d events: an append of three is torn", stream, count)
		}
		read := 0
		for range s.Read(t.Context(), stream, eventstore.NoStream) {
			read++
		}
		if read != count {
			t.Errorf("%s has %d events in history, but reads as %d", stream, count, read)
		}
	}
	for stream, results := range acknowledged {
		for part, first := range results {
			again := s.Append(t.Context(), stream, eventstore.Revision(part*3-1), trio(stream, part)...)
			if again != first {
				t.Fatalf("%s part %d: acknowledged as %+v, repeated after the crash: %+v", stream, part, first, again)
			}
		}
	}
}

func TestAcknowledgedSurvivesLossOfPower(t *testing.T) {
	disk := vfs.NewCrashableMem()
	expected := map[eventstore.StreamID][]eventstore.Result{}
	for round := range 6 {
		s := open(t, "data", embedded.WithFS(disk))
		var mu sync.Mutex
		var wg sync.WaitGroup
		enough := make(chan struct{})
		total := 0
		for w := range 8 {
			stream := eventstore.NewStreamID(fmt.Sprint("round", round), fmt.Sprint(w))
			wg.Go(func() {
				writer(s, stream, func(_ int, r eventstore.Result) {
					mu.Lock()
					defer mu.Unlock()
					expected[stream] = append(expected[stream], r)
					if total++; total == 100 {
						close(enough)
					}
				})
			})
		}
		<-enough
		// The power fails in the middle of writing: of what was not synced, a random part is on the disk.
		mu.Lock()
		crashed := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 20 * round, RNG: rand.New(rand.NewPCG(1, uint64(round)))})
		acknowledged := map[eventstore.StreamID][]eventstore.Result{}
		for stream, results := range expected {
			acknowledged[stream] = append([]eventstore.Result(nil), results...)
		}
		mu.Unlock()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()

		disk, expected = crashed, acknowledged
		s = open(t, "data", embedded.WithFS(disk))
		wantSurvived(t, s, acknowledged)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

const victimDir = "EVENTSTORE_TEST_VICTIM"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		victim(dir)
	}
	// Each check of the model opens the store many times; a hundred of them take half a minute. The flag asks for more.
	_ = flag.Set("rapid.checks", "25")
	os.Exit(m.Run())
}

// victim appends and says what was acknowledged, until it is killed.
func victim(dir string) {
	s, err := embedded.Open(dir)
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		stream := eventstore.NewStreamID(fmt.Sprint("pid", os.Getpid()), fmt.Sprint(w))
		wg.Go(func() {
			writer(s, stream, func(part int, r eventstore.Result) {
				_, _ = fmt.Fprintln(os.Stdout, stream, part, int64(r.Revision), uint64(r.Position), r.At.UnixMicro())
			})
		})
	}
	wg.Wait()
	os.Exit(1)
}

func TestAcknowledgedSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[eventstore.StreamID][]eventstore.Result{}
	for range 3 {
		killAfter(t, dir, 300, acknowledged)
		s := open(t, dir)
		wantSurvived(t, s, acknowledged)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter starts a victim, kills it after it has acknowledged some appends, and notes all that it acknowledged.
func killAfter(t *testing.T, dir string, lines int, acknowledged map[eventstore.StreamID][]eventstore.Result) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	for n := 0; ; n++ {
		line, err := in.ReadString('\n') // a line cut off by the kill was not acknowledged to anyone
		if err != nil {
			break
		}
		var stream string
		var part int
		var revision, micros int64
		var position uint64
		if _, err := fmt.Sscan(line, &stream, &part, &revision, &position, &micros); err != nil {
			t.Fatalf("the victim says %q", strings.TrimSpace(line))
		}
		id := eventstore.StreamID(stream)
		acknowledged[id] = append(acknowledged[id], eventstore.Result{
			Revision: eventstore.Revision(revision), Position: eventstore.Position(position), At: time.UnixMicro(micros).UTC(),
		})
		if n == lines {
			if _, err := embedded.Open(dir); !errors.Is(err, embedded.ErrInUse) || !strings.Contains(err.Error(), dir) {
				t.Errorf("opened beside the living process: %v", err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the victim ended by itself")
	}
}
