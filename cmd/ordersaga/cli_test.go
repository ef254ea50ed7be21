package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// write sends a request whose answer must be below 300.
func (p *process) write(method, path, key, body string) http.Header {
	p.t.Helper()
	request, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer bytes.Buffer
	_, _ = answer.ReadFrom(response.Body)
	if response.StatusCode >= 300 {
		p.t.Fatalf("%s %s was answered with %s: %s", method, path, response.Status, answer.String())
	}
	return response.Header
}

// place places an order of a mug and waits for its end.
func (p *process) place(key, method string) (id, status string) {
	p.t.Helper()
	location := p.write("POST", "/v1/orders", key, `{"currency":"GBP","paymentMethod":"`+method+`","lines":[{"sku":"mug","quantity":1,"unitPrice":250}]}`).Get("Location")
	id = strings.TrimPrefix(location, "/v1/orders/")
	for begun := time.Now(); time.Since(begun) < 20*time.Second; {
		var order struct{ Status, EndedAt string }
		if p.get(location, &order); order.EndedAt != "" {
			return id, order.Status
		}
	}
	p.t.Fatalf("order %s does not end", id)
	return "", ""
}

func TestAnOrderCanBeTracedWhileTheSystemRunsAndAfterIt(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := up(t, data, "--carrier-delay", "0s")
	p.write("PUT", "/v1/products/mug", "", `{"name":"Mug","unitPrice":250,"currency":"GBP"}`)
	p.write("POST", "/v1/stock/receipts", "", `{"sku":"mug","quantity":5,"reference":"PO-1"}`)
	good, status := p.place("good", "pm_card_visa")
	if status != "completed" {
		t.Errorf("the order is %s", status)
	}
	bad, status := p.place("bad", "pm_card_chargeDeclined")
	if status != "rejected" {
		t.Errorf("the declined order is %s", status)
	}
	runs := func(args ...string) string {
		out, err := ordersaga(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	live := runs("trace", good, "--server", p.url)
	for _, step := range []string{"order.placed", "stock.reserved", "payment.authorized", "order.confirmed", "shipment.booked", "shipment.dispatched", "payment.captured", "stock.shipped", "order.completed"} {
		if !strings.Contains(live, step) {
			t.Errorf("the trace misses %s:\n%s", step, live)
		}
	}
	if out := runs("events", "--type", "order.rejected.v1", "--server", p.url); !strings.Contains(out, bad) || strings.Count(out, "\n") != 1 {
		t.Errorf("the rejected orders are:\n%s", out)
	}
	if out := runs("parked", "--server", p.url); out != "nothing is parked\n" {
		t.Errorf("parked says %q", out)
	}
	p.stop()
	if still := runs("trace", good, "--data", data); still != live {
		t.Errorf("the stopped system tells another story:\n%s\nnot:\n%s", still, live)
	}
	var event struct{ Type, Stream string }
	for line := range strings.Lines(runs("events", "--stream", "order-"+bad, "--json", "--data", data)) {
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.Stream != "order-"+bad {
			t.Errorf("line %q: %v", line, err)
		}
	}
	if event.Type != "order.rejected.v1" {
		t.Errorf("the last event is %s", event.Type)
	}
}

func TestAFlagWinsOverAVariableAndAVariableOverTheDefault(t *testing.T) {
	cmd := exec.Command(binary, "config", "--json", "--payment-deadline", "5m")
	cmd.Env = append(cmd.Environ(), "ORDERSAGA_PAYMENT_DEADLINE=1m", "ORDERSAGA_CARRIER_DELAY=7s")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Settings []struct{ Name, Value, Source string }
	}
	if err := json.Unmarshal(out, &config); err != nil {
		t.Fatal(err)
	}
	want := map[string][2]string{"payment-deadline": {"5m", "flag"}, "carrier-delay": {"7s", "environment"}, "data": {"./data", "default"}}
	for _, s := range config.Settings {
		if w, asked := want[s.Name]; asked && w != [2]string{s.Value, s.Source} {
			t.Errorf("%s is %s from %s", s.Name, s.Value, s.Source)
		}
		delete(want, s.Name)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

func TestAWrongCommandLineSaysWhatIsWrongAndExitsWithTwo(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"up", "--carrier-delay", "soon"}, "--carrier-delay"},
		{[]string{"up", "--eventstore", "esdb://localhost"}, "--eventstore"},
		{[]string{"up", "--http", "8080"}, "host:port"},
		{[]string{"trace"}, "id of one order"},
		{[]string{"trace", "4711"}, "4711"},
		{[]string{"import"}, "one file"},
		{[]string{"bench", "--orders", "0"}, "--orders"},
		{[]string{"dance"}, "dance"},
		{[]string{"audit", "--sever", "x"}, "--sever"},
	} {
		var failed strings.Builder
		cmd := exec.Command(binary, c.args...)
		cmd.Stderr = &failed
		var exit *exec.ExitError
		if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(failed.String(), c.says) {
			t.Errorf("%v: %v, %q", c.args, err, failed.String())
		}
	}
}

func TestAnAddressInUseIsSaidAtOnce(t *testing.T) {
	p := up(t, filepath.Join(t.TempDir(), "data"))
	_, err := ordersaga(t, "up", "--data", filepath.Join(t.TempDir(), "other"), "--http", strings.TrimPrefix(p.url, "http://"))
	if err == nil || !strings.Contains(err.Error(), "is another one running?") {
		t.Errorf("it says %v", err)
	}
}

func TestADataDirectoryInUseIsSaidAtOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	up(t, data)
	for _, args := range [][]string{{"up", "--data", data, "--http", "127.0.0.1:0"}, {"audit", "--data", data}} {
		if _, err := ordersaga(t, args...); err == nil || !strings.Contains(err.Error(), data) {
			t.Errorf("%v says %v", args, err)
		}
	}
}

func TestABenchIsAuditedAndPrintsOneObject(t *testing.T) {
	out, err := ordersaga(t, "bench", "--orders", "200", "--warmup", "20", "--concurrency", "20", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Orders, Completed, Rejected, Failures                              int
		OrdersPerSecond, P50Ms, P95Ms, P99Ms, CPUMsPerOrder, BytesPerOrder float64
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if report.Completed != 180 || report.Rejected != 20 || report.Failures != 0 || report.OrdersPerSecond <= 0 ||
		report.P50Ms <= 0 || report.P95Ms < report.P50Ms || report.P99Ms < report.P95Ms || report.CPUMsPerOrder <= 0 || report.BytesPerOrder <= 0 {
		t.Errorf("the report is %+v", report)
	}
}
