package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// core decides and records batches of jobs. It starts no goroutine and reads no clock.
//
// A stream that is not cached is taken for empty until something contradicts that: an append is fenced by the expected
// revision anyway, and whatever would record nothing is decided again on the stream as the store has it. So a new
// order's first event costs no read.
type core struct {
	store     eventstore.Store
	events    *eventstore.Registry
	cache     *cache
	snapshots *Snapshots
	metrics   *Metrics
	log       *slog.Logger
}

func newCore(store eventstore.Store, events *eventstore.Registry, snapshots *Snapshots, m *Metrics, log *slog.Logger) *core {
	return &core{store: store, events: events, cache: newCache(), snapshots: snapshots, metrics: m, log: log}
}

// known is a stream as far as it is known.
type known struct {
	state    any
	revision eventstore.Revision
	position eventstore.Position
}

// draftBytes bounds one append well below what stores accept.
const draftBytes = 512 << 10

// plan is one stream's share of a batch.
type plan struct {
	stream  eventstore.StreamID
	machine *sagas.Machine
	base    known // as it was; what the append expects
	state   any   // as it will be
	guessed bool  // nothing was known of the stream: it is taken for empty
	fresh   bool  // base was read from the store in this round
	broken  error // the stream cannot be read: all its jobs fail with it
	drafts  []eventstore.Draft
	bytes   int
	settled []settled
}

// settled is a job with its outcome; it counts once the plan's drafts are recorded.
type settled struct {
	job *job
	Outcome
}

// settle decides jobs in their order and records what was decided, again and again until each has an outcome. It fails
// only with the context.
func (c *core) settle(ctx context.Context, jobs []*job) ([]settled, error) {
	all := make([]settled, 0, len(jobs))
	reload := map[eventstore.StreamID]bool{}
	for attempt := 0; len(jobs) > 0; {
		plans, later, err := c.decideAll(ctx, jobs, reload)
		var again []*job
		if err == nil {
			again, all, err = c.record(ctx, plans, reload, all)
		} else {
			again, later = jobs, nil
		}
		if err != nil {
			c.log.Warn("the store cannot be used; trying again", "error", err, "after", backoff(attempt))
			if !pause(ctx, backoff(attempt)) {
				return nil, ctx.Err()
			}
			attempt++
		}
		jobs = inOrder(again, later)
	}
	return all, nil
}

func inOrder(again, later []*job) []*job {
	if len(again) == 0 {
		return later
	}
	return append(again, later...)
}

// decideAll makes a plan for each stream. Jobs for a stream whose append is large enough are left for the next round.
func (c *core) decideAll(ctx context.Context, jobs []*job, reload map[eventstore.StreamID]bool) ([]*plan, []*job, error) {
	plans := make([]*plan, 0, len(jobs))
	byStream := make(map[eventstore.StreamID]*plan, len(jobs))
	var later []*job
	for _, j := range jobs {
		p := byStream[j.stream]
		if p == nil {
			var err error
			if p, err = c.open(ctx, j, reload[j.stream]); err != nil {
				return nil, nil, err
			}
			byStream[j.stream] = p
			plans = append(plans, p)
		}
		if p.bytes > draftBytes {
			later = append(later, j)
			continue
		}
		if err := c.decide(ctx, p, j); err != nil {
			return nil, nil, err
		}
	}
	return plans, later, nil
}

func (c *core) open(ctx context.Context, j *job, reload bool) (*plan, error) {
	p := &plan{stream: j.stream, machine: j.row.Machine}
	base, cached := c.cache.get(j.stream)
	if !cached {
		base = known{state: p.machine.Initial(), revision: eventstore.NoStream}
	}
	p.base, p.state = base, base.state
	p.guessed = !cached
	if reload || !cached && c.snapshots.covers(j.stream) {
		return p, c.refresh(ctx, p)
	}
	return p, nil
}

// decide adds one job to a plan. Its error is the store's; the job's own failure is its outcome.
func (c *core) decide(ctx context.Context, p *plan, j *job) error {
	if j.command == nil && len(p.drafts) == 0 && !p.fresh && (p.guessed || p.base.revision < j.intent()) {
		if err := c.refresh(ctx, p); err != nil {
			return err
		}
	}
	if j.command == nil || p.broken != nil {
		p.settle(j, nil, p.broken)
		return nil
	}
	events, err := p.ask(j.command)
	if len(events) == 0 && len(p.drafts) == 0 && !p.fresh {
		if err := c.refresh(ctx, p); err != nil {
			return err
		}
		if events, err = p.ask(j.command); p.broken != nil {
			events, err = nil, p.broken
		}
	}
	if err == nil {
		err = p.draft(j, events)
	}
	if err != nil {
		events = nil
	}
	p.settle(j, events, err)
	return nil
}

// ask lets the decider decide. A decider that panics has failed by itself, and takes nothing with it.
func (p *plan) ask(command any) (events []domain.Event, err error) {
	defer recovered(&err)
	return p.machine.Decide(command, p.state)
}

