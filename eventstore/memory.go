package eventstore

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"
)

// Memory is a Store without a disk: the smallest one that keeps every promise but durability. It is for tests, for the
// simulator, and for reading what a Store does.
type Memory struct {
	clock func() time.Time

	mu      sync.Mutex
	log     []Recorded         // position p is at p-1
	streams map[StreamID][]int // indexes into log
	grown   chan struct{}      // closed and replaced whenever log grows or the store closes
	closed  bool
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store on the machine's clock.
func NewMemory() *Memory { return NewMemoryAt(time.Now) }

// NewMemoryAt makes an empty store that takes each append's time from clock.
func NewMemoryAt(clock func() time.Time) *Memory {
	return &Memory{clock: clock, streams: map[StreamID][]int{}, grown: make(chan struct{})}
}

// Append implements Store.
func (m *Memory) Append(ctx context.Context, to StreamID, expected Revision, drafts ...Draft) Result {
	return m.AppendMany(ctx, []Append{{Stream: to, Expected: expected, Drafts: drafts}})[0]
}

// AppendMany implements Store.
func (m *Memory) AppendMany(ctx context.Context, appends []Append) []Result {
	results := make([]Result, len(appends))
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.log)
	for i, a := range appends {
		switch err := ctx.Err(); {
		case m.closed:
			results[i].Err = ErrClosed
		case err != nil:
			results[i].Err = err
		default:
			results[i] = m.append(a)
		}
	}
	if len(m.log) > before {
		m.wake()
	}
	return results
}

func (m *Memory) append(a Append) Result {
	if err := a.Validate(MaxAppend); err != nil {
		return Result{Err: err}
	}
	stream := m.streams[a.Stream]
	head := Revision(len(stream)) - 1
	at := func(r Revision) (Recorded, error) { return m.log[stream[r]], nil }
	if result, settled := a.Settle(head, at); settled {
		return result
	}
	now := m.clock().UTC().Truncate(time.Microsecond)
	if n := len(m.log); n > 0 && now.Before(m.log[n-1].At) {
		now = m.log[n-1].At // history never runs backwards, whatever the clock does
	}
	for _, d := range a.Drafts {
		head++
		d.Data = append(make([]byte, 0, len(d.Data)), d.Data...)
		m.streams[a.Stream] = append(m.streams[a.Stream], len(m.log))
		m.log = append(m.log, Recorded{Position: Position(len(m.log) + 1), Stream: a.Stream, Revision: head, Draft: d, At: now})
	}
	return Result{Revision: head, Position: Position(len(m.log)), At: now}
}

func (m *Memory) wake() {
	close(m.grown)
	m.grown = make(chan struct{})
}

// Read implements Store.
func (m *Memory) Read(ctx context.Context, from StreamID, after Revision) iter.Seq2[Recorded, error] {
	return m.read(ctx, func() ([]Recorded, error) {
		events, err := m.stream(from)
		return events[min(max(int(after)+1, 0), len(events)):], err
	})
}

// ReadBackwards implements Store.
func (m *Memory) ReadBackwards(ctx context.Context, from StreamID) iter.Seq2[Recorded, error] {
	return m.read(ctx, func() ([]Recorded, error) {
		events, err := m.stream(from)
		slices.Reverse(events)
		return events, err
	})
}

// All implements Store.
func (m *Memory) All(ctx context.Context, after Position) iter.Seq2[Recorded, error] {
	return m.read(ctx, func() ([]Recorded, error) { return m.log[min(after, Position(len(m.log))):], nil })
}

func (m *Memory) stream(id StreamID) ([]Recorded, error) {
	if err := id.Validate(); err != nil {
		return nil, err
	}
	events := make([]Recorded, 0, len(m.streams[id]))
	for _, index := range m.streams[id] {
		events = append(events, m.log[index])
	}
	return events, nil
}

// read yields what a selection, made under the lock, has found. The lock is not held while the reader works.
func (m *Memory) read(ctx context.Context, selection func() ([]Recorded, error)) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		m.mu.Lock()
		events, err := selection()
		if m.closed {
			events, err = nil, ErrClosed
		}
		m.mu.Unlock()
		for _, e := range events {
			if err = ctx.Err(); err != nil || !yield(e, nil) {
				break
			}
		}
		if err != nil {
			yield(Recorded{}, err)
		}
	}
}

// Follow implements Store.
func (m *Memory) Follow(ctx context.Context, after Position) iter.Seq2[[]Recorded, error] {
	return func(yield func([]Recorded, error) bool) {
		for {
			m.mu.Lock()
			run, grown, closed := m.log[min(after, Position(len(m.log))):], m.grown, m.closed
			m.mu.Unlock()
			switch err := ctx.Err(); {
			case closed:
				yield(nil, ErrClosed)
				return
			case err != nil:
				yield(nil, err)
				return
			case len(run) > 0:
				run = run[:min(len(run), 500)]
				if !yield(slices.Clone(run), nil) {
					return
				}
				after = run[len(run)-1].Position
				continue
			}
			select {
			case <-grown:
			case <-ctx.Done():
			}
		}
	}
}

// Close implements Store.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		m.wake()
	}
	return nil
}
