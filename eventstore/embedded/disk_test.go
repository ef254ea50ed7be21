package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/eventstore/embedded"
	"github.com/ordersaga/ordersaga/eventstore/storetest"
)

// disk is a file system whose syncs of Pebble's log can be held up, and made to fail.
type disk struct {
	vfs.FS
	held    sync.RWMutex
	waiting atomic.Int32 // syncs that have begun
	broken  atomic.Bool
}

var errBroken = errors.New("the disk is broken")

func newDisk(under vfs.FS) *disk {
	d := &disk{}
	d.FS = errorfs.Wrap(under, errorfs.InjectorFunc(func(op errorfs.Op) error {
		sync := op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData
		if !sync || !strings.HasSuffix(op.Path, ".log") {
			return nil
		}
		d.waiting.Add(1)
		d.held.RLock()
		defer d.held.RUnlock()
		if d.broken.Load() {
			return errBroken
		}
		return nil
	}))
	return d
}

// awaitSync waits until another sync has begun since a count.
func (d *disk) awaitSync(t *testing.T, before int32) {
	t.Helper()
	eventually(t, func() bool { return d.waiting.Load() > before })
}

func eventually(t *testing.T, happened func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(20 * time.Second)
	for !happened() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("waited for too long")
		}
	}
}

func appendLater(s *embedded.Store, to eventstore.StreamID, expected eventstore.Revision, names ...string) <-chan eventstore.Result {
	result := make(chan eventstore.Result, 1)
	go func() { result <- s.Append(context.Background(), to, expected, storetest.Drafts(names...)...) }()
	return result
}

func TestNothingIsSeenOrAnsweredBeforeItIsOnDisk(t *testing.T) {
	d := newDisk(vfs.NewMem())
	s := open(t, "data", embedded.WithFS(d))
	ctx := t.Context()
	if err := s.Append(ctx, "order-1", eventstore.NoStream, storetest.Draft("a")).Err; err != nil {
		t.Fatal(err)
	}
	d.held.Lock()
	before := d.waiting.Load()
	first := appendLater(s, "order-1", 0, "b")
	d.awaitSync(t, before)
	group := make(chan []eventstore.Result, 1)
	go func() {
		group <- s.AppendMany(context.Background(), []eventstore.Append{
			{Stream: "order-1", Expected: 0, Drafts: storetest.Drafts("b")}, // a retry
			{Stream: "order-1", Expected: 0, Drafts: storetest.Drafts("c")}, // a conflict
			{Stream: "order-3", Expected: eventstore.NoStream, Drafts: storetest.Drafts("e")},
		})
	}()
	cancelled, cancel := context.WithCancel(ctx)
	left := make(chan eventstore.Result, 1)
	go func() { left <- s.Append(cancelled, "order-2", eventstore.NoStream, storetest.Draft("d")) }()
	eventually(t, func() bool { return s.Stats().Appends == 4 }) // all are decided

	for what, events := range map[string]int{
		"all": count(t, s.All(ctx, 0)), "stream": count(t, s.Read(ctx, "order-1", eventstore.NoStream)),
		"backwards": count(t, s.ReadBackwards(ctx, "order-1")), "stats": int(s.Stats().Position),
	} {
		if events != 1 {
			t.Errorf("%s: %d events are seen while the second is not on disk", what, events)
		}
	}
	select {
	case r := <-first:
		t.Errorf("acknowledged before it was on disk: %+v", r)
	case r := <-group:
		t.Errorf("a retry and a conflict were answered by an event that was not on disk: %+v", r)
	default:
	}
	cancel()
	if err := (<-left).Err; !errors.Is(err, eventstore.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while the disk works: %v", err)
	}

	d.held.Unlock()
	a, rest := <-first, <-group
	if a.Err != nil || a != rest[0] || rest[2].Err != nil {
		t.Errorf("the append got %+v, its retry %+v, its neighbour %+v", a, rest[0], rest[2])
	}
	if err := rest[1].Err; !errors.Is(err, eventstore.ErrConflict) {
		t.Errorf("want a conflict, got %v", err)
	}
	if r := s.Append(ctx, "order-2", eventstore.NoStream, storetest.Draft("d")); r.Err != nil || s.Stats().Position != 4 {
		t.Errorf("the identical append settles what was unknown; got %+v", r)
	}
}

