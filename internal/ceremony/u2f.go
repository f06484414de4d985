package ceremony

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"hwmfa/hw"
	"hwmfa/hw/ctap"
	"hwmfa/inventory"
)

// Keys from before CTAP2. Which they are only the key's own INIT answer says,
// each time that it is opened: ctap refuses to ask a key by U2F that has more.

// readU2F makes sure that a key without CTAP2 speaks U2F, and says what it is
// in the words of getInfo: no model, no options, no PIN.
func (s *Seen) readU2F(ctx context.Context, d *ctap.Device) error {
	version, err := d.U2FVersion(ctx)
	if err != nil {
		return err
	}
	s.FIDO = &ctap.Info{Versions: []string{version}}
	s.Warnings = append(s.Warnings, Warning{Code: "u2f_only", Text: "speaks U2F only, no FIDO2: it has no PIN, and wants a touch for each proof"})
	return nil
}

// settableU2F refuses, before anything is asked of a person, what U2F has no
// word for.
func (e *enrollment) settableU2F() error {
	r := e.request
	switch {
	case e.seen.FIDO2:
		return nil
	case r.SetPIN, r.ChangePIN, r.UsePIN:
		return fmt.Errorf("%s speaks U2F only: a PIN is %w", e.seen.Name(), hw.ErrUnsupported)
	case r.Settings != Settings{}:
		return fmt.Errorf("%s speaks U2F only: changing settings is %w", e.seen.Name(), hw.ErrUnsupported)
	}
	return nil
}

// checkU2F asks which of the credentials a U2F key calls its own. It answers
// without a touch and without a signature, so that nothing is proved by it.
func checkU2F(ctx context.Context, bench hw.Bench, s *Seen, ids [][]byte) (own [][]byte, err error) {
	_, err = challenge(ctx, bench, s, ids, func(d *ctap.Device, r ctap.SilentRequest) (*ctap.Assertion, error) {
		own, err = d.U2FCheck(ctx, r)
		return &ctap.Assertion{}, err
	})
	return own, err
}

// checkU2F leaves of the credentials those that the key calls its own, so that
// the touch is asked for where it can prove something.
func (p *presence) checkU2F(ctx context.Context) {
	own, err := checkU2F(ctx, p.bench, &p.Seen, p.ids())
	if err != nil {
		p.judge(ctx, nil, err)
		return
	}
	p.credentials = slices.DeleteFunc(p.credentials, func(c inventory.Credential) bool {
		return !slices.ContainsFunc(own, func(id []byte) bool { return bytes.Equal(id, c.ID) })
	})
	p.wantsTouch, p.claimed = true, true
}

// claim shows whose credential a key that is not to be touched calls its own,
// unless it says so of several keys'.
func (p *presence) claim(ctx context.Context) {
	p.Detail += "; without one it says, unsigned, that it has the identity credential"
	id := p.credentials[0].KeyID
	if p.Key != nil || slices.ContainsFunc(p.credentials, func(c inventory.Credential) bool { return c.KeyID != id }) {
		return
	}
	err := p.store.View(ctx, func(tx inventory.Tx) error { return p.readKey(tx, id) })
	if err != nil {
		p.failed = fmt.Errorf("look up %s: %w", p.Seen.Name(), err)
	}
}
