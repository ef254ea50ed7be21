package psp

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/remote"
)

func load(tx *ledger.Tx, id string) (*Entry, error) {
	e, found, err := ledger.Load[Entry](tx, []byte(prefixCharge+id))
	if err == nil && !found {
		err = remote.Problemf(http.StatusNotFound, "charge_unknown", "there is no charge %q", id)
	}
	return &e, err
}

func save(tx *ledger.Tx, e *Entry) error { return ledger.Store(tx, []byte(prefixCharge+e.ID), e) }

// index makes a new charge findable by our reference.
func index(tx *ledger.Tx, e *Entry) error {
	key := []byte(prefixReference + e.Reference)
	ids, _, err := tx.Get(key)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		tx.Set(key, []byte(e.ID))
		return nil
	}
	tx.Set(key, slices.Concat(ids, []byte{' '}, []byte(e.ID)))
	return nil
}

// of returns the charges of a reference in the order of their creation.
func (p *Provider) of(ctx context.Context, reference string) ([]Entry, error) {
	charges := []Entry{}
	err := p.service.Ledger.Do(ctx, func(tx *ledger.Tx) error {
		ids, _, err := tx.Get([]byte(prefixReference + reference))
		if err != nil {
			return err
		}
		for id := range strings.FieldsSeq(string(ids)) {
			e, err := load(tx, id)
			if err != nil {
				return err
			}
			charges = append(charges, *e)
		}
		return nil
	})
	if err != nil {
		return nil, err // where ctx ended first, the function may be running just now
	}
	return charges, nil
}

// Ledger yields all charges in the order of their creation, as they are when the iteration begins.
func (p *Provider) Ledger() iter.Seq2[Entry, error] { return entries(p.service.Ledger, "") }

func entries(l *ledger.Ledger, after string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		from := []byte(prefixCharge)
		if after != "" {
			from = append([]byte(prefixCharge+after), 0)
		}
		for row, err := range l.Scan(from, ledger.After([]byte(prefixCharge))) {
			var e Entry
			if err == nil {
				if err = json.Unmarshal(row.Value, &e); err != nil {
					err = fmt.Errorf("read ledger: charge %q: %w", row.Key, err)
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// ReadLedger yields the charges in the directory of a provider that is not running, without changing anything there.
func ReadLedger(dir string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		l, err := ledger.OpenReadOnly(dir, nil)
		if err != nil {
			yield(Entry{}, fmt.Errorf("payment provider: %w (while it runs, ask it: GET /v1/charges)", err))
			return
		}
		defer func() { _ = l.Close() }()
		for e, err := range entries(l, "") {
			if !yield(e, err) {
				return
			}
		}
	}
}
