package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A store that is replaced by an older copy is a fork: the others have heard events that it no longer has, and would pass
// over as many new ones.
func TestAStoreRestoredFromAnOlderCopyStopsTheProcessAndSaysWhatToDo(t *testing.T) {
	for _, withBus := range []bool{true, false} {
		data := filepath.Join(t.TempDir(), "data")
		p := up(t, data, "--carrier-delay", "0s")
		p.write("PUT", "/v1/products/mug", "", `{"name":"Mug","unitPrice":250,"currency":"GBP"}`)
		p.write("POST", "/v1/stock/receipts", "", `{"sku":"mug","quantity":50,"reference":"PO-1"}`)
		p.place("first", "pm_card_visa")
		p.stop()
		older := filepath.Join(t.TempDir(), "order")
		if err := os.CopyFS(older, os.DirFS(filepath.Join(data, "order"))); err != nil {
			t.Fatal(err)
		}
		p = up(t, data, "--carrier-delay", "0s")
		for _, key := range []string{"second", "third", "fourth"} {
			p.place(key, "pm_card_visa")
		}
		p.stop()
		if err := os.RemoveAll(filepath.Join(data, "order")); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(data, "order"), os.DirFS(older)); err != nil {
			t.Fatal(err)
		}
		if !withBus {
			if err := os.RemoveAll(filepath.Join(data, "nats")); err != nil {
				t.Fatal(err)
			}
		}
		p = launch(t, data)
		ended := make(chan error, 1)
		go func() { ended <- p.cmd.Wait() }()
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(p.log.String(), "older copy") || !strings.Contains(p.log.String(), "whole data directory") {
				t.Errorf("with the bus %t it ended with %v: %s", withBus, err, p.log)
			}
		case <-time.After(30 * time.Second):
			t.Errorf("with the bus %t it goes on as if nothing had happened", withBus)
		}
	}
}
