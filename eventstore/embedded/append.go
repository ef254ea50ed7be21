package embedded

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/ordersaga/ordersaga/eventstore"
)

// request is a call of AppendMany on its way through the committer. It shares no memory with the caller, who may leave
// before it is done.
type request struct {
	appends []eventstore.Append
	results []eventstore.Result // an error here before the commit: the append was malformed and is passed over
	done    chan struct{}       // closed when all results are final
}

// Append implements [eventstore.Store].
func (s *Store) Append(ctx context.Context, to eventstore.StreamID, expected eventstore.Revision, drafts ...eventstore.Draft) eventstore.Result {
	return s.AppendMany(ctx, []eventstore.Append{{Stream: to, Expected: expected, Drafts: drafts}})[0]
}

// AppendMany implements [eventstore.Store]. A context that ends while the appends wait for the disk leaves their outcome
// unknown.
func (s *Store) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Result {
	if err := s.refusal(ctx); err != nil {
		return all(err, len(appends))
	}
	r := s.newRequest(appends)
	if !slices.ContainsFunc(r.results, func(result eventstore.Result) bool { return result.Err == nil }) {
		return r.results
	}
	if !s.queue.add(r) {
		return all(eventstore.ErrClosed, len(appends))
	}
	select {
	case <-r.done:
		return r.results
	case <-ctx.Done():
	}
	if s.queue.withdraw(r) {
		return all(ctx.Err(), len(appends))
	}
	select {
	case <-r.done:
		return r.results
	default:
		return all(fmt.Errorf("%w: %w", eventstore.ErrUnknownOutcome, ctx.Err()), len(appends))
	}
}

// refusal is why no append is taken at the moment.
func (s *Store) refusal(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case s.queue.isClosed():
		return eventstore.ErrClosed
	case s.options.readOnly:
		return ErrReadOnly
	}
	return s.failed()
}

func all(err error, count int) []eventstore.Result {
	results := make([]eventstore.Result, count)
	for i := range results {
		results[i].Err = err
	}
	return results
}

// newRequest checks the appends and copies what the caller may change later.
func (s *Store) newRequest(appends []eventstore.Append) *request {
	r := &request{appends: slices.Clone(appends), results: make([]eventstore.Result, len(appends)), done: make(chan struct{})}
	size, count := 0, 0
	for i, a := range appends {
		if r.results[i].Err = a.Validate(s.options.maxAppend); r.results[i].Err != nil {
			r.appends[i].Drafts = nil
			continue
		}
		count += len(a.Drafts)
		for _, d := range a.Drafts {
			size += len(d.Data)
		}
	}
	data, drafts := make([]byte, 0, size), make([]eventstore.Draft, 0, count)
	for i := range r.appends {
		first := len(drafts)
		for _, d := range r.appends[i].Drafts {
			start := len(data)
			data = append(data, d.Data...)
			d.Data = data[start:len(data):len(data)]
			drafts = append(drafts, d)
		}
		r.appends[i].Drafts = drafts[first:len(drafts):len(drafts)]
	}
	return r
}

// queue holds the requests that the committer has not taken yet.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	closed  bool
	wake    chan struct{} // holds a token when something changed
}

// add says whether the request was taken: it is not once the store closes.
func (q *queue) add(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, r)
	q.signal()
	return true
}

// withdraw says whether the request was still waiting; then it will never be recorded.
func (q *queue) withdraw(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, r)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}

// take waits for requests and yields all of them, in the memory of the empty slice given. It yields none when the queue
// was closed and is empty.
func (q *queue) take(into []*request) []*request {
	for {
		q.mu.Lock()
		if len(q.waiting) > 0 {
			into, q.waiting = q.waiting, into
			q.mu.Unlock()
			return into
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return nil
		}
		<-q.wake
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
