package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"hwmfa/hw"
)

// fidoLibrary is what is used of libfido2.
type fidoLibrary interface {
	// locations lists the FIDO nodes that it may open.
	locations() ([]fidoLocation, error)
	// device names a device for later; it opens nothing.
	device(node string) (fidoDevice, error)
}

// fidoDevice opens its node for the length of each call. Errors wrap hw's
// sentinels, errWrongPIN, errCancelled or errLink.
type fidoDevice interface {
	isFIDO2() (bool, error)
	makeCredential(hw.CredentialRequest) (*fidoCredential, error)
	// cancel ends a makeCredential that runs on another goroutine; before that
	// has opened the node it does nothing.
	cancel() error
	retries() (int, error)
}

type fidoLocation struct{ node, manufacturer, product string }

// fidoCredential is what is left of the key's answer behind libfido2.
type fidoCredential struct {
	format      string
	authData    []byte // wrapped in a CBOR byte string
	id          []byte
	certificate []byte // the first of x5c, nil without
	signature   []byte
	algorithm   int // COSE
}

var (
	errWrongPIN  = errors.New("wrong PIN")
	errCancelled = errors.New("cancelled at the key")
	errLink      = errors.New("no answer over USB")
)

const (
	// cancelEvery is how often a cancel is repeated: one that comes before the
	// key has the request is lost.
	cancelEvery = 200 * time.Millisecond
	// cancelGrace bounds the wait for the key's answer to a cancel.
	cancelGrace = 5 * time.Second
	// answerWait bounds what waits for nobody, touchWait what waits for a touch,
	// for which keys give up after 30 s: libfido2 itself waits for ever for a
	// report that went astray.
	answerWait = 10 * time.Second
	touchWait  = 2 * time.Minute
)

// Attest makes an attested credential with libfido2. The key's node is held
// open throughout, so that no other key can take its name; the PIN is sent only
// after bus and address were seen to be the same, and the answer counts only if
// they still are. A key that speaks CTAP2 and that libfido2 takes for a U2F key
// (it does so when the key was busy for a moment) gives hw.ErrBusy; a key
// without CTAP2 hw.ErrUnsupported, because its registration cannot be
// cancelled.
//
// Of a chain of attestation certificates libfido2's binding gives only the
// first.
func (m *Machine) Attest(ctx context.Context, s hw.Sighting, r hw.CredentialRequest) ([]byte, error) {
	object, err := m.attest(ctx, s, r)
	if err != nil {
		return nil, fmt.Errorf("make attested credential: %w", err)
	}
	return object, nil
}

func (m *Machine) attest(ctx context.Context, s hw.Sighting, r hw.CredentialRequest) ([]byte, error) {
	if err := checkRequest(r); err != nil {
		return nil, err
	}
	d, err := m.fido.device(s.Node)
	if err != nil {
		return nil, err
	}
	st, err := m.openStream(ctx, s)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	cbor, err := m.hasCBOR(ctx, st)
	if err != nil {
		return nil, fmt.Errorf("read capabilities: %w", err)
	}
	if !cbor {
		return nil, fmt.Errorf("%s speaks U2F only: %w", s.Node, hw.ErrUnsupported)
	}
	limited, stop := context.WithTimeout(ctx, answerWait)
	defer stop()
	fido2, err := await(limited, &m.left, d.isFIDO2, nil)
	if limited.Err() != nil && ctx.Err() == nil && err != nil {
		return nil, fmt.Errorf("libfido2 has no answer from %s within %v: %w", s.Node, answerWait, hw.ErrBusy)
	}
	if err != nil {
		return nil, m.why(ctx, s, st, d, err)
	}
	if !fido2 {
		return nil, fmt.Errorf("libfido2 takes %s for a U2F key: %w", s.Node, hw.ErrBusy)
	}
	if err := m.Check(ctx, s); err != nil {
		return nil, err
	}
	c, err := m.makeCredential(ctx, d, r)
	if err != nil {
		return nil, m.why(ctx, s, st, d, err)
	}
	if err := m.Check(ctx, s); err != nil {
		return nil, err
	}
	return c.attestationObject(r.RPID)
}

