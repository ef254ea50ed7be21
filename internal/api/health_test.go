package api_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

func TestAHealthyShopIsAliveReadyAndHasNothingParked(t *testing.T) {
	t.Parallel()
	s := quick(t)
	s.ask(t, "GET", "/livez", "").must(t, 200)
	if ready := read[map[string]string](t, s.ask(t, "GET", "/readyz", "").must(t, 200)); ready["views"] != "" {
		t.Errorf("got %v", ready)
	}
	if parked := read[struct{ Parked []service.Parked }](t, s.ask(t, "GET", "/v1/parked", "").must(t, 200)).Parked; len(parked) != 0 {
		t.Errorf("got %+v", parked)
	}
	for _, id := range []string{"00000000-0000-5000-8000-000000000000", "4711"} {
		s.ask(t, "POST", "/v1/parked/"+id+"/retry", "").must(t, 404)
		s.ask(t, "POST", "/v1/parked/"+id+"/dismiss", "").must(t, 404)
	}
}

// metric is one line of the Prometheus text format.
var metric = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="[^"]*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="[^"]*")*\})? (\S+)$`)

// metrics reads /metrics, by name and labels. A metric without help or type is an error.
func (s *shop) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	values, described := map[string]float64{}, map[string]int{}
	for line := range strings.Lines(string(s.ask(t, "GET", "/metrics", "").must(t, 200).body)) {
		line = strings.TrimSuffix(line, "\n")
		if words := strings.Fields(line); words[0] == "#" {
			described[words[2]]++
			continue
		}
		m := metric.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("not a metric: %q", line)
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatalf("not a value: %q", line)
		}
		if name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(m[1], "_bucket"), "_sum"), "_count"); described[m[1]] != 2 && described[name] != 2 {
			t.Errorf("%s has no help or no type", m[1])
		}
		values[m[1]+m[2]] = value
	}
	return values
}

func TestMetricsSayWhatEachServiceDid(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	s.ends(t, s.place(t, wishFor(sku, 1, "pm_card_visa", "1 High Street")), sku, completed(1, 10))
	got := s.metrics(t)
	for _, name := range sagas.Services {
		for _, counted := range []string{"jobs_total", "commits_total", "events_total", "store_position", "relay_position", "views_position"} {
			if key := fmt.Sprintf("ordersaga_%s{service=%q}", counted, name); got[key] <= 0 {
				t.Errorf("%s is %v", key, got[key])
			}
		}
		if key := fmt.Sprintf("ordersaga_parked{service=%q}", name); got[key] != 0 {
			t.Errorf("%s is %v", key, got[key])
		}
	}
	if got[`ordersaga_calls_total{service="payment"}`] < 2 || got[`ordersaga_calls_total{service="shipping"}`] < 1 {
		t.Errorf("calls: %v", got)
	}
}

func TestSumsAgreeWithTheOrders(t *testing.T) {
	s, err := openShop(func(c *config.Config) { c.CarrierDelay = 0 }) // of its own: nothing else moves
	if err != nil {
		t.Fatal(err)
	}
	before := read[projections.Sums](t, s.ask(t, "GET", "/v1/sums", "").must(t, 200))
	sku := s.list(t, 10)
	s.ends(t, s.place(t, wishFor(sku, 3, "pm_card_visa", "1 High Street")), sku, completed(3, 10))
	after := read[projections.Sums](t, s.ask(t, "GET", "/v1/sums", "").must(t, 200))
	if after.Orders["completed"] != before.Orders["completed"]+1 || after.Money["GBP"].Captured != before.Money["GBP"].Captured+750 ||
		after.ByStatus["completed"]["GBP"].Total != before.ByStatus["completed"]["GBP"].Total+750 ||
		after.OnHand != before.OnHand+7 || after.Reserved != before.Reserved || after.Products != before.Products+1 {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
}

func TestTheAuditOfARunningShopIsClean(t *testing.T) {
	s := still(t)
	sku := s.list(t, 10)
	s.ends(t, s.place(t, wishFor(sku, 1, "pm_card_visa", "1 High Street")), sku, completed(1, 10))
	report := read[struct {
		Orders     int
		Violations []any
	}](t, s.ask(t, "GET", "/v1/audit", "").must(t, 200))
	if report.Orders == 0 || len(report.Violations) != 0 {
		t.Errorf("got %+v", report)
	}
}
