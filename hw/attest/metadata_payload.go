package attest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hwmfa/hw"
)

// Bounds of what a BLOB holds.
const (
	maxModels      = 1 << 16
	maxDescription = 200 // characters, as the specification has it
)

// payload is the part of the BLOB's content that is used here. Icons and
// everything else is read over. Field names are those of MDS3 §3.1 and of the
// metadata statement, §4.
type payload struct {
	No         *int64
	NextUpdate string
	Entries    []blobEntry
}

type blobEntry struct {
	AAGUID    string            `json:"aaguid"`
	KeyIDs    []string          `json:"attestationCertificateKeyIdentifiers"`
	Statement metadataStatement `json:"metadataStatement"`
	Reports   []statusReport    `json:"statusReports"`
}

type metadataStatement struct {
	Description      string   `json:"description"`
	ProtocolFamily   string   `json:"protocolFamily"`
	AttestationTypes []string `json:"attestationTypes"`
	KeyProtection    []string `json:"keyProtection"`
	AttachmentHint   []string `json:"attachmentHint"`
	Roots            []string `json:"attestationRootCertificates"`
}

// model is one model of authenticator.
type model struct {
	aaguid      hw.AAGUID // zero for U2F
	description string
	hardware    bool     // a key that holds its secret in hardware of its own, and proves it with a certificate
	roots       []string // base64 of DER: CAs, or attestation certificates themselves
	reports     []statusReport
}

// readPayload reads what was signed. UAF's entries are left out: they are for
// another protocol.
func readPayload(raw []byte) (*Metadata, error) {
	fields, err := objectOnce(raw)
	if err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	var p payload
	err = errors.Join(member(fields, "no", &p.No), member(fields, "nextUpdate", &p.NextUpdate), member(fields, "entries", &p.Entries))
	if err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	if p.No == nil || *p.No < 1 {
		return nil, errors.New("content: no number")
	}
	due, err := time.Parse(time.DateOnly, p.NextUpdate)
	if err != nil {
		return nil, fmt.Errorf("content: date of the next update: %w", err)
	}
	if len(p.Entries) == 0 || len(p.Entries) > maxModels {
		return nil, fmt.Errorf("content: %d entries, want 1 to %d", len(p.Entries), maxModels)
	}
	m := &Metadata{
		Number: *p.No, NextUpdate: due,
		byAAGUID: make(map[hw.AAGUID][]*model), byKeyID: make(map[string][]*model), shared: make(map[string]int),
	}
	for i, e := range p.Entries {
		if e.AAGUID == "" && len(e.KeyIDs) == 0 {
			continue
		}
		if err := m.add(e); err != nil {
			return nil, fmt.Errorf("content: entry %d: %w", i+1, err)
		}
	}
	return m, nil
}

func (m *Metadata) add(e blobEntry) error {
	one := &model{
		description: printable(e.Statement.Description, maxDescription),
		hardware:    e.Statement.hardware(), reports: e.Reports,
	}
	if e.AAGUID != "" {
		id, err := hex.DecodeString(strings.ReplaceAll(e.AAGUID, "-", ""))
		if err != nil || len(id) != len(one.aaguid) {
			return fmt.Errorf("AAGUID %q", e.AAGUID)
		}
		one.aaguid = hw.AAGUID(id)
		if one.aaguid.IsZero() {
			return errors.New("an AAGUID that names no model")
		}
		m.byAAGUID[one.aaguid] = append(m.byAAGUID[one.aaguid], one)
	}
	for _, id := range e.KeyIDs {
		if b, err := hex.DecodeString(id); err != nil || len(b) != 20 {
			return fmt.Errorf("key identifier %q", id)
		}
		id = strings.ToLower(id)
		m.byKeyID[id] = append(m.byKeyID[id], one)
	}
	for _, root := range e.Statement.Roots {
		// Some BLOBs break long lines.
		root = strings.Join(strings.Fields(root), "")
		if !slices.Contains(one.roots, root) {
			one.roots = append(one.roots, root)
			m.shared[root]++
		}
	}
	m.Models++
	return nil
}

// hardware says whether the statement is about a key to be put in a safe. A
// platform's own authenticator is "internal", and a "tee" is a corner of a
// phone's or computer's processor.
func (s metadataStatement) hardware() bool {
	has := func(list []string, words ...string) bool {
		return slices.ContainsFunc(list, func(w string) bool { return slices.Contains(words, w) })
	}
	return (s.ProtocolFamily == "fido2" || s.ProtocolFamily == "u2f") &&
		has(s.AttestationTypes, "basic_full") &&
		has(s.KeyProtection, "hardware", "secure_element") && !has(s.KeyProtection, "software", "tee") &&
		len(s.AttachmentHint) > 0 && !has(s.AttachmentHint, "internal")
}

// printable makes a name from a file fit for a line of text.
func printable(s string, limit int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsPrint(r)
	}), " ")
	if runes := []rune(s); len(runes) > limit {
		s = string(runes[:limit])
	}
	return s
}
