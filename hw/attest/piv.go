package attest

import (
	"bytes"
	"crypto/x509"
	"strconv"

	"hwmfa/hw"
)

// slotF9 is the slot of the attestation key itself.
const slotF9 = 0xf9

// PIV judges what reading the PIV application gave: one statement for each
// slot of the evidence, in its order. serial is the number read from the key by
// another path, "" when unknown.
//
// A slot is verified when its certificate was issued by the key of the f9 given
// with it, is for that slot, names that serial (where it names any: firmware
// 4.3 does not, and then Serial is "" and nothing ties it to one key), and f9
// chains to an anchor. Everything but Slot is filled in only then.
//
// Evidence without slots gives one statement for slot f9, never verified: the
// f9 certificate is shared by many keys, and shows a model at most. Where f9
// itself holds, its status is absent with reason no_attested_key, and Anchor,
// Firmware, FIPS and CSPN are what f9 says of the model.
func (v Verifier) PIV(ev hw.PIVEvidence, serial string) []hw.PIVStatement {
	f9, err := v.judgeF9(ev)
	if len(ev.Slots) == 0 {
		s := hw.PIVStatement{Slot: slotF9}
		if err == nil {
			s.Anchor, s.Firmware, s.FIPS, s.CSPN = f9.anchor, f9.firmware, f9.fips, f9.cspn
			err = faultf(ReasonNoAttestedKey,
				"f9 shows the model, which many keys share; no slot has an attested key that would tell which key this is")
		}
		s.Status, s.Reason, s.Detail = verdict(err)
		return []hw.PIVStatement{s}
	}
	statements := make([]hw.PIVStatement, len(ev.Slots))
	seen := make(map[byte]bool)
	for i, slot := range ev.Slots {
		s := &statements[i]
		s.Slot = slot.Slot
		slotErr := err
		if slotErr == nil {
			slotErr = v.judgeSlot(f9, slot, serial, seen[slot.Slot], s)
		}
		s.Status, s.Reason, s.Detail = verdict(slotErr)
		seen[slot.Slot] = true
	}
	return statements
}

// attester is an f9 certificate that chains to an anchor.
type attester struct {
	cert     *x509.Certificate
	anchor   string
	firmware hw.Version // zero where it does not say
	fips     bool
	cspn     bool
}

// f9Names are the common names of Yubico's f9 certificates: until firmware 5.7,
// and since. The intermediates above them have longer ones.
var f9Names = []string{"Yubico PIV Attestation", "YubiKey PIV Attestation"}

// judgeF9 verifies the attestation certificate on its own. It is taken as the
// leaf of the chain: f9 of firmware 4.3.7 and 5.2.4 has no basic constraints, and
// the YubiKey 4's hangs under a root that allows no CA below it.
func (v Verifier) judgeF9(ev hw.PIVEvidence) (*attester, error) {
	if len(ev.F9) == 0 {
		if len(ev.Slots) == 0 {
			return nil, faultf(ReasonNoEvidence, "no PIV attestation certificate and no attested key")
		}
		return nil, faultf(ReasonNoF9, "attested keys without the f9 certificate that vouches for them")
	}
	c, err := parseCertificate(ev.F9)
	if err != nil {
		return nil, err
	}
	f9 := &attester{cert: c}
	if err := checkF9(c); err != nil {
		return nil, err
	}
	if f9.anchor, err = v.chain(UsePIV, c, nil); err != nil {
		return nil, err
	}
	if raw, ok := extension(c, oidPIVFirmware); ok {
		if f9.firmware, err = versionOf(raw); err != nil {
			return nil, err
		}
	}
	_, f9.fips = extension(c, oidPIVFIPS)
	_, f9.cspn = extension(c, oidPIVCSPN)
	return f9, nil
}

// judgeSlot verifies one slot's attestation and fills s in when it holds.
func (v Verifier) judgeSlot(f9 *attester, slot hw.PIVSlot, serial string, again bool, s *hw.PIVStatement) error {
	if !isSlot(slot.Slot) {
		return faultf(ReasonUnknownSlot, "slot %02x", slot.Slot)
	}
	if again {
		return faultf(ReasonDuplicateSlot, "slot %02x more than once", slot.Slot)
	}
	c, err := parseCertificate(slot.Certificate)
	if err != nil {
		return err
	}
	attested, err := slotOf(c)
	if err != nil {
		return err
	}
	if attested != slot.Slot {
		return faultf(ReasonSlotMismatch, "attests slot %02x, was read for %02x", attested, slot.Slot)
	}
	if !bytes.Equal(c.RawIssuer, f9.cert.RawSubject) {
		return faultf(ReasonWrongIssuer, "issued by %s, and f9 is %s", c.Issuer, f9.cert.Subject)
	}
	doubt := checkIssued(f9.cert, c)
	if doubt == nil {
		doubt = checkDates(c, v.Now)
	}
	if doubt != nil && !isDoubt(doubt) {
		return doubt
	}
	facts, err := readSlot(c)
	if err != nil {
		return err
	}
	if err := sameSerial(facts.Serial, serial); err != nil {
		return err
	}
	if doubt != nil {
		return doubt
	}
	facts.Slot, facts.Anchor, facts.CSPN = slot.Slot, f9.anchor, f9.cspn
	facts.FIPS = facts.FIPS || f9.fips
	*s = facts
	return nil
}

// sameSerial compares the attested serial with the one read. Both are decimal;
// a label may print leading zeros.
func sameSerial(attested, read string) error {
	if attested == "" || read == "" {
		return nil
	}
	n, err := strconv.ParseUint(read, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != attested {
		return faultf(ReasonSerialMismatch, "attests serial %s, the key said %q", attested, read)
	}
	return nil
}
