package main

import (
	"context"
	"fmt"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"hwmfa/udev"
)

func newUdevCommand(a *app) *cobra.Command {
	return newGroup("udev", "The rules that let people open their keys",
		newUdevPrintCommand(a),
		newUdevInstallCommand(a),
		newUdevCheckCommand(a),
	)
}

// udevMachine is this machine below root, "" for /, for the user who asks.
func udevMachine(root string) (*udev.Machine, error) {
	if info, err := os.Stat(firstOf(root, "/")); err != nil || !info.IsDir() {
		return nil, usageError{fmt.Errorf("--root %q is no directory", root)}
	}
	u, err := user.Current()
	if err != nil {
		return nil, err
	}
	return udev.This(firstOf(root, "/"), u.Username)
}

func addUdevGroupFlag(cmd *cobra.Command, group *string) {
	cmd.Flags().StringVar(group, "group", "", "`GROUP` of those who may open keys without a seat (default "+udev.DefaultGroup+")")
}

func newUdevPrintCommand(a *app) *cobra.Command {
	var group string
	cmd := &cobra.Command{
		Use:   "print",
		Short: "Print the udev rules",
		Long: `Print the udev rules that let the person at the seat, and a group, open security
keys. They belong into /etc/udev/rules.d/` + udev.FileName + `, where hwmfa udev install
puts them.` + exitStatusHelp(),
		Example: `  hwmfa udev print
  hwmfa udev print --group keys > image/etc/udev/rules.d/` + udev.FileName,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runUdevPrint(cmd.Context(), a, group)
		},
	}
	addUdevGroupFlag(cmd, &group)
	return cmd
}

func runUdevPrint(_ context.Context, a *app, group string) error {
	text, err := udev.Rules(group)
	if err != nil {
		return usageError{err}
	}
	// The text is our own and spans lines: it is not escaped.
	return a.streams.Print(text)
}
