package ctap

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// The known answers of protocol 1 that implementations test themselves with
// (python-fido2, tests of ClientPin; PIN 1234).
const (
	knownPrivate = "7452E599FEE739D8A653F6A507343D12D382249108A651402520B72F24FE7684"
	knownDevice  = "040501D5BC78DA9252560A26CB08FCC60CBE0B6D3B8E1D1FCEE514FAC0AF675168D551B3ED46F665731F95B4532939C25D91DB7EB844BD96D4ABD4083785F8DF47"
	knownShared  = "c42a039d548100dfba521e487debcbbb8b66bb7496f8b1862a7a395ed83e1a1c"
	knownSealed  = "7A9F98E31B77BE90F9C64D12E9635040"
	knownToken   = "aff12c6dcfbf9df52f7a09211e8865cd"
	knownPINHash = "afe8327ce416da8ee3d057589c2ce1a9"
)

func TestProtocolOneKnownAnswers(t *testing.T) {
	private, err := ecdh.P256().NewPrivateKey(unhex(t, knownPrivate))
	if err != nil {
		t.Fatal(err)
	}
	device, err := ecdh.P256().NewPublicKey(unhex(t, knownDevice))
	if err != nil {
		t.Fatal(err)
	}
	z, err := private.ECDH(device)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sharedKey(1, z, infoAES)
	if err != nil || !bytes.Equal(key, unhex(t, knownShared)) {
		t.Errorf("shared secret %x, %v", key, err)
	}
	mac, err := sharedKey(1, z, infoHMAC)
	if err != nil || !bytes.Equal(mac, key) {
		t.Errorf("protocol 1 has one key for both, got %x, %v", mac, err)
	}
	s := &session{protocol: 1, aesKey: key, macKey: mac}
	token, err := s.decryptToken(unhex(t, knownSealed))
	if err != nil || !bytes.Equal(token, unhex(t, knownToken)) {
		t.Errorf("token %x, %v", token, err)
	}
	hash := sha256.Sum256([]byte("1234"))
	sealed, err := s.encrypt(hash[:16])
	if err != nil || !bytes.Equal(sealed, unhex(t, knownPINHash)) {
		t.Errorf("sealed PIN %x, %v", sealed, err)
	}
	s.zero()
	if !bytes.Equal(key, make([]byte, 32)) || !bytes.Equal(mac, make([]byte, 32)) {
		t.Error("the secret is still there")
	}
}

func TestDecryptTokenLengths(t *testing.T) {
	for _, tt := range []struct {
		protocol, size int
		good           bool
	}{
		{1, 0, false}, {1, 15, false}, {1, 16, true}, {1, 24, false}, {1, 32, true}, {1, 48, false},
		{2, 0, false}, {2, 15, false}, {2, 16, false}, {2, 32, false}, {2, 47, false}, {2, 48, true}, {2, 64, false},
	} {
		s := &session{protocol: tt.protocol, aesKey: make([]byte, 32)}
		token, err := s.decryptToken(make([]byte, tt.size))
		if (err == nil) != tt.good || (err != nil && !errors.Is(err, hw.ErrMalformed)) {
			t.Errorf("protocol %d, %d bytes: %x, %v", tt.protocol, tt.size, token, err)
		}
	}
}

// pinSide is the key's side of clientPIN, written here from CTAP 2.1 §6.5
// without the code under test.
type pinSide struct {
	t           testing.TB
	pin         string
	retries     int
	token       []byte
	agreement   *ecdh.PrivateKey
	permissions []byte // sub-commands that gave a token
	rpID        string
}

func newPINSide(t testing.TB, pin string, tokenSize int) *pinSide {
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token := make([]byte, tokenSize)
	rand.Read(token)
	return &pinSide{t: t, pin: pin, retries: 8, token: token, agreement: k}
}

type pinRequest struct {
	Protocol    int         `cbor:"1,keyasint"`
	Sub         byte        `cbor:"2,keyasint"`
	Key         map[int]any `cbor:"3,keyasint"`
	Auth        []byte      `cbor:"4,keyasint"`
	NewPIN      []byte      `cbor:"5,keyasint"`
	PINHash     []byte      `cbor:"6,keyasint"`
	Permissions byte        `cbor:"9,keyasint"`
	RPID        string      `cbor:"10,keyasint"`
}

