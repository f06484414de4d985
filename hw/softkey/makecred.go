package softkey

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Flags of authenticator data (WebAuthn §6.1).
const (
	flagUP = 0x01
	flagUV = 0x04
	flagAT = 0x40
	flagED = 0x80
)

// Permissions of a PIN token (CTAP 2.1 §6.5.5.7).
const (
	permMakeCredential = 0x01
	permGetAssertion   = 0x02
	permConfig         = 0x20
)

type makeCredentialRequest struct {
	ClientDataHash []byte                     `cbor:"1,keyasint"`
	RP             *rpEntity                  `cbor:"2,keyasint"`
	User           *userEntity                `cbor:"3,keyasint"`
	Params         []credentialParam          `cbor:"4,keyasint"`
	Exclude        []descriptor               `cbor:"5,keyasint"`
	Extensions     map[string]cbor.RawMessage `cbor:"6,keyasint"`
	Options        map[string]bool            `cbor:"7,keyasint"`
	PINAuth        *[]byte                    `cbor:"8,keyasint"`
	PINProtocol    *uint                      `cbor:"9,keyasint"`
	Enterprise     *uint                      `cbor:"10,keyasint"`
}

type makeCredentialAnswer struct {
	Format   string            `cbor:"1,keyasint"`
	AuthData []byte            `cbor:"2,keyasint"`
	Stmt     packedAttestation `cbor:"3,keyasint"`
}

type packedAttestation struct {
	Alg int      `cbor:"alg"`
	Sig []byte   `cbor:"sig"`
	X5C [][]byte `cbor:"x5c,omitempty"`
}

// makeCredential follows CTAP 2.1 §6.1.2, step by step.
func (f *fido) makeCredential(c *call, params []byte) (any, error) {
	var r makeCredentialRequest
	if err := f.codec.read(params, &r); err != nil {
		return nil, err
	}
	if len(r.ClientDataHash) == 0 || r.RP == nil || r.User == nil || len(r.Params) == 0 {
		return nil, ctapMissingParameter
	}
	if len(r.ClientDataHash) != sha256.Size || len(r.User.ID) > 64 {
		return nil, ctapInvalidLength
	}
	if err := f.probe(c, r.PINAuth, r.PINProtocol); err != nil {
		return nil, err
	}
	alg, err := chooseAlgorithm(r.Params)
	if err != nil {
		return nil, err
	}
	ownUV := f.cfg.Quirks.OwnUV
	if up, ok := r.Options["up"]; ok && !up || r.Options["uv"] && !ownUV {
		return nil, ctapInvalidOption
	}
	if r.Enterprise != nil {
		return nil, ctapInvalidParameter // no enterprise attestation here
	}
	rk := r.Options["rk"]
	if ownUV && !r.Options["uv"] {
		return nil, ctapPUATRequired
	}
	if r.PINAuth == nil && !ownUV && (f.alwaysUV || f.pin.isSet() && (rk || !f.cfg.ctap21())) {
		return nil, ctapPUATRequired
	}
	uv, err := f.verified(r.PINAuth, r.PINProtocol, r.ClientDataHash, permMakeCredential, r.RP.ID)
	if err != nil {
		return nil, err
	}
	uv = uv || ownUV
	ext, err := f.readCreateExtensions(r.Extensions)
	if err != nil {
		return nil, err
	}
	rp := sha256.Sum256([]byte(r.RP.ID))
	excluded, err := f.excluded(rp, r.Exclude, uv)
	if err != nil {
		return nil, err
	}
	if err := f.waitTouch(c); err != nil {
		return nil, err
	}
	f.pin.usedUp()
	if excluded {
		return nil, ctapCredentialExcluded
	}
	cred, err := newCredential(f.secret, rp, alg, max(ext.protect, protectOptional))
	if err != nil {
		return nil, err
	}
	if rk {
		if err := f.store(resident{credential: *cred, rp: rp, user: *r.User}); err != nil {
			return nil, err
		}
	}
	return f.attest(cred, rp, r.ClientDataHash, uv, ext)
}

// chooseAlgorithm takes the first that the key can do.
func chooseAlgorithm(params []credentialParam) (int, error) {
	for _, p := range params {
		if p.Type == publicKey && (p.Alg == algES256 || p.Alg == algEdDSA) {
			return p.Alg, nil
		}
	}
	return 0, ctapUnsupportedAlgorithm
}

// excluded says whether the key holds one of the listed credentials, as far as
// it may tell without user verification.
func (f *fido) excluded(rp [sha256.Size]byte, list []descriptor, uv bool) (bool, error) {
	if len(list) > maxListLength {
		return false, ctapLimitExceeded
	}
	for _, d := range list {
		cred, _ := f.find(rp, d.ID)
		if d.Type == publicKey && cred != nil && (uv || cred.protect < protectRequired) {
			return true, nil
		}
	}
	return false, nil
}

// attest puts authenticator data together and signs them with the batch key.
func (f *fido) attest(cred *credential, rp [sha256.Size]byte, clientDataHash []byte, uv bool, ext createExtensions) (any, error) {
	public, err := cred.public()
	if err != nil {
		return nil, err
	}
	cose, err := f.codec.enc.Marshal(public)
	if err != nil {
		return nil, fmt.Errorf("writing a credential key: %w", err)
	}
	id := cred.id
	if f.cfg.Quirks.EmptyCredentialID {
		id = nil
	}
	attested := append([]byte(nil), f.cfg.AAGUID[:]...)
	attested = binary.BigEndian.AppendUint16(attested, uint16(len(id)))
	attested = append(append(attested, id...), cose...)
	outputs, err := f.encodeOutputs(ext.outputs)
	if err != nil {
		return nil, err
	}
	data := f.authData(rp, true, uv, attested, outputs)
	answer := makeCredentialAnswer{Format: "packed", AuthData: data, Stmt: packedAttestation{Alg: algES256}}
	message := append(append([]byte(nil), data...), clientDataHash...)
	if f.cfg.Quirks.SelfAttestation {
		answer.Stmt.Alg = cred.alg
		answer.Stmt.Sig, err = cred.sign(message)
	} else {
		digest := sha256.Sum256(message)
		answer.Stmt.X5C = [][]byte{f.attestation.cert.Raw}
		answer.Stmt.Sig, err = ecdsa.SignASN1(rand.Reader, f.attestation.key, digest[:])
	}
	if err != nil {
		return nil, fmt.Errorf("signing the attestation: %w", err)
	}
	if f.cfg.Quirks.CorruptAttestation {
		answer.Stmt.Sig[len(answer.Stmt.Sig)-1] ^= 1
	}
	return answer, nil
}

// authData is authenticator data with the next signature count.
func (f *fido) authData(rp [sha256.Size]byte, up, uv bool, attested, extensions []byte) []byte {
	var flags byte
	if up {
		flags |= flagUP
	}
	if uv {
		flags |= flagUV
	}
	if attested != nil {
		flags |= flagAT
	}
	if extensions != nil {
		flags |= flagED
	}
	f.counter++
	data := append(append([]byte(nil), rp[:]...), flags)
	data = binary.BigEndian.AppendUint32(data, f.counter)
	return append(append(data, attested...), extensions...)
}
