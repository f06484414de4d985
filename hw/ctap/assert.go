package ctap

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"hwmfa/hw"
)

// SilentRequest asks a key to prove, without a touch and without a PIN, that
// it holds one of some credentials.
type SilentRequest struct {
	RPID           string
	ClientDataHash []byte // 32 bytes
	CredentialIDs  [][]byte
}

// AssertRequest asks the same of a key that wants more for it.
type AssertRequest struct {
	SilentRequest
	Touch bool   // ask for user presence
	PIN   []byte // nil without one; the caller zeroes it afterwards
}

// Assertion is a key's answer to getAssertion.
type Assertion struct {
	CredentialID []byte
	AuthData     []byte
	Signature    []byte // ECDSA, DER
	UserPresent  bool   // the UP flag of AuthData
	UserVerified bool   // its UV flag
}

// SilentAssert asks for an assertion with user presence off. The list of
// credentials is cut to what the key takes at once; an ID longer than any of
// the key's own is not asked about.
//
// hw.ErrNoCredential says that the key knows none of them. hw.ErrPINRequired,
// ErrTouchRequired and ErrRefused say nothing about which key it is, only that
// this one cannot be asked silently. The assertion is not verified here.
func (d *Device) SilentAssert(ctx context.Context, r SilentRequest) (*Assertion, error) {
	a, err := d.assert(ctx, AssertRequest{SilentRequest: r})
	if err != nil {
		return nil, fmt.Errorf("silent assertion: %w", err)
	}
	return a, nil
}

// Assert asks as SilentAssert does, with a touch or a PIN or both. It blocks
// for the touch, once for every list that the credentials are cut into until
// one of them answers. A wrong PIN is a *hw.PINError and costs a try; none is
// sent to a key that has none set (hw.ErrPINNotSet).
func (d *Device) Assert(ctx context.Context, r AssertRequest) (*Assertion, error) {
	a, err := d.assert(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("assertion: %w", err)
	}
	return a, nil
}

func (d *Device) assert(ctx context.Context, r AssertRequest) (*Assertion, error) {
	if len(r.ClientDataHash) != sha256.Size || r.RPID == "" {
		return nil, fmt.Errorf("want a relying party and a hash of %d bytes", sha256.Size)
	}
	info, err := d.Info(ctx)
	if err != nil {
		return nil, err
	}
	params := map[int]any{1: r.RPID, 2: r.ClientDataHash}
	if !r.Touch {
		params[5] = map[string]bool{"up": false}
	}
	if r.PIN != nil {
		auth, err := d.authorise(ctx, info, r.PIN, permissionGetAssertion, r.RPID, r.ClientDataHash)
		if err != nil {
			return nil, err
		}
		params[6], params[7] = auth.param, auth.protocol
	}
	chunks, err := allowLists(params, r.CredentialIDs, info)
	if err != nil {
		return nil, err
	}
	for _, ids := range chunks {
		a, err := d.assertOne(ctx, r, params, ids)
		if err == nil || !errors.Is(err, hw.ErrNoCredential) {
			return a, err
		}
	}
	return nil, hw.ErrNoCredential
}

// assertOne asks with one allow list.
func (d *Device) assertOne(ctx context.Context, r AssertRequest, params map[int]any, ids [][]byte) (*Assertion, error) {
	c := command{limit: quickLimit, silent: true}
	if r.Touch {
		c = command{limit: touchLimit}
	}
	answer, err := d.cbor(ctx, ctapGetAssertion, withAllowList(params, ids), c)
	switch {
	// The only option is "up": a key that does not know it, or not as false,
	// will not answer without a touch.
	case !r.Touch && (errors.Is(err, hw.ErrUnsupported) || isStatus(err, statusInvalidOption)):
		return nil, fmt.Errorf("%w: %w", hw.ErrTouchRequired, err)
	case err != nil:
		return nil, err
	}
	return parseAssertion(answer, r.RPID, ids)
}

// descriptor is a PublicKeyCredentialDescriptor.
type descriptor struct {
	ID   []byte `cbor:"id"`
	Type string `cbor:"type"`
}

const publicKey = "public-key"

// withAllowList is the parameters with a list of credentials.
func withAllowList(params map[int]any, ids [][]byte) map[int]any {
	list := make([]descriptor, len(ids))
	for i, id := range ids {
		list[i] = descriptor{id, publicKey}
	}
	all := maps.Clone(params)
	all[3] = list
	return all
}

// allowLists cuts the credentials into lists that the key takes: by its count,
// one at a time where it names none, and by the size of its messages with the
// other parameters.
func allowLists(params map[int]any, all [][]byte, info *Info) ([][][]byte, error) {
	count, room := max(1, info.MaxCredentialCountInList), min(info.MaxMsgSize, maxMessage)
	fits := func(list [][]byte) (bool, error) {
		b, err := encode(withAllowList(params, list))
		return len(list) <= count && 1+len(b) <= room, err
	}
	var lists [][][]byte
	var list [][]byte
	for _, id := range all {
		if len(id) == 0 {
			return nil, errors.New("empty credential ID")
		}
		if info.MaxCredentialIDLength > 0 && len(id) > info.MaxCredentialIDLength {
			continue
		}
		longer := append(slices.Clip(list), id)
		ok, err := fits(longer)
		if err != nil {
			return nil, err
		}
		if ok {
			list = longer
			continue
		}
		if len(list) > 0 {
			lists = append(lists, list)
		}
		list = [][]byte{id}
		if ok, err := fits(list); err != nil || !ok {
			return nil, errors.Join(err, fmt.Errorf("credential ID of %d bytes in messages of %d: %w", len(id), room, hw.ErrUnsupported))
		}
	}
	if len(list) > 0 {
		lists = append(lists, list)
	}
	return lists, nil
}

// parseAssertion reads the answer to getAssertion (CTAP 2.1 §6.2.3). A key may
// leave the credential out where it was asked about one only.
func parseAssertion(b []byte, rpID string, ids [][]byte) (*Assertion, error) {
	m, err := readFields(b)
	if err != nil {
		return nil, err
	}
	a := &Assertion{}
	if len(ids) == 1 {
		a.CredentialID = ids[0]
	}
	if err := field(m, 1, "credential", readCredential, &a.CredentialID); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(ids, func(id []byte) bool { return bytes.Equal(id, a.CredentialID) }) {
		return nil, fmt.Errorf("answer about a credential that was not asked for: %w", hw.ErrMalformed)
	}
	if err := needed(m, 2, "authData", readBytes, &a.AuthData); err != nil {
		return nil, err
	}
	if err := needed(m, 3, "signature", readBytes, &a.Signature); err != nil {
		return nil, err
	}
	flags, err := checkAuthData(a.AuthData, rpID)
	if err != nil {
		return nil, err
	}
	a.UserPresent, a.UserVerified = flags&flagUserPresent != 0, flags&flagUserVerified != 0
	return a, nil
}

func readCredential(b raw) ([]byte, error) {
	m, err := readMap(func(b raw) (raw, error) { return b, nil })(b)
	if err != nil {
		return nil, err
	}
	return readBytes(m["id"])
}
