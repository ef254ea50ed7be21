package ledger

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/goccy/go-json"
)

// Tx is what a function sees of the ledger while it runs alone. It must not be kept.
type Tx struct {
	db     *pebble.DB
	batch  *pebble.Batch    // what the group wrote, for the disk
	wrote  map[string]write // the same, for Get
	before *pebble.Iterator // the ledger as it was before the group; opened by the first Get that needs it
	staged []write
	hooks  []func()
}

type write struct {
	key, value []byte
	deleted    bool
}

// Get returns a value that must not be changed but may be kept, and false where the key is not there.
func (tx *Tx) Get(key []byte) (value []byte, found bool, err error) {
	for i := len(tx.staged) - 1; i >= 0; i-- {
		if w := tx.staged[i]; bytes.Equal(w.key, key) {
			return w.value, !w.deleted, nil
		}
	}
	if w, ok := tx.wrote[string(key)]; ok {
		return w.value, !w.deleted, nil
	}
	if tx.before == nil {
		// Nearly every look-up of an idempotency key finds nothing. Unlike DB.Get, an iterator can ask the bloom filters of
		// the last level for that, where most keys are.
		if tx.before, err = tx.db.NewIter(&pebble.IterOptions{UseL6Filters: true}); err != nil {
			return nil, false, fmt.Errorf("read ledger: %w", err)
		}
	}
	if tx.before.SeekPrefixGE(key) && bytes.Equal(tx.before.Key(), key) {
		if value, err = tx.before.ValueAndErr(); err == nil {
			return bytes.Clone(value), true, nil
		}
	}
	if err = errors.Join(err, tx.before.Error()); err != nil {
		return nil, false, fmt.Errorf("read ledger: %w", err)
	}
	return nil, false, nil
}

// Set takes both slices over: the caller must not change them afterwards.
func (tx *Tx) Set(key, value []byte) { tx.staged = append(tx.staged, write{key: key, value: value}) }

// Delete takes the slice over. Deleting what is not there is nothing.
func (tx *Tx) Delete(key []byte) { tx.staged = append(tx.staged, write{key: key, deleted: true}) }

// OnDisk has a function called once what was written is on disk, and never if it was not. It must be short, for the next
// group waits for it.
func (tx *Tx) OnDisk(hook func()) { tx.hooks = append(tx.hooks, hook) }

// Load reads a value that Store wrote.
func Load[T any](tx *Tx, key []byte) (value T, found bool, err error) {
	text, found, err := tx.Get(key)
	if err != nil || !found {
		return value, false, err
	}
	if err := json.Unmarshal(text, &value); err != nil {
		return value, false, fmt.Errorf("read ledger: %q holds no %T: %w", key, value, err)
	}
	return value, true, nil
}

// Store writes a value as JSON.
func Store[T any](tx *Tx, key []byte, value T) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	tx.Set(key, text)
	return nil
}

// write is the one writer.
func (l *Ledger) write() {
	defer close(l.stopped)
	var group []*job
	for {
		select {
		case <-l.closing:
			return
		case first := <-l.jobs:
			group = append(group[:0], first)
		}
		for waiting := true; waiting && len(group) < groupLimit; {
			select {
			case next := <-l.jobs:
				group = append(group, next)
			default:
				waiting = false
			}
		}
		l.commit(group)
	}
}

// commit runs a group of functions and answers each of them after the one sync that they share.
func (l *Ledger) commit(group []*job) {
	tx := &Tx{db: l.db, batch: l.db.NewBatch(), wrote: make(map[string]write, 4*len(group))}
	outcomes := make([]error, len(group))
	var hooks []func()
	for i, j := range group {
		tx.staged, tx.hooks = tx.staged[:0], tx.hooks[:0]
		if outcomes[i] = j.do(tx); outcomes[i] != nil {
			continue
		}
		if outcomes[i] = tx.keep(); outcomes[i] == nil {
			hooks = append(hooks, tx.hooks...)
		}
	}
	if err := tx.close(); err != nil {
		for i := range outcomes {
			outcomes[i] = errors.Join(outcomes[i], err)
		}
		hooks = nil
	}
	for _, hook := range hooks {
		hook()
	}
	for i, j := range group {
		j.done <- outcomes[i]
	}
}

// keep moves what one function wrote into the group.
func (tx *Tx) keep() error {
	for _, w := range tx.staged {
		var err error
		if w.deleted {
			err = tx.batch.Delete(w.key, nil)
		} else {
			err = tx.batch.Set(w.key, w.value, nil)
		}
		if err != nil {
			return fmt.Errorf("write ledger: %w", err)
		}
		tx.wrote[string(w.key)] = w
	}
	return nil
}

// close puts on disk what the group wrote.
func (tx *Tx) close() (err error) {
	if tx.before != nil {
		err = tx.before.Close()
	}
	if err == nil && !tx.batch.Empty() {
		err = tx.batch.Commit(pebble.Sync)
	}
	if err = errors.Join(err, tx.batch.Close()); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return nil
}