// recovered turns a panic into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

func (p *plan) settle(j *job, events []domain.Event, err error) {
	p.settled = append(p.settled, settled{j, Outcome{Events: events, State: p.state, Err: err}})
}

// draft writes the decided events down, all or none.
func (p *plan) draft(j *job, events []domain.Event) error {
	drafts := p.drafts
	for i, e := range events {
		eventType := e.EventType()
		if !slices.Contains(j.row.Emits, eventType) {
			return fmt.Errorf("the row %q does not declare that it emits %s", j.row.Name, eventType)
		}
		data, err := eventstore.Encode(e)
		if err != nil {
			return fmt.Errorf("encode %s: %w", eventType, err)
		}
		drafts = append(drafts, eventstore.Draft{
			ID: sagas.EventID(j.cause.trigger, j.row, eventType, i), Type: eventType, Data: data,
			Metadata: eventstore.Metadata{
				Correlation: j.cause.correlation, Causation: j.cause.causation, Traceparent: j.cause.traceparent,
				Actor: j.cause.actor, Schema: 1,
			},
		})
		p.bytes += len(data) + 256
	}
	p.drafts = drafts
	for _, e := range events {
		p.state = p.machine.Evolve(p.state, e)
	}
	return nil
}

// refresh reads what the store has beyond what is known. It is called before anything is drafted.
func (c *core) refresh(ctx context.Context, p *plan) error {
	if p.base.revision == eventstore.NoStream {
		if snapshot, ok := c.snapshots.load(ctx, p.stream, c.store); ok {
			p.base = snapshot
		}
	}
	for recorded, err := range c.store.Read(ctx, p.stream, p.base.revision) {
		if err != nil {
			return fmt.Errorf("read %s: %w", p.stream, err)
		}
		e, err := c.events.Decode(recorded)
		if err != nil {
			p.broken = err
			break
		}
		p.base.state = p.machine.Evolve(p.base.state, e)
		p.base.revision, p.base.position = recorded.Revision, recorded.Position
	}
	p.state, p.fresh = p.base.state, true
	return nil
}

// record appends the plans as one group. It answers with the jobs that must be decided again.
func (c *core) record(ctx context.Context, plans []*plan, reload map[eventstore.StreamID]bool, all []settled) ([]*job, []settled, error) {
	appends := make([]eventstore.Append, 0, len(plans))
	for _, p := range plans {
		if len(p.drafts) > 0 {
			appends = append(appends, eventstore.Append{Stream: p.stream, Expected: p.base.revision, Drafts: p.drafts})
		}
	}
	results := c.append(ctx, appends)
	var again []*job
	var unavailable error
	for _, p := range plans {
		after := known{state: p.state, revision: p.base.revision, position: p.base.position}
		var at time.Time
		if len(p.drafts) > 0 {
			result := results[0]
			results = results[1:]
			switch {
			case errors.Is(result.Err, eventstore.ErrTooLarge), errors.Is(result.Err, eventstore.ErrInvalid):
				c.cache.drop(p.stream)
				all = p.fail(all, result.Err)
				continue
			case result.Err != nil:
				if !errors.Is(result.Err, eventstore.ErrConflict) {
					unavailable = result.Err
				}
				c.metrics.Conflicts.Add(1)
				c.cache.drop(p.stream)
				reload[p.stream] = true
				again = append(again, p.jobs()...)
				continue
			}
			after.revision, after.position, at = result.Revision, result.Position, result.At
			c.metrics.Events.Add(int64(len(p.drafts)))
		}
		if p.broken == nil && (p.fresh || len(p.drafts) > 0) {
			c.cache.put(p.stream, after)
		}
		c.snapshots.offer(ctx, c.store, p.stream, after)
		for _, s := range p.settled {
			s.Revision, s.Position, s.At = after.revision, after.position, at
			all = append(all, s)
		}
	}
	return again, all, unavailable
}

// append records appends. Where the outcome is unknown the identical append settles it.
func (c *core) append(ctx context.Context, appends []eventstore.Append) []eventstore.Result {
	if len(appends) == 0 {
		return nil
	}
	c.metrics.Commits.Add(1)
	results := c.store.AppendMany(ctx, appends)
	for i := range results {
		for attempt := 0; errors.Is(results[i].Err, eventstore.ErrUnknownOutcome) && pause(ctx, backoff(attempt)); attempt++ {
			results[i] = c.store.Append(ctx, appends[i].Stream, appends[i].Expected, appends[i].Drafts...)
		}
	}
	return results
}

func (p *plan) jobs() []*job {
	jobs := make([]*job, len(p.settled))
	for i, s := range p.settled {
		jobs[i] = s.job
	}
	return jobs
}

func (p *plan) fail(all []settled, err error) []settled {
	for _, s := range p.settled {
		s.Err = err
		all = append(all, s)
	}
	return all
}

// pause waits, and tells whether the context is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
