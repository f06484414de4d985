package softkey

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
)

type getAssertionRequest struct {
	RPID           string                     `cbor:"1,keyasint"`
	ClientDataHash []byte                     `cbor:"2,keyasint"`
	Allow          []descriptor               `cbor:"3,keyasint"`
	Extensions     map[string]cbor.RawMessage `cbor:"4,keyasint"`
	Options        map[string]bool            `cbor:"5,keyasint"`
	PINAuth        *[]byte                    `cbor:"6,keyasint"`
	PINProtocol    *uint                      `cbor:"7,keyasint"`
}

type getAssertionAnswer struct {
	Credential descriptor  `cbor:"1,keyasint"`
	AuthData   []byte      `cbor:"2,keyasint"`
	Signature  []byte      `cbor:"3,keyasint"`
	User       *userEntity `cbor:"4,keyasint,omitempty"`
	Count      uint        `cbor:"5,keyasint,omitempty"`
}

// pendingAssertions are what getNextAssertion can still give.
type pendingAssertions struct {
	request getAssertionRequest
	up, uv  bool
	left    []resident
	until   time.Time
}

// getAssertion follows CTAP 2.1 §6.2.2, step by step.
func (f *fido) getAssertion(c *call, params []byte) (any, error) {
	var r getAssertionRequest
	if err := f.codec.read(params, &r); err != nil {
		return nil, err
	}
	if r.RPID == "" || len(r.ClientDataHash) == 0 {
		return nil, ctapMissingParameter
	}
	if len(r.ClientDataHash) != sha256.Size {
		return nil, ctapInvalidLength
	}
	if err := f.probe(c, r.PINAuth, r.PINProtocol); err != nil {
		return nil, err
	}
	up, given := r.Options["up"]
	up = up || !given
	if err := f.checkAssertionOptions(r, up); err != nil {
		return nil, err
	}
	uv, err := f.verified(r.PINAuth, r.PINProtocol, r.ClientDataHash, permGetAssertion, r.RPID)
	if err != nil {
		return nil, err
	}
	found, err := f.candidates(r, uv)
	if err != nil {
		return nil, err
	}
	if up {
		if err := f.waitTouch(c); err != nil {
			return nil, err
		}
		f.pin.usedUp()
	}
	answer, err := f.assert(r, found[0], up, uv)
	if err != nil {
		return nil, err
	}
	if len(found) > 1 {
		answer.Count = uint(len(found))
		f.next = &pendingAssertions{request: r, up: up, uv: uv, left: found[1:], until: time.Now().Add(nextAssertionTime)}
	}
	return answer, nil
}

func (f *fido) checkAssertionOptions(r getAssertionRequest, up bool) error {
	if _, ok := r.Options["rk"]; ok {
		return ctapUnsupportedOption
	}
	if r.Options["uv"] {
		return ctapInvalidOption
	}
	if r.PINAuth == nil && up && f.alwaysUV {
		return ctapPUATRequired
	}
	if !up {
		switch f.cfg.Quirks.Silent {
		case SilentPINRequired:
			if r.PINAuth == nil {
				return ctapPUATRequired
			}
		case SilentUPRequired:
			return ctapUPRequired
		case SilentDenied:
			return ctapOperationDenied
		}
	}
	return nil
}

// candidates are the credentials that may answer: the first of the allow list
// that is this key's, or all discoverable ones of the party, newest first.
func (f *fido) candidates(r getAssertionRequest, uv bool) ([]resident, error) {
	rp := sha256.Sum256([]byte(r.RPID))
	if len(r.Allow) > maxListLength {
		return nil, ctapLimitExceeded
	}
	for _, d := range r.Allow {
		cred, user := f.find(rp, d.ID)
		if d.Type != publicKey || cred == nil || cred.protect == protectRequired && !uv {
			continue
		}
		found := resident{credential: *cred, rp: rp}
		if user != nil {
			found.user = *user
		}
		return []resident{found}, nil
	}
	var found []resident
	if len(r.Allow) == 0 {
		for _, res := range slices.Backward(f.resident) {
			if res.rp == rp && (uv || res.protect < protectWithIDList) {
				found = append(found, res)
			}
		}
	}
	if len(found) == 0 {
		return nil, ctapNoCredentials
	}
	return found, nil
}

// assert signs with one credential. Who the user is beyond the handle is told
// only to verified users (CTAP 2.1 §6.2.2, step 12).
func (f *fido) assert(r getAssertionRequest, cred resident, up, uv bool) (*getAssertionAnswer, error) {
	outputs := map[string]any{}
	if up {
		secret, err := f.hmacSecret(r.Extensions, &cred.credential, uv)
		if err != nil {
			return nil, err
		}
		if secret != nil {
			outputs["hmac-secret"] = secret
		}
	}
	ext, err := f.encodeOutputs(outputs)
	if err != nil {
		return nil, err
	}
	data := f.authData(cred.rp, up, uv, nil, ext)
	sig, err := cred.sign(append(slices.Clone(data), r.ClientDataHash...))
	if err != nil {
		return nil, fmt.Errorf("signing an assertion: %w", err)
	}
	answer := &getAssertionAnswer{Credential: descriptor{ID: cred.id, Type: publicKey}, AuthData: data, Signature: sig}
	if cred.user.ID != nil {
		answer.User = &userEntity{ID: cred.user.ID}
		if uv {
			*answer.User = cred.user
		}
	}
	return answer, nil
}

// nextAssertion goes on with a series (CTAP 2.1 §6.3).
func (f *fido) nextAssertion(p *pendingAssertions) (any, error) {
	if p == nil || len(p.left) == 0 || time.Now().After(p.until) {
		return nil, ctapNotAllowed
	}
	answer, err := f.assert(p.request, p.left[0], p.up, p.uv)
	if err != nil {
		return nil, err
	}
	p.left, p.until = p.left[1:], time.Now().Add(nextAssertionTime)
	f.next = p
	return answer, nil
}
