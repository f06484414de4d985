package ceremony

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/card"
)

// PIVIdentity asks for a second way in which a key can prove itself silently:
// a key pair made in an empty retired PIV slot, attested, for use without PIN
// and touch.
type PIVIdentity struct {
	Slot byte // 82 to 95; 0: the first that is empty, counting from 95 downward
	// DefaultKey uses the management key that every YubiKey comes with, provided
	// that the card says it still has it. Otherwise Key is asked for one.
	DefaultKey bool
	Key        AskManagementKey
	// Confirm has a person agree to the write, and returns an error where they
	// do not.
	Confirm func(context.Context, PIVWrite) error
}

// AskManagementKey asks a person for the PIV management key of the key named by
// who: of this kind ("AES-192") and of size bytes. The bytes it returns are
// zeroed after use.
type AskManagementKey func(ctx context.Context, who, kind string, size int) ([]byte, error)

// PIVWrite is what is about to be written to a key, for a person to agree to.
type PIVWrite struct {
	Serial string
	Slot   byte
	// Empty is why the slot is known to be empty.
	Empty string
	// Kind is that of the management key; Touch says that it wants a touch.
	Kind  string
	Touch bool
}

// slotEmpty is what card.CheckEmpty found.
const slotEmpty = "its metadata says that it holds no key (6A88), and it holds no certificate"

// ErrUntrusted: the key's attestation reaches no trust anchor, so that a write
// could not be verified.
var ErrUntrusted = errors.New("attestation reaches no trust anchor")

// defaultManagementKey is what every YubiKey comes with, for 3DES and AES-192
// (Yubico, "PIV: default values").
var defaultManagementKey = bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 3)

// pivIdentity carries one slot from the plan to the verified write.
type pivIdentity struct {
	bench      hw.Bench
	seen       *Seen
	request    PIVIdentity
	verifier   attest.Verifier
	slot       byte
	management card.Management
	key        []byte
}

// planPIV finds out whether and where a slot can be written, has a person agree
// and asks for the management key, where that was asked for at all. Nothing is
// written.
func (e *enrollment) planPIV(ctx context.Context, v attest.Verifier) error {
	r := e.request.PIVIdentity
	if r == nil {
		return nil
	}
	s := e.seen
	p := &pivIdentity{bench: e.bench, seen: s, request: *r, verifier: v}
	if err := p.look(ctx); err != nil {
		return fmt.Errorf("%s: no PIV slot was written: %w", s.Name(), err)
	}
	err := r.Confirm(ctx, PIVWrite{
		Serial: s.Serial, Slot: p.slot, Empty: slotEmpty,
		Kind: p.management.Algorithm.String(), Touch: p.management.Touch,
	})
	if err != nil {
		return fmt.Errorf("write PIV slot %02x of %s: %w", p.slot, s.Name(), err)
	}
	if err := p.askKey(ctx); err != nil {
		clear(p.key)
		return fmt.Errorf("%s: no PIV slot was written: %w", s.Name(), err)
	}
	e.identity = p
	return nil
}

// forgetManagementKey zeroes it.
func (e *enrollment) forgetManagementKey() {
	if e.identity != nil {
		clear(e.identity.key)
	}
}

// look asks the card all that decides.
func (p *pivIdentity) look(ctx context.Context) error {
	switch s := p.seen; {
	case s.PIV == nil:
		return s.noPIV()
	case s.Serial == "" || s.PIV.Serial != s.Serial:
		return fmt.Errorf("its card tells no serial by which to make sure of it: %w", hw.ErrUnsupported)
	case !s.Firmware.AtLeast(5, 3, 0):
		return fmt.Errorf("firmware %s does not tell an empty slot from an imported key, 5.3 and later do: %w", s.Firmware, hw.ErrUnsupported)
	}
	return p.seen.withPIV(ctx, p.bench, func(s *card.PIVSession) (err error) {
		if err := p.checkAttester(ctx, s); err != nil {
			return err
		}
		if p.slot, err = p.chooseSlot(ctx, s); err != nil {
			return err
		}
		if p.management, err = s.Management(ctx); err != nil {
			return err
		}
		return p.checkDefault()
	})
}

// checkAttester refuses a key whose attestation would not verify after the
// write either.
func (p *pivIdentity) checkAttester(ctx context.Context, s *card.PIVSession) error {
	f9, err := s.F9(ctx)
	if err != nil {
		return err
	}
	st := p.verifier.PIV(hw.PIVEvidence{F9: f9}, p.seen.Serial)[0]
	switch {
	case st.Reason == attest.ReasonNoAttestedKey: // all that f9 alone can be
		return nil
	case st.Status == hw.StatusUntrusted:
		return fmt.Errorf("PIV f9: %w: %s", ErrUntrusted, reason(st.Reason, st.Detail))
	}
	return fmt.Errorf("PIV f9: %w: %s", ErrAttestation, reason(st.Reason, st.Detail))
}

// chooseSlot passes over slots in use. A slot of which the card says anything
// else ends the search: a card that is not understood is not written to.
func (p *pivIdentity) chooseSlot(ctx context.Context, s *card.PIVSession) (byte, error) {
	if slot := p.request.Slot; slot != 0 {
		return slot, s.CheckEmpty(ctx, slot)
	}
	for slot := byte(card.LastRetired); slot >= card.FirstRetired; slot-- {
		if err := s.CheckEmpty(ctx, slot); !errors.Is(err, card.ErrOccupied) {
			return slot, err
		}
	}
	return 0, fmt.Errorf("all retired slots, 82 to 95: %w", card.ErrOccupied)
}

func (p *pivIdentity) checkDefault() error {
	switch m := p.management; {
	case !p.request.DefaultKey:
		return nil
	case !m.Default:
		return fmt.Errorf("%w: the card says that its key is not the default one", hw.ErrManagementKey)
	case m.Algorithm.KeySize() != len(defaultManagementKey):
		return fmt.Errorf("%w: there is no default one of kind %s", hw.ErrManagementKey, m.Algorithm)
	}
	return nil
}

func (p *pivIdentity) askKey(ctx context.Context) (err error) {
	if p.request.DefaultKey {
		p.key = bytes.Clone(defaultManagementKey)
		return nil
	}
	kind := p.management.Algorithm
	if p.key, err = p.request.Key(ctx, p.seen.Name(), kind.String(), kind.KeySize()); err != nil {
		return fmt.Errorf("management key: %w", err)
	}
	if len(p.key) != kind.KeySize() {
		return fmt.Errorf("%w: this card has an %s key of %d bytes, and %d were given", hw.ErrManagementKey, kind, kind.KeySize(), len(p.key))
	}
	return nil
}
