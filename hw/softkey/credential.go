package softkey

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// COSE algorithms of credentials.
const (
	algES256 = -7
	algEdDSA = -8
)

const publicKey = "public-key"

// credProtect levels (CTAP 2.1 §12.1).
const (
	protectOptional   = 1
	protectWithIDList = 2
	protectRequired   = 3
)

type rpEntity struct {
	ID   string `cbor:"id"`
	Name string `cbor:"name,omitempty"`
}

type userEntity struct {
	ID          []byte `cbor:"id"`
	Name        string `cbor:"name,omitempty"`
	DisplayName string `cbor:"displayName,omitempty"`
}

type credentialParam struct {
	Alg  int    `cbor:"alg"`
	Type string `cbor:"type"`
}

type descriptor struct {
	ID   []byte `cbor:"id"`
	Type string `cbor:"type"`
}

// credential is a key pair for one relying party. Its ID is the whole of it,
// encrypted under the key's secret: nothing is stored.
type credential struct {
	id      []byte
	alg     int
	protect byte
	seed    []byte // scalar or Ed25519 seed, 32 bytes
}

// resident is a discoverable credential, which is stored.
type resident struct {
	credential
	rp   [sha256.Size]byte
	user userEntity
}

func newCredential(secret []byte, rp [sha256.Size]byte, alg int, protect byte) (*credential, error) {
	c := &credential{alg: alg, protect: protect}
	switch alg {
	case algES256:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("making a credential key: %w", err)
		}
		if c.seed, err = key.Bytes(); err != nil {
			return nil, fmt.Errorf("making a credential key: %w", err)
		}
	case algEdDSA:
		c.seed = make([]byte, ed25519.SeedSize)
		rand.Read(c.seed) // never fails (crypto/rand)
	default:
		return nil, ctapUnsupportedAlgorithm
	}
	aead, err := wrapper(secret)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	plain := append([]byte{byte(-alg), protect}, c.seed...)
	c.id = aead.Seal(nonce, nonce, plain, rp[:])
	return c, nil
}

// unwrap opens a credential ID; nil where it is not of this key and party.
func unwrap(secret []byte, rp [sha256.Size]byte, id []byte) *credential {
	aead, err := wrapper(secret)
	if err != nil || len(id) < aead.NonceSize() {
		return nil
	}
	plain, err := aead.Open(nil, id[:aead.NonceSize()], id[aead.NonceSize():], rp[:])
	if err != nil || len(plain) != 34 {
		return nil
	}
	return &credential{id: bytes.Clone(id), alg: -int(plain[0]), protect: plain[1], seed: plain[2:]}
}

func wrapper(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("making the credential cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("making the credential cipher: %w", err)
	}
	return aead, nil
}

func (c *credential) signer() (crypto.Signer, error) {
	if c.alg == algEdDSA {
		return ed25519.NewKeyFromSeed(c.seed), nil
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), c.seed)
	if err != nil {
		return nil, fmt.Errorf("reading a credential key: %w", err)
	}
	return key, nil
}

// sign signs as the credential's algorithm says.
func (c *credential) sign(message []byte) ([]byte, error) {
	key, err := c.signer()
	if err != nil {
		return nil, err
	}
	if c.alg == algEdDSA {
		return key.Sign(rand.Reader, message, crypto.Hash(0))
	}
	digest := sha256.Sum256(message)
	return key.Sign(rand.Reader, digest[:], crypto.SHA256)
}

// coseKey is a public key as COSE and CTAP2 write it (RFC 9053 §7).
type coseKey struct {
	Kty int    `cbor:"1,keyasint"`
	Alg int    `cbor:"3,keyasint"`
	Crv int    `cbor:"-1,keyasint"`
	X   []byte `cbor:"-2,keyasint"`
	Y   []byte `cbor:"-3,keyasint,omitempty"`
}

// coseEC is a P-256 point, given uncompressed.
func coseEC(alg int, point []byte) coseKey {
	return coseKey{Kty: 2, Alg: alg, Crv: 1, X: point[1:33], Y: point[33:65]}
}

func (c *credential) public() (coseKey, error) {
	key, err := c.signer()
	if err != nil {
		return coseKey{}, err
	}
	switch pub := key.Public().(type) {
	case ed25519.PublicKey:
		return coseKey{Kty: 1, Alg: algEdDSA, Crv: 6, X: pub}, nil
	case *ecdsa.PublicKey:
		point, err := pub.Bytes()
		if err != nil {
			return coseKey{}, fmt.Errorf("writing a credential key: %w", err)
		}
		return coseEC(algES256, point), nil
	}
	return coseKey{}, ctapOther
}

// find opens a credential ID that is stored or wrapped, nil if it is neither.
func (f *fido) find(rp [sha256.Size]byte, id []byte) (*credential, *userEntity) {
	for i := range f.resident {
		if r := &f.resident[i]; r.rp == rp && bytes.Equal(r.id, id) {
			return &r.credential, &r.user
		}
	}
	return unwrap(f.secret, rp, id), nil
}

// store keeps a discoverable credential, in place of the user's former one.
func (f *fido) store(r resident) error {
	kept := f.resident[:0:0]
	for _, old := range f.resident {
		if old.rp != r.rp || !bytes.Equal(old.user.ID, r.user.ID) {
			kept = append(kept, old)
		}
	}
	if len(kept) >= maxResident {
		return ctapKeyStoreFull
	}
	f.resident = append(kept, r)
	return nil
}
