package loadgen

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// reportOf adds results up.
func reportOf(results []result, took time.Duration) Report {
	r := Report{Orders: len(results), Seconds: round(took.Seconds())}
	var ended, answered []time.Duration
	for _, one := range results {
		switch one.status {
		case "completed":
			r.Completed++
		case "rejected":
			r.Rejected++
		}
		if one.err != nil {
			r.Failures++
			if text := one.err.Error(); len(r.Errors) < 5 && !slices.Contains(r.Errors, text) {
				r.Errors = append(r.Errors, text)
			}
		}
		if one.status != "" {
			ended = append(ended, one.ended)
		}
		if one.answered > 0 {
			answered = append(answered, one.answered)
		}
	}
	slices.Sort(ended)
	slices.Sort(answered)
	if took > 0 {
		r.OrdersPerSecond = round(float64(len(ended)) / took.Seconds())
	}
	r.P50Ms, r.P95Ms, r.P99Ms, r.MaxMs = percentile(ended, 50), percentile(ended, 95), percentile(ended, 99), percentile(ended, 100)
	r.AnswerP50Ms, r.AnswerP99Ms = percentile(answered, 50), percentile(answered, 99)
	return r
}

// percentile is the smallest of the sorted durations that p percent do not exceed, in milliseconds.
func percentile(sorted []time.Duration, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return round(float64(sorted[rank-1]) / float64(time.Millisecond))
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// Text is the report for people.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d orders, %d at a time, in %.1f s: %.0f orders/s\n", r.Orders, r.Concurrency, r.Seconds, r.OrdersPerSecond)
	fmt.Fprintf(&b, "  to the end     p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, max %.1f ms\n", r.P50Ms, r.P95Ms, r.P99Ms, r.MaxMs)
	fmt.Fprintf(&b, "  to the answer  p50 %.1f ms, p99 %.1f ms\n", r.AnswerP50Ms, r.AnswerP99Ms)
	if r.CPUMsPerOrder != 0 {
		fmt.Fprintf(&b, "  CPU            %.3f ms an order\n", r.CPUMsPerOrder)
	}
	if r.BytesPerOrder != 0 {
		fmt.Fprintf(&b, "  on disk        %.0f bytes an order\n", r.BytesPerOrder)
	}
	fmt.Fprintf(&b, "  %d completed, %d rejected, %d failures\n", r.Completed, r.Rejected, r.Failures)
	for _, text := range r.Errors {
		fmt.Fprintf(&b, "    %s\n", text)
	}
	return b.String()
}
