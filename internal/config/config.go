// Package config says how a process is set up, and where each setting came from.
//
// Why one list: every setting is a flag, an ORDERSAGA_* variable and a line of `ordersaga config` alike, with one default
// and one explanation. A flag wins over a variable, a variable over the default.
package config

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Config is what a process runs with.
type Config struct {
	Data            string        // directory of everything that is kept
	HTTP            string        // address to serve on; port 0 is any free one
	NATS            string        // "embedded" or nats://…
	Views           string        // path of the SQLite file
	CarrierDelay    time.Duration // from booking to delivery, at the simulated carrier
	PaymentDeadline time.Duration // an order that is not authorized by then is rejected
	CheckPrices     bool          // quotes must agree with the catalogue
	LogLevel        slog.Level
	Settings        []Setting // in force, in the order of the list
}

// Setting is one line of `ordersaga config`.
type Setting struct {
	Name   string `json:"name"` // of the flag
	Env    string `json:"env"`
	Value  string `json:"value"`
	Source string `json:"source"` // "flag", "environment" or "default"
	Doc    string `json:"doc"`
}

// declared is a setting with its default and with what its text means.
type declared struct {
	name, fallback, doc string
	set                 func(*Config, string) error
}

var settings = []declared{
	{"data", "./data", "directory of everything that is kept", func(c *Config, v string) error {
		if v == "" {
			return fmt.Errorf("is empty; name a directory")
		}
		c.Data = v
		return nil
	}},
	{"http", "127.0.0.1:8080", "address of the HTTP API; port 0 is any free one", func(c *Config, v string) error {
		if _, _, err := net.SplitHostPort(v); err != nil {
			return fmt.Errorf("%q is not host:port, such as 127.0.0.1:8080", v)
		}
		c.HTTP = v
		return nil
	}},
	{"eventstore", "embedded", "where the services keep their events: embedded, below the data directory", func(_ *Config, v string) error {
		return oneOf(v, "embedded")
	}},
	{"nats", "embedded", "the bus: embedded, or the nats://… URL of a server with JetStream", func(c *Config, v string) error {
		if v != "embedded" && !strings.HasPrefix(v, "nats://") && !strings.HasPrefix(v, "tls://") {
			return fmt.Errorf("%q is neither embedded nor a nats:// URL", v)
		}
		c.NATS = v
		return nil
	}},
	{"views", "", "the read models: sqlite:PATH; default is sqlite:views.db in the data directory", func(c *Config, v string) error {
		if v == "" {
			c.Views = filepath.Join(c.Data, "views.db")
			return nil
		}
		path, ok := strings.CutPrefix(v, "sqlite:")
		if !ok || path == "" {
			return fmt.Errorf("%q is not sqlite:PATH", v)
		}
		c.Views = path
		return nil
	}},
	{"psp", "simulator", "the payment provider: simulator", func(_ *Config, v string) error { return oneOf(v, "simulator") }},
	{"carrier-delay", "2s", "time from booking to delivery at the simulated carrier", func(c *Config, v string) (err error) {
		c.CarrierDelay, err = duration(v, 0)
		return err
	}},
	{"payment-deadline", "15m", "an order that is not paid by then is rejected", func(c *Config, v string) (err error) {
		c.PaymentDeadline, err = duration(v, time.Millisecond)
		return err
	}},
	{"check-prices", "false", "refuse orders whose prices are not the catalogue's", func(c *Config, v string) (err error) {
		if c.CheckPrices, err = strconv.ParseBool(v); err != nil {
			return fmt.Errorf("%q is neither true nor false", v)
		}
		return nil
	}},
	{"log-level", "info", "debug, info, warn or error", func(c *Config, v string) error {
		if err := c.LogLevel.UnmarshalText([]byte(v)); err != nil {
			return fmt.Errorf("%q is not debug, info, warn or error", v)
		}
		return nil
	}},
}

func oneOf(v string, choices ...string) error {
	for _, choice := range choices {
		if v == choice {
			return nil
		}
	}
	return fmt.Errorf("%q is not supported; it may be %s", v, strings.Join(choices, " or "))
}

func duration(v string, least time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d < least {
		return 0, fmt.Errorf("%q is not a duration of at least %s, such as 2s or 15m", v, least)
	}
	return d, nil
}

// Flags declares a flag for each setting.
func Flags(flags *pflag.FlagSet) {
	for _, s := range settings {
		usage := fmt.Sprintf("%s (%s)", s.doc, envOf(s.name))
		if flags.String(s.name, s.fallback, usage); s.name == "check-prices" {
			flags.Lookup(s.name).NoOptDefVal = "true"
		}
	}
}

// Load reads the settings. An error names the setting, where it came from, and what it may be.
func Load(flags *pflag.FlagSet) (Config, error) {
	var c Config
	for _, s := range settings {
		in := Setting{Name: s.name, Env: envOf(s.name), Value: s.fallback, Source: "default", Doc: s.doc}
		if v, given := os.LookupEnv(in.Env); given {
			in.Value, in.Source = v, "environment"
		}
		if flags != nil && flags.Changed(s.name) {
			in.Value, in.Source = flags.Lookup(s.name).Value.String(), "flag"
		}
		if err := s.set(&c, in.Value); err != nil {
			origin := in.Env
			if in.Source == "flag" {
				origin = "--" + in.Name
			}
			return Config{}, fmt.Errorf("%s: %w", origin, err)
		}
		if s.name == "views" {
			in.Value = "sqlite:" + c.Views
		}
		c.Settings = append(c.Settings, in)
	}
	return c, nil
}

func envOf(name string) string {
	return "ORDERSAGA_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// Alone is the configuration on a free port, with the read models in the data directory, beside any other system.
func (c Config) Alone() Config {
	c.HTTP = "127.0.0.1:0"
	c.Views = filepath.Join(c.Data, "views.db")
	return c
}
