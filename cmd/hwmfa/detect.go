package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
)

type detectOptions struct{ json, watch bool }

func newDetectCommand(a *app) *cobra.Command {
	var opts detectOptions
	cmd := &cobra.Command{
		Use:   "detect",
		Short: "List the security keys that are plugged in",
		Long: `List the security keys that are plugged in and what each says of itself:
serial, firmware, model, where it is, and what speaks against it. Nothing is
written and no touch is needed. FIDO is asked first, because that disturbs no
other program; the card is opened shared.

--watch goes on: it tells of each key that is plugged in, pulled out or shows
more than before, in a table that is kept up to date on a terminal, a line each
elsewhere, and with --json one object a line (hwmfa.detect-event/v1). It listens
to what udev announces, and looks again and again where no udev runs. It ends
with an interrupt, and then with status 130.` +
			exitStatusHelp(exitNoKey, exitNoAccess),
		Example: "  hwmfa detect\n  hwmfa detect --json | jq -r '.keys[].serial'\n  hwmfa detect --watch",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.watch {
				return runWatch(cmd.Context(), a, opts)
			}
			return runDetect(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.watch, "watch", false, "go on, and tell of keys that come and go")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.detect/v1)")
	return cmd
}

func runDetect(ctx context.Context, a *app, opts detectOptions) error {
	bench, err := a.openBench(ctx)
	if err != nil {
		return err
	}
	seen, missing := ceremony.Detect(ctx, bench, ceremony.Quick)
	if errors.Is(missing, context.Canceled) {
		return missing
	}
	if len(seen) == 0 {
		return errors.Join(hw.ErrNoDevice, missing)
	}
	if missing != nil {
		a.notices("warning: ", missing)
	}
	if opts.json {
		err = a.streams.JSON(detectReport(seen))
	} else {
		err = printSeen(a, seen)
	}
	return errors.Join(err, denied(seen))
}

// denied is the error that ends a command when the system kept it from a key:
// what was printed is then incomplete.
func denied(seen []ceremony.Seen) error {
	var errs []error
	for _, s := range seen {
		for _, w := range s.Warnings {
			if errors.Is(w.Err, hw.ErrPermission) {
				errs = append(errs, fmt.Errorf("%s: %w", s.Name(), w.Err))
			}
		}
	}
	return errors.Join(errs...)
}

func printSeen(a *app, seen []ceremony.Seen) error {
	for i, s := range seen {
		if i > 0 {
			if err := a.streams.Printf("\n"); err != nil {
				return err
			}
		}
		title := seenProduct(s)
		if s.Serial != "" {
			title += "  serial " + s.Serial
		}
		if !s.Firmware.IsZero() {
			title += "  firmware " + s.Firmware.String()
		}
		if err := a.streams.Printf("%s\n", title); err != nil {
			return err
		}
		for _, l := range seenLines(s) {
			if err := a.streams.Printf("  %-9s %s\n", l[0], l[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// seenProduct is what to call a key whose serial is not told.
func seenProduct(s ceremony.Seen) string {
	if s.Product == "" && s.Key.FIDO == nil && s.PIV == nil && s.Key.Card != nil {
		return "card in a reader"
	}
	return firstOf(s.Product, "security key")
}

// seenLines are the lines below a key's title: a word and what it stands for.
func seenLines(s ceremony.Seen) [][2]string {
	var lines [][2]string
	add := func(word, format string, args ...any) {
		lines = append(lines, [2]string{word, fmt.Sprintf(format, args...)})
	}
	if name := s.FormFactor.String(); name != "" {
		add("form", "%s", name)
	}
	if d := s.Device; d != nil {
		add("enabled", "%s", enabledText(d))
	}
	if u := s.Key.USB; u != nil {
		port := ""
		if u.Path != "" {
			port = ", port " + u.Path
		}
		add("usb", "%s at bus %d, address %d%s", u.ID(), u.Bus, u.Address, port)
	}
	if f := s.Key.FIDO; f != nil {
		model := ""
		if s.FIDO != nil && !s.FIDO.AAGUID.IsZero() {
			model = ", model " + s.FIDO.AAGUID.String()
		}
		add("fido", "%s%s", f.Node, model)
	}
	if c := s.Key.Card; c != nil {
		piv := ""
		if s.PIV != nil {
			piv = ", PIV " + s.PIV.Version.String()
		}
		add("card", "%s%s", c.Node, piv)
	}
	for _, v := range s.Advisories {
		add("advisory", "%s: %s", strings.TrimSpace(v.ID+" "+v.Name), v.Scope)
		add("", "%s", v.URL)
	}
	for _, w := range s.Warnings {
		add("warning", "%s", w.Text)
	}
	return lines
}

// enabledText says which applications are switched on, and what else a person
// who hands out keys wants to know of its configuration.
func enabledText(d *hw.DeviceInfo) string {
	text := firstOf(strings.Join(d.USBEnabled.Names(), ", "), "nothing") + " over USB"
	if d.NFCSupported != 0 {
		text += "; " + firstOf(strings.Join(d.NFCEnabled.Names(), ", "), "nothing") + " over NFC"
	}
	if d.Locked {
		text += "; configuration locked"
	}
	if d.FIPSSeries {
		text += "; FIPS approved: " + firstOf(strings.Join(d.FIPSApproved.Names(), ", "), "nothing")
	}
	if d.PINComplexity {
		text += "; PIN complexity enforced"
	}
	return text
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
