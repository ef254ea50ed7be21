// Package ledger is the durable book below the simulated payment provider and the simulated carrier.
//
// Why not an event store: these two stand for the outside world, so they must not share the code that they are there to
// try. A ledger is a set of keys on Pebble with one writer. Callers hand it short functions that read and write; it runs
// them one after another, so that each is a decision that nothing can race, and puts all that are waiting on disk with a
// single sync. On top of it lie what any such provider has: answers remembered by idempotency key (Replies) and things
// to be done later (Agenda).
package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// ErrClosed is the answer of a ledger that was closed. Whether the function had run is not known.
var ErrClosed = errors.New("ledger is closed")

// groupLimit bounds how many functions share one sync, and so how long the first of them waits for the last.
const groupLimit = 1024

// Ledger is a durable set of keys with one writer.
type Ledger struct {
	db      *pebble.DB
	jobs    chan *job
	closing chan struct{}
	stopped chan struct{}
	close   func() error
}

type job struct {
	do   func(*Tx) error
	done chan error
}

// Open opens or makes the ledger in a directory. One process may have it open.
func Open(dir string, logger *slog.Logger) (*Ledger, error) {
	return open(dir, options(logger))
}

func open(dir string, o *pebble.Options) (*Ledger, error) {
	db, err := pebble.Open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", dir, err)
	}
	l := &Ledger{db: db, jobs: make(chan *job, groupLimit), closing: make(chan struct{}), stopped: make(chan struct{})}
	l.close = sync.OnceValue(l.shut)
	go l.write()
	return l, nil
}

// OpenReadOnly opens a ledger that no process has open, for Scan only. It changes nothing in the directory.
func OpenReadOnly(dir string, logger *slog.Logger) (*Ledger, error) {
	o := options(logger)
	o.ReadOnly = true
	db, err := pebble.Open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("read ledger %s: %w", dir, err)
	}
	l := &Ledger{db: db, closing: make(chan struct{}), stopped: make(chan struct{})}
	l.close = sync.OnceValue(l.shut)
	close(l.stopped)
	return l, nil
}

func options(logger *slog.Logger) *pebble.Options {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	o := &pebble.Options{
		FormatMajorVersion: pebble.FormatNewest,
		Logger:             quiet{logger},
		// What the memtables take is taken from the cache; without room for the filters each look-up would read the disk.
		CacheSize:    64 << 20,
		MemTableSize: 16 << 20, // most of what is due or to be sent is gone again before a memtable is written out
		// Nearly all that is read was written just now, so there is no hurry to compact.
		L0CompactionThreshold: 8,
		LBaseMaxBytes:         256 << 20,
		WALBytesPerSync:       512 << 10, // lets the kernel write the log out as it grows, instead of stalling a later sync
		MaxOpenFiles:          100,
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// Close waits for the functions that are running; those that wait get ErrClosed.
func (l *Ledger) Close() error { return l.close() }

func (l *Ledger) shut() error {
	close(l.closing)
	<-l.stopped
	return l.db.Close()
}

// Do runs fn alone and answers once all that it wrote, and all that it read, is on disk. An error of fn is returned as it
// is, and nothing of that fn is written. Where ctx ends first, fn may still run.
func (l *Ledger) Do(ctx context.Context, fn func(*Tx) error) error {
	j, err := l.enqueue(ctx, fn)
	if err != nil {
		return err
	}
	return l.await(ctx, j)
}

func (l *Ledger) enqueue(ctx context.Context, fn func(*Tx) error) (*job, error) {
	j := &job{do: fn, done: make(chan error, 1)}
	select {
	case l.jobs <- j:
		return j, nil
	case <-l.closing:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *Ledger) await(ctx context.Context, j *job) error {
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.stopped:
	}
	select {
	case err := <-j.done:
		return err
	default:
		return ErrClosed
	}
}

// Scan yields the keys of from ≤ key < to in order, as they were when the scan began, which may be a moment before they
// are on disk. Keys and values are valid until the next step.
func (l *Ledger) Scan(from, to []byte) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
		if err != nil {
			yield(Row{}, fmt.Errorf("scan ledger: %w", err))
			return
		}
		more := true
		for ok := it.First(); ok && more; ok = it.Next() {
			value, err := it.ValueAndErr()
			more = yield(Row{it.Key(), value}, err) && err == nil
		}
		if err := errors.Join(it.Error(), it.Close()); err != nil && more {
			yield(Row{}, fmt.Errorf("scan ledger: %w", err))
		}
	}
}

// Row is one key with its value.
type Row struct{ Key, Value []byte }

// After is the first key behind all keys that begin with a prefix: the end of a Scan of that prefix.
func After(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// quiet passes on Pebble's errors only.
type quiet struct{ to *slog.Logger }

func (quiet) Infof(string, ...any) {}

func (q quiet) Errorf(format string, args ...any) { q.to.Error(fmt.Sprintf(format, args...)) }

// Fatalf must not return: the log or the manifest could not be written, and nothing may be acknowledged any more.
func (q quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
