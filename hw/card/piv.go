package card

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"hwmfa/hw"
)

// Instructions of the PIV application (SP 800-73-4 part 2; the rest are
// Yubico's PIV extensions).
const (
	insGetData     = 0xCB
	insPIVMetadata = 0xF7 // P2: slot; from 5.3
	insPIVSerial   = 0xF8 // from 5.0.3
	insPIVAttest   = 0xF9 // P1: slot; from 4.3
	insPIVVersion  = 0xFD

	getDataP1, getDataP2 = 0x3F, 0xFF
	tagObjectID          = 0x5C
)

// objectF9 is the object with the certificate of the attestation key.
var objectF9 = []byte{0x5F, 0xFF, 0x01}

// Slot metadata: the tag that says where the key came from, and the value for
// one made on the card.
const (
	tagOrigin       = 0x03
	originGenerated = 1
	originImported  = 2
)

// errAbsent: the slot or object is empty.
var errAbsent = errors.New("empty")

// pivSlots are those that can hold an attested key, in the order of reading.
var pivSlots = []byte{
	0x9A, 0x9C, 0x9D, 0x9E,
	0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B,
	0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95,
}

// ReadPIVEvidence reads the f9 certificate and the attestation of every slot
// that holds a key generated on the card. Empty slots and imported keys are
// left out; a key without f9, or of firmware below 4.3, gives evidence of
// nothing and no error. What comes with an error is still good: the error
// names the slots that failed (errors.Join).
func ReadPIVEvidence(ctx context.Context, ch hw.Channel) (*hw.PIVEvidence, error) {
	t, version, err := selectPIV(ctx, ch)
	if err != nil {
		return nil, err
	}
	evidence := &hw.PIVEvidence{}
	if !version.AtLeast(4, 3, 0) {
		return evidence, nil
	}
	f9, err := readCertificate(ctx, t, objectF9)
	if errors.Is(err, errAbsent) {
		return evidence, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading PIV f9 certificate: %w", err)
	}
	evidence.F9 = f9
	var failures []error
	for _, slot := range pivSlots {
		der, err := readSlot(ctx, t, slot, version.AtLeast(5, 3, 0))
		switch {
		case err == nil:
			evidence.Slots = append(evidence.Slots, hw.PIVSlot{Slot: slot, Certificate: der})
		case errors.Is(err, errAbsent):
		default:
			failures = append(failures, fmt.Errorf("reading PIV slot %02x: %w", slot, err))
			if !spoken(err) {
				return evidence, errors.Join(failures...)
			}
		}
	}
	return evidence, errors.Join(failures...)
}

// spoken says whether the card itself gave the answer that failed, so that it
// is worth asking about the next slot.
func spoken(err error) bool {
	var status *StatusError
	return errors.As(err, &status) || errors.Is(err, hw.ErrMalformed)
}

// selectPIV selects the application and reads its version, which only Yubico's
// tells.
func selectPIV(ctx context.Context, ch hw.Channel) (*Transceiver, hw.Version, error) {
	t := NewTransceiver(ch)
	if _, err := t.Select(ctx, aidPIV); err != nil {
		return nil, hw.Version{}, fmt.Errorf("selecting PIV: %w", err)
	}
	answer, err := t.Send(ctx, Command{INS: insPIVVersion})
	if err != nil {
		return nil, hw.Version{}, fmt.Errorf("reading PIV version: %w", err)
	}
	version, err := hw.VersionFromBytes(answer)
	if err != nil {
		return nil, hw.Version{}, fmt.Errorf("reading PIV version: %w", err)
	}
	return t, version, nil
}

// getObject reads one PIV data object, errAbsent where there is none.
func getObject(ctx context.Context, t *Transceiver, id []byte) ([]byte, error) {
	data := append([]byte{tagObjectID, byte(len(id))}, id...)
	object, err := t.Send(ctx, Command{INS: insGetData, P1: getDataP1, P2: getDataP2, Data: data})
	if isStatus(err, swNotFound) {
		return nil, errAbsent
	}
	return object, err
}

// readCertificate reads the certificate in a data object, errAbsent where there
// is none.
func readCertificate(ctx context.Context, t *Transceiver, id []byte) ([]byte, error) {
	object, err := getObject(ctx, t, id)
	if err != nil {
		return nil, err
	}
	return parseCertificate(object)
}

// readSlot attests the key in a slot; errAbsent where there is none that was
// generated on the card. With metadata the card is asked first, so that an
// attestation which then fails is a failure; without, the status words for
// "no such key" are all there is to go by.
func readSlot(ctx context.Context, t *Transceiver, slot byte, metadata bool) ([]byte, error) {
	known := false
	if metadata {
		generated, err := isGenerated(ctx, t, slot, swNotFound, swDataNotFound)
		switch {
		case isStatus(err, swUnknownCommand): // metadata is not known after all
		case err != nil:
			return nil, err
		case !generated:
			return nil, errAbsent
		default:
			known = true
		}
	}
	der, err := attest(ctx, t, slot)
	if !known && isStatus(err, swWrongData, swNotFound, swDataNotFound) {
		return nil, errAbsent
	}
	return der, err
}

// attest has the card issue the certificate for the key in a slot.
func attest(ctx context.Context, t *Transceiver, slot byte) ([]byte, error) {
	der, err := t.Send(ctx, Command{INS: insPIVAttest, P1: slot})
	if err != nil {
		return nil, fmt.Errorf("attesting: %w", err)
	}
	return der, checkDER(der)
}

// isGenerated asks slot metadata where the key came from; errAbsent where the
// answer is one of the status words that count as "no key".
func isGenerated(ctx context.Context, t *Transceiver, slot byte, absent ...uint16) (bool, error) {
	answer, err := t.Send(ctx, Command{INS: insPIVMetadata, P2: slot})
	if isStatus(err, absent...) {
		return false, errAbsent
	}
	if err != nil {
		return false, fmt.Errorf("reading metadata: %w", err)
	}
	return parseOrigin(answer)
}

func parseOrigin(metadata []byte) (generated bool, err error) {
	tlvs, err := split(metadata)
	if err != nil {
		return false, fmt.Errorf("reading metadata: %w", err)
	}
	switch origin := tlvs[tagOrigin]; {
	case bytes.Equal(origin, []byte{originGenerated}):
		return true, nil
	case bytes.Equal(origin, []byte{originImported}):
		return false, nil
	default:
		return false, fmt.Errorf("reading metadata: origin %x: %w", origin, hw.ErrMalformed)
	}
}
