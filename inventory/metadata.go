package inventory

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Metadata is the FIDO Alliance's metadata that keys are judged with: one
// signed BLOB, kept byte for byte so that its signature can be checked again.
type Metadata struct {
	Number     int64     // grows with each BLOB
	NextUpdate time.Time // the day the next one is due, UTC
	SHA256     Hash      // of JWT
	JWT        string
	At         time.Time
	By         string
}

// subjectMetadata is what events about metadata are about: there is one.
const subjectMetadata = "fido-metadata"

const maxMetadata = 32 << 20 // bytes

// metadataPayload is what the journal says of a BLOB.
type metadataPayload struct {
	No         int64  `json:"no"`
	NextUpdate string `json:"next_update"`
	SHA256     string `json:"sha256"`
}

// SetMetadata keeps a BLOB in the place of the one before. One with a lower
// number than any that was ever kept gives ErrStale, and so does another BLOB
// of the same number; the very same gives ErrExists. That it is signed and
// says so itself is for the caller (hw/attest) to check first.
func SetMetadata(tx Tx, act Act, number int64, nextUpdate time.Time, jwt string) (Metadata, error) {
	act, err := act.check()
	if err != nil {
		return Metadata{}, fmt.Errorf("set metadata: %w", err)
	}
	m := Metadata{
		Number: number, NextUpdate: nextUpdate.UTC().Truncate(24 * time.Hour), SHA256: sha256.Sum256([]byte(jwt)), JWT: jwt,
		At: act.At, By: act.Actor,
	}
	if err := m.check(); err != nil {
		return Metadata{}, fmt.Errorf("set metadata: %w", err)
	}
	last, _, err := lastMetadata(tx)
	if err != nil {
		return Metadata{}, fmt.Errorf("set metadata: %w", err)
	}
	switch {
	case number == last.No && m.SHA256.String() == last.SHA256:
		return Metadata{}, fmt.Errorf("set metadata: %w", &ExistsError{What: "BLOB", Value: m.SHA256.String(), Owner: fmt.Sprintf("FIDO metadata no. %d", number)})
	case number <= last.No:
		return Metadata{}, fmt.Errorf("set metadata: no. %d after no. %d: %w", number, last.No, ErrStale)
	}
	if err := tx.PutMetadata(m); err != nil {
		return Metadata{}, fmt.Errorf("set metadata no. %d: %w", number, err)
	}
	_, err = record(tx, act, KindMetadataSet, subjectMetadata, metadataPayload{number, m.NextUpdate.Format(time.DateOnly), m.SHA256.String()})
	return m, err
}

func (m Metadata) check() error {
	switch {
	case m.Number < 1:
		return invalid("metadata number", "is not positive")
	case m.NextUpdate.Year() < 2000 || m.NextUpdate.Year() > 9999:
		return invalid("metadata date", "is missing or out of range")
	case m.JWT == "" || len(m.JWT) > maxMetadata:
		return invalid("metadata", "is empty or larger than %d bytes", maxMetadata)
	case strings.ContainsFunc(m.JWT, func(r rune) bool { return r <= ' ' || r > '~' }):
		return invalid("metadata", "contains more than plain text")
	}
	return nil
}

// CurrentMetadata reads the BLOB that is kept and holds it against the
// journal: ErrNotFound where there never was one, ErrDamaged where it is not
// the one that was set last.
func CurrentMetadata(tx Tx) (Metadata, error) {
	last, set, err := lastMetadata(tx)
	if err != nil {
		return Metadata{}, fmt.Errorf("read metadata: %w", err)
	}
	m, err := tx.StoredMetadata()
	switch {
	case errors.Is(err, ErrNotFound) && last.No != 0:
		return Metadata{}, fmt.Errorf("FIDO metadata no. %d is gone: %w", last.No, ErrDamaged)
	case err != nil:
		return Metadata{}, fmt.Errorf("read metadata: %w", err)
	}
	sum := Hash(sha256.Sum256([]byte(m.JWT)))
	kept := metadataPayload{m.Number, m.NextUpdate.Format(time.DateOnly), sum.String()}
	if sum != m.SHA256 || kept != last || m.By != set.Actor || !m.At.Equal(set.Time) {
		return Metadata{}, fmt.Errorf("FIDO metadata no. %d is not what the journal recorded: %w", m.Number, ErrDamaged)
	}
	return m, nil
}

// lastMetadata is what the journal says of the BLOB set last, and the event that
// says it; zero without one.
func lastMetadata(tx Tx) (last metadataPayload, e Event, err error) {
	events, err := tx.EventsAbout(subjectMetadata)
	if err != nil || len(events) == 0 {
		return last, e, err
	}
	e = events[len(events)-1]
	if err := decodeExact([]byte(e.Payload), &last); err != nil || e.Kind != KindMetadataSet || last.No < 1 {
		return last, e, fmt.Errorf("event %d: %w", e.Seq, ErrDamaged)
	}
	return last, e, nil
}
