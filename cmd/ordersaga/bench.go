package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/oklog/run"
	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/internal/config"
	"github.com/ordersaga/ordersaga/internal/loadgen"
	"github.com/ordersaga/ordersaga/internal/system"
)

func benchCommand() *cobra.Command {
	var o loadgen.Options
	var server, profile string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "bench", Short: "Finish many orders and print what they cost", Args: args(0, "bench takes no arguments"),
		Long: `Finish many orders, of two lines each, nine in ten of which succeed and one is declined, and print what they cost.
Each of the orders under way is placed when another one has ended.

Without --server the system is made for it, in a directory of its own (or in --data, which must be empty or missing),
with a carrier that needs no time; it shares the process with the load, so CPU is that of both. Afterwards the whole
history is audited; a run whose audit is not clean does not count, and its exit code is 3.`,
	}
	cmd.Flags().IntVar(&o.Orders, "orders", 10_000, "orders to finish")
	cmd.Flags().IntVar(&o.Concurrency, "concurrency", 200, "orders under way at a time")
	cmd.Flags().IntVar(&o.Warmup, "warmup", 1000, "orders before those that count")
	cmd.Flags().StringVar(&server, "server", "", "URL of a running system to load instead; its CPU and disk are not measured")
	cmd.Flags().StringVar(&profile, "cpuprofile", "", "write a CPU profile of this process to this file, for go tool pprof")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if profile != "" {
			stop, err := profileCPU(profile)
			if err != nil {
				return err
			}
			defer stop()
		}
		if o.Orders < 1 || o.Concurrency < 1 || o.Warmup < 0 {
			return usageError{fmt.Errorf("--orders and --concurrency must be at least 1 and --warmup at least 0, are %d, %d and %d", o.Orders, o.Concurrency, o.Warmup)}
		}
		c, err := load(cmd)
		if err != nil {
			return err
		}
		var report loadgen.Report
		if server != "" {
			report, err = benchServer(cmd.Context(), c, server, o)
		} else {
			report, err = benchFresh(cmd, c, o)
		}
		if err != nil && report.Orders == 0 {
			return err
		}
		if asJSON {
			return errors.Join(json.NewEncoder(cmd.OutOrStdout()).Encode(report), err)
		}
		fmt.Fprint(cmd.OutOrStdout(), report.Text())
		return err
	}
	return cmd
}

// benchServer loads a system that runs elsewhere.
func benchServer(ctx context.Context, c config.Config, server string, o loadgen.Options) (loadgen.Report, error) {
	o.URL = server
	report, err := loadgen.Run(ctx, o)
	if err != nil {
		return loadgen.Report{}, err
	}
	audited, err := auditOf(ctx, server, c)
	if err != nil {
		return report, err
	}
	return report, counts(report, len(audited.Violations))
}

// benchFresh loads a system that is made for it.
func benchFresh(cmd *cobra.Command, c config.Config, o loadgen.Options) (report loadgen.Report, err error) {
	if !cmd.Flags().Changed("data") {
		if c.Data, err = os.MkdirTemp("", "ordersaga-bench-"); err != nil {
			return report, err
		}
		defer os.RemoveAll(c.Data)
	} else if entries, err := os.ReadDir(c.Data); err == nil && len(entries) > 0 {
		return report, fmt.Errorf("--data %s is not empty: a bench is made on a fresh directory", c.Data)
	}
	c = c.Alone()
	if !cmd.Flags().Changed("carrier-delay") {
		c.CarrierDelay = 0
	}
	spreadThreads()
	sys, err := system.Open(cmd.Context(), c, logger(c))
	if err != nil {
		return report, err
	}
	var g run.Group
	sys.Actors(&g)
	ctx, cancel := context.WithCancel(cmd.Context())
	g.Add(func() error {
		report, err = benchSystem(ctx, sys, o)
		return err
	}, func(error) { cancel() })
	failed := g.Run()
	return report, errors.Join(failed, sys.Close())
}

func benchSystem(ctx context.Context, sys *system.System, o loadgen.Options) (loadgen.Report, error) {
	o.URL, o.CPU, o.Bytes = sys.URL(), cpuTime, sys.StoreBytes
	report, err := loadgen.Run(ctx, o)
	if err != nil {
		return loadgen.Report{}, err
	}
	audited, err := sys.Audit(ctx)
	if err != nil {
		return report, err
	}
	return report, counts(report, len(audited.Violations))
}

// counts says why a run does not count.
func counts(report loadgen.Report, violations int) error {
	switch {
	case violations > 0:
		return finding{fmt.Errorf("the audit found %d violations: this run does not count", violations)}
	case report.Failures > 0:
		return fmt.Errorf("%d orders failed", report.Failures)
	}
	return nil
}

// profileCPU samples where this process's time goes, until stop.
func profileCPU(path string) (stop func(), err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("--cpuprofile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("--cpuprofile: %w", err), file.Close())
	}
	return func() { pprof.StopCPUProfile(); _ = file.Close() }, nil
}

// cpuTime is what this process has used, in user and kernel mode.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
