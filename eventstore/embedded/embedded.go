// Package embedded is a durable event store inside the process: on a laptop, and wherever one machine is enough, the
// history needs no server.
//
// It keeps the promises of [eventstore.Store] on Pebble, a log-structured key-value store. All appends that wait at one
// moment are committed as one batch with one sync of the disk, while the next batch is already being prepared; so
// throughput grows with concurrency and nothing is acknowledged, or shown to a reader, before it is on disk.
//
// Two kinds of keys hold everything: e/position holds an event, s/stream/revision holds its position. There is no index
// by event id and no record of a stream's head. Both would be written with every event, and both can be found: the
// head is the last s/ key of its stream, a repeated append has its events at the places where it would put them.
//
// When a commit fails, what was on its way is answered with [eventstore.ErrUnknownOutcome] and later appends with
// [ErrFailed], while reading goes on; opening the directory again finds what is on disk. Pebble itself ends the process
// where the disk fails in the moment that a log or a manifest is begun. Neither way acknowledges anything falsely.
//
// It is not a cluster and does not delete. One process at a time opens a directory.
package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Errors of this engine beyond those of package eventstore.
var (
	// ErrInUse: another process, or another Store of this one, has the directory open.
	ErrInUse = errors.New("in use by another process")
	// ErrFailed: an earlier commit failed, so the store takes no appends until it is opened again. It still reads.
	ErrFailed = errors.New("event store takes no more appends")
	// ErrReadOnly: the store was opened with [ReadOnly].
	ErrReadOnly = errors.New("event store is read-only")
)

// Store is an [eventstore.Store] in one directory.
type Store struct {
	options    options
	dir        string
	lock       *pebble.Lock
	db         *pebble.DB
	trouble    chan error   // what went wrong in Pebble's background; holds the first
	quietUntil atomic.Int64 // Unix nanoseconds; trouble before that is not logged again

	queue     queue
	tail      *tail
	published chan struct{} // closed when the last group was published
	failure   atomic.Pointer[error]
	wedged    atomic.Bool // a commit panicked: Pebble may hold locks and cannot be closed

	commits, appends atomic.Uint64

	life      sync.RWMutex // held for reading while Pebble is read
	closed    bool
	closeOnce sync.Once
	closeErr  error
}

var _ eventstore.Store = (*Store)(nil)

// Open opens the store in dir and creates it if it is not there. A directory that is open elsewhere is [ErrInUse].
func Open(dir string, opts ...Option) (*Store, error) {
	s := &Store{options: defaults(), dir: dir, published: make(chan struct{}), trouble: make(chan error, 1)}
	for _, set := range opts {
		set(&s.options)
	}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open event store %s: %w", dir, err)
	}
	return s, nil
}

func (s *Store) open() (err error) {
	if s.lock, err = s.acquire(); err != nil {
		return err
	}
	if s.db, err = pebble.Open(s.dir, s.pebbleOptions()); err != nil {
		return errors.Join(err, s.lock.Close())
	}
	last, err := s.recover()
	if err != nil {
		return errors.Join(err, s.db.Close(), s.lock.Close())
	}
	s.tail = newTail(last.Position)
	s.queue.wake = make(chan struct{}, 1)
	if s.options.readOnly {
		close(s.published)
		return nil
	}
	c := newCommitter(s, last)
	go c.run()
	go s.publish(c)
	return nil
}

// acquire takes the directory's lock, so that a second process is told so in plain words.
func (s *Store) acquire() (*pebble.Lock, error) {
	if s.options.readOnly {
		if _, err := s.options.fs.Stat(s.dir); err != nil {
			return nil, err
		}
	} else if err := s.options.fs.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := pebble.LockDirectory(s.dir, s.options.fs)
	if errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%w): stop that process, or choose another data directory", ErrInUse, err)
	}
	return lock, nil
}

