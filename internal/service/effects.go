package service

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// callsAtOnce bounds how many calls to the outside world a service has under way.
const callsAtOnce = 512

// effects asks the outside world, off the loop. An effect goes through three stations: the loop tells the state of its
// stream, a worker calls, the loop records the outcome. Its intent is acknowledged after the last one, so that a crash
// anywhere in between finds the intent again.
type effects struct {
	service *Service
	calls   sync.WaitGroup

	mu      sync.Mutex
	running int
	queue   []func()
}

func newEffects(s *Service) *effects { return &effects{service: s} }

// effect is one intent on its way to its outcome.
type effect struct {
	job      *job // asks the loop for the stream's state, again and again
	fact     domain.Event
	settled  func()
	attempts int
}

// prepare turns a job into the question for the state that its effect needs.
func (f *effects) prepare(j *job, fact domain.Event, settled func()) {
	e := &effect{job: j, fact: fact, settled: settled}
	j.done = func(o Outcome) {
		if o.Err == nil && o.State != nil {
			f.start(func() { f.run(e, o.State, o.Revision) })
			return
		}
		settled() // it was parked
	}
}

// start runs a call now, or when another one has ended.
func (f *effects) start(call func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running >= callsAtOnce {
		f.queue = append(f.queue, call)
		return
	}
	f.running++
	f.calls.Go(func() { f.work(call) })
}

func (f *effects) work(call func()) {
	for call != nil {
		call()
		f.mu.Lock()
		if len(f.queue) == 0 {
			f.running--
			call = nil
		} else {
			call, f.queue = f.queue[0], f.queue[1:]
		}
		f.mu.Unlock()
	}
}

// wait waits for the calls under way; the context that they run under has ended.
func (f *effects) wait() {
	f.mu.Lock()
	f.queue = nil
	f.mu.Unlock()
	f.calls.Wait()
}

// callTimeout bounds one call. Afterwards its outcome is unknown, and it is made again with the same key.
const callTimeout = 10 * time.Second

func (f *effects) run(e *effect, state any, revision eventstore.Revision) {
	s, j := f.service, e.job
	ctx, cancel := context.WithTimeout(s.lifetime, callTimeout)
	defer cancel()
	s.metrics.Calls.Add(1)
	command, err := perform(ctx, s.world, j.row, e.fact, j.trigger.view(), state)
	missing, waits := domain.AsNotYet(err)
	switch {
	case s.lifetime.Err() != nil:
	case err == nil && command == nil:
		e.settled()
	case err == nil:
		s.inbox.put(&job{
			row: j.row, stream: j.stream, command: command, cause: j.cause, trigger: j.trigger,
			done: func(Outcome) { e.settled() },
		})
	case waits && len(j.row.Needs) > 0 && missing.Type == j.row.Needs[0]:
		j.beyond = &revision
		s.inbox.put(j)
	default:
		f.again(e, err)
	}
}

// again asks once more after a while: for as long as it takes where the outside world is unavailable.
func (f *effects) again(e *effect, err error) {
	delay := backoff(e.attempts)
	var retry *sagas.Retry
	if errors.As(err, &retry) {
		delay = retry.After
	} else {
		e.attempts++
		f.service.metrics.CallFailures.Add(1)
		f.service.log.Debug("a call had no outcome; asking again", "row", e.job.row.Name, "stream", e.job.stream, "error", err, "after", delay)
	}
	e.job.beyond = nil
	f.service.later(delay, e.job)
}

func perform(ctx context.Context, w sagas.World, row *sagas.Row, fact domain.Event, t sagas.Trigger, state any) (command any, err error) {
	defer recovered(&err)
	return row.Perform(ctx, w, fact, t, state)
}
