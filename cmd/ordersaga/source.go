package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/eventstore/embedded"
	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/history"
	"github.com/ordersaga/ordersaga/internal/system"
	"github.com/ordersaga/ordersaga/sagas"
)

// serverFlag lets a command name a running system.
func serverFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("server", "", "URL of a running system, such as http://127.0.0.1:8080; default is the one on --http, or else the --data directory of a stopped one")
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
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, there+"/livez", nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", nil
	}
	return there, response.Body.Close()
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

// get reads from a running system. A problem document becomes its error.
func get(ctx context.Context, address string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return ask(request)
}

func ask(request *http.Request) (io.ReadCloser, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w; is `ordersaga up` running there?", err)
	}
	if response.StatusCode < 300 {
		return response.Body, nil
	}
	defer response.Body.Close()
	var problem struct {
		Title, Detail string
		Errors        []struct{ Field, Detail string }
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if json.Unmarshal(text, &problem) != nil || problem.Title == "" {
		return nil, fmt.Errorf("%s answered %s", request.URL, response.Status)
	}
	parts := []string{problem.Title}
	if problem.Detail != "" {
		parts = append(parts, problem.Detail)
	}
	for _, e := range problem.Errors {
		parts = append(parts, e.Field+" "+e.Detail)
	}
	return nil, errors.New(strings.Join(parts, ": "))
}

// eachLine decodes lines of JSON.
func eachLine[T any](body io.Reader, each func(T) error) error {
	lines := bufio.NewReaderSize(body, 1<<20)
	decoder := json.NewDecoder(lines)
	for {
		var one T
		switch err := decoder.Decode(&one); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(one); err != nil {
			return err
		}
	}
}
