package service

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/goccy/go-json"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

// CheckpointCategory holds what a service remembers of its reading. It is outside the relay's categories, and never the
// truth: without it, more is read again.
const CheckpointCategory = "checkpoint"

const checkpointSaved = "checkpoint.saved.v1"

// checkpoint is how far a service has settled what it heard.
type checkpoint struct {
	LowWater  map[string]uint64   `json:"lowWater"`  // by source: everything up to this number is settled
	Deadlines eventstore.Position `json:"deadlines"` // no deadline of an event up to here is open
}

func checkpointStream(service string) eventstore.StreamID {
	return eventstore.NewStreamID(CheckpointCategory, service)
}

func loadCheckpoint(ctx context.Context, store eventstore.Store, service string) (checkpoint, error) {
	c := checkpoint{LowWater: map[string]uint64{}}
	for last, err := range store.ReadBackwards(ctx, checkpointStream(service)) {
		if err != nil {
			return c, fmt.Errorf("read the checkpoint of %s: %w", service, err)
		}
		if err := json.Unmarshal(last.Data, &c); err != nil {
			return c, fmt.Errorf("the checkpoint of %s cannot be read: %w", service, err)
		}
		break
	}
	return c, nil
}

// lowWater is where a consumer of a source begins when the bus has forgotten it.
func (s *Service) lowWater(source string) uint64 {
	s.checkpointMu.Lock()
	defer s.checkpointMu.Unlock()
	return s.checkpoint.LowWater[source]
}

const checkpointEvery = 30 * time.Second

// keepCheckpoint saves the checkpoint now and then, and at the end.
func (s *Service) keepCheckpoint(ctx context.Context) error {
	for pause(ctx, checkpointEvery) {
		if err := s.saveCheckpoint(ctx); err != nil {
			s.log.Warn("the checkpoint was not saved", "error", err)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := s.saveCheckpoint(last); err != nil {
		s.log.Warn("the checkpoint was not saved", "error", err)
	}
	return ctx.Err()
}

func (s *Service) saveCheckpoint(ctx context.Context) error {
	s.checkpointMu.Lock()
	next := checkpoint{LowWater: maps.Clone(s.checkpoint.LowWater), Deadlines: s.checkpoint.Deadlines}
	s.checkpointMu.Unlock()
	changed := false
	if s.owner == nil {
		for _, source := range s.table.Sources(s.name) {
			floor, err := s.bus.AckFloor(ctx, s.name, source)
			if err != nil {
				return err
			}
			changed = changed || floor > next.LowWater[source]
			next.LowWater[source] = max(floor, next.LowWater[source])
		}
	}
	if low := s.deadlines.lowWater(); low > next.Deadlines {
		next.Deadlines, changed = low, true
	}
	if !changed {
		return nil
	}
	data, err := json.Marshal(next)
	if err != nil {
		return err
	}
	draft := eventstore.Draft{ID: uuid.New(), Type: checkpointSaved, Data: data}
	if r := s.store.Append(ctx, checkpointStream(s.name), eventstore.Any, draft); r.Err != nil {
		return r.Err
	}
	s.checkpointMu.Lock()
	s.checkpoint = next
	s.checkpointMu.Unlock()
	return nil
}
