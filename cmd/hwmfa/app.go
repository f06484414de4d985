package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hwmfa/hw"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/config"
	"hwmfa/internal/fetch"
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
	// fetch gets a published file; see fetch.Fetcher.Get.
	fetch func(ctx context.Context, address string, limit int64, tell func(sofar int64)) ([]byte, error)

	flags struct {
		inventory, policy string
		noInput, debug    bool
		trustURLs         []string
		notify            []string
		notifyFile        string
	}
	given    config.Flags // the settings that flags say
	settings config.Settings
	log      *slog.Logger
}

func newApp(streams *term.Streams) *app {
	return &app{
		streams: streams, now: time.Now, getenv: os.Getenv, log: slog.New(slog.DiscardHandler),
		fetch: fetch.New("hwmfa/" + currentVersion().Version).Get,
	}
}

// addFlags adds the flags that every command has.
func (a *app) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.flags.inventory, "inventory", "", "`URL` of the inventory, sqlite:// or postgres:// (default sqlite in the user's data directory)")
	f.BoolVar(&a.flags.noInput, "no-input", false, "never ask on the terminal")
	f.BoolVar(&a.flags.debug, "debug", false, "log what is done to standard error")
}

// configure merges flags, environment and file; cobra calls it before a
// command runs.
func (a *app) configure(cmd *cobra.Command, _ []string) error {
	if err := refuseEmpty(cmd.Flags()); err != nil {
		return usageError{err}
	}
	if err := checkDescriptors(cmd.Flags()); err != nil {
		return err
	}
	given := config.Flags{}
	if cmd.Flags().Changed("inventory") {
		given.Inventory = &a.flags.inventory
		a.warnOfPassword("--inventory", a.flags.inventory)
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
	if cmd.Flags().Changed("url") {
		given.TrustURLs = &a.flags.trustURLs
	}
	if cmd.Flags().Changed("notify") {
		given.Notify = &a.flags.notify
	}
	if cmd.Flags().Changed("notify-file") {
		given.NotifyFile = &a.flags.notifyFile
	}
	settings, err := config.Load(given, a.getenv)
	if err != nil {
		return usageError{err}
	}
	a.given, a.settings = given, settings
	a.streams.NoInput = settings.NoInput
	if settings.Debug {
		a.log = slog.New(slog.NewTextHandler(a.streams.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return nil
}

// refuseEmpty refuses a flag that was given an empty text. A script gives one
// when a variable of its own is empty, and must not then get every key instead
// of one, the usual inventory instead of its own, or a journal that no head was
// compared with.
func refuseEmpty(flags *pflag.FlagSet) error {
	var errs []error
	flags.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" {
			errs = append(errs, fmt.Errorf("--%s is empty", f.Name))
		}
	})
	return errors.Join(errs...)
}

// notices writes every line of an error to standard error as a message of its
// own, prefix in front: errors.Join puts one error on a line.
func (a *app) notices(prefix string, err error) { notices(a.streams, prefix, err) }

func notices(streams *term.Streams, prefix string, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		streams.Notice("%s%s", prefix, line)
	}
}
