package projections

import (
	"bytes"
	"context"
	"iter"
)

// Watch yields an order as soon as there is one, and again each time that it has changed. Changes that come faster than
// they are taken are seen as one. It ends with the context's error or [ErrClosed].
func (v *Views) Watch(ctx context.Context, id string) iter.Seq2[OrderView, error] {
	return func(yield func(OrderView, error) bool) {
		changed := v.subscribe(id)
		defer v.unsubscribe(id, changed)
		var seen []byte
		for {
			doc, err := read(v, func(db backend) ([]byte, error) {
				doc, _, err := db.get(ctx, &orderTable, id)
				return doc, err
			})
			if err == nil && len(doc) > 0 && !bytes.Equal(doc, seen) {
				seen = doc
				var row orderRow
				if row, err = decodeOrder(doc); err == nil && row.Order.Placed != 0 && !yield(row.view(id), nil) {
					return
				}
			}
			if err == nil {
				err = v.next(ctx, changed)
			}
			if err != nil {
				yield(OrderView{}, err)
				return
			}
		}
	}
}

func (v *Views) next(ctx context.Context, changed <-chan struct{}) error {
	select {
	case <-changed:
		return nil
	case <-v.stopped:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (v *Views) subscribe(id string) chan struct{} {
	changed := make(chan struct{}, 1)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.watchers[id] == nil {
		v.watchers[id] = map[chan struct{}]struct{}{}
	}
	v.watchers[id][changed] = struct{}{}
	return changed
}

func (v *Views) unsubscribe(id string, changed chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.watchers[id], changed)
	if len(v.watchers[id]) == 0 {
		delete(v.watchers, id)
	}
}

// written is told which rows were written.
func (v *Views) written(p view, keys []string) {
	if p.of() != &orderTable {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.watchers) == 0 {
		return
	}
	for _, key := range keys {
		signal(v.watchers[key])
	}
}

// signalAll makes every watcher look again. The lock is held.
func (v *Views) signalAll() {
	for _, watching := range v.watchers {
		signal(watching)
	}
}

func signal(watching map[chan struct{}]struct{}) {
	for changed := range watching {
		select {
		case changed <- struct{}{}:
		default: // it will look anyway
		}
	}
}
