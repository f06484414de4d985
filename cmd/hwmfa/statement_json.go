package main

import (
	"fmt"
	"strings"

	"hwmfa/hw"
)

// What verification proved, as enroll and verify print it.

type fidoProved struct {
	Status   string  `json:"status"`
	Reason   *string `json:"reason"`
	Anchor   *string `json:"anchor"`
	Format   *string `json:"format"`
	AAGUID   *string `json:"aaguid"`
	Firmware *string `json:"firmware"`
	FIPS     *bool   `json:"fips"`
	Serial   *string `json:"serial"`
	// What the FIDO metadata says of the model.
	Model         *string `json:"model"`
	Certification *string `json:"certification"`
	FIPSLevel     *string `json:"fips_level"`
}

type pivProved struct {
	Slot      *string `json:"slot"`
	Status    string  `json:"status"`
	Reason    *string `json:"reason"`
	Anchor    *string `json:"anchor"`
	Serial    *string `json:"serial"`
	Firmware  *string `json:"firmware"`
	PINPolicy *string `json:"pin_policy"`
	Touch     *string `json:"touch_policy"`
	FIPS      *bool   `json:"fips"`
	CSPN      *bool   `json:"cspn"`
}

func fidoProvedJSON(s hw.FIDOStatement) fidoProved {
	p := fidoProved{
		Status: string(s.Status), Reason: null(s.Reason), Anchor: null(s.Anchor), Format: null(s.Format),
		Firmware: nullVersion(s.Firmware), FIPS: vouched(s.Anchor, s.FIPS), Serial: null(s.Serial),
		Model: null(s.Model), Certification: null(s.Certification), FIPSLevel: null(s.FIPSLevel),
	}
	if !s.AAGUID.IsZero() {
		p.AAGUID = null(s.AAGUID.String())
	}
	return p
}

// vouched is what a certificate says, nil where no anchor vouches for it.
func vouched(anchor string, says bool) *bool {
	if anchor == "" {
		return nil
	}
	return &says
}

// modelText is what the FIDO metadata says of the model, and what its
// certificate says of FIPS; "" where neither says anything.
func modelText(s hw.FIDOStatement) string {
	var parts []string
	for _, p := range []string{s.Model, s.Certification, s.FIPSLevel} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if s.FIPS && s.FIPSLevel == "" {
		parts = append(parts, "FIPS by its certificate")
	}
	return strings.Join(parts, ", ")
}

func pivProvedJSON(all []hw.PIVStatement) []pivProved {
	out := []pivProved{}
	for _, s := range all {
		p := pivProved{
			Status: string(s.Status), Reason: null(s.Reason), Anchor: null(s.Anchor), Serial: null(s.Serial),
			Firmware: nullVersion(s.Firmware), PINPolicy: null(s.PINPolicy), Touch: null(s.Touch),
			FIPS: vouched(s.Anchor, s.FIPS), CSPN: vouched(s.Anchor, s.CSPN),
		}
		if s.Slot != 0 {
			p.Slot = null(fmt.Sprintf("%02x", s.Slot))
		}
		out = append(out, p)
	}
	return out
}
