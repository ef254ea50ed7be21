package service

import "sync/atomic"

// Metrics count what a service did since it was started.
type Metrics struct {
	Jobs         atomic.Int64 // commands decided
	Commits      atomic.Int64 // groups appended
	Events       atomic.Int64 // events recorded
	Conflicts    atomic.Int64 // appends that were decided again
	Calls        atomic.Int64 // calls to the outside world
	CallFailures atomic.Int64 // calls without an outcome
	Waiting      atomic.Int64 // streams that something waits for
	Parked       atomic.Int64 // triggers set aside
}

// OpenDeadlines is how many deadlines run.
func (s *Service) OpenDeadlines() int { return s.deadlines.count() }
