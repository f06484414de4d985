package card

import (
	"context"
	"errors"
	"fmt"

	"hwmfa/hw"
)

// PIVSession is the PIV application, selected over a channel. What a management
// key allowed ends with it: when another application is selected, or the card
// is given back.
type PIVSession struct {
	Version hw.Version
	Serial  string // as PIV.Serial

	t *Transceiver
}

// OpenPIV selects the application. The channel stays the caller's to close.
func OpenPIV(ctx context.Context, ch hw.Channel) (*PIVSession, error) {
	t, version, err := selectPIV(ctx, ch)
	if err != nil {
		return nil, err
	}
	s := &PIVSession{Version: version, t: t}
	if version.AtLeast(5, 0, 3) {
		s.Serial, err = readPIVSerial(ctx, t)
		// Other makers' applets tell a version like Yubico's and no serial.
		if err != nil && !errors.Is(err, hw.ErrUnsupported) {
			return nil, err
		}
	}
	return s, nil
}

// F9 reads the attestation certificate, DER.
func (s *PIVSession) F9(ctx context.Context) ([]byte, error) {
	der, err := readCertificate(ctx, s.t, objectF9)
	if err != nil {
		return nil, fmt.Errorf("reading PIV f9 certificate: %w", err)
	}
	return der, nil
}

// The retired key management slots (SP 800-73-4 part 1, table 4b).
const (
	FirstRetired = 0x82
	LastRetired  = 0x95
)

// retiredObject is the data object with the certificate of a retired slot:
// 5FC10D for 82, and on from there.
func retiredObject(slot byte) []byte { return []byte{0x5F, 0xC1, slot - FirstRetired + 0x0D} }

// ErrOccupied: the slot holds a key, or a certificate that somebody put there.
var ErrOccupied = errors.New("slot is in use")

// CheckEmpty says whether a new key can be made in a slot: nil where it is a
// retired one, its metadata says that it holds no key (6A88) and it holds no
// certificate; ErrOccupied where it is in use. Everything else is an error too,
// because nothing is then known about the slot. Firmware below 5.3 has no
// metadata, and there an imported key looks like an empty slot:
// hw.ErrUnsupported.
func (s *PIVSession) CheckEmpty(ctx context.Context, slot byte) error {
	if slot < FirstRetired || slot > LastRetired {
		return fmt.Errorf("slot %02x is not a retired one (82 to 95): %w", slot, hw.ErrUnsupported)
	}
	if !s.Version.AtLeast(5, 3, 0) {
		return fmt.Errorf("firmware %s does not tell an empty slot from an imported key, 5.3 and later do: %w", s.Version, hw.ErrUnsupported)
	}
	generated, err := isGenerated(ctx, s.t, slot, swDataNotFound)
	switch {
	case errors.Is(err, errAbsent):
	case err != nil:
		return fmt.Errorf("slot %02x: %w", slot, err)
	case generated:
		return fmt.Errorf("slot %02x: %w: a key was generated in it", slot, ErrOccupied)
	default:
		return fmt.Errorf("slot %02x: %w: a key was imported into it", slot, ErrOccupied)
	}
	switch _, err := readCertificate(ctx, s.t, retiredObject(slot)); {
	case errors.Is(err, errAbsent):
		return nil
	case err != nil:
		return fmt.Errorf("slot %02x: reading its certificate: %w", slot, err)
	}
	return fmt.Errorf("slot %02x: %w: it holds a certificate without a key", slot, ErrOccupied)
}