func TestABrokenDiskStopsAppendsButNotReading(t *testing.T) {
	under := vfs.NewCrashableMem()
	d := newDisk(under)
	s := open(t, "data", embedded.WithFS(d), embedded.WithLogger(slog.New(slog.DiscardHandler)))
	ctx := t.Context()
	if err := s.Append(ctx, "order-1", eventstore.NoStream, storetest.Draft("a")).Err; err != nil {
		t.Fatal(err)
	}
	d.held.Lock()
	before := d.waiting.Load()
	first := appendLater(s, "order-1", 0, "b")
	d.awaitSync(t, before)
	group := make(chan []eventstore.Result, 1)
	go func() {
		group <- s.AppendMany(context.Background(), []eventstore.Append{
			{Stream: "order-1", Expected: eventstore.NoStream, Drafts: storetest.Drafts("x")}, // a conflict
			{Stream: "order-1", Expected: 0, Drafts: storetest.Drafts("b")},                   // a retry
			{Stream: "order-1", Expected: 1, Drafts: storetest.Drafts("c")},
		})
	}()
	eventually(t, func() bool { return s.Stats().Appends == 3 }) // all are decided
	d.broken.Store(true)
	d.held.Unlock()

	rest := <-group
	for _, result := range []eventstore.Result{<-first, rest[1], rest[2]} {
		if !errors.Is(result.Err, eventstore.ErrUnknownOutcome) || !errors.Is(result.Err, embedded.ErrFailed) {
			t.Errorf("the disk broke under it: %+v", result)
		}
	}
	if err := rest[0].Err; err == nil || errors.Is(err, eventstore.ErrConflict) {
		t.Errorf("a conflict with an event that may be lost was answered: %v", err)
	}
	for range 3 {
		if err := s.Append(ctx, "order-2", eventstore.Any, storetest.Draft("e")).Err; !errors.Is(err, embedded.ErrFailed) || errors.Is(err, eventstore.ErrUnknownOutcome) {
			t.Errorf("append to a failed store: %v", err)
		}
	}
	if n := count(t, s.All(ctx, 0)); n != 1 {
		t.Errorf("%d events are seen, only one is on disk for certain", n)
	}
	if s.Stats().Err == nil {
		t.Error("the figures do not say that the store has failed")
	}
	_ = s.Close() // may complain of the disk, but must not hang

	s = open(t, "data", embedded.WithFS(under.CrashClone(vfs.CrashCloneCfg{})))
	if r := s.Append(ctx, "order-1", 0, storetest.Draft("b")); r.Err != nil || r.Revision != 1 {
		t.Errorf("after the disk was mended: %+v", r)
	}
}

func TestADiskThatBreaksUnderLoadLosesNothingAcknowledged(t *testing.T) {
	for range 8 {
		under := vfs.NewCrashableMem()
		d := newDisk(under)
		s := open(t, "data", embedded.WithFS(d), embedded.WithLogger(slog.New(slog.DiscardHandler)))
		var mu sync.Mutex
		var wg sync.WaitGroup
		acknowledged := map[eventstore.StreamID][]eventstore.Result{}
		for w := range 8 { // little enough for one memtable: a broken disk while Pebble changes its log ends the process
			stream := eventstore.NewStreamID("order", fmt.Sprint(w))
			wg.Go(func() {
				writer(s, stream, func(part int, r eventstore.Result) {
					mu.Lock()
					defer mu.Unlock()
					if acknowledged[stream] = append(acknowledged[stream], r); part == 5 {
						d.broken.Store(true)
					}
				})
			})
		}
		wg.Wait()
		if err := s.Stats().Err; !errors.Is(err, embedded.ErrFailed) {
			t.Fatalf("the writers stopped, but the store is well: %v", err)
		}
		seen := count(t, s.All(t.Context(), 0))
		_ = s.Close()
		s = open(t, "data", embedded.WithFS(under.CrashClone(vfs.CrashCloneCfg{})))
		if there := count(t, s.All(t.Context(), 0)); there < seen {
			t.Fatalf("%d events were seen, %d are there", seen, there)
		}
		wantSurvived(t, s, acknowledged)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsSeenAfterAKillSurvivesLossOfPower(t *testing.T) {
	under := vfs.NewCrashableMem()
	d := newDisk(under)
	s := open(t, "data", embedded.WithFS(d), embedded.WithLogger(slog.New(slog.DiscardHandler)))
	d.broken.Store(true) // written to the file, but not to the disk: as if the process was killed before the sync
	if err := s.Append(t.Context(), "order-1", eventstore.NoStream, storetest.Draft("a")).Err; !errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Fatal(err)
	}
	_ = s.Close()

	s = open(t, "data", embedded.WithFS(under))
	if n := count(t, s.All(t.Context(), 0)); n != 1 {
		t.Fatalf("%d events are seen; the one in the file should be", n)
	}
	s = open(t, "data", embedded.WithFS(under.CrashClone(vfs.CrashCloneCfg{})))
	if n := count(t, s.All(t.Context(), 0)); n != 1 {
		t.Errorf("an event was seen, and after a loss of power there are %d", n)
	}
}
