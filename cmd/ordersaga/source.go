package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/eventstore/embedded"
	"github.com/ordersaga/ordersaga/internal/client"
	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/history"
	"github.com/ordersaga/ordersaga/internal/system"
	"github.com/ordersaga/ordersaga/sagas"
)

// serverFlag lets a command name a running system.
func serverFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("server", "", "URL of a running system, such as http://127.0.0.1:8080; default is the one on --http, or else the --data directory of a stopped one")
}

// target is what a command looks at: the URL of a running system, or, where that is empty, the data directory of a
// stopped one.
func target(cmd *cobra.Command, server string) (c config.Config, there string, err error) {
	if c, err = load(cmd); err != nil {
		return c, "", err
	}
	there, err = findServer(cmd, c, server)
	return c, there, err
}

// findServer answers with the URL of the running system that a command is about, "" where it is about a stopped data
// directory: because --data was given, or because nothing answers.
func findServer(cmd *cobra.Command, c config.Config, server string) (string, error) {
	if server != "" {
		if u, err := url.Parse(server); err != nil || u.Host == "" {
			return "", usageError{fmt.Errorf("--server: %q is not a URL such as http://127.0.0.1:8080", server)}
		}
		return strings.TrimRight(server, "/"), nil
	}
	if cmd.Flags().Changed("data") {
		return "", nil
	}
	there := "http://" + c.HTTP
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Second)
	defer cancel()
	api := client.New(there, client.Options{RetryFor: -1})
	defer api.Close()
	if err := api.Get(ctx, "/livez", new(any)); err != nil {
		return "", nil // it is about the data directory then
	}
	return there, nil
}

// openHistory opens the stores of a stopped system for reading.
func openHistory(data string) (history.Stores, func(), error) {
	if _, err := os.Stat(filepath.Join(data, sagas.Order)); err != nil {
		return nil, nil, fmt.Errorf("%s holds no data of ordersaga: start it with `ordersaga up`, or name another directory with --data or a running system with --server", data)
	}
	stores, opened := history.Stores{}, []*embedded.Store{}
	shut := func() {
		for _, store := range opened {
			_ = store.Close()
		}
	}
	for _, name := range sagas.Services {
		store, err := system.OpenStore(data, name, embedded.ReadOnly())
		if err != nil {
			shut()
			return nil, nil, fmt.Errorf("%w; a running system is looked at with --server URL", err)
		}
		stores[name] = store
		opened = append(opened, store)
	}
	return stores, shut, nil
}
