package main

import (
	"context"
	"fmt"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// runVerifyEvidence judges what the inventory holds, with nothing plugged in.
func runVerifyEvidence(ctx context.Context, a *app, opts verifyOptions) error {
	s, err := store.OpenReadOnly(ctx, a.settings.Inventory)
	if err != nil {
		return err
	}
	defer s.Close()
	verifier, err := ceremony.Verifier(ctx, s, a.now())
	if err != nil {
		return err
	}
	key, again, err := ceremony.Reverify(ctx, s, verifier, opts.evidence)
	if err != nil {
		return err
	}
	if opts.json {
		err = a.streams.JSON(verifiedReport(key, again))
	} else {
		err = printVerified(a, key, again)
	}
	if err == nil && !proved(again) {
		return errFound
	}
	return err
}

// proved says whether there is evidence and every statement made from it today
// holds; a kind of evidence the key does not offer speaks neither way.
func proved(all []ceremony.Reverified) bool {
	verified := false
	for _, r := range all {
		statuses := []hw.Status{}
		if r.FIDO != nil {
			statuses = append(statuses, r.FIDO.Status)
		}
		for _, p := range r.PIV {
			statuses = append(statuses, p.Status)
		}
		for _, s := range statuses {
			if s != hw.StatusVerified && s != hw.StatusAbsent {
				return false
			}
			verified = verified || s == hw.StatusVerified
		}
	}
	return verified
}

func printVerified(a *app, key inventory.Key, all []ceremony.Reverified) error {
	if err := a.streams.Printf("%s\n", key.Label()); err != nil {
		return err
	}
	if len(all) == 0 {
		return a.streams.Printf("  no evidence is stored for this key\n")
	}
	for _, r := range all {
		lines := [][2]string{{"evidence", fmt.Sprintf("of %s, SHA-256 %s", r.Stored.At.UTC().Format("2006-01-02 15:04:05 UTC"), r.Stored.SHA256)}}
		if r.FIDO != nil {
			lines = append(lines, [2]string{"fido", statement(r.FIDO.Status, r.FIDO.Anchor, r.FIDO.Reason, r.FIDO.Detail)})
			if text := modelText(*r.FIDO); text != "" {
				lines = append(lines, [2]string{"model", text})
			}
		}
		for _, p := range r.PIV {
			lines = append(lines, [2]string{fmt.Sprintf("piv %02x", p.Slot), statement(p.Status, p.Anchor, p.Reason, p.Detail)})
		}
		for _, l := range lines {
			if err := a.streams.Printf("  %-9s %s\n", l[0], l[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// The JSON of hwmfa verify --evidence (schema hwmfa.verify/v1).

type verifyJSON struct {
	Schema   string           `json:"schema"`
	KeyID    string           `json:"key_id"`
	Serial   *string          `json:"serial"`
	Verified bool             `json:"verified"`
	Evidence []reverifiedJSON `json:"evidence"`
}

type reverifiedJSON struct {
	RecordedAt string      `json:"recorded_at"`
	SHA256     string      `json:"sha256"`
	FIDO       *fidoProved `json:"fido"`
	PIV        []pivProved `json:"piv"`
}

func verifiedReport(key inventory.Key, all []ceremony.Reverified) verifyJSON {
	report := verifyJSON{Schema: "hwmfa.verify/v1", KeyID: key.ID, Serial: null(key.Serial), Verified: proved(all), Evidence: []reverifiedJSON{}}
	for _, r := range all {
		e := reverifiedJSON{RecordedAt: inventory.FormatTime(r.Stored.At), SHA256: r.Stored.SHA256.String(), PIV: pivProvedJSON(r.PIV)}
		if r.FIDO != nil {
			p := fidoProvedJSON(*r.FIDO)
			e.FIDO = &p
		}
		report.Evidence = append(report.Evidence, e)
	}
	return report
}
