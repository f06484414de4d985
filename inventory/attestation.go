package inventory

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hwmfa/hw"
)

// Summary is what a key's statements come to.
type Summary struct {
	FIDO   hw.Status
	PIV    hw.Status
	Anchor string // the anchor reached, FIDO's before PIV's; "" none
}

// badness orders statuses, the worst first: one bad certificate spoils a key,
// while evidence that a model does not offer says nothing against it.
var badness = [...]hw.Status{hw.StatusInvalid, hw.StatusRefused, hw.StatusUntrusted, hw.StatusVerified, hw.StatusAbsent}

// Status is the worse of the two; absent only where both are.
func (s Summary) Status() hw.Status { return worst(s.FIDO, s.PIV) }

func worst(all ...hw.Status) hw.Status {
	for _, b := range badness {
		for _, s := range all {
			if s == b {
				return b
			}
		}
	}
	return hw.StatusAbsent
}

func knownStatus(s hw.Status) bool {
	for _, b := range badness {
		if s == b {
			return true
		}
	}
	return false
}

// Summarize says what statements come to: for PIV, the worst of all slots.
func Summarize(fido hw.FIDOStatement, piv []hw.PIVStatement) Summary {
	s := Summary{FIDO: worst(fido.Status), PIV: hw.StatusAbsent}
	if fido.Status == hw.StatusVerified {
		s.Anchor = claimed(fido.Anchor, maxDetail)
	}
	for _, p := range piv {
		s.PIV = worst(s.PIV, p.Status)
		if s.Anchor == "" && p.Status == hw.StatusVerified {
			s.Anchor = claimed(p.Anchor, maxDetail)
		}
	}
	return s
}

// Record is one attestation as the store keeps it: the evidence byte for byte,
// its hash, and what was proved from it on that day.
type Record struct {
	KeyID      string
	Event      int64 // the journal event that carries the hash
	At         time.Time
	Evidence   string // EncodeEvidence
	SHA256     Hash   // of Evidence
	Statements string // canonical JSON, hwmfa.statements/v1
}

// Attestation is a Record read back: checked against its hash and parsed.
// Evidence can be verified anew with today's anchors; the statements are those
// of the day it was recorded.
type Attestation struct {
	KeyID    string
	Event    int64
	At       time.Time
	SHA256   Hash
	Evidence hw.Evidence
	FIDO     hw.FIDOStatement
	PIV      []hw.PIVStatement
}

// Read checks the record against its own hash and parses it.
func (r Record) Read() (Attestation, error) {
	if sum := sha256.Sum256([]byte(r.Evidence)); sum != r.SHA256 {
		return Attestation{}, fmt.Errorf("evidence of %s recorded by event %d does not give its hash: %w", r.KeyID, r.Event, ErrDamaged)
	}
	ev, err := DecodeEvidence([]byte(r.Evidence))
	if err != nil {
		return Attestation{}, fmt.Errorf("evidence of %s: %w", r.KeyID, err)
	}
	fido, piv, err := decodeStatements([]byte(r.Statements))
	if err != nil {
		return Attestation{}, fmt.Errorf("evidence of %s: %w", r.KeyID, err)
	}
	return Attestation{
		KeyID: r.KeyID, Event: r.Event, At: r.At, SHA256: r.SHA256, Evidence: ev, FIDO: fido, PIV: piv,
	}, nil
}

// Attestations reads all attestations of one key, oldest first, or of every
// key for "".
func Attestations(tx Tx, keyID string) ([]Attestation, error) {
	records, err := tx.ListRecords(keyID)
	if err != nil {
		return nil, fmt.Errorf("attestations: %w", err)
	}
	all := make([]Attestation, 0, len(records))
	for _, r := range records {
		a, err := r.Read()
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// VerifyRecords holds every attestation against its own hash and against the
// journal event that recorded it, the metadata likewise, and names each that
// fails. It says nothing of the journal itself: VerifyJournal does.
func VerifyRecords(tx Tx) error {
	c, err := newRecordsCheck(tx)
	if err != nil {
		return err
	}
	return c.end(tx, walk(tx, c))
}

// recordsCheck holds attestations against the events that recorded them.
type recordsCheck struct {
	want map[int64]Record // those whose event has not come yet
	bad  []error
}

func newRecordsCheck(tx Tx) (*recordsCheck, error) {
	records, err := tx.ListRecords("")
	if err != nil {
		return nil, fmt.Errorf("verify records: %w", err)
	}
	c := &recordsCheck{want: make(map[int64]Record, len(records))}
	for _, r := range records {
		if _, err := r.Read(); err != nil {
			c.bad = append(c.bad, err)
		}
		c.want[r.Event] = r
	}
	return c, nil
}

func (c *recordsCheck) see(e *RawEvent) bool {
	if e.Kind != KindKeyEnrolled && e.Kind != KindKeyPIVIdentity {
		return true
	}
	r, ok := c.want[e.Seq]
	delete(c.want, e.Seq)
	sums := `"evidence_sha256":"` + r.SHA256.String() + `"`
	switch {
	case !ok:
		c.bad = append(c.bad, fmt.Errorf("evidence recorded by event %d is gone: %w", e.Seq, ErrDamaged))
	case r.KeyID != e.Subject || FormatTime(r.At) != e.Time || !strings.Contains(e.Payload, sums) || !strings.Contains(e.Payload, r.Statements):
		c.bad = append(c.bad, fmt.Errorf("evidence of %s is not what event %d recorded: %w", r.KeyID, e.Seq, ErrDamaged))
	}
	return true
}

// end returns what is wrong; err is what ended the reading.
func (c *recordsCheck) end(tx Tx, err error) error {
	if err != nil {
		// What comes after the event that cannot be read is not known.
		c.bad = append(c.bad, err)
		clear(c.want)
	}
	if _, err := CurrentMetadata(tx); err != nil && !errors.Is(err, ErrNotFound) {
		c.bad = append(c.bad, err)
	}
	for _, seq := range slices.Sorted(maps.Keys(c.want)) {
		c.bad = append(c.bad, fmt.Errorf("evidence of %s names event %d, which recorded none: %w", c.want[seq].KeyID, seq, ErrDamaged))
	}
	return errors.Join(c.bad...)
}
