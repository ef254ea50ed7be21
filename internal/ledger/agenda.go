package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"sync"
	"time"
)

const (
	agendaBatch = 512         // how many due entries are handed out at once
	agendaWait  = time.Second // the longest sleep: timers stand still while a laptop sleeps, and wall clocks jump
)

// Agenda is what is to be done at a time: an index of the ledger by due time, so that a restart forgets none. An entry is
// done by a function that runs like any other of the ledger, in which it also leaves the agenda: exactly once.
type Agenda struct {
	ledger *Ledger
	prefix string
	wake   chan struct{}

	added int64  // earliest due time since the last hook; touched by the ledger's writer only
	hook  func() // publishes added

	mu  sync.Mutex
	low int64 // nothing is due before
}

// NewAgenda keeps its keys below a prefix.
func NewAgenda(l *Ledger, prefix string) *Agenda {
	a := &Agenda{ledger: l, prefix: prefix, wake: make(chan struct{}, 1), added: math.MaxInt64}
	a.hook = a.publish
	return a
}

// Add has an id done at a time. The same id may stand at several times.
func (a *Agenda) Add(tx *Tx, at time.Time, id string) {
	tx.Set(a.key(at.UnixNano(), id), nil)
	a.added = min(a.added, at.UnixNano())
	tx.OnDisk(a.hook)
}

// Remove takes back an Add of the same time and id.
func (a *Agenda) Remove(tx *Tx, at time.Time, id string) { tx.Delete(a.key(at.UnixNano(), id)) }

func (a *Agenda) key(at int64, id string) []byte {
	key := make([]byte, 0, len(a.prefix)+8+len(id))
	key = append(key, a.prefix...)
	key = binary.BigEndian.AppendUint64(key, uint64(max(at, 0)))
	return append(key, id...)
}

func (a *Agenda) publish() {
	a.lower(a.added)
	a.added = math.MaxInt64
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *Agenda) lower(at int64) {
	a.mu.Lock()
	a.low = min(a.low, at)
	a.mu.Unlock()
}

// Run does what becomes due, in the order of due times, until ctx ends. What do returns an error for stays on the agenda
// and is tried again.
func (a *Agenda) Run(ctx context.Context, now func() time.Time, logger *slog.Logger, do func(tx *Tx, id string) error) {
	for ctx.Err() == nil {
		due, next, err := a.due(now().UnixNano())
		if err == nil && len(due) > 0 {
			if err = a.carryOut(ctx, due, do); err == nil {
				continue
			}
		}
		wait := agendaWait
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrClosed) {
			logger.Error("agenda: not everything that is due could be done", slog.Any("error", err))
		} else if next < math.MaxInt64 {
			wait = min(wait, time.Duration(next-now().UnixNano()))
		}
		a.sleep(ctx, wait)
	}
}

func (a *Agenda) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-a.wake:
	case <-timer.C:
	}
}

type entry struct {
	key []byte
	id  string
}

// due returns the first entries that are due, and the time of the first that is not.
func (a *Agenda) due(now int64) (due []entry, next int64, err error) {
	a.mu.Lock()
	from := a.low
	a.low = math.MaxInt64 // an Add from here on lowers it again
	a.mu.Unlock()

	first, next := from, int64(math.MaxInt64)
	for row, err := range a.ledger.Scan(a.key(from, ""), After([]byte(a.prefix))) {
		if err != nil {
			a.lower(from)
			return nil, 0, err
		}
		rest := row.Key[len(a.prefix):]
		at := int64(binary.BigEndian.Uint64(rest))
		if len(due) == 0 {
			first = at
		}
		if at > now || len(due) == agendaBatch {
			next = at
			break
		}
		due = append(due, entry{append([]byte(nil), row.Key...), string(rest[8:])})
	}
	if len(due) == 0 {
		first = next
	}
	a.lower(first)
	return due, next, nil
}

// carryOut hands all entries to the ledger at once, so that they share a sync.
func (a *Agenda) carryOut(ctx context.Context, due []entry, do func(*Tx, string) error) error {
	jobs := make([]*job, 0, len(due))
	var failed error
	for _, e := range due {
		j, err := a.ledger.enqueue(ctx, func(tx *Tx) error {
			if _, still, err := tx.Get(e.key); err != nil || !still {
				return err
			}
			tx.Delete(e.key)
			return do(tx, e.id)
		})
		if err != nil {
			failed = err
			break
		}
		jobs = append(jobs, j)
	}
	for _, j := range jobs {
		failed = errors.Join(failed, a.ledger.await(ctx, j))
	}
	return failed
}
