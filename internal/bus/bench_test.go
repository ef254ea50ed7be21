package bus

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/eventstore"
)

func BenchmarkEncode(b *testing.B) {
	events := sample()
	var body []byte
	b.ReportAllocs()
	for b.Loop() {
		body = appendBatch(body[:0], "payment", events)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}

func BenchmarkDecode(b *testing.B) {
	events := sample()
	body := appendBatch(nil, "payment", events)
	for name, decode := range map[string]func() bool{
		"quick":   func() bool { _, ok := decodeQuickly(make([]Event, 0, 2), body); return ok },
		"general": func() bool { _, err := decodeAny(make([]Event, 0, 2), body); return err == nil },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !decode() {
					b.Fatal("not decoded")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
	}
}

// BenchmarkPipeline moves events from a store through the bus to one consumer, which acknowledges at once.
func BenchmarkPipeline(b *testing.B) {
	const batch = 200_000
	bus, store := open(b, b.TempDir()), eventstore.NewMemory()
	record(b, store, "order", batch)
	began, cpu, rounds := time.Now(), cpuTime(), 0
	for b.Loop() {
		rounds++
		source := fmt.Sprintf("order%d", rounds) // a stream of its own, from the same events
		ctx, cancel := context.WithCancel(b.Context())
		var tasks sync.WaitGroup
		tasks.Go(func() { bus.Relay(ctx, source, store, "order") })
		var settled atomic.Uint64
		tasks.Go(func() {
			bus.Consume(ctx, "payment", source, settled.Load, func(d *Delivery) {
				settled.Store(d.Last())
				if d.Ack(); d.Last() == batch {
					cancel()
				}
			})
		})
		tasks.Wait()
	}
	events := float64(rounds * batch)
	b.ReportMetric(events/time.Since(began).Seconds(), "events/s")
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/events, "cpu-ns/event")
	b.ReportMetric(events/float64(messages(bus)), "events/message")
}

// BenchmarkOneByOne records the next event when the one before was heard: a message each, the way an idle shop works.
func BenchmarkOneByOne(b *testing.B) {
	bus, store := open(b, b.TempDir()), eventstore.NewMemory()
	heard := make(chan uint64, 1)
	var settled atomic.Uint64
	relayOf(b, bus, "order", store)
	spawn(b, func(ctx context.Context) error {
		return bus.Consume(ctx, "payment", "order", settled.Load, func(d *Delivery) {
			settled.Store(d.Last())
			d.Ack()
			heard <- d.Last()
		})
	})
	record(b, store, "order", 1)
	<-heard
	cpu, events := cpuTime(), 0
	for b.Loop() {
		record(b, store, "order", 1)
		<-heard
		events++
	}
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(events), "cpu-ns/event")
}

func messages(bus *Bus) (n uint64) {
	for _, p := range bus.Relays() {
		n += p.Messages
	}
	return n
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
