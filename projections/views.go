package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Views are the read models in one database. All methods may be called concurrently, also while [Views.Run] goes on.
type Views struct {
	path       string
	log        *slog.Logger
	coalesce   time.Duration
	cacheBytes int
	readOnly   bool

	running  atomic.Bool
	stopped  chan struct{} // closed by Close
	damaged  chan struct{} // a read found the database damaged
	finished sync.WaitGroup

	mu       sync.Mutex
	db       backend
	closed   bool
	progress map[string]Mark // of the last commit
	failure  *Failure
	waiters  map[string][]*waiter
	watchers map[string]map[chan struct{}]struct{} // by order id
}

// ErrClosed says that the views were closed.
var ErrClosed = errors.New("views are closed")

// ErrReadOnly says that the views were opened with [ReadOnly].
var ErrReadOnly = errors.New("views are opened for reading only")

// Option changes how views are opened.
type Option func(*Views)

// WithLogger says where the runner reports what it does by itself, such as building the views again.
func WithLogger(log *slog.Logger) Option { return func(v *Views) { v.log = log } }

// WithCoalescing says how long events are gathered under load before they are written; 50 ms unless told.
func WithCoalescing(d time.Duration) Option { return func(v *Views) { v.coalesce = d } }

// WithCache says how many bytes of rows the runner keeps in memory, about; 64 MiB unless told.
func WithCache(bytes int) Option { return func(v *Views) { v.cacheBytes = bytes } }

// ReadOnly opens views that another process runs. They must be there and of this version; nothing is changed.
func ReadOnly() Option { return func(v *Views) { v.readOnly = true } }

// Open opens the views in a file, or makes an empty file. A damaged file, or one of another version, is deleted: Run
// builds it again.
func Open(path string, options ...Option) (*Views, error) {
	v := &Views{
		path: path, log: slog.New(slog.DiscardHandler), coalesce: 50 * time.Millisecond, cacheBytes: 64 << 20,
		stopped: make(chan struct{}), damaged: make(chan struct{}, 1),
		waiters: map[string][]*waiter{}, watchers: map[string]map[chan struct{}]struct{}{},
	}
	for _, option := range options {
		option(v)
	}
	var err error
	if v.db, v.progress, err = v.open(); err != nil {
		return nil, fmt.Errorf("open views %s: %w", path, err)
	}
	return v, nil
}

func (v *Views) open() (backend, map[string]Mark, error) {
	ctx := context.Background()
	var db *sqlite
	var err error
	if v.readOnly {
		db, err = openSQLiteReadOnly(ctx, v.path)
	} else {
		db, err = openSQLite(ctx, v.path)
		if errors.Is(err, errLost) {
			v.log.Warn("views are built again from nothing", "path", v.path, "why", err)
			if err = removeSQLite(v.path); err == nil {
				db, err = openSQLite(ctx, v.path)
			}
		}
	}
	if err != nil {
		return nil, nil, err
	}
	marks, err := db.marks(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.close())
	}
	return db, marks, nil
}

// reopen throws the database away and begins with an empty one.
func (v *Views) reopen() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return ErrClosed
	}
	if err := v.db.close(); err != nil {
		v.log.Debug("close the lost views", "error", err)
	}
	if err := removeSQLite(v.path); err != nil {
		return fmt.Errorf("remove views %s: %w", v.path, err)
	}
	db, marks, err := v.open()
	if err != nil {
		return fmt.Errorf("open views %s: %w", v.path, err)
	}
	v.db, v.progress = db, marks
	select {
	case <-v.damaged: // that was the old one
	default:
	}
	v.signalAll()
	return nil
}

// Close ends Run, waits for it, and closes the database. Events that Run had taken and not yet written are read again
// the next time.
func (v *Views) Close() error {
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return nil
	}
	v.closed = true
	close(v.stopped)
	v.mu.Unlock()
	v.finished.Wait()
	return v.db.close()
}

func (v *Views) current() (backend, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil, ErrClosed
	}
	return v.db, nil
}

// Positions tells how far each source is in the views, by source. A source that was not heard yet is missing.
func (v *Views) Positions() map[string]Mark {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.progress)
}

// Failure is the event at which Run stopped; nil where it did not.
func (v *Views) Failure() *Failure {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.failure
}

// read asks the database; once more where it was replaced meanwhile.
func read[T any](v *Views, ask func(backend) (T, error)) (T, error) {
	for {
		db, err := v.current()
		if err != nil {
			var none T
			return none, err
		}
		answer, err := ask(db)
		if err == nil {
			return answer, nil
		}
		if now, gone := v.current(); gone != nil || now == db {
			v.suspect(err)
			return answer, err
		}
	}
}

// suspect tells Run that a read found the database damaged.
func (v *Views) suspect(err error) {
	if errors.Is(err, errLost) {
		select {
		case v.damaged <- struct{}{}:
		default:
		}
	}
}
