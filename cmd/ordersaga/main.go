// Command ordersaga is the whole checkout, and the tools around it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/internal/config"
)

// Exit codes.
const (
	exitFailed     = 1 // it did not work
	exitUsage      = 2 // it was asked for wrongly
	exitViolations = 3 // the audit found violations, or sums do not agree
)

// finding is an error that says something about the data, not about the command.
type finding struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	err := root().ExecuteContext(ctx)
	var found finding
	var usage usageError
	switch {
	case err == nil:
		return
	case errors.As(err, &found):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitViolations)
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintln(os.Stderr, "ordersaga:", err)
		os.Exit(exitUsage)
	}
	fmt.Fprintln(os.Stderr, "ordersaga:", err)
	os.Exit(exitFailed)
}

// usageError is a command line that is wrong.
type usageError struct{ error }

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ordersaga",
		Short: "An event-sourced checkout that works as a choreography",
		Long: `An event-sourced checkout that works as a choreography: order, payment, inventory and shipping never call
each other. Each keeps its own event streams and reacts to the others' events; when a step fails, the services
that had gone ahead record the events that undo their own step.

Exit codes: 0 it worked, 1 it did not, 2 the command line is wrong, 3 violations or differences were found.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	config.Flags(cmd.PersistentFlags())
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
	})
	cmd.AddCommand(upCommand(), importCommand(), traceCommand(), eventsCommand(), parkedCommand(), auditCommand(), configCommand(), benchCommand())
	return cmd
}

// load reads the configuration that a command runs with.
func load(cmd *cobra.Command) (config.Config, error) {
	c, err := config.Load(cmd.Flags())
	if err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// args refuses a wrong number of arguments in words.
func args(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if len(given) != n {
			return usageError{fmt.Errorf("%s; see %s --help", what, cmd.CommandPath())}
		}
		return nil
	}
}
