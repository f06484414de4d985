package ctap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hwmfa/hw"
)

// Instructions and control bytes of U2F (U2F Raw Message Formats v1.2).
const (
	u2fRegister     = 0x01
	u2fAuthenticate = 0x02
	u2fVersion      = 0x03

	controlCheckOnly = 0x07
	controlEnforce   = 0x03
)

// The version that every U2F key has (U2F Raw Message Formats v1.2 §6).
const u2fV2 = "U2F_V2"

// A U2F key does not wait for its touch: it says that there was none and wants
// to be asked again, until whoever asks gives up.
const (
	u2fTouchLimit = 30 * time.Second // as long as CTAP2 keys wait
	u2fAskAgain   = 200 * time.Millisecond
)

// WordError is a status word of U2F other than success. It unwraps to the
// sentinel of hw that says what a caller can do about it.
type WordError struct{ Word uint16 }

func (e *WordError) Error() string { return fmt.Sprintf("U2F status %04x", e.Word) }

func (e *WordError) Unwrap() error {
	switch e.Word {
	case wordConditions:
		return hw.ErrTouchRequired
	case wordNotAllowed, wordInstruction, wordClass:
		return hw.ErrUnsupported
	}
	return hw.ErrRefused
}

// Status words (U2F Raw Message Formats v1.2 §3.3).
const (
	wordOK          = 0x9000
	wordConditions  = 0x6985 // no touch; to a check, that the handle is the key's own
	wordNotAllowed  = 0x6986 // U2F is switched off (CTAP 2.1 §7.2.4)
	wordWrongData   = 0x6A80 // a handle of another key
	wordInstruction = 0x6D00
	wordClass       = 0x6E00
)

func isWord(err error, word uint16) bool {
	var e *WordError
	return errors.As(err, &e) && e.Word == word
}

// U2FVersion asks a key that speaks U2F which version, "U2F_V2" on all that
// were ever sold; hw.ErrUnsupported on keys that do not, or no more, and on
// those that name another.
func (d *Device) U2FVersion(ctx context.Context) (string, error) {
	if d.caps.NMSG {
		return "", fmt.Errorf("asking for the U2F version: %w", hw.ErrUnsupported)
	}
	answer, err := d.u2f(ctx, u2fVersion, 0, nil, command{limit: quickLimit, silent: true})
	if err != nil {
		return "", fmt.Errorf("asking for the U2F version: %w", err)
	}
	if string(answer) != u2fV2 {
		return "", fmt.Errorf("U2F version of %d bytes, not %s: %w", len(answer), u2fV2, hw.ErrUnsupported)
	}
	return u2fV2, nil
}

// U2FRegister makes one credential by U2F and returns what MakeCredential
// does: an attestation object, of format fido-u2f and without an AAGUID. It
// asks for the touch until it comes, 30 seconds long; hw.ErrTouchTimeout then.
//
// It is for keys that have nothing better: one that speaks CTAP2 is refused
// (hw.ErrUnsupported), and so is a PIN, which U2F does not know.
func (d *Device) U2FRegister(ctx context.Context, r hw.CredentialRequest) ([]byte, error) {
	object, err := d.u2fMake(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("registering by U2F: %w", err)
	}
	return object, nil
}

func (d *Device) u2fMake(ctx context.Context, r hw.CredentialRequest) ([]byte, error) {
	if r.PIN != nil {
		return nil, fmt.Errorf("with a PIN: %w", hw.ErrUnsupported)
	}
	data, err := d.u2fData(r.RPID, r.ClientDataHash)
	if err != nil {
		return nil, err
	}
	answer, err := d.u2fTouched(ctx, u2fRegister, 0, data)
	if err != nil {
		return nil, err
	}
	return u2fAttestation(answer, r.RPID)
}

