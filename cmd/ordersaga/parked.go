package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/internal/client"
	"github.com/ordersaga/ordersaga/internal/service"
	"github.com/ordersaga/ordersaga/sagas"
)

func parkedCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "parked", Short: "List what is stuck and why; retry or dismiss it", Args: args(0, "parked takes no arguments, or retry ID, or dismiss ID")}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	server := serverFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, there, err := target(cmd, *server)
		if err != nil {
			return err
		}
		entries, err := listParked(cmd.Context(), there, c.Data)
		if err != nil {
			return err
		}
		return printParked(cmd.OutOrStdout(), entries, asJSON)
	}
	cmd.AddCommand(parkedAction("retry", "Carry a parked trigger out, and what is parked behind it", (*client.Client).Retry),
		parkedAction("dismiss", "Take a parked trigger away without carrying it out", (*client.Client).Dismiss))
	return cmd
}

func listParked(ctx context.Context, server, data string) ([]service.Parked, error) {
	if server != "" {
		api := client.New(server, client.Options{})
		defer api.Close()
		var answer struct{ Parked []service.Parked }
		err := api.Get(ctx, "/v1/parked", &answer)
		return answer.Parked, err
	}
	stores, shut, err := openHistory(data)
	if err != nil {
		return nil, err
	}
	defer shut()
	entries := []service.Parked{}
	for _, name := range sagas.Services {
		own, err := service.ReadParked(ctx, stores[name], name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, own...)
	}
	return entries, nil
}

func printParked(w io.Writer, entries []service.Parked, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]any{"parked": entries})
	}
	if len(entries) == 0 {
		fmt.Fprintln(w, "nothing is parked")
	}
	for _, e := range entries {
		fmt.Fprintf(w, "%s  %s  %s: %s on %s, order %s\n    %s\n", e.ID, e.ParkedAt.Format("2006-01-02 15:04:05"), e.Service, e.Row, e.Event.Type, e.Order, e.Error)
	}
	return nil
}

func parkedAction(name, short string, do func(*client.Client, context.Context, string) error) *cobra.Command {
	cmd := &cobra.Command{Use: name + " ID", Short: short, Args: args(1, name+" takes the id of something parked")}
	server := serverFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		_, there, err := target(cmd, *server)
		if err != nil {
			return err
		}
		if there == "" {
			return errors.New(name + " needs a running system: start `ordersaga up`, or name one with --server")
		}
		api := client.New(there, client.Options{})
		defer api.Close()
		if err := do(api, cmd.Context(), given[0]); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "done")
		return nil
	}
	return cmd
}
