package softkey

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// sharedSecret is what key and platform agreed on, in the way of PIN/UV auth
// protocol 1 or 2 (CTAP 2.1 §6.5.6, §6.5.7).
type sharedSecret struct {
	protocol uint
	mac, aes []byte
}

// agree derives the secret from the platform's public key.
func (p *pinState) agree(protocol uint, platform *coseKey) (*sharedSecret, error) {
	if protocol != 1 && protocol != 2 {
		return nil, ctapInvalidParameter
	}
	if platform.Kty != 2 || platform.Crv != 1 || len(platform.X) != 32 || len(platform.Y) != 32 {
		return nil, ctapInvalidParameter
	}
	point, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, platform.X...), platform.Y...))
	if err != nil {
		return nil, ctapInvalidParameter
	}
	z, err := p.agreement.ECDH(point)
	if err != nil {
		return nil, ctapInvalidParameter
	}
	if protocol == 1 {
		k := sha256.Sum256(z)
		return &sharedSecret{protocol: 1, mac: k[:], aes: k[:]}, nil
	}
	s := &sharedSecret{protocol: 2}
	salt := make([]byte, 32)
	if s.mac, err = hkdf.Key(sha256.New, z, salt, "CTAP2 HMAC key", 32); err != nil {
		return nil, fmt.Errorf("deriving the PIN protocol's keys: %w", err)
	}
	if s.aes, err = hkdf.Key(sha256.New, z, salt, "CTAP2 AES key", 32); err != nil {
		return nil, fmt.Errorf("deriving the PIN protocol's keys: %w", err)
	}
	return s, nil
}

func (s *sharedSecret) verify(message, signature []byte) bool {
	return verifyMAC(s.protocol, s.mac, message, signature)
}

// verifyMAC checks a signature, which protocol 1 cuts to 16 bytes.
func verifyMAC(protocol uint, key, message, signature []byte) bool {
	want := mac(key, message)
	if protocol == 1 {
		want = want[:16]
	}
	return hmac.Equal(want, signature)
}

// encrypt takes whole AES blocks. Protocol 1 has an IV of zeros, protocol 2
// puts a random one in front.
func (s *sharedSecret) encrypt(plain []byte) []byte {
	block, err := aes.NewCipher(s.aes)
	if err != nil || len(plain)%aes.BlockSize != 0 {
		panic("softkey: PIN protocol with a bad key or plaintext size") // both are fixed by this package
	}
	iv := make([]byte, aes.BlockSize)
	var out []byte
	if s.protocol == 2 {
		rand.Read(iv)
		out = bytes.Clone(iv)
	}
	ct := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ct, plain)
	return append(out, ct...)
}

func (s *sharedSecret) decrypt(ct []byte) ([]byte, error) {
	iv := make([]byte, aes.BlockSize)
	if s.protocol == 2 {
		if len(ct) < aes.BlockSize {
			return nil, ctapInvalidParameter
		}
		iv, ct = ct[:aes.BlockSize], ct[aes.BlockSize:]
	}
	if len(ct)%aes.BlockSize != 0 {
		return nil, ctapInvalidParameter
	}
	block, err := aes.NewCipher(s.aes)
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	plain := make([]byte, len(ct))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, ct)
	return plain, nil
}
