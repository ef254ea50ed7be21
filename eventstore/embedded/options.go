package embedded

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Option changes how [Open] opens a store.
type Option func(*options)

type options struct {
	cacheSize int64
	maxAppend int
	heads     int // how many streams' heads a generation of the cache holds; each costs about 150 bytes
	clock     func() time.Time
	logger    *slog.Logger
	fs        vfs.FS
	readOnly  bool
}

func defaults() options {
	return options{
		cacheSize: 32 << 20,
		maxAppend: eventstore.MaxAppend,
		heads:     16 << 10,
		clock:     time.Now,
		logger:    slog.Default(),
		fs:        vfs.Default,
	}
}

// WithCacheSize sets the memory for blocks read from disk, in bytes; 32 MiB by default, as a process has about eight
// stores.
func WithCacheSize(bytes int64) Option { return func(o *options) { o.cacheSize = bytes } }

// WithMaxAppend sets the limit of one append, in bytes; [eventstore.MaxAppend] by default.
func WithMaxAppend(bytes int) Option { return func(o *options) { o.maxAppend = bytes } }

// WithClock sets where the time of an append comes from. Recorded times never run backwards even if it does.
func WithClock(clock func() time.Time) Option { return func(o *options) { o.clock = clock } }

// WithLogger sets where the store says what went wrong; it says nothing else.
func WithLogger(logger *slog.Logger) Option { return func(o *options) { o.logger = logger } }

// WithFS sets the file system, for tests that crash it.
func WithFS(fs vfs.FS) Option { return func(o *options) { o.fs = fs } }

// ReadOnly opens a store that exists, to look at it while its process is stopped. Appends answer [ErrReadOnly].
func ReadOnly() Option { return func(o *options) { o.readOnly = true } }

func (s *Store) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                 s.options.fs,
		Lock:               s.lock,
		ReadOnly:           s.options.readOnly,
		CacheSize:          s.options.cacheSize,
		FormatMajorVersion: pebble.FormatNewest,
		Logger:             quiet{s.options.logger.With(slog.String("dir", s.dir))},
		// Two memtables of this size are what a store under load holds in memory.
		MemTableSize: 8 << 20,
		// Lets the kernel write the log out as it grows; without it a sync now and then stalls for 30 to 400 ms.
		WALBytesPerSync: 512 << 10,
		MaxOpenFiles:    200, // a process with eight stores stays below the usual limit of file descriptors
	}
	o.EventListener = &pebble.EventListener{
		BackgroundError: s.background,
		DataCorruption:  func(info pebble.DataCorruptionInfo) { s.background(fmt.Errorf("corrupt data: %s", info)) },
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.FastestCompression }
		if i >= 5 { // where nearly all of the data lies, and is seldom rewritten
			o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.BalancedCompression }
		}
	}
	return o
}

// background hears of errors outside of any call. Pebble tries again at once, as when the disk is full: the log must not
// be flooded with that.
func (s *Store) background(err error) {
	now := time.Now()
	if until := s.quietUntil.Load(); now.UnixNano() >= until && s.quietUntil.CompareAndSwap(until, now.Add(10*time.Second).UnixNano()) {
		s.options.logger.Error("event store: background work failed", slog.String("dir", s.dir), slog.Any("error", err))
	}
	select {
	case s.trouble <- err:
	default:
	}
}

// quiet passes on Pebble's errors only.
type quiet struct{ to *slog.Logger }

func (quiet) Infof(string, ...any) {}

func (q quiet) Errorf(format string, args ...any) { q.to.Error(fmt.Sprintf(format, args...)) }

// Fatalf must not return. In a commit the panic is caught and fails the store; in Pebble's background it ends the
// process, which is then the only safe thing: a manifest could not be written.
func (q quiet) Fatalf(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	q.to.Error(message)
	panic(message)
}
