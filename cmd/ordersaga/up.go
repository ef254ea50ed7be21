package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"syscall"

	"github.com/oklog/run"
	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/system"
)

func upCommand() *cobra.Command {
	return &cobra.Command{
		Use: "up", Short: "Run everything in one process", Args: args(0, "up takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			spreadThreads()
			sys, err := system.Open(cmd.Context(), c, logger(c))
			if err != nil {
				return err
			}
			announce(cmd, c, sys)
			var g run.Group
			sys.Actors(&g)
			g.Add(run.SignalHandler(cmd.Context(), os.Interrupt, syscall.SIGTERM))
			err = g.Run()
			if closing := sys.Close(); err == nil || cmd.Context().Err() != nil {
				err = closing
			}
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "stopped; everything that was accepted is in", c.Data)
			}
			return err
		},
	}
}

func announce(cmd *cobra.Command, c config.Config, sys *system.System) {
	url := sys.URL()
	fmt.Fprintf(cmd.OutOrStdout(), `ordersaga is up

  API            %[1]s/v1/orders        (described in %[1]s/openapi.json)
  health         %[1]s/readyz
  metrics        %[1]s/metrics
  provider       %[1]s/simulator/psp/v1/charges       the simulated payment provider's ledger
  carrier        %[1]s/simulator/carrier/v1/bookings  the simulated carrier's
  data           %[2]s

Stop it with Ctrl-C.
`, url, c.Data)
}

func logger(c config.Config) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: c.LogLevel}))
}

// spreadThreads lets more threads run than there are cores: a thread that waits for the disk holds one of Go's
// processors until the scheduler notices, and there is one writer a service.
func spreadThreads() {
	if _, set := os.LookupEnv("GOMAXPROCS"); !set && runtime.GOMAXPROCS(0) < 8 {
		runtime.GOMAXPROCS(8)
	}
}
