package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hwmfa/hw"
	"hwmfa/internal/term"
	"hwmfa/udev"
)

type udevCheckOptions struct {
	json bool
	root string
}

func newUdevCheckCommand(a *app) *cobra.Command {
	var opts udevCheckOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say which rules reach the keys that are plugged in",
		Long: `Say for every FIDO interface that is plugged in, and for the card reader of
every known key, which udev rule reaches it and whether you may open it:

  ok           a rule reaches it, and it is open for you
  not_applied  a rule reaches it, and came after the key was plugged in
  not_yours    a rule opens it for others than you
  unreached    no rule reaches it

No key is opened. The card reader is pcscd's to open: there a rule is enough.` +
			exitStatusHelp(exitFound),
		Example: "  hwmfa udev check\n  hwmfa udev check --json | jq '.nodes[] | select(.status != \"ok\")'",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runUdevCheck(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringVar(&opts.root, "root", "", "`DIRECTORY` that stands for /")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.udev-check/v1)")
	return cmd
}

type udevCheckReport struct {
	Schema string         `json:"schema"`
	File   string         `json:"file"`
	State  string         `json:"file_status"`
	Nodes  []udevNodeJSON `json:"nodes"`
}

type udevNodeJSON struct {
	Path    string         `json:"path"`
	Kind    string         `json:"kind"`
	Product *string        `json:"product"`
	USB     *usbSeen       `json:"usb"`
	Status  string         `json:"status"`
	Open    bool           `json:"open"`
	Rules   []udevRuleJSON `json:"rules"`
	Mend    *string        `json:"mend"`
}

type udevRuleJSON struct {
	File  string  `json:"file"`
	Line  int     `json:"line"`
	Seat  bool    `json:"seat"`
	Group *string `json:"group"`
	Mode  *string `json:"mode"`
}

func runUdevCheck(ctx context.Context, a *app, opts udevCheckOptions) error {
	machine, err := udevMachine(opts.root)
	if err != nil {
		return err
	}
	report, err := machine.Check(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		a.notices("warning: ", err)
	}
	if opts.json {
		err = a.streams.JSON(udevCheckToJSON(report, machine.User))
	} else {
		err = printUdevCheck(a, report, machine.User)
	}
	if err == nil && !report.Reached() {
		err = errFound
	}
	return err
}

func udevCheckToJSON(r udev.Report, user string) udevCheckReport {
	out := udevCheckReport{Schema: "hwmfa.udev-check/v1", File: r.File, State: string(r.State), Nodes: []udevNodeJSON{}}
	for _, n := range r.Nodes {
		node := udevNodeJSON{
			Path: n.Path, Kind: string(n.Kind), Product: null(n.Name), Status: string(n.Status), Open: n.Open,
			Rules: []udevRuleJSON{}, Mend: null(n.Mend(user)),
		}
		if n.USB != (hw.USB{}) {
			node.USB = usbSeenJSON(&n.USB)
		}
		for _, g := range n.Grants {
			rule := udevRuleJSON{File: g.File, Line: g.Line, Seat: g.Seat, Group: null(g.Group)}
			if g.Mode != 0 {
				rule.Mode = null(fmt.Sprintf("%04o", g.Mode))
			}
			node.Rules = append(node.Rules, rule)
		}
		out.Nodes = append(out.Nodes, node)
	}
	return out
}

func printUdevCheck(a *app, r udev.Report, user string) error {
	if err := a.streams.Printf("%s: %s\n", r.File, r.State); err != nil {
		return err
	}
	for _, n := range r.Nodes {
		colour := term.Green
		if n.Status != udev.StatusOK {
			colour = term.Red
		}
		what := n.Path
		if n.Name != "" {
			what += " (" + n.Name + ", " + n.USB.ID() + ")"
		}
		if err := a.streams.Lead(colour, string(n.Status), " %s: %s\n", what, n.Words()); err != nil {
			return err
		}
		if mend := n.Mend(user); mend != "" {
			if err := a.streams.Printf("  mend it with: %s\n", mend); err != nil {
				return err
			}
		}
	}
	if len(r.Nodes) == 0 {
		return a.streams.Printf("no key is plugged in\n")
	}
	return nil
}
