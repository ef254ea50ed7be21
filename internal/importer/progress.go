package importer

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far one phase is. It is safe for concurrent use.
type progress interface {
	add()
	set(n int)
	done()
}

// bar begins a phase: as a bar on a terminal, else as lines, or not at all.
func (i *importing) bar(title string, total int) progress {
	switch {
	case i.Progress == nil || total == 0:
		return silence{}
	case isTerminal(i.Progress):
		return &drawn{progressbar.NewOptions(total,
			progressbar.OptionSetWriter(i.Progress), progressbar.OptionSetDescription(fmt.Sprintf("%-18s", title)),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionOnCompletion(func() { _, _ = fmt.Fprintln(i.Progress) }),
		)}
	}
	return &written{to: i.Progress, title: title, total: total}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type silence struct{}

func (silence) add()    {}
func (silence) set(int) {}
func (silence) done()   {}

// drawn is a bar that redraws its line.
type drawn struct{ *progressbar.ProgressBar }

func (d *drawn) add()      { _ = d.Add(1) }
func (d *drawn) set(n int) { _ = d.Set(n) }
func (d *drawn) done() {
	if !d.IsFinished() {
		_ = d.Exit()
	}
}

// written is a line at each fifth of the way.
type written struct {
	mu         sync.Mutex
	to         io.Writer
	title      string
	total, now int
	fifths     int
}

func (w *written) add() { w.move(func(now int) int { return now + 1 }) }

func (w *written) set(n int) { w.move(func(int) int { return n }) }

func (w *written) move(to func(int) int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = to(w.now)
	if fifths := 5 * w.now / w.total; fifths > w.fifths {
		w.fifths = fifths
		_, _ = fmt.Fprintf(w.to, "%s: %d of %d\n", w.title, w.now, w.total)
	}
}

func (w *written) done() {}

var _, _, _ progress = silence{}, (*drawn)(nil), (*written)(nil)
