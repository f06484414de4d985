package softkey

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
)

// Instructions of the PIV application (SP 800-73-4) and Yubico's additions.
const (
	insVerify           = 0x20
	insChangeReference  = 0x24
	insResetRetry       = 0x2c
	insGenerate         = 0x47
	insAuthenticate     = 0x87
	insGetData          = 0xcb
	insPutData          = 0xdb
	insMoveKey          = 0xf6
	insMetadata         = 0xf7
	insSerial           = 0xf8
	insAttest           = 0xf9
	insSetRetries       = 0xfa
	insPIVReset         = 0xfb
	insVersion          = 0xfd
	insImport           = 0xfe
	insSetManagementKey = 0xff
)

// Key references.
const (
	refPIN        = 0x80
	refPUK        = 0x81
	refManagement = 0x9b
	slotAttest    = 0xf9
)

// piv is the PIV application.
type piv struct {
	cfg         Config
	touch       *toucher
	attestation issuer // f9

	slots      map[byte]*slotKey
	objects    map[string][]byte // by tag
	pin, puk   reference
	management managementKey

	// Until another application is selected or the power goes:
	verified bool
	fresh    bool // verified, and no private key used since
	admin    bool // the management key was proved
	witness  []byte
	question []byte
}

func newPIV(ca *CA, cfg Config, t *toucher) (*piv, error) {
	f9, err := ca.pivAttestation(pivBatch{version: cfg.Version, fips: cfg.FIPS})
	if err != nil {
		return nil, err
	}
	p := &piv{cfg: cfg, touch: t, attestation: f9}
	p.factory()
	p.pin, p.puk = newReference(cfg.PIVPIN, cfg.PIVPIN == defaultPIN), newReference(cfg.PIVPUK, cfg.PIVPUK == defaultPUK)
	if len(cfg.ManagementKey) != 0 {
		m := managementKey{algorithm: cmp.Or(cfg.ManagementAlgorithm, p.management.algorithm), key: bytes.Clone(cfg.ManagementKey), touch: policyTouchNever}
		if _, err := m.cipher(); err != nil {
			return nil, err
		}
		p.management = m
	}
	if cfg.ManagementTouch {
		p.management.touch = policyTouchAlways
	}
	for _, s := range cfg.Slots {
		if err := p.preload(s); err != nil {
			return nil, fmt.Errorf("filling slot %02x: %w", s.Slot, err)
		}
	}
	return p, nil
}

// factory is the state after PIV reset: what remains is the attestation key.
func (p *piv) factory() {
	p.slots = map[byte]*slotKey{}
	p.objects = map[string][]byte{string(objAttestation): certificateObject(p.attestation.cert.Raw)}
	p.pin, p.puk = newReference(defaultPIN, true), newReference(defaultPUK, true)
	p.management = defaultManagement(p.cfg.Version)
	p.forget()
}

// forget ends the session.
func (p *piv) forget() {
	p.verified, p.fresh, p.admin, p.witness, p.question = false, false, false, nil, nil
}

// pivSelectAnswer is the application property template (SP 800-73-4 part 2, §3.1.1).
func pivSelectAnswer() []byte {
	pix := appendTLV(nil, 0x4f, aidPIV[5:])
	authority := appendTLV(nil, 0x79, appendTLV(nil, 0x4f, aidPIV[:5]))
	return appendTLV(nil, 0x61, append(pix, authority...))
}

// command answers one PIV command.
func (p *piv) command(ctx context.Context, cmd apdu) ([]byte, statusWord) {
	v := p.cfg.Version
	switch cmd.ins {
	case insVersion:
		return versionBytes(v), swOK
	case insSerial:
		if serial := p.cfg.cardSerial(); serial != 0 && v.AtLeast(5, 0, 3) {
			return binary.BigEndian.AppendUint32(nil, serial), swOK
		}
		return nil, swInstruction
	case insMetadata:
		if v.AtLeast(5, 3, 0) {
			return p.metadata(cmd.p2)
		}
		return nil, swInstruction
	case insAttest:
		return p.attest(cmd.p1)
	case insGetData:
		return p.getData(cmd)
	case insVerify:
		return nil, p.verify(cmd)
	case insChangeReference:
		return nil, p.changeReference(cmd)
	case insResetRetry:
		return nil, p.resetRetry(cmd)
	case insPIVReset:
		return nil, p.reset()
	case insAuthenticate:
		return p.authenticate(ctx, cmd)
	}
	return p.adminCommand(cmd)
}

// adminCommand answers those that want the management key first.
func (p *piv) adminCommand(cmd apdu) ([]byte, statusWord) {
	do := map[byte]func(apdu) ([]byte, statusWord){
		insGenerate:         p.generate,
		insImport:           p.importKey,
		insPutData:          p.putData,
		insSetManagementKey: p.setManagementKey,
		insSetRetries:       p.setRetries,
		insMoveKey:          p.moveKey,
	}[cmd.ins]
	switch {
	case do == nil, cmd.ins == insMoveKey && !p.cfg.Version.AtLeast(5, 7, 0):
		return nil, swInstruction
	case !p.admin:
		return nil, swSecurity
	}
	return do(cmd)
}

// reset goes back to the factory's state, once PIN and PUK are blocked.
func (p *piv) reset() statusWord {
	if p.pin.retries > 0 || p.puk.retries > 0 {
		return swConditions
	}
	p.factory()
	return swOK
}

// metadata tells about a key, the PIN, the PUK or the management key.
func (p *piv) metadata(ref byte) ([]byte, statusWord) {
	const (
		tagAlgorithm = 0x01
		tagPolicy    = 0x02
		tagOrigin    = 0x03
		tagPublic    = 0x04
		tagDefault   = 0x05
		tagRetries   = 0x06
	)
	var b []byte
	switch ref {
	case refPIN, refPUK:
		r := p.pin
		if ref == refPUK {
			r = p.puk
		}
		b = appendTLV(b, tagAlgorithm, []byte{0xff})
		b = appendTLV(b, tagDefault, boolByte(r.isDefault))
		return appendTLV(b, tagRetries, []byte{r.max, r.retries}), swOK
	case refManagement:
		b = appendTLV(b, tagAlgorithm, []byte{p.management.algorithm})
		b = appendTLV(b, tagPolicy, []byte{0, p.management.touch})
		return appendTLV(b, tagDefault, boolByte(p.management.isDefault)), swOK
	}
	k := p.key(ref)
	if k == nil {
		return nil, swNoReference
	}
	b = appendTLV(b, tagAlgorithm, []byte{byte(k.algorithm)})
	b = appendTLV(b, tagPolicy, []byte{k.pin, k.touch})
	b = appendTLV(b, tagOrigin, []byte{k.origin()})
	return appendTLV(b, tagPublic, k.publicTLVs()), swOK
}

func boolByte(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}
