package softkey

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"hwmfa/hw"
)

// CTAP2 commands (CTAP 2.1 §6).
const (
	ctapMakeCredential   = 0x01
	ctapGetAssertion     = 0x02
	ctapGetInfo          = 0x04
	ctapClientPIN        = 0x06
	ctapReset            = 0x07
	ctapGetNextAssertion = 0x08
	ctapSelection        = 0x0b
	ctapConfig           = 0x0d
)

// Limits that getInfo tells.
const (
	maxMsgSize        = 1280
	maxListLength     = 8
	maxCredentialID   = 128
	maxResident       = 25
	nextAssertionTime = 30 * time.Second // CTAP 2.1 §6.3
)

// fido is the FIDO application: one request at a time.
type fido struct {
	cfg         Config
	touch       *toucher
	codec       codec
	attestation issuer

	mu        sync.Mutex
	secret    []byte // 32 bytes; wraps credentials, so that reset kills them
	counter   uint32
	resident  []resident // oldest first
	pin       *pinState
	alwaysUV  bool
	poweredAt time.Time
	busyFor   int // getInfo requests still to be answered "busy"
	next      *pendingAssertions
}

func newFIDO(ca *CA, cfg Config, t *toucher) (*fido, error) {
	batch := fidoBatch{aaguid: cfg.AAGUID, version: cfg.Version, fips: cfg.FIPS}
	if lie := cfg.Quirks.CertificateAAGUID; lie != (hw.AAGUID{}) {
		batch.aaguid = lie
	}
	leaf, err := ca.fidoAttestation(batch)
	if err != nil {
		return nil, err
	}
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	f := &fido{cfg: cfg, touch: t, codec: c, attestation: leaf, pin: newPINState()}
	if cfg.PIN != "" {
		f.pin.set([]byte(cfg.PIN))
	}
	f.wipe()
	return f, nil
}

// wipe forgets every credential, by taking the secret that wraps them.
func (f *fido) wipe() {
	f.secret = make([]byte, 32)
	rand.Read(f.secret) // never fails (crypto/rand)
	f.resident, f.next, f.counter = nil, nil, 0
	f.alwaysUV = f.cfg.Quirks.AlwaysUV
}

// powerUp starts what lives from one power-up to the next.
func (f *fido) powerUp(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.poweredAt, f.busyFor, f.next = now, f.cfg.Quirks.GetInfoBusy, nil
	f.pin.powerUp()
}

// cbor answers one CTAPHID_CBOR message: a status byte and CBOR. A code other
// than 0 is a CTAPHID error instead.
func (f *fido) cbor(c *call, data []byte) (reply []byte, code byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(data) > 0 && data[0] == ctapGetInfo && f.busyFor > 0 {
		f.busyFor--
		return nil, errChannelBusy
	}
	answer, err := f.command(c, data)
	if err == nil && c.ctx.Err() != nil {
		err = ctapKeepaliveCancel
	}
	if err != nil {
		return []byte{byte(statusOf(err))}, 0
	}
	if answer == nil {
		return []byte{byte(ctapOK)}, 0
	}
	body, err := f.codec.enc.Marshal(answer)
	if err != nil {
		return []byte{byte(ctapOther)}, 0
	}
	return append([]byte{byte(ctapOK)}, body...), 0
}

func (f *fido) command(c *call, data []byte) (any, error) {
	switch {
	case len(data) == 0:
		return nil, ctapInvalidLength
	case len(data) > maxMsgSize:
		return nil, ctapRequestTooLarge
	}
	next := f.next
	f.next = nil // any other command ends the series
	switch params := data[1:]; data[0] {
	case ctapGetInfo:
		return f.info(), nil
	case ctapMakeCredential:
		return f.makeCredential(c, params)
	case ctapGetAssertion:
		return f.getAssertion(c, params)
	case ctapGetNextAssertion:
		return f.nextAssertion(next)
	case ctapClientPIN:
		return f.clientPIN(params)
	case ctapReset:
		return nil, f.reset(c)
	}
	if !f.cfg.ctap21() {
		return nil, ctapInvalidCommand
	}
	switch data[0] {
	case ctapSelection:
		return nil, f.waitTouch(c)
	case ctapConfig:
		return nil, f.config(data[1:])
	}
	return nil, ctapInvalidCommand
}

// waitTouch waits for user presence while keep-alives say so.
func (f *fido) waitTouch(c *call) error {
	c.touching.Store(true)
	defer c.touching.Store(false)
	if err := f.touch.wait(c.ctx); err != nil {
		return fmt.Errorf("waiting for user presence: %w", err)
	}
	return nil
}

// reset wipes the FIDO application, if asked soon after power-up.
func (f *fido) reset(c *call) error {
	if time.Since(f.poweredAt) > f.cfg.ResetWindow {
		return ctapNotAllowed
	}
	if err := f.waitTouch(c); err != nil {
		return err
	}
	f.factory()
	return nil
}

// factory is the state after a reset.
func (f *fido) factory() {
	f.wipe()
	f.pin = newPINState()
	f.pin.powerUp()
}
