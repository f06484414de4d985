package softkey

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

// Algorithms of the management key.
const (
	alg3DES   = 0x03
	algAES128 = 0x08
	algAES192 = 0x0a
	algAES256 = 0x0c
)

// Tags of GENERAL AUTHENTICATE (SP 800-73-4 part 2, §3.2.4).
const (
	tagDynamicAuth    = 0x7c
	tagWitness        = 0x80
	tagChallenge      = 0x81
	tagResponse       = 0x82
	tagExponentiation = 0x85
)

// managementKey lets its owner change what the PIV application holds.
type managementKey struct {
	algorithm byte
	key       []byte
	touch     byte
	isDefault bool
}

func defaultManagement(v hw.Version) managementKey {
	m := managementKey{algorithm: alg3DES, key: bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 3), touch: policyTouchNever, isDefault: true}
	if v.AtLeast(5, 7, 0) {
		m.algorithm = algAES192
	}
	return m
}

// managementKeyLength is the key size of an algorithm, 0 for an unknown one.
func managementKeyLength(algorithm byte) int {
	return map[byte]int{alg3DES: 24, algAES128: 16, algAES192: 24, algAES256: 32}[algorithm]
}

func (m managementKey) cipher() (cipher.Block, error) {
	if len(m.key) != managementKeyLength(m.algorithm) {
		return nil, fmt.Errorf("management key of %d bytes for algorithm %02x", len(m.key), m.algorithm)
	}
	if m.algorithm == alg3DES {
		return des.NewTripleDESCipher(m.key)
	}
	return aes.NewCipher(m.key)
}

// proveManagementKey is authentication with the management key: mutual, where
// the host decrypts a witness and gets its own challenge encrypted, or of the
// host alone, which encrypts a challenge.
func (p *piv) proveManagementKey(ctx context.Context, algorithm byte, template map[byte][]byte) ([]byte, statusWord) {
	if algorithm == 0 {
		algorithm = alg3DES
	}
	if algorithm != p.management.algorithm {
		return nil, swParameters
	}
	block, err := p.management.cipher()
	if err != nil {
		return nil, swFailure
	}
	witness, hasWitness := template[tagWitness]
	challenge, hasChallenge := template[tagChallenge]
	response := template[tagResponse]
	given, asked := p.witness, p.question
	p.witness, p.question = nil, nil
	size := block.BlockSize()
	switch {
	case hasWitness && len(witness) == 0:
		p.witness = make([]byte, size)
		rand.Read(p.witness)
		return dynamicAuth(tagWitness, encryptBlock(block, p.witness)), swOK
	case hasChallenge && len(challenge) == 0 && !hasWitness:
		p.question = make([]byte, size)
		rand.Read(p.question)
		return dynamicAuth(tagChallenge, p.question), swOK
	case hasWitness && hasChallenge:
		if given == nil || subtle.ConstantTimeCompare(witness, given) != 1 {
			return nil, swSecurity
		}
		if len(challenge) != size {
			return nil, swWrongData
		}
		if sw := p.managementTouch(ctx); sw != swOK {
			return nil, sw
		}
		p.admin = true
		return dynamicAuth(tagResponse, encryptBlock(block, challenge)), swOK
	case len(response) != 0:
		if asked == nil || subtle.ConstantTimeCompare(response, encryptBlock(block, asked)) != 1 {
			return nil, swSecurity
		}
		if sw := p.managementTouch(ctx); sw != swOK {
			return nil, sw
		}
		p.admin = true
		return nil, swOK
	}
	return nil, swWrongData
}

func (p *piv) managementTouch(ctx context.Context) statusWord {
	if p.management.touch == policyTouchNever {
		return swOK
	}
	if err := p.touch.wait(ctx); err != nil {
		return swSecurity
	}
	return swOK
}

func encryptBlock(block cipher.Block, plain []byte) []byte {
	ct := make([]byte, block.BlockSize())
	block.Encrypt(ct, plain)
	return ct
}

func dynamicAuth(tag uint32, value []byte) []byte {
	return appendTLV(nil, tagDynamicAuth, appendTLV(nil, tag, value))
}

// setManagementKey takes algorithm, 9b, length and key; P2 fe asks for a touch
// at each use. AES keys came with firmware 5.4.
func (p *piv) setManagementKey(cmd apdu) ([]byte, statusWord) {
	d := cmd.data
	if len(d) < 3 || d[1] != refManagement || int(d[2]) != len(d)-3 {
		return nil, swWrongData
	}
	m := managementKey{algorithm: d[0], key: bytes.Clone(d[3:]), touch: policyTouchNever}
	switch {
	case cmd.p1 != 0xff || cmd.p2 != 0xff && cmd.p2 != 0xfe:
		return nil, swParameters
	case managementKeyLength(m.algorithm) != len(m.key),
		m.algorithm != alg3DES && !p.cfg.Version.AtLeast(5, 4, 0):
		return nil, swWrongData
	}
	if cmd.p2 == 0xfe {
		m.touch = policyTouchAlways
	}
	m.isDefault = bytes.Equal(m.key, defaultManagement(p.cfg.Version).key)
	p.management = m
	return nil, swOK
}