func hkdf32(z []byte, info string) []byte {
	extract := hmac.New(sha256.New, make([]byte, 32))
	extract.Write(z)
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write(append([]byte(info), 1))
	return expand.Sum(nil)
}

func (p *pinSide) answer(params []byte) (byte, []byte) {
	var r pinRequest
	if err := cbor.Unmarshal(params, &r); err != nil {
		p.t.Errorf("clientPIN: %v", err)
		return 0x12, nil
	}
	switch r.Sub {
	case 1:
		return 0, mustEncode(p.t, map[int]any{3: p.retries, 4: false})
	case 2:
		point := p.agreement.PublicKey().Bytes()
		return 0, mustEncode(p.t, map[int]any{1: map[int]any{1: 2, 3: -25, -1: 1, -2: point[1:33], -3: point[33:]}})
	case 3, 4:
		return p.newPIN(r), nil
	case 5, 9:
	default:
		return 0x3E, nil
	}
	block, _ := p.secret(r)
	if status := p.compare(r, block); status != 0 {
		return status, nil
	}
	p.permissions, p.rpID = append(p.permissions, r.Sub, r.Permissions), r.RPID
	out, answerIV := make([]byte, len(p.token)), make([]byte, 16)
	if r.Protocol == 2 {
		rand.Read(answerIV)
	}
	cipher.NewCBCEncrypter(block, answerIV).CryptBlocks(out, p.token)
	if r.Protocol == 2 {
		out = append(answerIV, out...)
	}
	return 0, mustEncode(p.t, map[int]any{2: out})
}

// secret is what key and platform agreed on: a cipher and a key for HMAC.
func (p *pinSide) secret(r pinRequest) (cipher.Block, []byte) {
	point := slices.Concat([]byte{4}, r.Key[-2].([]byte), r.Key[-3].([]byte))
	platform, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		p.t.Fatal(err)
	}
	z, err := p.agreement.ECDH(platform)
	if err != nil {
		p.t.Fatal(err)
	}
	sum := sha256.Sum256(z)
	aesKey, macKey := sum[:], sum[:]
	if r.Protocol == 2 {
		aesKey, macKey = hkdf32(z, "CTAP2 AES key"), hkdf32(z, "CTAP2 HMAC key")
	}
	block, err := aes.NewCipher(aesKey)
	if err != nil {
		p.t.Fatal(err)
	}
	return block, macKey
}

// opened decrypts what the platform sealed, of a size that is known.
func (p *pinSide) opened(r pinRequest, block cipher.Block, sealed []byte, size int) []byte {
	iv := make([]byte, 16)
	if r.Protocol == 2 {
		iv, sealed = sealed[:16], sealed[16:]
	}
	if len(sealed) != size {
		p.t.Fatalf("sealed %d bytes, want %d", len(sealed), size)
	}
	plain := make([]byte, size)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed)
	return plain
}

// compare holds the PIN that was sent against the key's.
func (p *pinSide) compare(r pinRequest, block cipher.Block) byte {
	hash := sha256.Sum256([]byte(p.pin))
	if bytes.Equal(p.opened(r, block, r.PINHash, 16), hash[:16]) {
		return 0
	}
	p.retries--
	if p.retries == 0 {
		return 0x32
	}
	return 0x31
}

// newPIN takes a new PIN as CTAP 2.1 §6.5.5.5 and §6.5.5.6 want it sent.
func (p *pinSide) newPIN(r pinRequest) byte {
	block, macKey := p.secret(r)
	mac := hmac.New(sha256.New, macKey)
	mac.Write(r.NewPIN)
	mac.Write(r.PINHash)
	want := mac.Sum(nil)
	if r.Protocol == 1 {
		want = want[:16]
	}
	if !bytes.Equal(r.Auth, want) || (r.Sub == 4) != (p.pin != "") {
		return 0x33
	}
	if r.Sub == 4 {
		if status := p.compare(r, block); status != 0 {
			return status
		}
	}
	p.pin = string(bytes.TrimRight(p.opened(r, block, r.NewPIN, 64), "\x00"))
	return 0
}

// proves says whether param is what protocol makes of hash under the token.
func (p *pinSide) proves(protocol int, param, hash []byte) bool {
	mac := hmac.New(sha256.New, p.token)
	mac.Write(hash)
	want := mac.Sum(nil)
	if protocol == 1 {
		want = want[:16]
	}
	return bytes.Equal(param, want)
}
