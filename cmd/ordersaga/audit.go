package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/internal/audit"
	"github.com/ordersaga/ordersaga/internal/client"
	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/system"
)

func auditCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "audit", Short: "Check every invariant over the whole history", Args: args(0, "audit takes no arguments"),
		Long: `Check every invariant over the whole history: of the running system (--server, or the one on --http), or of a
stopped one's data directory (--data). Exit code 3 where there is a violation.`,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	server := serverFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, there, err := target(cmd, *server)
		if err != nil {
			return err
		}
		report, err := auditOf(cmd.Context(), there, c)
		if err != nil {
			return err
		}
		if asJSON {
			err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
		} else {
			err = report.Text(cmd.OutOrStdout())
		}
		if err == nil && !report.Clean() {
			err = finding{fmt.Errorf("%d violations were found", len(report.Violations))}
		}
		return err
	}
	return cmd
}

func auditOf(ctx context.Context, server string, c config.Config) (*audit.Report, error) {
	if server == "" {
		return system.AuditStopped(ctx, c, slog.New(slog.DiscardHandler))
	}
	api := client.New(server, client.Options{})
	defer api.Close()
	var report audit.Report
	return &report, api.Get(ctx, "/v1/audit", &report)
}
