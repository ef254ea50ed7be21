package carrier

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
	e, found, err := ledger.Load[Entry](tx, []byte(prefixBooking+id))
	if err == nil && !found {
		err = remote.Problemf(http.StatusNotFound, codeUnknown, "there is no booking %q", id)
	}
	return &e, err
}

func save(tx *ledger.Tx, e *Entry) error { return ledger.Store(tx, []byte(prefixBooking+e.ID), e) }

// index makes a new booking findable by our reference.
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

// newest returns the newest booking of a reference.
func newest(tx *ledger.Tx, reference string) (*Entry, error) {
	ids, found, err := tx.Get([]byte(prefixReference + reference))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, remote.Problemf(http.StatusNotFound, codeUnknown, "nothing was booked for %q", reference)
	}
	text := string(ids)
	return load(tx, text[strings.LastIndexByte(text, ' ')+1:])
}

// of returns the bookings of a reference in the order of their creation.
func (c *Carrier) of(ctx context.Context, reference string) ([]Entry, error) {
	bookings := []Entry{}
	err := c.service.Ledger.Do(ctx, func(tx *ledger.Tx) error {
		ids, _, err := tx.Get([]byte(prefixReference + reference))
		if err != nil {
			return err
		}
		for id := range strings.FieldsSeq(string(ids)) {
			e, err := load(tx, id)
			if err != nil {
				return err
			}
			bookings = append(bookings, *e)
		}
		return nil
	})
	if err != nil {
		return nil, err // where ctx ended first, the function may be running just now
	}
	return bookings, nil
}

// Ledger yields all bookings in the order of their creation, as they are when the iteration begins.
func (c *Carrier) Ledger() iter.Seq2[Entry, error] { return entries(c.service.Ledger, "") }

func entries(l *ledger.Ledger, after string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		from := []byte(prefixBooking)
		if after != "" {
			from = append([]byte(prefixBooking+after), 0)
		}
		for row, err := range l.Scan(from, ledger.After([]byte(prefixBooking))) {
			var e Entry
			if err == nil {
				if err = json.Unmarshal(row.Value, &e); err != nil {
					err = fmt.Errorf("read ledger: booking %q: %w", row.Key, err)
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// ReadLedger yields the bookings in the directory of a carrier that is not running, without changing anything there.
func ReadLedger(dir string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		l, err := ledger.OpenReadOnly(dir, nil)
		if err != nil {
			yield(Entry{}, fmt.Errorf("carrier: %w (while it runs, ask it: GET /v1/bookings)", err))
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
