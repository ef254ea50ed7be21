package embedded_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/eventstore/embedded"
	"github.com/ordersaga/ordersaga/eventstore/storetest"
)

func open(t testing.TB, dir string, opts ...embedded.Option) *embedded.Store {
	t.Helper()
	s, err := embedded.Open(dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestEmbeddedIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) eventstore.Store { return open(t, t.TempDir()) })
}

func TestEmbeddedIsDurable(t *testing.T) {
	storetest.RunDurable(t, func(t *testing.T) func() eventstore.Store {
		dir := t.TempDir()
		return func() eventstore.Store { return open(t, dir) }
	})
}

func count(t *testing.T, events iter.Seq2[eventstore.Recorded, error]) int {
	t.Helper()
	n := 0
	for _, err := range events {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestASecondStoreOnTheDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, opts := range [][]embedded.Option{nil, {embedded.ReadOnly()}} {
		_, err := embedded.Open(dir, opts...)
		if !errors.Is(err, embedded.ErrInUse) || !strings.Contains(err.Error(), dir) {
			t.Errorf("want an error that names the directory and matches ErrInUse, got %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestReadOnlyLooksAndDoesNotTouch(t *testing.T) {
	dir := t.TempDir()
	if _, err := embedded.Open(filepath.Join(dir, "none"), embedded.ReadOnly()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a store that is not there: %v", err)
	}
	if _, err := embedded.Open(dir, embedded.ReadOnly()); err == nil {
		t.Error("an empty directory opened as a store")
	}
	s := open(t, dir)
	s.Append(t.Context(), "order-1", eventstore.NoStream, storetest.Drafts("a", "b")...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, embedded.ReadOnly())
	if n := count(t, s.All(t.Context(), 0)); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	if err := s.Append(t.Context(), "order-1", eventstore.Any, storetest.Draft("c")).Err; !errors.Is(err, embedded.ErrReadOnly) {
		t.Errorf("append: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAForeignDatabaseIsNotAStore(t *testing.T) {
	dir := t.TempDir()
	db, err := pebble.Open(dir, &pebble.Options{Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set([]byte("x"), nil, pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err := embedded.Open(dir); err == nil {
		t.Error("opened somebody else's database", s.Close())
	}
}

type quiet struct{ pebble.Logger }

func (quiet) Infof(string, ...any) {}

func TestDamagedAndMissingEventsAreErrors(t *testing.T) {
	for what, damage := range map[string]func(db *pebble.DB, key, value []byte) error{
		"a changed byte": func(db *pebble.DB, key, value []byte) error {
			value[len(value)-1] ^= 1
			return db.Set(key, value, pebble.Sync)
		},
		"a record cut short": func(db *pebble.DB, key, value []byte) error { return db.Set(key, value[:20], pebble.Sync) },
		"a missing record":   func(db *pebble.DB, key, _ []byte) error { return db.Delete(key, pebble.Sync) },
	} {
		dir := t.TempDir()
		s := open(t, dir)
		s.Append(t.Context(), "order-1", eventstore.NoStream, storetest.Drafts("a", "b", "c")...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := pebble.Open(dir, &pebble.Options{Logger: quiet{}, FormatMajorVersion: pebble.FormatNewest})
		if err != nil {
			t.Fatal(err)
		}
		key := []byte("e/\x00\x00\x00\x00\x00\x00\x00\x02")
		value, closer, err := db.Get(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(damage(db, key, bytes.Clone(value)), closer.Close(), db.Close()); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		for name, events := range map[string]iter.Seq2[eventstore.Recorded, error]{
			"All": s.All(t.Context(), 0), "Read": s.Read(t.Context(), "order-1", eventstore.NoStream),
		} {
			seen, last := 0, error(nil)
			for _, err := range events {
				if last = err; err == nil {
					seen++
				}
			}
			if seen != 1 || last == nil {
				t.Errorf("%s: %s yields %d events and then %v", what, name, seen, last)
			}
		}
		if err := s.Append(t.Context(), "order-1", eventstore.NoStream, storetest.Drafts("a", "b", "c")...).Err; err == nil {
			t.Errorf("%s: the retry was answered as if nothing were wrong", what)
		}
	}
}

func TestFollowersThatFallBehindTheTailMissNothing(t *testing.T) {
	s := open(t, t.TempDir())
	const groups, size = 12, 1000 // far more than is kept in memory
	drafts := make([]eventstore.Draft, groups*size)
	for i := range drafts {
		drafts[i] = storetest.Draft(fmt.Sprint(i))
	}
	position, written := eventstore.Position(0), 0
	write := func() {
		part := drafts[written*size : (written+1)*size]
		if err := s.Append(t.Context(), "stock-main", eventstore.Revision(written*size-1), part...).Err; err != nil {
			t.Fatal(err)
		}
		written++
	}
	write()
	for run, err := range s.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range run {
			if position++; e.Position != position || e.ID != drafts[position-1].ID {
				t.Fatalf("after position %d came %d", position-1, e.Position)
			}
		}
		if position == groups*size {
			return
		}
		for range min(6, groups-written) { // this follower is twelve times slower than the writer
			write()
		}
	}
}

func TestHistoryNeverRunsBackwardsWhateverTheClockDoes(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	clock := embedded.WithClock(func() time.Time { return now })
	s := open(t, dir, clock)
	first := s.Append(t.Context(), "order-1", eventstore.NoStream, storetest.Draft("a"))
	now = now.Add(-time.Hour)
	second := s.Append(t.Context(), "order-1", 0, storetest.Draft("b"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, clock)
	third := s.Append(t.Context(), "order-1", 1, storetest.Draft("c"))
	now = now.Add(2 * time.Hour)
	fourth := s.Append(t.Context(), "order-1", 2, storetest.Draft("d"))
	if !second.At.Equal(first.At) || !third.At.Equal(first.At) || !fourth.At.Equal(now) {
		t.Errorf("recorded at %v, %v, %v and %v", first.At, second.At, third.At, fourth.At)
	}
}

func TestTheLimitOfAnAppendCanBeChosen(t *testing.T) {
	s := open(t, t.TempDir(), embedded.WithMaxAppend(100))
	d := storetest.Draft("a")
	d.Data = make([]byte, 101)
	if err := s.Append(t.Context(), "order-1", eventstore.NoStream, d).Err; !errors.Is(err, eventstore.ErrTooLarge) {
		t.Errorf("101 bytes where 100 are allowed: %v", err)
	}
}
