package system

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves what the parts count, in the Prometheus text format.
func (s *System) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collector{s})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// collector reads the parts' own counters when it is asked.
type collector struct{ system *System }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("ordersaga_"+name, help, labels, nil)
}

var (
	jobs         = describe("jobs_total", "Commands decided.", "service")
	commits      = describe("commits_total", "Groups appended.", "service")
	events       = describe("events_total", "Events recorded.", "service")
	conflicts    = describe("conflicts_total", "Appends that had to be decided again.", "service")
	calls        = describe("calls_total", "Calls to the outside world.", "service")
	callFailures = describe("call_failures_total", "Calls to the outside world without an outcome.", "service")
	waiting      = describe("waiting_streams", "Streams that a step waits for.", "service")
	parkedNow    = describe("parked", "Triggers set aside for a person.", "service")
	deadlines    = describe("open_deadlines", "Deadlines that run.", "service")
	position     = describe("store_position", "Events in the service's store.", "service")
	relayed      = describe("relay_position", "Position of the store up to which the bus has it.", "service")
	viewed       = describe("views_position", "Position of the store up to which the read models have it.", "service")
)

func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{jobs, commits, events, conflicts, calls, callFailures, waiting, parkedNow, deadlines, position, relayed, viewed} {
		to <- d
	}
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, service string) {
		to <- prometheus.MustNewConstMetric(d, kind, value, service)
	}
	relays, marks := c.system.bus.Relays(), c.system.views.Positions()
	for name, s := range c.system.services {
		m := s.Metrics()
		send(jobs, prometheus.CounterValue, float64(m.Jobs.Load()), name)
		send(commits, prometheus.CounterValue, float64(m.Commits.Load()), name)
		send(events, prometheus.CounterValue, float64(m.Events.Load()), name)
		send(conflicts, prometheus.CounterValue, float64(m.Conflicts.Load()), name)
		send(calls, prometheus.CounterValue, float64(m.Calls.Load()), name)
		send(callFailures, prometheus.CounterValue, float64(m.CallFailures.Load()), name)
		send(waiting, prometheus.GaugeValue, float64(m.Waiting.Load()), name)
		send(parkedNow, prometheus.GaugeValue, float64(m.Parked.Load()), name)
		send(deadlines, prometheus.GaugeValue, float64(s.OpenDeadlines()), name)
		send(position, prometheus.GaugeValue, float64(c.system.stores[name].Stats().Position), name)
		send(relayed, prometheus.GaugeValue, float64(relays[name].Published), name)
		send(viewed, prometheus.GaugeValue, float64(marks[name].Position), name)
	}
}
