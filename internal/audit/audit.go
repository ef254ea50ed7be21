// Package audit proves from the recorded history that what must always be true was true.
//
// Why it trusts nobody: a running checkout shows its health in read models, metrics and logs, and each of them is made by
// the code that may be wrong. The auditor reads only what was recorded (the services' stores, the ledgers of the payment
// provider and of the carrier) and compares everything else with that: the bus, the read models, what was answered to a
// caller. It decides nothing and writes nothing.
//
// Why looks: on a running system the stores move while they are read, and no cut through five of them is one moment. So
//   - every store is read to its end, and then what was added meanwhile. Whatever was recorded before the second reading
//     began has its cause recorded by then, so a cause that is still missing is missing for good;
//   - what one stream alone says never changes, and is reported at once;
//   - what several streams or a ledger say together about an order makes it only suspect. It is looked at again after a
//     pause, and reported once the same is found twice and the order stood still in between.
//
// On a system at rest the second look finds what the first one found, so nothing real is missed. The invariants are
// numbered as in [Invariants], each in a file of its own.
package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

// Bus is what the auditor needs of the bus.
type Bus interface {
	Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error]
	Head(ctx context.Context, source string) (bus.Last, error)
}

var _ Bus = (*bus.Bus)(nil)

// Sources is what is audited. Whatever is nil is not checked, and the report says so.
type Sources struct {
	// Stores are the services' own, by name; each of sagas.Services must be there.
	Stores map[string]eventstore.Store
	// Charges is the payment provider's ledger, Bookings the carrier's. They may be called several times.
	Charges  func(context.Context) iter.Seq2[Charge, error]
	Bookings func(context.Context) iter.Seq2[Booking, error]
	Bus      Bus
	Views    *projections.Views
	// ViewsDir is where the second database lies for the time being; empty: the system's directory for such files.
	ViewsDir string
	// Acknowledged are orders that somebody was told are placed.
	Acknowledged []string

	// Now is the time of a running system. Zero stands for a system at rest: the newest event's time counts, and nothing
	// is looked at twice.
	Now time.Time
	// Bound is how long an order may stand still before it has ended: payment deadline + carrier time + 60 s.
	Bound time.Duration
	// Since is when the system was last started or its faults ended: an order's standing still counts from there on.
	Since time.Time
}

// Charge is the provider's record of one authorization and what became of it, in minor units. Declined ones count.
type Charge struct {
	Reference  string // the order's id
	Status     string // the provider's word, for messages
	Currency   domain.Currency
	Authorized int64 // 0 where it was declined
	Captured   int64
	Voided     int64
	Expired    int64
	Refunded   int64 // settled refunds only
	Effects    []Effect
}

// Booking is the carrier's record of one parcel.
type Booking struct {
	Reference string // the order's id
	Status    sagas.BookingStatus
	Effects   []Effect
}

// Effect is something that was done in the outside world on behalf of an intent.
type Effect struct {
	Key    uuid.UUID // idempotency key: the id of the intent event; zero for what nobody asked for, such as an expiry
	Kind   string    // one of the constants
	Amount int64     // 0 where it moves no money
}

// The kinds of effects that somebody must have asked for. Any other kind is the outside world's own.
const (
	Authorize = "authorize"
	Capture   = "capture"
	Void      = "void"
	Refund    = "refund"
	Book      = "book"
	Cancel    = "cancel"
)

// Run audits. Its error says that the audit could not be made; what is wrong with the system is in the report.
func Run(ctx context.Context, from Sources) (*Report, error) {
	a, err := newAuditor(from)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		a.readAll, a.readHeads, a.readLedgers, a.readTails, a.look, a.checkBus, a.checkViews,
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
	}
	a.checkCauses()
	a.checkAcknowledged()
	a.count()
	return a.finish(), nil
}

func newAuditor(from Sources) (*auditor, error) {
	a := &auditor{
		Sources: from, names: newNames(), byID: map[uuid.UUID]ref{}, streams: newStreams(),
		orderIndex: map[string]int32{}, warehouses: map[uint32]*warehouse{}, parked: map[string]bool{},
		acceptors: newAcceptors(), checked: map[int]int{},
	}
	for i, name := range sagas.Services {
		store := from.Stores[name]
		if store == nil {
			return nil, errors.New("audit: the store of " + name + " is missing")
		}
		a.logs = append(a.logs, &log{index: i, name: name, store: store, categories: sagas.Categories(name)})
	}
	a.explainMissing()
	return a, nil
}

// auditor is one audit under way.
type auditor struct {
	Sources
	names names
	logs  []*log // in the order of sagas.Services
	byID  map[uuid.UUID]ref
	cut   []int // how many events of each log were there after the first reading
	heads []bus.Last

	streams    *streams
	orders     []*account
	orderIndex map[string]int32
	warehouses map[uint32]*warehouse // by stream
	heards     []heard
	acceptors  acceptors
	newest     int64 // time of the newest event anywhere, microseconds

	charges     map[int32][]Charge // by order
	bookings    map[int32][]Booking
	effects     map[uuid.UUID]int // how many effects each key had
	parked      map[string]bool   // orders
	parkedCount int

	findings   []finding
	omitted    int
	checked    map[int]int
	notChecked []string
	open       int
	attention  int
}

func (a *auditor) running() bool { return !a.Now.IsZero() }

// now is the moment up to which standing still is counted, in microseconds.
func (a *auditor) now() int64 {
	if a.running() {
		return a.Now.UnixMicro()
	}
	return a.newest
}

func (a *auditor) explainMissing() {
	missing := func(is bool, what string) {
		if is {
			a.notChecked = append(a.notChecked, what)
		}
	}
	missing(a.Charges == nil, "1, 3: the payment provider's ledger was not given, so money and effects there were not compared")
	missing(a.Bookings == nil, "3: the carrier's ledger was not given, so bookings there were not compared")
	missing(a.Bus == nil, "7: the bus was not given")
	missing(a.Views == nil, "8: the read models were not given")
}
