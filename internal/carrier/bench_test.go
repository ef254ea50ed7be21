package carrier_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/internal/carrier"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

// BenchmarkBookDispatchDeliver measures a booking, its dispatch and its delivery with both webhooks received, in process,
// with 200 bookings under way.
func BenchmarkBookDispatchDeliver(b *testing.B) {
	for name, delay := range map[string]time.Duration{"at once": 0, "after 100ms": 50 * time.Millisecond} {
		b.Run(name, func(b *testing.B) { benchmark(b, delay) })
	}
}

func benchmark(b *testing.B, delay time.Duration) {
	var told, deliveries atomic.Int64
	shop := remote.InProcess(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		events, err := webhook.Receive(r, []string{secret}, time.Now())
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		told.Add(int64(len(events)))
		deliveries.Add(1)
	}))
	c, err := carrier.Open(carrier.Options{
		Dir: b.TempDir(), DispatchAfter: delay, DeliverAfter: delay,
		Webhooks: webhook.Destination{URL: func() string { return "http://shop" }, Secret: secret, Transport: shop},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	client := carrier.NewClient("http://carrier", remote.InProcess(c.Handler()), 0)
	b.SetParallelism(100)
	b.ReportAllocs()
	cpu := cpuTime()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			booking, err := client.Book(b.Context(), newCall(uuid.NewString()), parcel("1 High Street"))
			if err != nil || booking.Status != sagas.BookingBooked {
				b.Errorf("%+v, %v", booking, err)
			}
		}
	})
	for deadline := time.Now().Add(time.Minute); told.Load() < int64(2*b.N); {
		if time.Now().After(deadline) {
			b.Fatalf("%d of %d webhooks came", told.Load(), 2*b.N)
		}
		<-time.After(time.Millisecond)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "parcels/s")
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(told.Load())/float64(deliveries.Load()), "events/POST")
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkBookOverLoopback measures one durable call over a socket.
func BenchmarkBookOverLoopback(b *testing.B) {
	c, err := carrier.Open(carrier.Options{Dir: b.TempDir(), DispatchAfter: never})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	client := carrier.NewClient(server.URL, nil, 0)
	b.SetParallelism(100)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := client.Book(b.Context(), newCall(uuid.NewString()), parcel("1 High Street")); err != nil {
				b.Error(err)
			}
		}
	})
}
