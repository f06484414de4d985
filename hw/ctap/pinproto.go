package ctap

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"hwmfa/hw"
)

// PIN/UV auth protocols (CTAP 2.1 §6.5.6 and §6.5.7).
const (
	protocolOne = 1
	protocolTwo = 2

	protocolOneMAC = 16 // bytes of HMAC that protocol 1 keeps
)

// What protocol 2 derives its two keys by; protocol 1 has one for both.
const (
	infoAES  = "CTAP2 AES key"
	infoHMAC = "CTAP2 HMAC key"
)

// session is one shared secret with the key, for one clientPIN command.
type session struct {
	protocol  int
	agreement *ecdh.PublicKey // ours, for the key
	aesKey    []byte
	macKey    []byte // authenticates a new PIN; other requests carry a token
}

// newSession agrees on a secret with the key's point.
func newSession(protocol int, point []byte) (*session, error) {
	theirs, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, fmt.Errorf("key agreement: %w: %w", hw.ErrMalformed, err)
	}
	ours, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key agreement: %w", err)
	}
	z, err := ours.ECDH(theirs)
	if err != nil {
		return nil, fmt.Errorf("key agreement: %w", err)
	}
	defer clear(z)
	s := &session{protocol: protocol, agreement: ours.PublicKey()}
	if s.aesKey, err = sharedKey(protocol, z, infoAES); err != nil {
		return nil, err
	}
	s.macKey, err = sharedKey(protocol, z, infoHMAC)
	return s, err
}

// sharedKey derives a key from the x coordinate of the agreement.
func sharedKey(protocol int, z []byte, info string) ([]byte, error) {
	if protocol == protocolOne {
		key := sha256.Sum256(z)
		return key[:], nil
	}
	key, err := hkdf.Key(sha256.New, z, make([]byte, sha256.Size), info, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("key agreement: %w", err)
	}
	return key, nil
}

// zero forgets the secret.
func (s *session) zero() {
	clear(s.aesKey)
	clear(s.macKey)
}

// encrypt is AES-256-CBC without padding; protocol 2 puts a random IV in
// front, protocol 1 uses zeros. len(plain) is a multiple of 16.
func (s *session) encrypt(plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(s.aesKey)
	if err != nil {
		return nil, fmt.Errorf("encrypting for the key: %w", err)
	}
	iv := make([]byte, aes.BlockSize)
	if s.protocol == protocolTwo {
		rand.Read(iv)
	}
	sealed := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, plain)
	if s.protocol == protocolTwo {
		sealed = append(iv, sealed...)
	}
	return sealed, nil
}

// decryptToken opens a pinUvAuthToken: 16 or 32 bytes in protocol 1, 32 in
// protocol 2.
func (s *session) decryptToken(sealed []byte) ([]byte, error) {
	iv := make([]byte, aes.BlockSize)
	if s.protocol == protocolTwo {
		if len(sealed) < aes.BlockSize {
			return nil, fmt.Errorf("token of %d bytes: %w", len(sealed), hw.ErrMalformed)
		}
		iv, sealed = sealed[:aes.BlockSize], sealed[aes.BlockSize:]
	}
	short := s.protocol == protocolOne && len(sealed) == 16
	if len(sealed) != 32 && !short {
		return nil, fmt.Errorf("token of %d bytes: %w", len(sealed), hw.ErrMalformed)
	}
	block, err := aes.NewCipher(s.aesKey)
	if err != nil {
		return nil, fmt.Errorf("decrypting from the key: %w", err)
	}
	token := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(token, sealed)
	return token, nil
}

// authenticate is the pinUvAuthParam over message under a token or a session's
// macKey.
func authenticate(protocol int, key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	if protocol == protocolOne {
		return mac.Sum(nil)[:protocolOneMAC]
	}
	return mac.Sum(nil)
}
