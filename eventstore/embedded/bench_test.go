package embedded_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/eventstore/embedded"
)

// fact is an event of the usual size: 400 bytes of JSON, a trace, an order.
func fact() eventstore.Draft {
	data := make([]byte, 400)
	for i := range data {
		data[i] = "0123456789abcdef"[(i*7+i/16)%16]
	}
	return eventstore.Draft{
		ID: uuid.New(), Type: "payment.authorized.v1", Data: data,
		Metadata: eventstore.Metadata{
			Correlation: uuid.NewString(), Causation: uuid.New(), Actor: "payment", Schema: 1,
			Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		},
	}
}

// BenchmarkAppend records two events with each append, in streams of four, from several goroutines at once.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := open(b, b.TempDir())
			var left atomic.Int64
			left.Store(int64(b.N))
			done := make(chan error, writers)
			b.ResetTimer()
			for range writers {
				go func() { done <- writeStreams(s, &left) }()
			}
			for range writers {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			stats := s.Stats()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
			b.ReportMetric(float64(stats.Appends)/float64(stats.Commits), "appends/commit")
		})
	}
}

func writeStreams(s *embedded.Store, left *atomic.Int64) error {
	for {
		stream := eventstore.NewStreamID("payment", uuid.NewString())
		for _, expected := range []eventstore.Revision{eventstore.NoStream, 1} {
			if left.Add(-1) < 0 {
				return nil
			}
			if err := s.Append(context.Background(), stream, expected, fact(), fact()).Err; err != nil {
				return err
			}
		}
	}
}

// BenchmarkAppendMany records groups as a service does that decides all of its inbox at once.
func BenchmarkAppendMany(b *testing.B) {
	const size = 200
	s := open(b, b.TempDir())
	for b.Loop() {
		group := make([]eventstore.Append, size)
		for i := range group {
			group[i] = eventstore.Append{
				Stream: eventstore.NewStreamID("payment", uuid.NewString()), Expected: eventstore.NoStream,
				Drafts: []eventstore.Draft{fact()},
			}
		}
		for _, result := range s.AppendMany(context.Background(), group) {
			if result.Err != nil {
				b.Fatal(result.Err)
			}
		}
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkFollow reads history from disk, and the recent part of it from memory.
func BenchmarkFollow(b *testing.B) {
	const history = 200_000
	dir := b.TempDir()
	fill(b, dir, history)
	for _, from := range []struct {
		name  string
		after eventstore.Position
	}{{"disk", 0}, {"memory", history}} {
		b.Run(from.name, func(b *testing.B) {
			s := open(b, dir)
			after, end := from.after, eventstore.Position(history)
			if after == history { // a few that were recorded since Open
				after = s.Stats().Position
				for range 40 {
					end = appendGroup(b, s, 100)
				}
			}
			b.ResetTimer()
			events, runs := 0, 0
			for range b.N {
				for run, err := range s.Follow(b.Context(), after) {
					if err != nil {
						b.Fatal(err)
					}
					if events, runs = events+len(run), runs+1; run[len(run)-1].Position >= end {
						break
					}
				}
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(events)/float64(runs), "events/run")
		})
	}
}

func fill(b *testing.B, dir string, events int) {
	s := open(b, dir)
	for range events / 1000 {
		appendGroup(b, s, 1000)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

func appendGroup(b *testing.B, s *embedded.Store, size int) eventstore.Position {
	drafts := make([]eventstore.Draft, size)
	for i := range drafts {
		drafts[i] = fact()
	}
	result := s.Append(b.Context(), eventstore.NewStreamID("payment", uuid.NewString()), eventstore.NoStream, drafts...)
	if result.Err != nil {
		b.Fatal(result.Err)
	}
	return result.Position
}
