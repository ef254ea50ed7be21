package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binary is the command, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ordersaga")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "ordersaga")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s", out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

const extract = "../../docs/data/online-retail-extract.csv"

// process is a running `ordersaga up`.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	url string
	log *strings.Builder
}

// up starts a process and waits until it takes requests.
func up(t *testing.T, data string, more ...string) *process {
	t.Helper()
	p := launch(t, data, more...)
	p.ready()
	return p
}

func launch(t *testing.T, data string, more ...string) *process {
	t.Helper()
	p := &process{t: t, log: &strings.Builder{}}
	p.cmd = exec.Command(binary, append([]string{"up", "--data", data, "--http", "127.0.0.1:0", "--log-level", "warn"}, more...)...)
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, found := strings.Cut(lines.Text(), "health"); found {
			p.url = strings.TrimSuffix(strings.TrimSpace(url), "/readyz")
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if p.url == "" {
		t.Fatalf("it did not come up: %s", p.log)
	}
	return p
}

func (p *process) ready() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	for {
		if response, err := http.Get(p.url + "/readyz"); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			p.t.Fatalf("it does not become ready: %s", p.log)
		}
	}
}

// kill ends the process as a loss of power to it would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// stop ends the process as an operator does.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("it did not stop cleanly: %v\n%s", err, p.log)
	}
}

// ordersaga runs a command to its end.
func ordersaga(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var out, failed strings.Builder
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &failed
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("ordersaga %s: %w\n%s\n%s", strings.Join(args, " "), err, out.String(), failed.String())
	}
	return out.String(), nil
}

func (p *process) get(path string, into any) {
	p.t.Helper()
	response, err := http.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		p.t.Fatal(err)
	}
}

// orders is how many orders there are, by status.
func (p *process) orders() (total int64, byStatus map[string]int64) {
	p.t.Helper()
	var sums struct{ Orders map[string]int64 }
	p.get("/v1/sums", &sums)
	for _, n := range sums.Orders {
		total += n
	}
	return total, sums.Orders
}

func TestAnImportThatIsKilledAndRepeatedAddsEverythingOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first := up(t, data, "--carrier-delay", "100ms")
	importing := exec.Command(binary, "import", extract, "--server", first.url)
	if err := importing.Start(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for total := int64(0); total < 5; total, _ = first.orders() {
		if time.Since(begun) > time.Minute {
			t.Fatalf("no order was placed: %s", first.log)
		}
	}
	first.kill()
	_ = importing.Process.Kill()
	_ = importing.Wait()

	second := up(t, data, "--carrier-delay", "100ms")
	for range 2 { // the second time adds nothing
		if out, err := ordersaga(t, "import", extract, "--server", second.url); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	total, byStatus := second.orders()
	if byStatus["completed"] != total || total == 0 {
		t.Errorf("not every order was completed: %v", byStatus)
	}
	if out, err := ordersaga(t, "audit", "--server", second.url); err != nil {
		t.Error(err)
	} else {
		t.Log(out)
	}
	second.stop()
	if _, err := ordersaga(t, "audit", "--data", data); err != nil {
		t.Error(err)
	}
}

func TestAShortageLeavesTheAuditClean(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := up(t, data, "--carrier-delay", "0s")
	if _, err := ordersaga(t, "import", extract, "--server", p.url, "--stock-factor", "0.5"); err != nil {
		t.Fatal(err)
	}
	if _, byStatus := p.orders(); byStatus["rejected"] == 0 || byStatus["completed"] == 0 {
		t.Errorf("half the stock neither served nor refused: %v", byStatus)
	}
	if _, err := ordersaga(t, "audit", "--server", p.url); err != nil {
		t.Error(err)
	}
	p.stop()
	if _, err := ordersaga(t, "audit", "--data", data); err != nil {
		t.Error(err)
	}
}

func TestTheBusAndTheViewsMayBeDeletedBetweenTwoStarts(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := up(t, data, "--carrier-delay", "0s")
	if _, err := ordersaga(t, "import", extract, "--server", p.url); err != nil {
		t.Fatal(err)
	}
	before, _ := p.orders()
	p.kill()
	for _, name := range []string{"nats", "views.db", "views.db-wal", "views.db-shm", "snapshots"} {
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
			t.Fatal(err)
		}
	}
	p = up(t, data, "--carrier-delay", "0s")
	deadline := time.Now().Add(30 * time.Second)
	for after := int64(0); after != before; after, _ = p.orders() {
		if time.Now().After(deadline) {
			t.Fatalf("%d orders before, %d after", before, after)
		}
	}
	if _, err := ordersaga(t, "audit", "--server", p.url); err != nil {
		t.Error(err)
	}
}