// U2FCheck asks a key, without a touch, which of some credentials are its own;
// hw.ErrNoCredential where it disowns them all. The answer is not signed: it
// tells whom to ask, and proves nothing. IDs that are too long for U2F are not
// asked about. A key that refuses to say so of one is asked about the others;
// if it owns none of those the refusal is the error, as that one may be its own.
func (d *Device) U2FCheck(ctx context.Context, r SilentRequest) (own [][]byte, err error) {
	refused, err := d.u2fEach(r, func(id, data []byte) (bool, error) {
		_, err := d.u2f(ctx, u2fAuthenticate, controlCheckOnly, data, command{limit: quickLimit, silent: true})
		switch {
		case err == nil:
			return false, fmt.Errorf("signed, and was only to check: %w", hw.ErrMalformed)
		case isWord(err, wordConditions):
			own, err = append(own, id), nil
		}
		return false, err
	})
	if err == nil && len(own) == 0 {
		err = refused
	}
	if err != nil {
		return nil, fmt.Errorf("checking credentials by U2F: %w", err)
	}
	return own, nil
}

// U2FAssert asks a key to prove with a touch that it holds one of some
// credentials, best those that U2FCheck named. It asks for the touch until it
// comes, 30 seconds long; hw.ErrTouchTimeout then, hw.ErrNoCredential where
// none is the key's own. The assertion is not verified here.
func (d *Device) U2FAssert(ctx context.Context, r SilentRequest) (a *Assertion, err error) {
	refused, err := d.u2fEach(r, func(id, data []byte) (bool, error) {
		answer, err := d.u2fTouched(ctx, u2fAuthenticate, controlEnforce, data)
		if err == nil {
			a, err = u2fAssertion(answer, r.RPID, id)
		}
		return a != nil, err
	})
	if err == nil && a == nil {
		err = refused
	}
	if err != nil {
		return nil, fmt.Errorf("assertion by U2F: %w", err)
	}
	return a, nil
}

// u2fEach asks about one credential after the other until ask is done or fails.
// That the key disowns one is no failure. What it says instead of an answer is
// in refused, which is hw.ErrNoCredential while it refuses nothing.
func (d *Device) u2fEach(r SilentRequest, ask func(id, data []byte) (done bool, err error)) (refused, err error) {
	head, err := d.u2fData(r.RPID, r.ClientDataHash)
	if err != nil {
		return nil, err
	}
	refused = hw.ErrNoCredential
	for _, id := range r.CredentialIDs {
		if len(id) == 0 || len(id) > maxHandle {
			continue
		}
		done, err := ask(id, append(append(head[:len(head):len(head)], byte(len(id))), id...))
		var word *WordError
		switch {
		case done:
			return nil, err
		case isWord(err, wordWrongData):
		case errors.As(err, &word):
			refused = err
		case err != nil:
			return nil, err
		}
	}
	return refused, nil
}

// u2fTouched asks again and again until the key is touched, or it says anything
// else than that it was not.
func (d *Device) u2fTouched(ctx context.Context, ins, p1 byte, data []byte) ([]byte, error) {
	if told := d.OnTouch; told != nil {
		d.OnTouch = sync.OnceFunc(told)
		defer func() { d.OnTouch = told }()
	}
	for end := time.Now().Add(u2fTouchLimit); ; {
		answer, err := d.u2f(ctx, ins, p1, data, command{limit: time.Until(end)})
		if !isWord(err, wordConditions) {
			return answer, err
		}
		if d.OnTouch != nil {
			d.OnTouch()
		}
		select {
		case <-time.After(u2fAskAgain):
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the touch: %w", ctx.Err())
		}
		if time.Until(end) <= 0 {
			return nil, hw.ErrTouchTimeout
		}
	}
}

// u2f sends one raw message, an APDU of extended length as HID wants it
// (U2F Raw Message Formats v1.2 §3.1), and returns the answer to it.
func (d *Device) u2f(ctx context.Context, ins, p1 byte, data []byte, c command) ([]byte, error) {
	c.cmd, c.data = cmdMsg, []byte{0, ins, p1, 0, 0}
	if len(data) > 0 {
		c.data = append(append(c.data, byte(len(data)>>8), byte(len(data))), data...)
	}
	c.data = append(c.data, 0, 0) // as long an answer as there is
	answer, err := d.call(ctx, c)
	if err != nil {
		return nil, err
	}
	n := len(answer) - 2
	if n < 0 {
		return nil, fmt.Errorf("U2F answer of %d bytes: %w", len(answer), hw.ErrMalformed)
	}
	if word := uint16(answer[n])<<8 | uint16(answer[n+1]); word != wordOK {
		return nil, &WordError{word}
	}
	return answer[:n], nil
}
