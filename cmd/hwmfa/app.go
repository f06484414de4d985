package main

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/hw"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/config"
	"hwmfa/internal/term"
)

// app is what commands share: the streams, the clock, and the settings, which
// are known once the flags are. What costs something (a database, a device, an
// AWS client) is opened by the command that needs it, so that help opens
// nothing.
type app struct {
	streams *term.Streams
	now     func() time.Time
	getenv  func(string) string
	// bench and aws replace this machine's keys and the user's AWS; only the
	// demo sets them.
	bench func(context.Context) (hw.Bench, error)
	aws   *awsapi.Static

	flags struct {
		inventory, policy string
		noInput, debug    bool
	}
	settings config.Settings
	log      *slog.Logger
}

func newApp(streams *term.Streams) *app {
	return &app{streams: streams, now: time.Now, getenv: os.Getenv, log: slog.New(slog.DiscardHandler)}
}

// addFlags adds the flags that every command has.
func (a *app) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.flags.inventory, "inventory", "", "`URL` of the inventory (default sqlite in the user's data directory)")
	f.BoolVar(&a.flags.noInput, "no-input", false, "never ask on the terminal")
	f.BoolVar(&a.flags.debug, "debug", false, "log what is done to standard error")
}

// configure merges flags, environment and file; cobra calls it before a
// command runs.
func (a *app) configure(cmd *cobra.Command, _ []string) error {
	given := config.Flags{}
	if cmd.Flags().Changed("inventory") {
		given.Inventory = &a.flags.inventory
	}
	if cmd.Flags().Changed("no-input") {
		given.NoInput = &a.flags.noInput
	}
	if cmd.Flags().Changed("debug") {
		given.Debug = &a.flags.debug
	}
	if cmd.Flags().Changed("policy") {
		given.Policy = &a.flags.policy
	}
	settings, err := config.Load(given, a.getenv)
	if err != nil {
		return usageError{err}
	}
	a.settings = settings
	a.streams.NoInput = settings.NoInput
	if settings.Debug {
		a.log = slog.New(slog.NewTextHandler(a.streams.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return nil
}

// notices writes every line of an error to standard error as a message of its
// own, prefix in front: errors.Join puts one error on a line.
func (a *app) notices(prefix string, err error) { notices(a.streams, prefix, err) }

func notices(streams *term.Streams, prefix string, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		streams.Notice("%s%s", prefix, line)
	}
}
