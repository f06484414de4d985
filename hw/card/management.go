package card

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rand"
	"crypto/subtle"
	"fmt"

	"hwmfa/hw"
)

// ManagementAlgorithm is the kind of a management key (SP 800-78-4 table 6-2).
type ManagementAlgorithm byte

// The kinds there are. AES came with firmware 5.4, and is AES-192 from the
// factory since 5.7.
const (
	TripleDES ManagementAlgorithm = 0x03
	AES128    ManagementAlgorithm = 0x08
	AES192    ManagementAlgorithm = 0x0A
	AES256    ManagementAlgorithm = 0x0C
)

var managementAlgorithms = map[ManagementAlgorithm]struct {
	name string
	size int // bytes of key
}{
	TripleDES: {"3DES", 24},
	AES128:    {"AES-128", 16},
	AES192:    {"AES-192", 24},
	AES256:    {"AES-256", 32},
}

func (a ManagementAlgorithm) String() string { return managementAlgorithms[a].name }

// KeySize is the length of such a key in bytes.
func (a ManagementAlgorithm) KeySize() int { return managementAlgorithms[a].size }

func (a ManagementAlgorithm) cipher(key []byte) (cipher.Block, error) {
	if len(key) != a.KeySize() {
		return nil, fmt.Errorf("%w: an %s key has %d bytes, not %d", hw.ErrManagementKey, a, a.KeySize(), len(key))
	}
	if a == TripleDES {
		return des.NewTripleDESCipher(key)
	}
	return aes.NewCipher(key)
}

// Management is what a card says of its management key.
type Management struct {
	Algorithm ManagementAlgorithm
	Touch     bool // wants a touch at each use
	Default   bool // is the one that every YubiKey comes with
}

// Slot metadata of the management key. Policy is two bytes, of which the
// second is for touch.
const (
	refManagement = 0x9B

	tagAlgorithm = 0x01
	tagPolicy    = 0x02
	tagDefault   = 0x05
)

// Management reads the kind of the management key from its metadata, which
// came with firmware 5.3. An answer that leaves anything open is
// hw.ErrMalformed: nothing about this key is assumed.
func (s *PIVSession) Management(ctx context.Context) (Management, error) {
	answer, err := s.t.Send(ctx, Command{INS: insPIVMetadata, P2: refManagement})
	if err != nil {
		return Management{}, fmt.Errorf("reading the management key's metadata: %w", err)
	}
	m, err := parseManagement(answer, s.Version)
	if err != nil {
		return Management{}, fmt.Errorf("reading the management key's metadata: %w", err)
	}
	return m, nil
}

func parseManagement(metadata []byte, firmware hw.Version) (Management, error) {
	tlvs, err := split(metadata)
	if err != nil {
		return Management{}, err
	}
	algorithm, ok := tlvs[tagAlgorithm]
	if !ok && !firmware.AtLeast(5, 4, 0) {
		algorithm = []byte{byte(TripleDES)} // it knows no other, and does not say so
	}
	var m Management
	if len(algorithm) == 1 {
		m.Algorithm = ManagementAlgorithm(algorithm[0])
	}
	if m.Algorithm.KeySize() == 0 {
		return Management{}, fmt.Errorf("algorithm %x: %w", algorithm, hw.ErrMalformed)
	}
	policy := tlvs[tagPolicy]
	if len(policy) != 2 || policy[1] > touchCached {
		return Management{}, fmt.Errorf("policy %x: %w", policy, hw.ErrMalformed)
	}
	m.Touch = policy[1] > touchNever
	switch isDefault := tlvs[tagDefault]; {
	case bytes.Equal(isDefault, []byte{1}):
		m.Default = true
	case !bytes.Equal(isDefault, []byte{0}):
		return Management{}, fmt.Errorf("default flag %x: %w", isDefault, hw.ErrMalformed)
	}
	return m, nil
}

// Tags of GENERAL AUTHENTICATE (SP 800-73-4 part 2, table 7).
const (
	insAuthenticate = 0x87

	tagDynamicAuth = 0x7C
	tagWitness     = 0x80
	tagChallenge   = 0x81
	tagResponse    = 0x82
)

// Authenticate proves the management key to the card and has the card prove
// that it knows it too (SP 800-73-4 part 2, §A.1). It changes nothing on the
// card and counts no tries. A card that wants a touch waits for it here. A key
// that the card does not take is hw.ErrManagementKey.
func (s *PIVSession) Authenticate(ctx context.Context, m Management, key []byte) error {
	block, err := m.Algorithm.cipher(key)
	if err != nil {
		return err
	}
	witness, err := s.general(ctx, byte(m.Algorithm), refManagement, tagWitness, tlvOf(tagWitness))
	if err != nil {
		return fmt.Errorf("asking for a witness: %w", err)
	}
	size := block.BlockSize()
	if len(witness) != size {
		return fmt.Errorf("witness of %d bytes: %w", len(witness), hw.ErrMalformed)
	}
	ours := make([]byte, size)
	if _, err := rand.Read(ours); err != nil {
		return fmt.Errorf("random numbers: %w", err)
	}
	block.Decrypt(witness, witness)
	answer, err := s.general(ctx, byte(m.Algorithm), refManagement, tagResponse, append(tlvOf(tagWitness, witness...), tlvOf(tagChallenge, ours...)...))
	if isStatus(err, swSecurity) {
		return fmt.Errorf("%w: %w", hw.ErrManagementKey, err)
	}
	if err != nil {
		return fmt.Errorf("answering the witness: %w", err)
	}
	block.Encrypt(ours, ours)
	if subtle.ConstantTimeCompare(answer, ours) != 1 {
		return fmt.Errorf("the card does not prove the management key: %w", hw.ErrMalformed)
	}
	return nil
}

// general sends GENERAL AUTHENTICATE and takes one value out of the answer.
func (s *PIVSession) general(ctx context.Context, algorithm, reference, want byte, template []byte) ([]byte, error) {
	answer, err := s.t.Send(ctx, Command{INS: insAuthenticate, P1: algorithm, P2: reference, Data: tlvOf(tagDynamicAuth, template...)})
	if err != nil {
		return nil, err
	}
	inner, err := only(answer, tagDynamicAuth)
	if err != nil {
		return nil, err
	}
	return only(inner, want)
}

// tlvOf writes one TLV of less than 65536 bytes.
func tlvOf(tag byte, value ...byte) []byte {
	switch n := len(value); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, value...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, value...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, value...)
	}
}
