// Package api_test tells the API's stories to whole systems, over real HTTP on free ports. Every answer is held against
// openapi.json, and every system is audited when the last story has been told.
package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/oklog/run"

	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/system"
)

// The shops that the stories share. Each is opened for the first story that asks for it.
var (
	// still is for stories that look at what was recorded: they are told one after another. Its carrier delivers at once.
	still = shared(func(c *config.Config) { c.CarrierDelay = 0 })
	// quick's parcels are on their way for as long as a person needs to blink.
	quick = shared(func(c *config.Config) { c.CarrierDelay = 60 * time.Millisecond })
	// patient's parcels stay where they are until the story moves them.
	patient = shared(func(c *config.Config) { c.CarrierDelay = time.Hour })
	// hurried rejects what is not paid before a provider that takes a second has decided.
	hurried = shared(func(c *config.Config) { c.CarrierDelay = 0; c.PaymentDeadline = 300 * time.Millisecond })
	// strict compares every quote with the catalogue.
	strict = shared(func(c *config.Config) { c.CarrierDelay = 0; c.CheckPrices = true })
)

// shop is a running checkout.
type shop struct {
	system *system.System
	url    string
	data   string
	stop   func() error
}

var (
	openedMu sync.Mutex
	opened   []*shop
)

func shared(change func(*config.Config)) func(testing.TB) *shop {
	open := sync.OnceValues(func() (*shop, error) { return openShop(change) })
	return func(t testing.TB) *shop {
		t.Helper()
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func openShop(change func(*config.Config)) (*shop, error) {
	dir, err := os.MkdirTemp("", "ordersaga-api-*")
	if err != nil {
		return nil, err
	}
	c, err := config.Load(nil)
	if err != nil {
		return nil, err
	}
	c.Data, c.HTTP, c.Views = dir, "127.0.0.1:0", dir+"/views.db"
	c.PaymentDeadline = time.Minute
	change(&c)
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	sys, err := system.Open(context.Background(), c, log)
	if err != nil {
		return nil, err
	}
	s := &shop{system: sys, url: sys.URL(), data: dir}
	ctx, interrupt := context.WithCancel(context.Background())
	var g run.Group
	sys.Actors(&g)
	g.Add(func() error { <-ctx.Done(); return nil }, func(error) { interrupt() })
	ran := make(chan error, 1)
	go func() { ran <- g.Run() }()
	s.stop = func() error {
		interrupt()
		err := <-ran
		if closing := sys.Close(); err == nil {
			err = closing
		}
		return err
	}
	openedMu.Lock()
	opened = append(opened, s)
	openedMu.Unlock()
	return s, s.awaitReady()
}

func (s *shop) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		a, err := exchange(ctx, "GET", s.url+"/readyz", "")
		if err == nil && a.status == 200 {
			return nil
		}
		if !pause(ctx, 5*time.Millisecond) {
			return fmt.Errorf("the shop is not ready: %d %s %w", a.status, a.body, err)
		}
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range opened {
		if err := s.close(code == 0); err != nil {
			fmt.Fprintln(os.Stderr, "FAIL:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// close stops a shop, after an audit of all that the stories left behind.
func (s *shop) close(audited bool) error {
	defer os.RemoveAll(s.data)
	if audited {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		report, err := s.system.Audit(ctx)
		if err != nil {
			return err
		}
		if !report.Clean() {
			return errors.Join(fmt.Errorf("the audit of %s found violations", s.url), report.Text(os.Stderr), s.stop())
		}
	}
	return s.stop()
}
