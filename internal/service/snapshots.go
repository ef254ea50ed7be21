package service

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/goccy/go-json"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Snapshots keeps one long stream's state in a file, so that a start need not read the stream from its beginning. The
// file is never the truth: it counts only if the store has the very event after which it was taken, and may be deleted.
type Snapshots struct {
	Stream  eventstore.StreamID
	File    string
	Every   eventstore.Revision // events between two snapshots
	Encode  func(state any) ([]byte, error)
	Restore func([]byte) (any, error)
	Logger  *slog.Logger

	taken  eventstore.Revision
	taking atomic.Bool
}

// snapshot is the file's shape. Version is of the state's shape: another one is not read.
type snapshot struct {
	Version  int                 `json:"version"`
	Stream   eventstore.StreamID `json:"stream"`
	Revision eventstore.Revision `json:"revision"`
	Position eventstore.Position `json:"position"`
	EventID  uuid.UUID           `json:"eventId"`
	State    json.RawMessage     `json:"state"`
}

const snapshotVersion = 1

func (s *Snapshots) covers(stream eventstore.StreamID) bool { return s != nil && s.Stream == stream }

// load answers with the last snapshot if the store bears it out.
func (s *Snapshots) load(ctx context.Context, stream eventstore.StreamID, store eventstore.Store) (known, bool) {
	if !s.covers(stream) {
		return known{}, false
	}
	data, err := os.ReadFile(s.File)
	if err != nil {
		return known{}, false
	}
	k, err := s.verified(ctx, data, store)
	if err != nil {
		s.Logger.Warn("the snapshot is not used; the stream is read from its beginning", "file", s.File, "error", err)
		return known{}, false
	}
	s.taken = k.revision
	return k, true
}

func (s *Snapshots) verified(ctx context.Context, data []byte, store eventstore.Store) (known, error) {
	var snap snapshot
	if err := json.Unmarshal(data, &snap); err != nil {
		return known{}, err
	}
	if snap.Version != snapshotVersion || snap.Stream != s.Stream {
		return known{}, fmt.Errorf("it is version %d of %s", snap.Version, snap.Stream)
	}
	id, err := eventAt(ctx, store, s.Stream, snap.Revision)
	if err != nil {
		return known{}, err
	}
	if id != snap.EventID {
		return known{}, fmt.Errorf("the store has another event at revision %d", snap.Revision)
	}
	state, err := s.Restore(snap.State)
	return known{state: state, revision: snap.Revision, position: snap.Position}, err
}

func eventAt(ctx context.Context, store eventstore.Store, stream eventstore.StreamID, at eventstore.Revision) (uuid.UUID, error) {
	for recorded, err := range store.Read(ctx, stream, at-1) {
		return recorded.ID, err
	}
	return uuid.Nil, fmt.Errorf("the store has no event at revision %d", at)
}

// offer takes a snapshot of a state when enough has happened since the last one. It does not wait for it.
func (s *Snapshots) offer(ctx context.Context, store eventstore.Store, stream eventstore.StreamID, k known) {
	if !s.covers(stream) || k.revision < s.taken+s.Every || !s.taking.CompareAndSwap(false, true) {
		return
	}
	s.taken = k.revision
	go func() {
		defer s.taking.Store(false)
		if err := s.take(ctx, store, k); err != nil && ctx.Err() == nil {
			s.Logger.Warn("no snapshot was taken", "file", s.File, "error", err)
		}
	}()
}

func (s *Snapshots) take(ctx context.Context, store eventstore.Store, k known) error {
	id, err := eventAt(ctx, store, s.Stream, k.revision)
	if err != nil {
		return err
	}
	state, err := s.Encode(k.state)
	if err != nil {
		return err
	}
	data, err := json.Marshal(snapshot{
		Version: snapshotVersion, Stream: s.Stream, Revision: k.revision, Position: k.position, EventID: id, State: state,
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.File), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(s.File+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(s.File+".new", s.File)
}
