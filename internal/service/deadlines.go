package service

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/sagas"
)

// deadlines folds the service's own history into what is open, and makes a job of what is due. Nothing of it is stored:
// after a restart the history is read again from the oldest event whose deadline is still open.
type deadlines struct {
	service *Service
	opens   map[string]*sagas.Row   // by the type that carries the deadline
	closes  map[string][]*sagas.Row // by the types after which it does not matter

	mu       sync.Mutex
	open     map[deadlineKey]deadline
	followed eventstore.Position
	timer    *time.Timer
	next     time.Time // when the timer fires
}

type deadlineKey struct {
	stream eventstore.StreamID
	row    *sagas.Row
}

type deadline struct {
	due      time.Time
	recorded eventstore.Recorded
	fired    bool
}

func newDeadlines(s *Service) *deadlines {
	d := &deadlines{service: s, opens: map[string]*sagas.Row{}, closes: map[string][]*sagas.Row{}, open: map[deadlineKey]deadline{}}
	for _, row := range s.table.Of(s.name, sagas.Deadline) {
		d.opens[row.On[0]] = row
		for _, closing := range row.Closes {
			d.closes[closing] = append(d.closes[closing], row)
		}
	}
	return d
}

func (d *deadlines) any() bool { return len(d.opens) > 0 }

// run follows the history until the context ends.
func (d *deadlines) run(ctx context.Context) error {
	d.mu.Lock()
	d.followed = d.service.checkpoint.Deadlines
	d.timer = time.AfterFunc(time.Hour, d.fire)
	d.mu.Unlock()
	defer d.timer.Stop()
	for run, err := range d.service.store.Follow(ctx, d.followed) {
		if err != nil {
			return err
		}
		d.fold(run)
	}
	return ctx.Err()
}

// fold takes events in. One that cannot be read has no deadline; whoever reacts to it parks it.
func (d *deadlines) fold(run []eventstore.Recorded) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, recorded := range run {
		for _, row := range d.closes[recorded.Type] {
			delete(d.open, deadlineKey{recorded.Stream, row})
		}
		if row := d.opens[recorded.Type]; row != nil {
			fact, err := d.service.events.Decode(recorded)
			if err != nil {
				d.service.log.Error("an event's deadline cannot be read", "error", err)
			} else {
				d.add(row, fact, recorded)
			}
		}
		d.followed = recorded.Position
	}
}

func (d *deadlines) add(row *sagas.Row, fact domain.Event, recorded eventstore.Recorded) {
	due := row.Due(fact, sagas.Trigger{ID: recorded.ID, Subject: recorded.Stream.ID(), RecordedAt: recorded.At})
	if due.IsZero() {
		return
	}
	d.open[deadlineKey{recorded.Stream, row}] = deadline{due: due, recorded: recorded}
	d.aim(due)
}

// aim makes the timer fire no later than a moment.
func (d *deadlines) aim(due time.Time) {
	if d.next.IsZero() || due.Before(d.next) {
		d.next = due
		d.timer.Reset(max(time.Until(due), 0))
	}
}

// fire makes jobs of what is due. A deadline stays open until its job is settled.
func (d *deadlines) fire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.service.world.Now()
	d.next = time.Time{}
	var due []deadlineKey
	var earliest time.Time
	for key, open := range d.open {
		switch {
		case open.fired:
		case !open.due.After(now):
			due = append(due, key)
		case earliest.IsZero() || open.due.Before(earliest):
			earliest = open.due
		}
	}
	if !earliest.IsZero() {
		d.aim(earliest)
	}
	slices.SortFunc(due, func(a, b deadlineKey) int { return d.open[a].due.Compare(d.open[b].due) })
	for _, key := range due {
		open := d.open[key]
		open.fired = true
		d.open[key] = open
		d.service.inbox.put(d.job(key, open))
	}
}

func (d *deadlines) job(key deadlineKey, open deadline) *job {
	t := &trigger{source: d.service.name, event: bus.Event{Recorded: open.recorded}}
	fact, err := d.service.events.Decode(open.recorded)
	return d.service.jobOf(key.row, t, fact, err, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.open, key)
	})
}

// lowWater is the position up to which no deadline is open.
func (d *deadlines) lowWater() eventstore.Position {
	d.mu.Lock()
	defer d.mu.Unlock()
	low := d.followed
	for _, open := range d.open {
		low = min(low, open.recorded.Position-1)
	}
	return low
}

// Open is how many deadlines are open.
func (d *deadlines) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open)
}
