package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/hw/local"
)

// linkedVersion is set by the linker for releases (-X main.linkedVersion=…).
var linkedVersion string

type versionOptions struct{ json bool }

func newVersionCommand(a *app) *cobra.Command {
	var opts versionOptions
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Say which version this is",
		Long:    "Say which version this is, from which commit, by which Go it was built, and\nwithout which libraries." + exitStatusHelp(),
		Example: "  hwmfa version\n  hwmfa version --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runVersion(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.version/v1)")
	return cmd
}

type versionReport struct {
	Schema   string  `json:"schema"`
	Version  string  `json:"version"`
	Commit   *string `json:"commit"`
	Modified *bool   `json:"modified"`
	Go       string  `json:"go"`
	Platform string  `json:"platform"`
	// Without lists the libraries that the program was built without, and so what
	// it cannot do.
	Without []string `json:"without"`
}

func runVersion(_ context.Context, a *app, opts versionOptions) error {
	report := currentVersion()
	for _, l := range local.Libraries() {
		if !l.Built {
			report.Without = append(report.Without, l.Name)
		}
	}
	if opts.json {
		return a.streams.JSON(report)
	}
	commit := "unknown commit"
	if report.Commit != nil {
		commit = "commit " + *report.Commit
		if report.Modified != nil && *report.Modified {
			commit += ", modified"
		}
	}
	err := a.streams.Printf("hwmfa %s (%s, %s, %s)\n", report.Version, commit, report.Go, report.Platform)
	if err != nil || len(report.Without) == 0 {
		return err
	}
	return a.streams.Printf("built without %s: what needs one of them says so, and ends with %d\n", strings.Join(report.Without, ", "), exitNoAccess)
}

// currentVersion reads what the Go tool wrote into the binary; the linker's
// word, where there is one, beats it. It says nothing of libraries: that takes
// looking, and every command asks for the version.
func currentVersion() versionReport {
	report := versionReport{
		Schema:   "hwmfa.version/v1",
		Version:  "devel",
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Without:  []string{},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; v != "" && v != "(devel)" {
			report.Version = v
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				report.Commit = &s.Value
			case "vcs.modified":
				modified := s.Value == "true"
				report.Modified = &modified
			}
		}
	}
	if linkedVersion != "" {
		report.Version = linkedVersion
	}
	return report
}
