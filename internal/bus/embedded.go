package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	maxPayload   = 8 << 20     // one event may be 1 MiB, its envelope and escapes come on top
	watchEvery   = time.Second // how often the watchdog looks at the directory
	startTimeout = 20 * time.Second
)

// embedded is a NATS server in this process that listens nowhere.
type embedded struct {
	*server.Server
	root string // of JetStream's files
}

func startEmbedded(dir string, log *slog.Logger) (*embedded, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "ordersaga",
		DontListen: true,
		NoSigs:     true,
		JetStream:  true,
		StoreDir:   dir,
		MaxPayload: maxPayload,
	})
	if err != nil {
		return nil, fmt.Errorf("embedded nats server: %w", err)
	}
	s.SetLoggerV2(serverLog{log}, false, false, false)
	e := &embedded{Server: s, root: filepath.Join(dir, server.JetStreamStoreDir)}
	s.Start()
	if !s.ReadyForConnections(startTimeout) || !s.JetStreamEnabled() {
		e.stop()
		return nil, fmt.Errorf("embedded nats server did not start in %s", dir)
	}
	return e, nil
}

func (e *embedded) stop() {
	e.Shutdown()
	e.WaitForShutdown()
}

// watch restarts the embedded server when its files were deleted under it: it would go on with files that nobody can
// see, until it needs a new one.
func (b *Bus) watch(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-b.kick:
		}
		if damage := b.damage(ctx); damage != nil && ctx.Err() == nil {
			b.log.Warn("the embedded bus lost its files, restarting it; relays fill it again from the stores",
				"dir", b.opts.Dir, "found", damage)
			if err := b.restart(ctx); err != nil {
				b.log.Error("the embedded bus does not start; trying again", "error", err)
			}
		}
	}
}

// suspect has the watchdog look now.
func (b *Bus) suspect() {
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// damage says what is missing of the embedded server's files, nil where nothing is.
func (b *Bus) damage(ctx context.Context) error {
	b.mu.Lock()
	l := b.current
	names := make([]string, 0, len(b.known))
	for name := range b.known {
		names = append(names, name)
	}
	b.mu.Unlock()
	if l.server == nil || !l.server.Running() {
		return errors.New("server is not running")
	}
	if !l.server.JetStreamEnabled() {
		return errors.New("jetstream gave up")
	}
	for _, name := range names {
		_, err := os.Stat(filepath.Join(l.server.root, server.DEFAULT_GLOBAL_ACCOUNT, "streams", name, "msgs"))
		if !errors.Is(err, os.ErrNotExist) {
			continue
		}
		if _, unknown := l.js.Stream(ctx, name); errors.Is(unknown, jetstream.ErrStreamNotFound) {
			continue // deleted in the proper way
		}
		return err
	}
	return nil
}

// restart replaces server and connection. What the old server leaves behind is thrown away: it is neither whole nor
// needed.
func (b *Bus) restart(ctx context.Context) error {
	b.mu.Lock()
	old := b.current
	b.mu.Unlock()
	old.close()
	if err := os.RemoveAll(old.server.root); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l, err := b.dial()
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.current = l
	clear(b.known)
	b.mu.Unlock()
	close(old.down)
	return nil
}

// serverLog hands the server's own log on, notices as debug.
type serverLog struct{ log *slog.Logger }

func (s serverLog) Noticef(format string, v ...any) {
	s.log.Debug("nats: " + fmt.Sprintf(format, v...))
}

func (s serverLog) Warnf(format string, v ...any) { s.log.Warn("nats: " + fmt.Sprintf(format, v...)) }

func (s serverLog) Fatalf(format string, v ...any) { s.log.Error("nats: " + fmt.Sprintf(format, v...)) }

func (s serverLog) Errorf(format string, v ...any) { s.log.Error("nats: " + fmt.Sprintf(format, v...)) }

func (s serverLog) Debugf(format string, v ...any) { s.log.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (s serverLog) Tracef(string, ...any)          {}
