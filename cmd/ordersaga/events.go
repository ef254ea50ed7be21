package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/internal/client"
	"github.com/ordersaga/ordersaga/internal/history"
)

func eventsCommand() *cobra.Command {
	var filter history.Filter
	var follow, asJSON bool
	cmd := &cobra.Command{
		Use: "events", Short: "Browse the services' events, and follow them", Args: args(0, "events takes no arguments"),
		Example: "  ordersaga events --stream stock-main\n  ordersaga events --type order.rejected.v1 --json\n  ordersaga events --follow",
	}
	cmd.Flags().StringVar((*string)(&filter.Stream), "stream", "", "only this stream, such as order-<id> or stock-main")
	cmd.Flags().StringVar(&filter.Type, "type", "", "only this type, such as order.rejected.v1")
	cmd.Flags().BoolVar(&follow, "follow", false, "go on with what is recorded from now on; needs a running system")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON an event")
	server := serverFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, there, err := target(cmd, *server)
		if err != nil {
			return err
		}
		print := eventPrinter(cmd.OutOrStdout(), asJSON)
		switch {
		case there != "":
			return ignoreInterrupt(cmd.Context(), remoteEvents(cmd.Context(), there, filter, follow, print))
		case follow:
			return usageError{errors.New("--follow needs a running system: start `ordersaga up`, or name one with --server")}
		}
		stores, shut, err := openHistory(c.Data)
		if err != nil {
			return err
		}
		defer shut()
		for e, err := range stores.Browse(cmd.Context(), filter) {
			if err != nil {
				return err
			}
			if err := print(e); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

func remoteEvents(ctx context.Context, server string, filter history.Filter, follow bool, print func(history.Event) error) error {
	q := url.Values{}
	if filter.Stream != "" {
		q.Set("stream", string(filter.Stream))
	}
	if filter.Type != "" {
		q.Set("type", filter.Type)
	}
	if follow {
		q.Set("follow", "true")
	}
	api := client.New(server, client.Options{})
	defer api.Close()
	for e, err := range client.Lines[history.Event](ctx, api, "/v1/events?"+q.Encode()) {
		if err != nil {
			return err
		}
		if err := print(e); err != nil {
			return err
		}
	}
	return nil
}

// ignoreInterrupt takes Ctrl-C for the wish to stop looking.
func ignoreInterrupt(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func eventPrinter(w io.Writer, asJSON bool) func(history.Event) error {
	lines := json.NewEncoder(w)
	return func(e history.Event) error {
		if asJSON {
			return lines.Encode(e)
		}
		_, err := fmt.Fprintf(w, "%s  %-32s %s/%d  %s\n", e.RecordedAt.Format("2006-01-02 15:04:05.000"), e.Type, e.Stream, e.Revision, e.Data)
		return err
	}
}
