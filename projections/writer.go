package projections

import (
	"context"
	"errors"
	"maps"
	"time"
)

// Bounds of what is written at once. A batch that reaches one of them is written without waiting for more.
const (
	batchEvents = 8192
	batchBytes  = 16 << 20
)

// presence is how often an idle writer looks whether its database is still there.
const presence = time.Second

// writer folds what arrives and writes it, batch by batch: the rows that changed and how far each source was read, in
// one transaction.
type writer struct {
	views       *Views
	db          backend
	marks       map[string]Mark
	projections []view
	arrivals    <-chan arrival
	open        int // sources that have not come to their end

	batch []Fact
	bytes int
	err   error     // what ends the session, after the batch is written
	last  time.Time // end of the last commit
}

func (w *writer) run(ctx context.Context) error {
	idle := time.NewTicker(presence)
	defer idle.Stop()
	for w.err == nil {
		select {
		case a := <-w.arrivals:
			w.take(a)
			if err := w.gather(ctx); err != nil {
				return err
			}
			if err := w.flush(); err != nil {
				return err
			}
		case <-idle.C:
			w.err = w.db.present()
		case <-w.views.damaged:
			w.err = errLost
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return w.err
}

func (w *writer) take(a arrival) {
	w.batch = append(w.batch, a.facts...)
	w.bytes += a.bytes
	if w.err == nil {
		w.err = a.err
	}
	if a.ended {
		if w.open--; w.open == 0 && w.err == nil {
			w.err = errIdle
		}
	}
}

func (w *writer) full() bool {
	return len(w.batch) >= batchEvents || w.bytes >= batchBytes || w.err != nil
}

// gather takes what else is waiting. After a pause that is all, so that a lone event is seen at once; soon after a
// commit it waits for more, so that rows that change again are written once.
func (w *writer) gather(ctx context.Context) error {
	wait := time.NewTimer(time.Until(w.last.Add(w.views.coalesce)))
	defer wait.Stop()
	for !w.full() {
		select {
		case a := <-w.arrivals:
			w.take(a)
			continue
		default:
		}
		select {
		case a := <-w.arrivals:
			w.take(a)
		case <-wait.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (w *writer) flush() error {
	if len(w.batch) == 0 {
		return nil
	}
	after := maps.Clone(w.marks)
	for i := range w.batch {
		f := &w.batch[i]
		after[f.Source] = Mark{Number: f.Number, Position: f.Position, ID: f.ID}
		for _, p := range w.projections {
			p.touch(*f)
		}
	}
	for _, p := range w.projections {
		if err := p.fill(w.db); err != nil {
			return err
		}
		p.fold(w.batch)
	}
	if err := w.db.commit(w.marks, w.moved(after), w.write); err != nil {
		return err
	}
	w.marks = after
	for _, p := range w.projections {
		w.views.written(p, p.settle())
	}
	w.views.advance(after)
	clear(w.batch)
	w.batch, w.bytes, w.last = w.batch[:0], 0, time.Now()
	return nil
}

func (w *writer) moved(after map[string]Mark) map[string]Mark {
	moved := make(map[string]Mark, len(after))
	for source, mark := range after {
		if mark != w.marks[source] {
			moved[source] = mark
		}
	}
	return moved
}

func (w *writer) write(put func(*table, record) error) error {
	var errs []error
	for _, p := range w.projections {
		errs = append(errs, p.write(put))
	}
	return errors.Join(errs...)
}
