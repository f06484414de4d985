package main

import (
	"context"

	"github.com/spf13/cobra"

	"hwmfa/udev"
)

func newUdevCommand(a *app) *cobra.Command {
	return newGroup("udev", "The rules that let people open their keys",
		newUdevPrintCommand(a),
	)
}

func newUdevPrintCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "print",
		Short: "Print the udev rules",
		Long: `Print the udev rules that let the person at the seat open security keys.
They belong into /etc/udev/rules.d/` + udev.FileName + `.` + exitStatusHelp(),
		Example: `  hwmfa udev print | sudo tee /etc/udev/rules.d/` + udev.FileName + `
  sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=hidraw`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runUdevPrint(cmd.Context(), a)
		},
	}
}

func runUdevPrint(_ context.Context, a *app) error {
	// The text is our own and spans lines: it is not escaped.
	return a.streams.Print(udev.Rules())
}
