package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"hwmfa/hw"
)

// Bounds on evidence: real objects are a tenth of these.
const (
	maxAttestation = 64 << 10 // a WebAuthn attestation object
	maxCertificate = 16 << 10 // one PIV certificate
	maxSlots       = 32       // a card has 24 that can be attested
)

// evidenceSchema names the form in which evidence is kept.
const evidenceSchema = "hwmfa.evidence/v1"

type evidenceJSON struct {
	Schema string            `json:"schema"`
	FIDO   *fidoEvidenceJSON `json:"fido"`
	PIV    *pivEvidenceJSON  `json:"piv"`
}

type fidoEvidenceJSON struct {
	RPID              string `json:"rp_id"`
	ClientDataHash    []byte `json:"client_data_hash"`
	AttestationObject []byte `json:"attestation_object"`
}

type pivEvidenceJSON struct {
	F9    []byte        `json:"f9"`
	Slots []pivSlotJSON `json:"slots"`
}

type pivSlotJSON struct {
	Slot        string `json:"slot"`
	Certificate []byte `json:"certificate"`
}

// EncodeEvidence writes evidence in the form in which it is kept and hashed:
// canonical JSON with bytes in base64. Nothing is lost: DecodeEvidence gives
// back a value that is deeply equal, nil slices and all.
func EncodeEvidence(ev hw.Evidence) ([]byte, error) {
	w := evidenceJSON{Schema: evidenceSchema}
	if f := ev.FIDO; f != nil {
		w.FIDO = &fidoEvidenceJSON{f.RPID, f.ClientDataHash, f.AttestationObject}
	}
	if p := ev.PIV; p != nil {
		w.PIV = &pivEvidenceJSON{F9: p.F9}
		if p.Slots != nil {
			w.PIV.Slots = make([]pivSlotJSON, 0, len(p.Slots))
		}
		for _, s := range p.Slots {
			w.PIV.Slots = append(w.PIV.Slots, pivSlotJSON{slotName(s.Slot), s.Certificate})
		}
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("encode evidence: %w", err)
	}
	return canonicalJSON(w)
}

// DecodeEvidence reads what EncodeEvidence wrote, and nothing else; anything
// different by a single byte gives ErrDamaged.
func DecodeEvidence(data []byte) (hw.Evidence, error) {
	var w evidenceJSON
	if err := decodeExact(data, &w); err != nil {
		return hw.Evidence{}, fmt.Errorf("decode evidence: %w: %w", ErrDamaged, err)
	}
	if err := w.check(); err != nil {
		return hw.Evidence{}, fmt.Errorf("decode evidence: %w: %w", ErrDamaged, err)
	}
	var ev hw.Evidence
	if w.FIDO != nil {
		ev.FIDO = &hw.FIDOEvidence{
			RPID: w.FIDO.RPID, ClientDataHash: w.FIDO.ClientDataHash, AttestationObject: w.FIDO.AttestationObject,
		}
	}
	if w.PIV != nil {
		ev.PIV = &hw.PIVEvidence{F9: w.PIV.F9}
		if w.PIV.Slots != nil {
			ev.PIV.Slots = make([]hw.PIVSlot, 0, len(w.PIV.Slots))
		}
		for _, s := range w.PIV.Slots {
			slot, err := parseSlot(s.Slot)
			if err != nil {
				return hw.Evidence{}, fmt.Errorf("decode evidence: %w: %w", ErrDamaged, err)
			}
			ev.PIV.Slots = append(ev.PIV.Slots, hw.PIVSlot{Slot: slot, Certificate: s.Certificate})
		}
	}
	return ev, nil
}

// check holds both directions to the same bounds.
func (w *evidenceJSON) check() error {
	if w.Schema != evidenceSchema {
		return invalid("evidence", "is of an unknown schema")
	}
	if f := w.FIDO; f != nil {
		switch {
		case !utf8.ValidString(f.RPID) || len(f.RPID) > maxRPID:
			return invalid("evidence: relying party ID", "is not UTF-8 of at most %d bytes", maxRPID)
		case len(f.ClientDataHash) != sha256.Size:
			return invalid("evidence: client data hash", "has %d bytes, not %d", len(f.ClientDataHash), sha256.Size)
		case len(f.AttestationObject) > maxAttestation:
			return invalid("evidence: attestation object", "has %d bytes, more than %d", len(f.AttestationObject), maxAttestation)
		}
	}
	if p := w.PIV; p != nil {
		if len(p.F9) > maxCertificate {
			return invalid("evidence: f9 certificate", "has %d bytes, more than %d", len(p.F9), maxCertificate)
		}
		if len(p.Slots) > maxSlots {
			return invalid("evidence: PIV", "has %d slots, more than %d", len(p.Slots), maxSlots)
		}
		for _, s := range p.Slots {
			if len(s.Certificate) > maxCertificate {
				return invalid("evidence: slot "+s.Slot, "has a certificate of %d bytes, more than %d", len(s.Certificate), maxCertificate)
			}
		}
	}
	return nil
}

func slotName(b byte) string { return hex.EncodeToString([]byte{b}) }

func parseSlot(s string) (byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 1 || slotName(b[0]) != s {
		return 0, invalid("slot", "is not two lower-case hexadecimal digits")
	}
	return b[0], nil
}