// makeCredential cancels at the key when ctx ends and waits for the key to
// say so.
func (m *Machine) makeCredential(ctx context.Context, d fidoDevice, r hw.CredentialRequest) (*fidoCredential, error) {
	type answer struct {
		c   *fidoCredential
		err error
	}
	done := make(chan answer, 1)
	m.left.Go(func() {
		c, err := d.makeCredential(r)
		done <- answer{c, err}
	})
	over := ctx.Err
	select {
	case a := <-done:
		return a.c, a.err
	case <-ctx.Done():
	case <-time.After(touchWait):
		over = func() error { return hw.ErrTouchTimeout }
	}
	again := time.NewTicker(cancelEvery)
	defer again.Stop()
	giveUp := time.NewTimer(cancelGrace)
	defer giveUp.Stop()
	for {
		cancelErr := d.cancel()
		select {
		case <-done: // whatever it says: nobody waits for it any more
			return nil, over()
		case <-giveUp.C:
			return nil, fmt.Errorf("%w; the key did not answer the cancel within %v (%v)", over(), cancelGrace, cancelErr)
		case <-again.C:
		}
	}
}

// why makes of a library error what the caller can act on: an unplugged key
// first, the retries left after a wrong PIN.
func (m *Machine) why(ctx context.Context, s hw.Sighting, st *stream, d fidoDevice, err error) error {
	if ctx.Err() != nil {
		return err
	}
	if moved := m.Check(ctx, s); moved != nil {
		return moved
	}
	switch {
	case errors.Is(err, errWrongPIN):
		limited, stop := context.WithTimeout(ctx, answerWait)
		defer stop()
		n, retriesErr := await(limited, &m.left, d.retries, nil)
		switch {
		case retriesErr != nil:
			n = -1
		case n == 0:
			return hw.ErrPINBlocked
		}
		return &hw.PINError{Retries: n}
	case errors.Is(err, errLink) && st.gone(ctx):
		return fmt.Errorf("%s: %w", s.Node, hw.ErrGone)
	case errors.Is(err, errLink):
		return fmt.Errorf("%w: %w", hw.ErrBusy, err)
	case errors.Is(err, errCancelled): // not by us: by another program
		return fmt.Errorf("%w: %w", hw.ErrBusy, err)
	}
	return err
}

// checkRequest refuses what the library would panic on, or cut short at a NUL.
func checkRequest(r hw.CredentialRequest) error {
	for _, text := range [][]byte{[]byte(r.RPID), []byte(r.RPName), []byte(r.UserName), r.PIN} {
		if bytes.IndexByte(text, 0) >= 0 {
			return errors.New("a NUL in a name or PIN")
		}
	}
	switch {
	case r.RPID == "" || len(r.RPID) > 253: // a DNS name at most
		return fmt.Errorf("relying party ID of %d bytes", len(r.RPID))
	case len(r.UserID) == 0 || len(r.UserID) > 64: // WebAuthn §5.4.3
		return fmt.Errorf("user ID of %d bytes, want 1 to 64", len(r.UserID))
	case r.UserName == "" || len(r.UserName) > 256 || len(r.RPName) > 256:
		return errors.New("a name is missing or longer than 256 bytes")
	case len(r.ClientDataHash) != 32:
		return fmt.Errorf("client data hash of %d bytes, want 32", len(r.ClientDataHash))
	case r.PIN != nil && (len(r.PIN) < 4 || len(r.PIN) > 63): // CTAP 2.1 §6.5.1
		return fmt.Errorf("PIN of %d bytes, want 4 to 63: %w", len(r.PIN), hw.ErrRefused)
	}
	return nil
}
