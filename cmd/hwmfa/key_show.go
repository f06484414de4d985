package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

type keyShowOptions struct {
	json bool
	key  string
}

func newKeyShowCommand(a *app) *cobra.Command {
	var opts keyShowOptions
	cmd := &cobra.Command{
		Use:   "show KEY",
		Short: "Show all that is known of one key",
		Long:  "Show all that is known of one key, which is named by its ID, serial or tag." + exitStatusHelp(),
		Example: `  hwmfa key show 12345678
  hwmfa key show YK-17 --json`,
		Args: exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.key = args[0]
			return runKeyShow(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON (hwmfa.keys/v1, with the details of one key)")
	return cmd
}

// keyDetailJSON is a key with what only key show tells.
type keyDetailJSON struct {
	keyJSON
	Credentials []credentialJSON `json:"credentials"`
	Evidence    []evidenceJSON   `json:"evidence"`
	Bindings    []bindingJSON    `json:"bindings"`
	Proof       *proofJSON       `json:"proof"`
	Advisories  []advisoryJSON   `json:"advisories"`
	Events      []eventLineJSON  `json:"events"`
}

// credentialJSON leaves out the credential's ID, which whoever holds the key
// could use to ask it for assertions.
type credentialJSON struct {
	RPID   string           `json:"rp_id"`
	Silent inventory.Silent `json:"silent"`
	MadeAt time.Time        `json:"made_at"`
}

type evidenceJSON struct {
	RecordedAt time.Time   `json:"recorded_at"`
	SHA256     string      `json:"sha256"`
	FIDO       fidoProved  `json:"fido"`
	PIV        []pivProved `json:"piv"`
}

// eventLineJSON points at an event of the journal, whose content journal list
// shows.
type eventLineJSON struct {
	Seq   int64     `json:"seq"`
	Time  time.Time `json:"time"`
	Actor string    `json:"actor"`
	Kind  string    `json:"kind"`
	Hash  string    `json:"hash"`
}

func runKeyShow(ctx context.Context, a *app, opts keyShowOptions) error {
	var d inventory.Detail
	err := a.view(ctx, func(tx inventory.Tx) error {
		k, err := inventory.FindKey(tx, opts.key)
		if err != nil {
			return err
		}
		d, err = inventory.KeyDetail(tx, k.ID)
		return err
	})
	if err != nil {
		return err
	}
	if !opts.json {
		return printKey(a, d)
	}
	return a.streams.JSON(struct {
		Schema string          `json:"schema"`
		Keys   []keyDetailJSON `json:"keys"`
	}{"hwmfa.keys/v1", []keyDetailJSON{keyDetail(d)}})
}

func keyDetail(d inventory.Detail) keyDetailJSON {
	j := keyDetailJSON{
		keyJSON:     keyToJSON(d.Key),
		Credentials: []credentialJSON{}, Evidence: []evidenceJSON{}, Bindings: []bindingJSON{},
		Advisories: advisoriesJSON(ceremony.Advisories(d.Key)), Events: []eventLineJSON{},
	}
	for _, c := range d.Credentials {
		j.Credentials = append(j.Credentials, credentialJSON{RPID: c.RPID, Silent: c.Silent, MadeAt: c.At.UTC()})
	}
	for _, e := range d.Attestations {
		j.Evidence = append(j.Evidence, evidenceJSON{
			RecordedAt: e.At.UTC(), SHA256: e.SHA256.String(), FIDO: fidoProvedJSON(e.FIDO), PIV: pivProvedJSON(e.PIV),
		})
	}
	if d.Proof != nil {
		j.Proof = proofToJSON(*d.Proof)
	}
	for _, b := range d.Bindings {
		j.Bindings = append(j.Bindings, bindingToJSON(b))
	}
	for _, e := range d.Events {
		j.Events = append(j.Events, eventLineJSON{e.Seq, e.Time.UTC(), e.Actor, e.Kind, e.Hash.String()})
	}
	return j
}

func printKey(a *app, d inventory.Detail) error {
	k := d.Key
	type line struct{ label, value string }
	lines := []line{
		{"key", k.ID},
		{"serial", k.Serial},
		{"tag", k.Tag},
		{"type", string(k.Type)},
		{"status", string(k.Status) + ", since " + timeText(k.Since)},
		{"place", k.Place},
		{"holder", k.Holder},
		{"product", k.Product},
		{"firmware", inventory.FormatVersion(k.Firmware)},
		{"form factor", k.FormFactor.String()},
		{"aaguid", inventory.FormatAAGUID(k.AAGUID)},
	}
	for _, l := range []line{
		{"why", k.Reason}, {"due", maybeTime(k.Due)}, {"seal", k.Seal}, {"shipment", k.Shipment}, {"order", k.Order}, {"battery end", dayText(k.BatteryEnd)},
	} {
		if l.value != "" {
			lines = append(lines, l)
		}
	}
	if k.Attested() {
		lines = append(lines, line{"enrolled", timeText(k.EnrolledAt) + " by " + k.EnrolledBy})
	}
	if p := d.Proof; p != nil {
		lines = append(lines, line{"proved", timeText(p.At) + " (" + string(p.Method) + ")"})
	}
	for _, c := range d.Credentials {
		lines = append(lines, line{"credential", "of " + c.RPID + ", silent: " + string(c.Silent)})
	}
	for _, e := range d.Attestations {
		lines = append(lines, line{"evidence", e.SHA256.String()})
		lines = append(lines, line{"  FIDO", statement(e.FIDO.Status, e.FIDO.Anchor, e.FIDO.Reason, e.FIDO.Detail)})
		if text := modelText(e.FIDO); text != "" {
			lines = append(lines, line{"  model", text})
		}
		for _, p := range e.PIV {
			lines = append(lines, line{fmt.Sprintf("  PIV %02x", p.Slot), statement(p.Status, p.Anchor, p.Reason, p.Detail)})
		}
	}
	for _, b := range d.Bindings {
		lines = append(lines, line{"account", fmt.Sprintf("%s as %s (%s)", b.AccountID, b.DeviceName, b.How)})
	}
	for _, adv := range ceremony.Advisories(k) {
		lines = append(lines, line{"advisory", adv.ID + ": " + adv.Scope})
	}
	for _, e := range d.Events {
		lines = append(lines, line{"event", fmt.Sprintf("%d %s %s by %s", e.Seq, timeText(e.Time), e.Kind, e.Actor)})
	}
	for _, l := range lines {
		if err := a.streams.Printf("%-12s %s\n", l.label, cmp.Or(l.value, "-")); err != nil {
			return err
		}
	}
	return nil
}

// maybeTime is a time as it is shown, "" for the zero time.
func maybeTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return timeText(t)
}

// dayText is a day as it is shown, "" for the zero time.
func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
