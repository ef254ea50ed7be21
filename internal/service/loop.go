package service

import (
	"context"
	"slices"
	"time"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/eventstore"
)

// attemptsBeforeParking is how often a job may fail by itself: a bug or a poison event, not something unavailable.
const attemptsBeforeParking = 5

// waiting holds the jobs that need an event which their stream does not have yet. They hold no worker and count no
// attempt. Only the loop touches it.
type waiting map[eventstore.StreamID][]*job

// loop is the service's one writer.
func (s *Service) loop(ctx context.Context) error {
	defer s.inbox.close()
	stop := s.recheckWaiting(ctx)
	defer stop()
	for {
		jobs, ok := s.inbox.take(ctx)
		if !ok {
			return ctx.Err()
		}
		jobs = s.recheck(jobs)
		outcomes, err := s.core.settle(ctx, s.parked.keepBehind(ctx, jobs))
		if err != nil {
			return err
		}
		s.metrics.Jobs.Add(int64(len(outcomes)))
		for _, o := range outcomes {
			s.conclude(ctx, o)
		}
		s.wake(outcomes)
		s.metrics.Waiting.Store(int64(len(s.waiting)))
	}
}

// conclude hands a job its outcome, or lets it wait, try again, or be parked.
func (s *Service) conclude(ctx context.Context, o settled) {
	j := o.job
	missing, waits := domain.AsNotYet(o.Err)
	switch {
	case waits && slices.Contains(j.row.Needs, missing.Type), o.Err == nil && j.beyond != nil && o.Revision <= *j.beyond:
		s.waiting[j.stream] = append(s.waiting[j.stream], j)
	case o.Err == nil, j.trigger == nil, j.byHand:
		j.done(o.Outcome)
	default:
		s.failed(ctx, j, o.Err)
	}
}

// failed tries a job that failed by itself again, and parks it after a bound.
func (s *Service) failed(ctx context.Context, j *job, err error) {
	if j.attempts++; j.attempts < attemptsBeforeParking {
		s.log.Warn("a step failed; trying again", "row", j.row.Name, "stream", j.stream, "error", err, "attempt", j.attempts)
		s.later(backoff(j.attempts), j)
		return
	}
	s.parked.add(ctx, j, err)
	j.done(Outcome{})
}

// later puts a job back after a while.
func (s *Service) later(d time.Duration, j *job) {
	time.AfterFunc(d, func() { s.inbox.put(j) })
}

// wake puts the jobs back that wait for streams which have changed.
func (s *Service) wake(outcomes []settled) {
	if len(s.waiting) == 0 {
		return
	}
	for _, o := range outcomes {
		if len(o.Events) == 0 {
			continue
		}
		if jobs := s.waiting[o.job.stream]; jobs != nil {
			delete(s.waiting, o.job.stream)
			s.inbox.put(jobs...)
		}
	}
}

// recheckWaiting asks the loop, while anything waits, to look again now and then: another instance of the service may
// have recorded what is needed.
func (s *Service) recheckWaiting(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(2 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if s.metrics.Waiting.Load() > 0 {
					s.inbox.put(recheckJob)
				}
			case <-done:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { close(done) }
}

// recheckJob is no job: it stands for all that wait.
var recheckJob = &job{}

// recheck replaces recheckJob by the jobs that wait, and forgets what is known of their streams.
func (s *Service) recheck(jobs []*job) []*job {
	i := slices.Index(jobs, recheckJob)
	if i < 0 {
		return jobs
	}
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool { return j == recheckJob })
	for stream, held := range s.waiting {
		s.core.cache.drop(stream)
		jobs = append(jobs, held...)
	}
	clear(s.waiting)
	return jobs
}
