package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/awstest"
	"hwmfa/inventory/store"
)

type demoOptions struct{ keep string }

func newDemoCommand(a *app) *cobra.Command {
	var opts demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole program without hardware or AWS",
		Long: `Run the program's own commands one after the other: software keys in place of
security keys, an AWS on the loopback interface in place of AWS, an inventory
of its own. The keys speak the real protocols and sign with a root made for
this run, which is trusted nowhere else. Nothing of yours is read or changed.` +
			exitStatusHelp(),
		Example: "  hwmfa demo\n  hwmfa demo --keep ./demo     # keep its inventory to look at",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().StringVar(&opts.keep, "keep", "", "keep the demo's inventory in this `DIRECTORY`")
	return cmd
}

// demoTouch is how long the owner of a demo key takes to touch it.
const demoTouch = 600 * time.Millisecond

func runDemo(ctx context.Context, a *app, opts demoOptions) (err error) {
	dir, done, err := demoDirectory(opts.keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	d := demo{app: a, dir: dir}
	if err := d.plugKeys(); err != nil {
		return err
	}
	cloud, err := awstest.New(awstest.Demo())
	if err != nil {
		return fmt.Errorf("start the loopback AWS: %w", err)
	}
	defer func() { err = errors.Join(err, cloud.Close()) }()
	auditor := cloud.Auditor()
	d.aws = &awsapi.Static{
		Endpoint: cloud.URL(), Region: "us-east-1",
		AccessKeyID: auditor.AccessKeyID, SecretAccessKey: auditor.SecretAccessKey,
	}
	for _, page := range d.pages() {
		if err := d.show(ctx, page); err != nil {
			return err
		}
	}
	return d.ending(opts.keep)
}

// demoDirectory makes the folder for the demo's files and says how to be rid
// of it.
func demoDirectory(keep string) (string, func() error, error) {
	if keep != "" {
		if err := os.Mkdir(keep, 0o700); err != nil {
			return "", nil, fmt.Errorf("make a new folder for the demo: %w", err)
		}
		dir, err := filepath.Abs(keep)
		return dir, func() error { return nil }, err
	}
	dir, err := os.MkdirTemp("", "hwmfa-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// demo is the world that the demo's commands run in.
type demo struct {
	app   *app
	dir   string
	bench softkey.Bench
	aws   *awsapi.Static
}

// page is one command of the demo: why it is run, its words, and the status
// that it is to end with.
type page struct {
	why    string
	args   []string
	status int
}

const (
	demoSerialA = "18700001"
	demoSerialB = "18700002"
	demoPlaceA  = "Berlin/safe 1"
	demoPlaceB  = "Lisbon/safe 2"
)

func (d *demo) plugKeys() error {
	ca, err := softkey.NewCA()
	if err != nil {
		return fmt.Errorf("make the demo's attestation root: %w", err)
	}
	roots := append(ca.FIDORootPEM(), ca.PIVRootPEM()...)
	if err := os.WriteFile(d.rootFile(), roots, 0o600); err != nil {
		return fmt.Errorf("write the demo's attestation root: %w", err)
	}
	for _, cfg := range []softkey.Config{
		{Serial: 18700001, Version: hw.Version{Major: 5, Minor: 7, Patch: 4}, NFC: true, Slots: []softkey.Slot{{Slot: 0x9a}}},
		{Serial: 18700002, Version: hw.Version{Major: 5, Minor: 4, Patch: 3}, FormFactor: hw.FormKeychainC, NFC: true},
		{SecurityKey: true, Version: hw.Version{Major: 5, Minor: 7, Patch: 4}, Quirks: softkey.Quirks{NoCard: true}},
	} {
		cfg.Touch = softkey.After(demoTouch)
		key, err := softkey.New(ca, cfg)
		if err != nil {
			return fmt.Errorf("make a software key: %w", err)
		}
		d.bench.Plug(key, hw.USB{})
	}
	return nil
}

func (d *demo) rootFile() string { return filepath.Join(d.dir, "demo-roots.pem") }

func (d *demo) pages() []page {
	enroll := func(place, tag, serial string) []string {
		return []string{"enroll", "--place", place, "--tag", tag, "--serial", serial}
	}
	bind := func(key, name string) []string {
		return []string{"account", "bind", awstest.DemoAccount, key, "--device-name", name}
	}
	return []page{
		{"Three keys are plugged in. What does each say of itself?", []string{"detect"}, exitDone},
		{"Software keys are attested by a root made for this run; without this line they would be untrusted.", []string{"trust", "add", d.rootFile()}, exitDone},
		{"An admin enrolls the first key: one touch, and its attestation is verified.", enroll(demoPlaceA, "YK-0001", demoSerialA), exitDone},
		{"The second one goes to another building.", enroll(demoPlaceB, "YK-0002", demoSerialB), exitDone},
		{"The asset manager puts both away, the second one in a numbered bag.", []string{"checkin", "YK-0001", "--place", demoPlaceA}, exitDone},
		{"", []string{"checkin", "YK-0002", "--place", demoPlaceB, "--seal", "A-0042"}, exitDone},
		{"A stocktake of Berlin asks the keys themselves, without a touch: one belongs to Lisbon, one to nobody. (Differences: status 3.)", []string{"stocktake", "start", "Berlin"}, exitDone},
		{"", []string{"stocktake", "count", "--place", demoPlaceA}, exitFound},
		{"", []string{"stocktake", "close", "--keep-open"}, exitFound},
		{"Ada takes a key, and it is written down until when and why.", []string{"person", "add", "Ada Lovelace", "--email", "ada@example.org"}, exitDone},
		{"", []string{"checkout", "YK-0001", "--to", "ada@example.org", "--reason", "rotate the root password", "--ticket", "OPS-17", "--until", "8h"}, exitDone},
		{"", []string{"custody"}, exitDone},
		{"Any stored evidence can be verified again, with no key plugged in.", []string{"verify", "--evidence", "YK-0001"}, exitDone},
		{"Both keys are root MFA devices of one account, under these names at AWS.", bind("YK-0001", awstest.DemoPrimary), exitDone},
		{"", bind("YK-0002", awstest.DemoBackup), exitDone},
		{"The verifier asks: does Level 2 hold for every root user of the organization? (It does not: status 3.)", []string{"audit", "--org", "--role-name", awstest.DemoRole}, exitFound},
		{"Nothing in the journal was changed behind our back.", []string{"journal", "verify"}, exitDone},
	}
}

// show runs one command of the program, as if by itself:
// its own settings, the demo's keys, the demo's AWS.
func (d *demo) show(ctx context.Context, p page) error {
	streams := d.app.streams
	if p.why != "" {
		if err := streams.Printf("\n── DEMO ── %s\n", p.why); err != nil {
			return err
		}
	}
	if err := streams.Printf("$ hwmfa %s\n", d.spelled(p.args)); err != nil {
		return err
	}
	child := newApp(streams)
	child.now = d.app.now
	child.bench = func(context.Context) (hw.Bench, error) { return &d.bench, nil }
	child.aws = d.aws
	// The user's own environment and settings stay out of the demo.
	child.getenv = func(name string) string {
		switch name {
		case "HWMFA_INVENTORY":
			return store.URL(filepath.Join(d.dir, "inventory.db"))
		case "XDG_CONFIG_HOME":
			return d.dir
		}
		return ""
	}
	if status := runApp(ctx, child, p.args); status != p.status {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("demo: hwmfa %s ended with status %d, not %d", d.spelled(p.args), status, p.status)
	}
	return nil
}

// spelled writes a command line as a person would type it.
func (d *demo) spelled(args []string) string {
	words := make([]string, len(args))
	for i, w := range args {
		if w == d.rootFile() {
			w = filepath.Base(w)
		}
		if strings.ContainsRune(w, ' ') {
			w = `"` + w + `"`
		}
		words[i] = w
	}
	return strings.Join(words, " ")
}

func (d *demo) ending(keep string) error {
	s := d.app.streams
	if keep != "" {
		if err := s.Printf("\n── DEMO ── The demo's inventory is in %s.\n", d.dir); err != nil {
			return err
		}
	}
	return s.Print(`
── DEMO ── That was software keys and a loopback AWS. On real hardware, run next:

  hwmfa doctor                              what this machine lacks, and the command that mends it
  hwmfa detect                              your keys
  hwmfa enroll --place SITE/SAFE --tag TAG  the first one, with a touch
  hwmfa audit                               the account of your AWS credentials
  hwmfa audit --org --role-name ROLE        every account of your organization
`)
}
