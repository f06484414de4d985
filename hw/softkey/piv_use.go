package softkey

import (
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"time"
)

// authenticate is GENERAL AUTHENTICATE: the management key, or the use of a
// private key to sign, decrypt or agree.
func (p *piv) authenticate(ctx context.Context, cmd apdu) ([]byte, statusWord) {
	outer, ok := tlvs(cmd.data)
	if !ok {
		return nil, swWrongData
	}
	template, ok := tlvs(outer[tagDynamicAuth])
	if !ok {
		return nil, swWrongData
	}
	if cmd.p2 == refManagement {
		return p.proveManagementKey(ctx, cmd.p1, template)
	}
	k := p.slots[cmd.p2] // f9 signs attestations only
	switch {
	case k == nil:
		return nil, swWrongData
	case k.algorithm != Algorithm(cmd.p1):
		return nil, swParameters
	}
	if sw := p.allowed(ctx, k); sw != swOK {
		return nil, sw
	}
	p.fresh = false
	var result []byte
	if peer := template[tagExponentiation]; peer != nil {
		result = agreePIV(k, peer)
	} else {
		result = signPIV(k, template[tagChallenge])
	}
	if result == nil {
		return nil, swWrongData
	}
	return dynamicAuth(tagResponse, result), swOK
}

// allowed checks the key's PIN and touch policies.
func (p *piv) allowed(ctx context.Context, k *slotKey) statusWord {
	if k.pin == policyPINOnce && !p.verified || k.pin == policyPINAlways && !p.fresh {
		return swSecurity
	}
	if k.touch == policyTouchNever || k.touch == policyTouchCached && time.Since(k.touched) < touchCache {
		return swOK
	}
	if err := p.touch.wait(ctx); err != nil {
		return swSecurity
	}
	k.touched = time.Now()
	return swOK
}

// signPIV signs a hash with an EC key, or applies the bare RSA operation to a
// block as long as the modulus; nil if the input does not fit.
func signPIV(k *slotKey, input []byte) []byte {
	switch key := k.key.(type) {
	case *ecdsa.PrivateKey:
		if len(input) == 0 || len(input) > (key.Params().BitSize+7)/8 {
			return nil
		}
		sig, err := ecdsa.SignASN1(rand.Reader, key, input)
		if err != nil {
			return nil
		}
		return sig
	case *rsa.PrivateKey:
		m := new(big.Int).SetBytes(input)
		if len(input) != key.Size() || m.Cmp(key.N) >= 0 {
			return nil
		}
		return m.Exp(m, key.D, key.N).FillBytes(make([]byte, key.Size()))
	}
	return nil
}

// agreePIV is ECDH with an uncompressed point; nil if it does not fit.
func agreePIV(k *slotKey, peer []byte) []byte {
	key, ok := k.key.(*ecdsa.PrivateKey)
	if !ok {
		return nil
	}
	private, err := key.ECDH()
	if err != nil {
		return nil
	}
	var curve ecdh.Curve = ecdh.P256()
	if k.algorithm == ECCP384 {
		curve = ecdh.P384()
	}
	public, err := curve.NewPublicKey(peer)
	if err != nil {
		return nil
	}
	secret, err := private.ECDH(public)
	if err != nil {
		return nil
	}
	return secret
}
