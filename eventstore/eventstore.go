// Package eventstore is the one door to history: streams of recorded events, appended under an expected revision and
// read back in order.
//
// Why an interface: on a laptop the history lives in an embedded log, in production in a KurrentDB cluster. What a
// [Store] promises is written here and checked by one conformance suite (package storetest) for all of them; [Memory]
// is the smallest one that keeps the promises.
package eventstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"
)

// StreamID names a stream, category-id: "order-5f3…". The category is what stands before the first hyphen.
type StreamID string

// NewStreamID joins a category and an id.
func NewStreamID(category, id string) StreamID { return StreamID(category + "-" + id) }

// Category is the part before the first hyphen, the whole name where there is none.
func (s StreamID) Category() string {
	category, _, _ := strings.Cut(string(s), "-")
	return category
}

// ID is the part after the first hyphen, empty where there is none.
func (s StreamID) ID() string {
	_, id, _ := strings.Cut(string(s), "-")
	return id
}

// Revision is an event's place in its stream, counted from 0; as an expectation it may also be one of the constants.
type Revision int64

const (
	// NoStream expects that the stream has no event yet. As a place to read after, it is the stream's beginning.
	NoStream Revision = -1
	// Any expects nothing.
	Any Revision = -2
	// Exists expects at least one event.
	Exists Revision = -4
)

func (r Revision) String() string {
	switch r {
	case NoStream:
		return "no stream"
	case Any:
		return "any revision"
	case Exists:
		return "an existing stream"
	}
	return fmt.Sprintf("revision %d", int64(r))
}

// Position is an event's place in the store's one total order. Positions grow in commit order, from 1; 0 is before all.
// They may leave gaps in numbering, never in history: once a reader has seen position p, no event appears before p.
type Position uint64

// Metadata is what is known about an event besides its fact.
type Metadata struct {
	Correlation string    `json:"correlation,omitempty"` // the order that this is about
	Causation   uuid.UUID `json:"causation"`             // the event that caused it; zero for a request from outside
	Traceparent string    `json:"traceparent,omitempty"` // W3C trace context
	Actor       string    `json:"actor,omitempty"`       // the service or the person
	Schema      int       `json:"schema,omitempty"`      // version of Data's shape
}

// Draft is an event that is not recorded yet. ID is what makes a repeated append recognisable and must be set.
type Draft struct {
	ID       uuid.UUID
	Type     string
	Data     []byte // JSON
	Metadata Metadata
}

// Recorded is an event as the store holds it. All readers may share Data: nobody changes it.
type Recorded struct {
	Position Position
	Stream   StreamID
	Revision Revision
	Draft
	At time.Time // when it was committed; UTC, microseconds
}

// Append is one stream's share of [Store.AppendMany]: all of its drafts are recorded, or none.
type Append struct {
	Stream   StreamID
	Expected Revision
	Drafts   []Draft
}

// Result is where an append ended, or why it did not.
type Result struct {
	Revision Revision // of the last draft in its stream
	Position Position // of the last draft
	At       time.Time
	Err      error
}

// Errors of a store. All may be wrapped.
var (
	// ErrConflict: the stream was not at the expected revision, nothing was recorded. See [Conflict].
	ErrConflict = errors.New("conflict")
	// ErrUnknownOutcome: the append may or may not have been recorded. The identical append settles it.
	ErrUnknownOutcome = errors.New("unknown outcome")
	// ErrTooLarge: the append is above the store's limit; it will never be accepted.
	ErrTooLarge = errors.New("append is too large")
	// ErrInvalid: the append itself is malformed (no id, no type, a bad stream name); it will never be accepted.
	ErrInvalid = errors.New("invalid append")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
)

// Conflict says what was expected and what was found. It matches [ErrConflict].
type Conflict struct {
	Stream   StreamID
	Expected Revision
	Actual   Revision // NoStream where the stream has no events
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("stream %s: expected %s, it is at %s", c.Stream, c.Expected, c.Actual)
}

// Is makes a Conflict match ErrConflict.
func (c *Conflict) Is(target error) bool { return target == ErrConflict }

// Store keeps streams of events. It is safe for concurrent use.
//
// An append is durable before it is acknowledged. It is idempotent as EventStoreDB defines it: drafts that are recorded
// already at the places that the expected revision gives them succeed again with the first result; where only the first
// ones are there the append is a conflict. With Any, drafts are looked for at the end of the stream.
//
// Every sequence yields an error at most once, as its last pair. A missing stream reads as empty.
type Store interface {
	// Append records drafts in one stream, atomically. An append of no drafts only checks the expectation.
	Append(ctx context.Context, to StreamID, expected Revision, drafts ...Draft) Result
	// AppendMany commits appends as a group: in the order given, each succeeds or fails by itself. The results are in
	// the order of the appends.
	AppendMany(ctx context.Context, appends []Append) []Result
	// Read yields a stream's events after a revision, oldest first. NoStream reads from the beginning.
	Read(ctx context.Context, from StreamID, after Revision) iter.Seq2[Recorded, error]
	// ReadBackwards yields a stream's events, newest first.
	ReadBackwards(ctx context.Context, from StreamID) iter.Seq2[Recorded, error]
	// All yields every event after a position, in commit order, then ends.
	All(ctx context.Context, after Position) iter.Seq2[Recorded, error]
	// Follow yields every event after a position and then stays live, in runs: whatever is waiting at that moment, one
	// event when idle, hundreds under load. A run is never empty and is valid until the next one. It ends with the
	// context's error.
	Follow(ctx context.Context, after Position) iter.Seq2[[]Recorded, error]
	// Close waits for appends under way. Afterwards everything answers ErrClosed.
	Close() error
}
