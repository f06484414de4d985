package inventory

import (
	"cmp"
	"fmt"
	"strings"

	"hwmfa/hw"
)

// statementSchema names the form in which statements are kept.
const statementSchema = "hwmfa.statements/v1"

// maxDetail bounds the text that a statement carries for people.
const maxDetail = 512

type statementsJSON struct {
	Schema string             `json:"schema"`
	FIDO   fidoStatementJSON  `json:"fido"`
	PIV    []pivStatementJSON `json:"piv"`
}

type fidoStatementJSON struct {
	Status       hw.Status `json:"status"`
	Reason       *string   `json:"reason"`
	Detail       *string   `json:"detail"`
	Anchor       *string   `json:"anchor"`
	Format       *string   `json:"format"`
	AAGUID       *string   `json:"aaguid"`
	Firmware     *string   `json:"firmware"`
	FIPS         bool      `json:"fips"`
	Serial       *string   `json:"serial"`
	CredentialID []byte    `json:"credential_id"`
	PublicKey    []byte    `json:"public_key"`
	UserPresent  bool      `json:"user_present"`
	UserVerified bool      `json:"user_verified"`
	// Left out where there is nothing to say, as in the records written before
	// these were known.
	Model         *string `json:"model,omitempty"`
	Certification *string `json:"certification,omitempty"`
	FIPSLevel     *string `json:"fips_level,omitempty"`
}

type pivStatementJSON struct {
	Status     hw.Status `json:"status"`
	Reason     *string   `json:"reason"`
	Detail     *string   `json:"detail"`
	Anchor     *string   `json:"anchor"`
	Slot       string    `json:"slot"`
	Serial     *string   `json:"serial"`
	Firmware   *string   `json:"firmware"`
	FormFactor byte      `json:"form_factor"`
	PINPolicy  *string   `json:"pin_policy"`
	Touch      *string   `json:"touch"`
	FIPS       bool      `json:"fips"`
	CSPN       bool      `json:"cspn"`
}

// encodeStatements writes statements as they stood at enrollment. Texts may
// quote a hostile certificate and are made printable first.
func encodeStatements(fido hw.FIDOStatement, piv []hw.PIVStatement) ([]byte, error) {
	text := func(s string) *string { return null(claimed(s, maxDetail)) }
	w := statementsJSON{Schema: statementSchema, PIV: make([]pivStatementJSON, 0, len(piv))}
	w.FIDO = fidoStatementJSON{
		Status: fido.Status, Reason: text(fido.Reason), Detail: text(fido.Detail), Anchor: text(fido.Anchor),
		Format: text(fido.Format), AAGUID: null(FormatAAGUID(fido.AAGUID)), Firmware: null(FormatVersion(fido.Firmware)), FIPS: fido.FIPS,
		Serial: text(fido.Serial), CredentialID: fido.CredentialID, PublicKey: fido.PublicKey,
		UserPresent: fido.UserPresent, UserVerified: fido.UserVerified,
		Model: text(fido.Model), Certification: text(fido.Certification), FIPSLevel: text(fido.FIPSLevel),
	}
	for _, s := range piv {
		w.PIV = append(w.PIV, pivStatementJSON{
			Status: s.Status, Reason: text(s.Reason), Detail: text(s.Detail), Anchor: text(s.Anchor),
			Slot: slotName(s.Slot), Serial: text(s.Serial), Firmware: null(FormatVersion(s.Firmware)), FormFactor: byte(s.FormFactor),
			PINPolicy: text(s.PINPolicy), Touch: text(s.Touch), FIPS: s.FIPS, CSPN: s.CSPN,
		})
	}
	return canonicalJSON(w)
}

// decodeStatements reads what encodeStatements wrote, and nothing else.
func decodeStatements(data []byte) (hw.FIDOStatement, []hw.PIVStatement, error) {
	var w statementsJSON
	err := decodeExact(data, &w)
	if err == nil && w.Schema != statementSchema {
		err = invalid("statements", "are of an unknown schema")
	}
	if err != nil {
		return hw.FIDOStatement{}, nil, fmt.Errorf("decode statements: %w: %w", ErrDamaged, err)
	}
	var bad error
	version := func(s *string) hw.Version {
		v, err := ParseVersion(text(s))
		bad = cmp.Or(bad, err)
		return v
	}
	aaguid, err := ParseAAGUID(text(w.FIDO.AAGUID))
	bad = cmp.Or(bad, err)
	f := w.FIDO
	fido := hw.FIDOStatement{
		Status: f.Status, Reason: text(f.Reason), Detail: text(f.Detail), Anchor: text(f.Anchor), Format: text(f.Format),
		AAGUID: aaguid, Firmware: version(f.Firmware), FIPS: f.FIPS, Serial: text(f.Serial),
		CredentialID: f.CredentialID, PublicKey: f.PublicKey, UserPresent: f.UserPresent, UserVerified: f.UserVerified,
		Model: text(f.Model), Certification: text(f.Certification), FIPSLevel: text(f.FIPSLevel),
	}
	var piv []hw.PIVStatement
	for _, s := range w.PIV {
		slot, err := parseSlot(s.Slot)
		bad = cmp.Or(bad, err)
		piv = append(piv, hw.PIVStatement{
			Status: s.Status, Reason: text(s.Reason), Detail: text(s.Detail), Anchor: text(s.Anchor), Slot: slot,
			Serial: text(s.Serial), Firmware: version(s.Firmware), FormFactor: hw.FormFactor(s.FormFactor),
			PINPolicy: text(s.PINPolicy), Touch: text(s.Touch), FIPS: s.FIPS, CSPN: s.CSPN,
		})
	}
	if bad != nil {
		return hw.FIDOStatement{}, nil, fmt.Errorf("decode statements: %w: %w", ErrDamaged, bad)
	}
	return fido, piv, nil
}

// text is the string behind a pointer that null made.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// FormatVersion is the version's text, "" for an unknown one.
func FormatVersion(v hw.Version) string {
	if v.IsZero() {
		return ""
	}
	return v.String()
}

// ParseVersion reads what FormatVersion wrote, and nothing else.
func ParseVersion(s string) (hw.Version, error) {
	if s == "" {
		return hw.Version{}, nil
	}
	v, err := hw.ParseVersion(s)
	if err != nil || FormatVersion(v) != s {
		return hw.Version{}, invalid("version", "is not three plain numbers")
	}
	return v, nil
}

// FormatAAGUID is the AAGUID's text, "" for an unknown one.
func FormatAAGUID(a hw.AAGUID) string {
	if a.IsZero() {
		return ""
	}
	return a.String()
}

// ParseAAGUID reads what FormatAAGUID wrote, and nothing else.
func ParseAAGUID(s string) (hw.AAGUID, error) {
	if s == "" {
		return hw.AAGUID{}, nil
	}
	h, err := ParseHash(strings.ReplaceAll(s, "-", "") + strings.Repeat("0", 32))
	a := hw.AAGUID(h[:16])
	if err != nil || FormatAAGUID(a) != s {
		return hw.AAGUID{}, invalid("AAGUID", "is not of the form 8-4-4-4-12")
	}
	return a, nil
}
