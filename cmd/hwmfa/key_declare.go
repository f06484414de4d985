package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type keyDeclareOptions struct {
	place, from, keyType, product, batteryEnd string
	json                                      bool
	labels                                    []string
}

func newKeyDeclareCommand(a *app) *cobra.Command {
	var opts keyDeclareOptions
	cmd := &cobra.Command{
		Use:   "declare --place PLACE [SERIAL[,TAG]...]",
		Short: "Record keys by their labels, to be enrolled later",
		Long: `Record keys that are at hand and were not plugged in yet, by the serials on
their labels: named, or scanned one after the other (--from -). A line is a
serial, or a serial and an asset tag with a comma between; a key without a serial
goes by its tag alone (",TAG"). Nothing is proved of a declared key.
hwmfa enroll makes it an enrolled one later, the same key with the same tag.

Every scan is recorded as it comes. One that is refused (scanned before, in the
inventory already, no serial) is named, and the others go on; the status is then
3. An interrupt keeps what was scanned before it.

A hardware TOTP token cannot be plugged in and stays as it is declared: with
--type totp_token, its product and the day or month in which its battery ends.` + exitStatusHelp(exitFound),
		Example: `  hwmfa key declare --place 'Berlin/drawer 3' --from -
  hwmfa key declare --place Berlin 12345678,YK-0001 12345679
  hwmfa key declare --place Berlin --type totp_token --product 'Token2 C301' --battery-end 2031-05 GAKT00012345`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.labels = args
			return runKeyDeclare(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.place, "place", "", "`PLACE` where the keys are, made on first use")
	f.StringVar(&opts.from, "from", "", "`FILE` of scanned labels, one on a line; - for standard input")
	f.StringVar(&opts.keyType, "type", string(inventory.TypeKey), "security_key or totp_token")
	f.StringVar(&opts.product, "product", "", "`NAME` of the product, as its maker calls it")
	f.StringVar(&opts.batteryEnd, "battery-end", "", "`DATE` on which a token's battery ends, 2031-05-31 or 2031-05")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.declare/v1)")
	return cmd
}

// declaration is what all keys of the sitting have in common.
func (o keyDeclareOptions) declaration() (d inventory.Declaration, err error) {
	switch {
	case o.place == "":
		return d, errors.New("--place is missing: say where the keys are, as in --place \"Berlin/drawer 3\"")
	case (o.from == "") == (len(o.labels) == 0):
		return d, errors.New("name serials, or read them with --from")
	}
	d = inventory.Declaration{Place: o.place, Type: inventory.Type(o.keyType), Product: o.product}
	if o.batteryEnd != "" {
		if d.BatteryEnd, err = parseDay(o.batteryEnd); err != nil {
			return d, fmt.Errorf("--battery-end %w", err)
		}
	}
	return d, inventory.CheckDeclaration(d)
}

// parseDay reads a day, or a month for its last day.
func parseDay(s string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day, nil
	}
	month, err := time.Parse("2006-01", s)
	if err != nil {
		return time.Time{}, errors.New("is neither a day as in 2031-05-31 nor a month as in 2031-05")
	}
	return month.AddDate(0, 1, -1), nil
}

func runKeyDeclare(ctx context.Context, a *app, opts keyDeclareOptions) error {
	d, err := opts.declaration()
	if err != nil {
		return usageError{err}
	}
	s := sitting{a: a, common: d, quiet: opts.json, first: map[string]int{}, report: newDeclareJSON(opts.place)}
	err = s.declareAll(ctx, opts)
	// Whatever ended it, what was recorded is told.
	if shown := s.end(); err == nil {
		err = shown
	}
	if err == nil && s.report.Refused > 0 {
		return errFound
	}
	return err
}

// sitting is labels being recorded one after the other.
type sitting struct {
	a      *app
	common inventory.Declaration
	quiet  bool           // the report is for a program
	first  map[string]int // the line in which each serial was declared
	report declareJSON
}

func (s *sitting) declareAll(ctx context.Context, opts keyDeclareOptions) (err error) {
	if opts.from == "" {
		var batch []term.Scan
		for i, label := range opts.labels {
			batch = append(batch, term.Scan{Line: i + 1, Text: label})
		}
		return s.declare(ctx, batch)
	}
	scanner, file, err := s.a.openScan(opts.from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for {
		batch, err := scanner.Batch(ctx, scanBatch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = s.declare(ctx, batch)
		}
		if err != nil {
			return err
		}
	}
}

// declare records lines in one transaction. It is not interrupted: what was
// scanned is kept.
func (s *sitting) declare(ctx context.Context, batch []term.Scan) error {
	var all []inventory.Declaration
	for _, scan := range batch {
		if scan.Fault != "" {
			continue
		}
		d := s.common
		d.Serial, d.Tag = inventory.ParseLabel(scan.Text)
		all = append(all, d)
	}
	var done []inventory.Declared
	if len(all) > 0 {
		err := s.a.update(context.WithoutCancel(ctx), func(tx inventory.Tx, act inventory.Act) (err error) {
			done, err = inventory.DeclareKeys(tx, act, all)
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, scan := range batch {
		line := declareLine{Line: scan.Line, Outcome: labelRefused}
		if scan.Fault != "" {
			line.faulty(scan.Fault)
		} else {
			line.declared(all[0], done[0], s.first)
			all, done = all[1:], done[1:]
		}
		if err := s.tell(line); err != nil {
			return err
		}
	}
	return nil
}

// tell counts a line and shows it at once: the person goes on with the next
// label.
func (s *sitting) tell(l declareLine) error {
	s.report.add(l)
	switch {
	case s.quiet:
	case l.Outcome == labelDeclared:
		return s.a.streams.Printf("%s  %s  %s\n", *l.Key, orDash(l.Serial), orDash(l.Tag))
	default:
		s.a.streams.Notice("line %d: %s", l.Line, *l.Detail)
	}
	return nil
}

func (s *sitting) end() error {
	if s.quiet {
		return s.a.streams.JSON(s.report)
	}
	return s.a.streams.Printf("declared %d at %s, refused %d, ignored %d\n", s.report.Declared, s.report.Place, s.report.Refused, s.report.Ignored)
}

func orDash(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}