// recover checks whose directory this is and reads the last event. What a kill left in the page cache is on disk by now,
// so that it may be shown and may answer repeated appends: Pebble's Open moves its log to synced tables.
func (s *Store) recover() (last eventstore.Recorded, err error) {
	if err := s.checkFormat(); err != nil {
		return last, err
	}
	it, err := s.db.NewIter(eventBounds(0, maxPosition))
	if err != nil {
		return last, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Last() {
		return last, it.Error()
	}
	return decodeEvent(it.Key(), it.Value())
}

// checkFormat refuses a directory that is not an event store of this format, and marks a new one.
func (s *Store) checkFormat() error {
	value, closer, err := s.db.Get(formatKey)
	if errors.Is(err, pebble.ErrNotFound) {
		it, err := s.db.NewIter(nil)
		if err != nil {
			return err
		}
		foreign := it.First()
		if err := errors.Join(it.Error(), it.Close()); err != nil {
			return err
		}
		if foreign {
			return errors.New("the directory holds a database that is not an event store")
		}
		if s.options.readOnly {
			return nil
		}
		return s.db.Set(formatKey, []byte(format), pebble.Sync)
	}
	if err != nil {
		return err
	}
	defer closer.Close()
	if string(value) != format {
		return fmt.Errorf("the directory has format %q, this program reads %q", value, format)
	}
	return nil
}

// flush moves everything from Pebble's log to its tables.
func (s *Store) flush() error {
	select {
	case <-s.trouble: // of earlier, and Pebble has tried again since
	default:
	}
	flushed, err := s.db.AsyncFlush()
	if err != nil {
		return err
	}
	select {
	case <-flushed:
		return nil
	case err := <-s.trouble:
		return fmt.Errorf("flush: %w", err)
	}
}

// Close implements [eventstore.Store]. Closing again answers the same.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		if err := s.close(); err != nil {
			s.closeErr = fmt.Errorf("close event store %s: %w", s.dir, err)
		}
	})
	return s.closeErr
}

func (s *Store) close() error {
	s.queue.close()
	<-s.published
	s.tail.close()
	s.life.Lock()
	defer s.life.Unlock()
	s.closed = true
	if s.wedged.Load() {
		return fmt.Errorf("%w: the directory stays locked until the process ends", s.failed())
	}
	var err error
	if !s.options.readOnly && s.failed() == nil {
		err = s.flush() // the next Open then has nothing to replay
	}
	return errors.Join(err, s.db.Close(), s.lock.Close())
}

// reading keeps Pebble open until done is called. It must not be held while a consumer works: Close waits for it.
func (s *Store) reading() (done func(), err error) {
	s.life.RLock()
	if s.closed {
		s.life.RUnlock()
		return nil, eventstore.ErrClosed
	}
	return s.life.RUnlock, nil
}

// readable is the position up to which a reader that begins now sees events.
func (s *Store) readable() (eventstore.Position, error) {
	done, err := s.reading()
	if err != nil {
		return 0, err
	}
	defer done()
	return s.tail.position(), nil
}

// failed is the error that appends get since a commit failed, nil in good health.
func (s *Store) failed() error {
	if err := s.failure.Load(); err != nil {
		return *err
	}
	return nil
}

func (s *Store) fail(cause error) {
	err := fmt.Errorf("%w: %w", ErrFailed, cause)
	if s.failure.CompareAndSwap(nil, &err) {
		s.options.logger.Error("event store takes no more appends; reading goes on", slog.String("dir", s.dir), slog.Any("error", cause))
	}
}

// Stats is what the store knows about itself.
type Stats struct {
	Position   eventstore.Position // of the last durable event; positions have no gaps, so also the number of events
	Appends    uint64              // recorded since Open, or on their way to disk
	Commits    uint64              // batches since Open: Appends/Commits is the gain of committing in groups
	TableBytes uint64              // compressed tables on disk, live ones
	LogBytes   uint64              // what Pebble's log holds of events that are not in tables yet
	DiskBytes  uint64              // all files, with those that are about to be removed or reused
	Err        error               // why appends are refused; nil in good health
}

// Stats reads the figures of now. After Close only Position and the counters are there.
func (s *Store) Stats() Stats {
	stats := Stats{Position: s.tail.position(), Appends: s.appends.Load(), Commits: s.commits.Load(), Err: s.failed()}
	done, err := s.reading()
	if err != nil {
		stats.Err = err
		return stats
	}
	defer done()
	m := s.db.Metrics()
	stats.TableBytes = m.Table.Local.LiveSize
	stats.LogBytes = m.WAL.Size
	stats.DiskBytes = m.DiskSpaceUsage()
	return stats
}
