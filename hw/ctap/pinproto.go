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

// session is one shared secret with the key, for one clientPIN command.
type session struct {
	protocol  int
	agreement *ecdh.PublicKey // ours, for the key
	aesKey    []byte
}

// newSession agrees on a secret with the key's point. Only encryption is used
// of it: what authenticates a request is the token that it carries.
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
	s.aesKey, err = sharedAESKey(protocol, z)
	return s, err
}

// sharedAESKey derives the encryption key from the x coordinate of the
// agreement.
func sharedAESKey(protocol int, z []byte) ([]byte, error) {
	if protocol == protocolOne {
		key := sha256.Sum256(z)
		return key[:], nil
	}
	key, err := hkdf.Key(sha256.New, z, make([]byte, sha256.Size), "CTAP2 AES key", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("key agreement: %w", err)
	}
	return key, nil
}

// zero forgets the secret.
func (s *session) zero() { clear(s.aesKey) }

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

// authenticate is the pinUvAuthParam over message under a token.
func authenticate(protocol int, token, message []byte) []byte {
	mac := hmac.New(sha256.New, token)
	mac.Write(message)
	if protocol == protocolOne {
		return mac.Sum(nil)[:protocolOneMAC]
	}
	return mac.Sum(nil)
}
