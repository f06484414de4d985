package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/udev"
)

type udevInstallOptions struct {
	remove, force, json bool
	group, root         string
}

func newUdevInstallCommand(a *app) *cobra.Command {
	var opts udevInstallOptions
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Put the udev rules in place, or take them away",
		Long: `Write /etc/udev/rules.d/` + udev.FileName + `, have udev read it, and have it apply
the rules to the keys that are plugged in. Run again, it writes nothing and
applies the rules again. Below another --root, udev is not told.

A file of that name that hwmfa did not write is left alone without --force.
After --remove, keys keep what the rules gave them until they are plugged in
again.` + exitStatusHelp(exitNoAccess),
		Example: `  sudo hwmfa udev install
  sudo hwmfa udev install --group keys
  sudo hwmfa udev install --remove`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runUdevInstall(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	addUdevGroupFlag(cmd, &opts.group)
	f.StringVar(&opts.root, "root", "", "`DIRECTORY` that stands for /, such as that of an image")
	f.BoolVar(&opts.remove, "remove", false, "take the rules away")
	f.BoolVar(&opts.force, "force", false, "also where a file of that name is not hwmfa's")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.udev-install/v1)")
	return cmd
}

type udevInstallReport struct {
	Schema string `json:"schema"`
	File   string `json:"file"`
	// Changed: the file was written or taken away.
	Changed bool `json:"changed"`
	Removed bool `json:"removed"`
	// Reloaded: udev read its rules again.
	Reloaded bool `json:"reloaded"`
	// Triggered are the nodes that the rules were applied to.
	Triggered []string `json:"triggered"`
}

func runUdevInstall(ctx context.Context, a *app, opts udevInstallOptions) error {
	if opts.remove && opts.group != "" {
		return usageError{errors.New("--remove takes the rules away for whatever --group")}
	}
	machine, err := udevMachine(opts.root)
	if err != nil {
		return err
	}
	var change udev.Change
	if opts.remove {
		change, err = machine.Remove(ctx, opts.force)
	} else {
		change, err = machine.Install(ctx, opts.group, opts.force)
	}
	if err != nil {
		return err
	}
	if opts.json {
		return a.streams.JSON(udevInstallReport{
			Schema: "hwmfa.udev-install/v1", File: change.File, Changed: change.Changed, Removed: change.Changed && opts.remove,
			Reloaded: change.Told, Triggered: append([]string{}, change.Triggered...),
		})
	}
	word := "unchanged"
	switch {
	case change.Changed && opts.remove:
		word = "removed"
	case change.Changed:
		word = "installed"
	}
	if err := a.streams.Printf("%s %s\n", word, change.File); err != nil || len(change.Triggered) == 0 {
		return err
	}
	return a.streams.Printf("applied to %s\n", strings.Join(change.Triggered, ", "))
}
