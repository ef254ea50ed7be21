package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Embedded is the URL of a server inside the process.
const Embedded = "embedded"

// ErrClosed is what everything answers after Close.
var ErrClosed = errors.New("bus is closed")

// Options say where the bus runs.
type Options struct {
	URL    string        // Embedded, or nats://…; empty is Embedded
	Dir    string        // where the embedded server keeps its streams; may be deleted at any time
	Name   string        // shown in the server's list of connections
	Logger *slog.Logger  // nil is slog.Default
	NATS   []nats.Option // credentials, TLS, an inbox prefix: whatever a real server wants
}

// Bus is one process's access to the streams. It is safe for concurrent use.
type Bus struct {
	opts   Options
	log    *slog.Logger
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	kick   chan struct{} // asks the embedded server's watchdog to look now

	mu      sync.Mutex
	current *link
	known   map[string]bool // streams that were seen to exist, for the watchdog
	relays  map[string]*relayStats
}

// link is one connection, and the embedded server behind it. When the watchdog replaces it, down is closed.
type link struct {
	conn   *nats.Conn
	js     jetstream.JetStream
	server *embedded // nil where the server is elsewhere
	down   chan struct{}
}

// Open starts the embedded server, or connects. A server elsewhere need not be there yet: [Bus.Ready] says whether it
// is, and everything waits for it. The context bounds only the opening.
func Open(ctx context.Context, opts Options) (*Bus, error) {
	b := &Bus{
		opts: opts, log: opts.Logger, kick: make(chan struct{}, 1),
		known: map[string]bool{}, relays: map[string]*relayStats{},
	}
	if b.log == nil {
		b.log = slog.Default()
	}
	if b.opts.URL == "" {
		b.opts.URL = Embedded
	}
	if b.embedded() && opts.Dir == "" {
		return nil, errors.New("open bus: the embedded server needs a directory")
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open bus: %w", err)
	}
	l, err := b.dial()
	if err != nil {
		return nil, fmt.Errorf("open bus: %w", err)
	}
	b.current = l
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b.cancel = cancel
	if b.embedded() {
		b.tasks.Go(func() { b.watch(life) })
	}
	return b, nil
}

func (b *Bus) embedded() bool { return b.opts.URL == Embedded }

// dial makes a link. The embedded server is started first.
func (b *Bus) dial() (*link, error) {
	l := &link{down: make(chan struct{})}
	options := []nats.Option{
		nats.Name(b.opts.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		// Nothing may be sent late: a publish that waited out a disconnection could land behind a refilled stream.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(b.asyncError),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.log.Warn("bus connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { b.log.Info("bus connection is back") }),
	}
	url := b.opts.URL
	if b.embedded() {
		server, err := startEmbedded(b.opts.Dir, b.log)
		if err != nil {
			return nil, err
		}
		l.server, url = server, ""
		options = append(options, nats.InProcessServer(server))
	} else {
		options = append(options, nats.RetryOnFailedConnect(true))
	}
	if err := l.connect(url, append(options, b.opts.NATS...)); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *link) connect(url string, options []nats.Option) (err error) {
	if l.conn, err = nats.Connect(url, options...); err != nil {
		return fmt.Errorf("connect to nats: %w", err)
	}
	l.js, err = jetstream.New(l.conn, jetstream.WithPublishAsyncTimeout(publishTimeout))
	return err
}

func (l *link) close() {
	if l.conn != nil {
		l.conn.Close()
	}
	if l.server != nil {
		l.server.stop()
	}
}

func (b *Bus) asyncError(_ *nats.Conn, sub *nats.Subscription, err error) {
	subject := ""
	if sub != nil {
		subject = sub.Subject
	}
	b.log.Warn("bus reports an error", "subject", subject, "error", err)
}

// link answers with the connection of this moment.
func (b *Bus) link() (*link, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current == nil {
		return nil, ErrClosed
	}
	return b.current, nil
}

// Close ends the connection and the embedded server. Relay, Consume and Read that still run end with ErrClosed.
func (b *Bus) Close() error {
	b.cancel()
	b.tasks.Wait()
	b.mu.Lock()
	l := b.current
	b.current = nil
	b.mu.Unlock()
	if l == nil {
		return nil
	}
	close(l.down)
	l.close()
	return nil
}

// Ready is nil when the bus is connected and JetStream answers.
func (b *Bus) Ready() error {
	l, err := b.link()
	if err != nil {
		return err
	}
	if status := l.conn.Status(); status != nats.CONNECTED {
		return fmt.Errorf("bus is not connected: %s", status)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := l.js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("jetstream does not answer: %w", err)
	}
	return nil
}
