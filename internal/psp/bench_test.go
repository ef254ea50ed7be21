package psp_test

import (
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/sagas"
)

// BenchmarkAuthorizeAndCapture measures two durable calls an operation, with 200 under way.
func BenchmarkAuthorizeAndCapture(b *testing.B) {
	bench := func(b *testing.B, client func(*psp.Provider) *psp.Client) {
		provider, err := psp.Open(psp.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = provider.Close() }()
		c := client(provider)
		var failed atomic.Int64
		b.SetParallelism(100)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				reference := uuid.NewString()
				charge, err := c.Authorize(b.Context(), newCall(reference), "pm_card_visa", pounds(1000))
				if err == nil {
					charge, err = c.Capture(b.Context(), newCall(reference), charge.ID, pounds(1000))
				}
				if err != nil || charge.Status != sagas.ChargeCaptured {
					failed.Add(1)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
		if failed.Load() > 0 {
			b.Fatalf("%d of %d failed", failed.Load(), b.N)
		}
	}
	b.Run("in-process", func(b *testing.B) {
		bench(b, func(p *psp.Provider) *psp.Client {
			return psp.NewClient("http://psp", remote.InProcess(p.Handler()), 0)
		})
	})
	b.Run("loopback", func(b *testing.B) {
		bench(b, func(p *psp.Provider) *psp.Client {
			server := httptest.NewServer(p.Handler())
			b.Cleanup(server.Close)
			return psp.NewClient(server.URL, nil, 0)
		})
	})
}
