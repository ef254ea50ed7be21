package system

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ordersaga/ordersaga/internal/carrier"
	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

// simulators are the outside world: a payment provider and a carrier, real HTTP services with ledgers of their own. In
// one process they are called, and call back, without sockets.
type simulators struct {
	psp     *psp.Provider
	carrier *carrier.Carrier
	secrets []string
	door    lateTransport // to our own webhooks
}

// lateTransport calls a handler that is there only later.
type lateTransport struct {
	transport atomic.Pointer[http.RoundTripper]
}

// Set makes the handler known.
func (t *lateTransport) Set(handler http.Handler) {
	transport := remote.InProcess(handler)
	t.transport.Store(&transport)
}

// RoundTrip is an http.RoundTripper.
func (t *lateTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if transport := t.transport.Load(); transport != nil {
		return (*transport).RoundTrip(r)
	}
	return nil, errors.New("not serving yet")
}

func (s *System) openSimulators(context.Context) error {
	dir := filepath.Join(s.config.Data, "simulator")
	secret, err := webhookSecret(dir)
	if err != nil {
		return err
	}
	s.simulators = &simulators{secrets: []string{secret}}
	to := func(provider string) webhook.Destination {
		return webhook.Destination{
			URL: func() string { return "http://ordersaga/v1/webhooks/" + provider }, Secret: secret, Transport: &s.simulators.door,
		}
	}
	if s.simulators.psp, err = psp.Open(psp.Options{Dir: filepath.Join(dir, "psp"), Webhooks: to("psp"), Logger: s.log}); err != nil {
		return err
	}
	s.onClose(s.simulators.psp.Close)
	half := s.config.CarrierDelay / 2
	s.simulators.carrier, err = carrier.Open(carrier.Options{
		Dir: filepath.Join(dir, "carrier"), Webhooks: to("carrier"), DispatchAfter: half, DeliverAfter: s.config.CarrierDelay - half, Logger: s.log,
	})
	if err != nil {
		return err
	}
	s.onClose(s.simulators.carrier.Close)
	return nil
}

// callPatience is how long an answer is waited for. A provider that takes longer is asked again, with the same key.
const callPatience = 5 * time.Second

func (s *simulators) world() sagas.World {
	return sagas.World{
		Payments: psp.NewClient("http://psp/", remote.InProcess(s.psp.Handler()), callPatience),
		Carrier:  carrier.NewClient("http://carrier/", remote.InProcess(s.carrier.Handler()), callPatience),
		Now:      time.Now,
	}
}

// mount shows the ledgers to people.
func (s *simulators) mount(mux *http.ServeMux) {
	mux.Handle("/simulator/psp/", http.StripPrefix("/simulator/psp", s.psp.Handler()))
	mux.Handle("/simulator/carrier/", http.StripPrefix("/simulator/carrier", s.carrier.Handler()))
}

// webhookSecret is made at the first start and kept with the ledgers.
func webhookSecret(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("data directory: %w", err)
	}
	file := filepath.Join(dir, "webhook-secret")
	text, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("webhook secret: %w", err)
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random)
	secret := "whsec_" + hex.EncodeToString(random)
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("webhook secret: %w", err)
	}
	return secret, nil
}
