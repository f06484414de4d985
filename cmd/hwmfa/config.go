package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/internal/config"
	"hwmfa/internal/term"
)

func newConfigCommand(a *app) *cobra.Command {
	return newGroup("config", "The settings: where they come from, and a file to begin with",
		newConfigInitCommand(a),
		newConfigShowCommand(a),
	)
}

func newConfigInitCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a settings file that explains every setting",
		Long: `Write a settings file that explains every setting and sets none, to
$XDG_CONFIG_HOME/hwmfa/config.yaml. A file that is there already stays.` + exitStatusHelp(),
		Example: `  hwmfa config init`,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runConfigInit(cmd.Context(), a, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.config-init/v1)")
	return cmd
}

func runConfigInit(_ context.Context, a *app, asJSON bool) error {
	path := config.Path(a.getenv)
	if path == "" {
		return usageError{errors.New("there is no home directory to write it to: set HOME or XDG_CONFIG_HOME")}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := writeFile(path, []byte(config.Template), false); err != nil {
		if errors.Is(err, errFileExists) {
			// No flag of this command replaces settings that somebody made.
			return fmt.Errorf("%s is there already, and stays as it is", path)
		}
		return err
	}
	if asJSON {
		return a.streams.JSON(struct {
			Schema string `json:"schema"`
			File   string `json:"file"`
		}{"hwmfa.config-init/v1", path})
	}
	return a.streams.Printf("%s\n", path)
}

func newConfigShowCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the settings that are in force, and where each comes from",
		Long: `Show the settings that are in force, and where each comes from: a flag, the
environment, the settings file, or nowhere (default). Passwords are not shown.` + exitStatusHelp(),
		Example: "  hwmfa config show\n  HWMFA_DEBUG=1 hwmfa config show --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runConfigShow(cmd.Context(), a, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.config/v1)")
	return cmd
}

type settingJSON struct {
	Name     string        `json:"name"`
	Variable string        `json:"variable"`
	Value    *string       `json:"value"`
	Origin   config.Origin `json:"origin"`
}

func runConfigShow(_ context.Context, a *app, asJSON bool) error {
	all, err := config.Explain(a.given, a.getenv)
	if err != nil {
		return usageError{err}
	}
	path := config.Path(a.getenv)
	settings := []settingJSON{}
	t := term.NewTable("setting", "value", "from", "variable").Limit(1, 200).Give(1, 20)
	for _, s := range all {
		s.Value = masked(s.Value)
		settings = append(settings, settingJSON{s.Name, s.Variable, null(s.Value), s.Origin})
		t.Row(term.Plain(s.Name, s.Value, string(s.Origin), s.Variable)...)
	}
	if asJSON {
		return a.streams.JSON(struct {
			Schema   string        `json:"schema"`
			File     *string       `json:"file"`
			Settings []settingJSON `json:"settings"`
		}{"hwmfa.config/v1", null(path), settings})
	}
	if err := a.streams.Printf("file     %s\n\n", firstOf(path, "-")); err != nil {
		return err
	}
	return a.streams.Table(t)
}

// masked hides what may be secret in addresses: passwords, what stands in a query
// unless it is known to be none, and an address that cannot be parsed.
func masked(value string) string {
	words := strings.Fields(value)
	for i, word := range words {
		if !strings.Contains(word, ":") {
			continue
		}
		u, err := url.Parse(word)
		if err != nil {
			return "(an address that cannot be parsed)"
		}
		query := u.Query()
		for name := range query {
			switch name {
			case "host", "port", "sslmode", "sslrootcert":
			default:
				query.Set(name, "xxxxx")
			}
		}
		u.RawQuery = query.Encode()
		words[i] = u.Redacted()
	}
	if len(words) < 2 && !strings.Contains(value, ":") {
		return value // a path may hold spaces
	}
	return strings.Join(words, " ")
}
