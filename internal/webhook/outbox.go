package webhook

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/internal/ledger"
)

// Destination is where events go.
type Destination struct {
	// URL is asked before each delivery; while it is "", events wait. Where it is nil, no event is kept at all.
	URL func() string
	// Secret signs the deliveries.
	Secret string
	// Transport carries them; nil is one of its own over TCP.
	Transport http.RoundTripper
}

// To is a destination whose URL is known.
func To(url, secret string) Destination {
	return Destination{URL: func() string { return url }, Secret: secret}
}

// Outbox keeps events in a ledger until their destination has accepted them.
//
// An event is written by the same function of the ledger that decides what it tells, so neither is ever there without the
// other, and it is sent only once both are on disk.
type Outbox struct {
	ledger *ledger.Ledger
	prefix string
	to     Destination
	now    func() time.Time
	logger *slog.Logger
	wake   chan struct{}
	hook   func()

	assigned uint64 // last number given; touched by the ledger's writer only

	mu        sync.Mutex
	durable   uint64        // last number that is on disk
	delivered chan struct{} // closed and replaced whenever events were accepted
	first     uint64        // no event before it is left
}

// NewOutbox keeps its keys below a prefix. Run must be running for anything to be sent.
func NewOutbox(l *ledger.Ledger, prefix string, to Destination, now func() time.Time, logger *slog.Logger) (*Outbox, error) {
	if to.Transport == nil {
		to.Transport = &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute}
	}
	o := &Outbox{
		ledger: l, prefix: prefix, to: to, now: now, logger: logger,
		wake: make(chan struct{}, 1), delivered: make(chan struct{}),
	}
	o.hook = o.publish
	for row, err := range l.Scan([]byte(prefix), ledger.After([]byte(prefix))) {
		if err != nil {
			return nil, err
		}
		o.assigned = binary.BigEndian.Uint64(row.Key[len(prefix):])
	}
	o.durable = o.assigned
	return o, nil
}

// Add records an event and returns its number for Await. It is sent in so many copies at once; 1 is the usual.
func (o *Outbox) Add(tx *ledger.Tx, e Event, copies int) (uint64, error) {
	if o.to.URL == nil {
		return 0, nil
	}
	text, err := json.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("write webhook: %w", err)
	}
	o.assigned++
	value := make([]byte, 0, 4+len(e.Reference)+len(text))
	value = append(value, byte(copies))
	value = binary.AppendUvarint(value, uint64(len(e.Reference)))
	value = append(value, e.Reference...)
	tx.Set(o.key(o.assigned), append(value, text...))
	tx.OnDisk(o.hook)
	return o.assigned, nil
}

func (o *Outbox) key(number uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, len(o.prefix)+8), o.prefix...), number)
}

func (o *Outbox) publish() {
	o.mu.Lock()
	o.durable = o.assigned
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Await answers once the events up to a number have been accepted, or ctx ends.
func (o *Outbox) Await(ctx context.Context, number uint64) error {
	for {
		o.mu.Lock()
		first, changed := o.first, o.delivered
		o.mu.Unlock()
		if first > number {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pending is an event that waits.
type pending struct {
	number    uint64
	copies    int
	reference string
	text      []byte
}

// turn is how an event may travel.
type turn uint8

const (
	together turn = iota
	alone
	later
)

// waiting returns the oldest events that may travel now. Events that want copies travel alone.
func (o *Outbox) waiting(limit int, turnOf func(reference string) turn) ([]pending, error) {
	o.mu.Lock()
	first, durable := o.first, o.durable
	o.mu.Unlock()
	var batch []pending
	oldest := durable + 1
	for row, err := range o.ledger.Scan(o.key(first), o.key(durable+1)) {
		if err != nil {
			return nil, err
		}
		p, err := unpack(row, len(o.prefix))
		if err != nil {
			return nil, err
		}
		oldest = min(oldest, p.number)
		turn := turnOf(p.reference)
		if turn == later || turn == alone && len(batch) > 0 {
			continue
		}
		if p.copies > 1 && len(batch) > 0 {
			break
		}
		p.text = append([]byte(nil), p.text...)
		batch = append(batch, p)
		if p.copies > 1 || turn == alone || len(batch) == limit {
			break
		}
	}
	o.advance(oldest)
	return batch, nil
}

func (o *Outbox) advance(first uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if first > o.first {
		o.first = first
		close(o.delivered)
		o.delivered = make(chan struct{})
	}
}

func unpack(row ledger.Row, prefix int) (pending, error) {
	p := pending{number: binary.BigEndian.Uint64(row.Key[prefix:])}
	if len(row.Value) < 2 {
		return p, fmt.Errorf("read webhook %d: cut short", p.number)
	}
	p.copies = int(row.Value[0])
	length, n := binary.Uvarint(row.Value[1:])
	rest := row.Value[1+max(n, 0):]
	if n <= 0 || length > uint64(len(rest)) {
		return p, fmt.Errorf("read webhook %d: cut short", p.number)
	}
	p.reference, p.text = string(rest[:length]), rest[length:]
	return p, nil
}

// drop forgets events that were accepted. Where a crash comes first, they are sent again.
func (o *Outbox) drop(ctx context.Context, batch []pending) error {
	return o.ledger.Do(ctx, func(tx *ledger.Tx) error {
		for _, p := range batch {
			tx.Delete(o.key(p.number))
		}
		return nil
	})
}
