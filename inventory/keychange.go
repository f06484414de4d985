package inventory

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"hwmfa/hw"
)

const (
	// KindKeyChanged is the kind of the event of a change made on a key: its PIN,
	// or a setting.
	KindKeyChanged = "key.changed"
	// KindKeyPIVIdentity is the kind of the event of a PIV identity that an
	// enrolled key was given.
	KindKeyPIVIdentity = "key.piv_identity"
)

// Changes is what was changed on a key. What a PIN is, or was, is nobody's.
type Changes struct {
	Words        []string // as hwmfa enroll and key set print them; at most 16
	MinPINLength int      // characters; 0: as it was
}

// maxChanges bounds Changes.Words.
const maxChanges = 16

// RecordChanges writes down what was changed on a key. Without a word it writes
// nothing.
func RecordChanges(tx Tx, act Act, keyID string, c Changes) error {
	if len(c.Words) == 0 {
		return nil
	}
	act, err := act.check()
	if err != nil {
		return fmt.Errorf("record changes: %w", err)
	}
	if _, err := tx.KeyByID(keyID); err != nil {
		return fmt.Errorf("record changes of %s: %w", keyID, err)
	}
	payload := struct {
		Changes      []string `json:"changes"`
		MinPINLength *int     `json:"min_pin_length"`
	}{Changes: make([]string, 0, len(c.Words))}
	if len(c.Words) > maxChanges {
		return fmt.Errorf("record changes of %s: %w", keyID, invalid("changes", "are more than %d", maxChanges))
	}
	for _, w := range c.Words {
		if w, err = required("change", w, maxName); err != nil {
			return fmt.Errorf("record changes of %s: %w", keyID, err)
		}
		payload.Changes = append(payload.Changes, w)
	}
	if c.MinPINLength > 0 {
		payload.MinPINLength = &c.MinPINLength
	}
	if _, err := record(tx, act, KindKeyChanged, keyID, payload); err != nil {
		return fmt.Errorf("record changes of %s: %w", keyID, err)
	}
	return nil
}

// RecordPIVIdentity records what the card side of an enrolled key attests since
// it was given a PIV identity, in the place of what it attested before: the
// evidence, and what was proved from it just now. What the key's FIDO side
// proved at enrollment stays.
func RecordPIVIdentity(tx Tx, act Act, keyID string, evidence hw.PIVEvidence, piv []hw.PIVStatement) (Key, error) {
	k, err := recordPIVIdentity(tx, act, keyID, evidence, piv)
	if err != nil {
		return Key{}, fmt.Errorf("record PIV identity of %s: %w", keyID, err)
	}
	return k, nil
}

func recordPIVIdentity(tx Tx, act Act, keyID string, evidence hw.PIVEvidence, piv []hw.PIVStatement) (Key, error) {
	act, err := act.check()
	if err != nil {
		return Key{}, err
	}
	k, err := tx.KeyByID(keyID)
	if err != nil {
		return Key{}, err
	}
	shown := Enrollment{Serial: k.Serial, Evidence: hw.Evidence{PIV: &evidence}, FIDO: hw.FIDOStatement{Status: hw.StatusAbsent}, PIV: piv}
	if err := shown.checkStatements(); err != nil {
		return Key{}, err
	}
	stored, err := EncodeEvidence(shown.Evidence)
	if err != nil {
		return Key{}, err
	}
	statements, err := encodeStatements(shown.FIDO, piv)
	if err != nil {
		return Key{}, err
	}
	k.Attestation = k.Attestation.withPIV(piv)
	if err := tx.UpdateKey(k); err != nil {
		return Key{}, err
	}
	sum := Hash(sha256.Sum256(stored))
	event, err := record(tx, act, KindKeyPIVIdentity, k.ID, pivIdentityJSON{sum.String(), statements})
	if err != nil {
		return Key{}, err
	}
	return k, tx.InsertRecord(Record{
		KeyID: k.ID, Event: event.Seq, At: act.At, Evidence: string(stored), SHA256: sum, Statements: string(statements),
	})
}

// pivIdentityJSON is the payload of key.piv_identity.
type pivIdentityJSON struct {
	EvidenceSHA256 string          `json:"evidence_sha256"`
	Statements     json.RawMessage `json:"statements"`
}

// withPIV is the summary with another PIV side.
func (s Summary) withPIV(piv []hw.PIVStatement) Summary {
	card := Summarize(hw.FIDOStatement{}, piv)
	s.PIV = card.PIV
	if s.FIDO != hw.StatusVerified {
		s.Anchor = card.Anchor
	}
	return s
}

// gotPIVIdentity takes key.piv_identity into the state of a key.
func (k *keyState) gotPIVIdentity(payload []byte) error {
	var p pivIdentityJSON
	if err := json.Unmarshal(payload, &p); err != nil {
		return err
	}
	_, piv, err := decodeStatements(p.Statements)
	if err == nil {
		k.Proved = k.Proved.withPIV(piv)
	}
	return err
}
