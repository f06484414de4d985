package softkey

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"math/big"
	"time"
)

// Policy bytes (Yubico, "PIV attestation"): when PIN and touch are wanted.
const (
	policyPINNever    = 1
	policyPINOnce     = 2
	policyPINAlways   = 3
	policyTouchNever  = 1
	policyTouchAlways = 2
	policyTouchCached = 3
)

// touchCache is how long a touch counts under the cached policy.
const touchCache = 15 * time.Second

// slotKey is the private key in one slot.
type slotKey struct {
	algorithm  Algorithm
	key        crypto.Signer
	generated  bool
	pin, touch byte
	touched    time.Time
}

func (k *slotKey) origin() byte {
	if k.generated {
		return 1
	}
	return 2
}

// publicTLVs is the public key as GENERATE and GET METADATA give it.
func (k *slotKey) publicTLVs() []byte {
	switch pub := k.key.Public().(type) {
	case *rsa.PublicKey:
		b := appendTLV(nil, 0x81, pub.N.Bytes())
		return appendTLV(b, 0x82, big.NewInt(int64(pub.E)).Bytes())
	case *ecdsa.PublicKey:
		if point, err := pub.Bytes(); err == nil {
			return appendTLV(nil, 0x86, point)
		}
	}
	return nil
}

// isSlot says whether a key can live there.
func isSlot(b byte) bool {
	return b == 0x9a || b >= 0x9c && b <= 0x9e || b >= 0x82 && b <= 0x95
}

// key is what a slot holds, nil if nothing.
func (p *piv) key(slot byte) *slotKey {
	if slot == slotAttest {
		return &slotKey{algorithm: ECCP256, key: p.attestation.key, pin: policyPINNever, touch: policyTouchNever}
	}
	return p.slots[slot]
}

// newSlotKey fills in the slot's default policies (Yubico, "PIN and touch policies").
func newSlotKey(slot byte, a Algorithm, key crypto.Signer, generated bool, pin, touch byte) (*slotKey, bool) {
	if pin > policyPINAlways || touch > policyTouchCached {
		return nil, false
	}
	if pin == 0 {
		switch slot {
		case 0x9c:
			pin = policyPINAlways
		case 0x9e:
			pin = policyPINNever
		default:
			pin = policyPINOnce
		}
	}
	if touch == 0 {
		touch = policyTouchNever
	}
	return &slotKey{algorithm: a, key: key, generated: generated, pin: pin, touch: touch}, true
}

func generateKey(a Algorithm) (crypto.Signer, error) {
	switch a {
	case ECCP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECCP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return nil, fmt.Errorf("algorithm %02x is not one of this key's", byte(a))
}

// preload fills a slot from the configuration.
func (p *piv) preload(s Slot) error {
	if !isSlot(s.Slot) {
		return fmt.Errorf("no such slot")
	}
	if s.Algorithm == 0 {
		s.Algorithm = ECCP256
	}
	key, err := generateKey(s.Algorithm)
	if err != nil {
		return err
	}
	k, ok := newSlotKey(s.Slot, s.Algorithm, key, !s.Imported, s.PIN, s.Touch)
	if !ok {
		return fmt.Errorf("unknown PIN or touch policy")
	}
	p.slots[s.Slot] = k
	return nil
}

// generate makes a key in a slot: template ac with the algorithm (80) and the
// policies (aa, ab).
func (p *piv) generate(cmd apdu) ([]byte, statusWord) {
	outer, ok := tlvs(cmd.data)
	if !ok || cmd.p1 != 0 {
		return nil, swWrongData
	}
	template, ok := tlvs(outer[0xac])
	if !ok || len(template[0x80]) != 1 {
		return nil, swWrongData
	}
	if !isSlot(cmd.p2) {
		return nil, swParameters
	}
	algorithm := Algorithm(template[0x80][0])
	key, err := generateKey(algorithm)
	if err != nil {
		return nil, swWrongData
	}
	k, ok := newSlotKey(cmd.p2, algorithm, key, true, firstByte(template[0xaa]), firstByte(template[0xab]))
	if !ok {
		return nil, swWrongData
	}
	p.slots[cmd.p2] = k
	return appendTLV(nil, 0x7f49, k.publicTLVs()), swOK
}

// importKey takes a private key: 06 is an EC scalar, 01 and 02 RSA's primes.
func (p *piv) importKey(cmd apdu) ([]byte, statusWord) {
	parts, ok := tlvs(cmd.data)
	if !ok || !isSlot(cmd.p2) {
		return nil, swWrongData
	}
	var key crypto.Signer
	var err error
	switch a := Algorithm(cmd.p1); a {
	case ECCP256:
		key, err = ecdsa.ParseRawPrivateKey(elliptic.P256(), parts[0x06])
	case ECCP384:
		key, err = ecdsa.ParseRawPrivateKey(elliptic.P384(), parts[0x06])
	case RSA2048:
		key, err = rsaFromPrimes(parts[0x01], parts[0x02])
	default:
		return nil, swParameters
	}
	if err != nil {
		return nil, swWrongData
	}
	k, ok := newSlotKey(cmd.p2, Algorithm(cmd.p1), key, false, firstByte(parts[0xaa]), firstByte(parts[0xab]))
	if !ok {
		return nil, swWrongData
	}
	p.slots[cmd.p2] = k
	return nil, swOK
}

func rsaFromPrimes(p, q []byte) (*rsa.PrivateKey, error) {
	one := big.NewInt(1)
	bp, bq := new(big.Int).SetBytes(p), new(big.Int).SetBytes(q)
	n := new(big.Int).Mul(bp, bq)
	if n.BitLen() != 2048 {
		return nil, fmt.Errorf("RSA modulus of %d bits", n.BitLen())
	}
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 65537}, Primes: []*big.Int{bp, bq}}
	phi := new(big.Int).Mul(new(big.Int).Sub(bp, one), new(big.Int).Sub(bq, one))
	if key.D = new(big.Int).ModInverse(big.NewInt(65537), phi); key.D == nil {
		return nil, fmt.Errorf("RSA primes do not go with the exponent")
	}
	if err := key.Validate(); err != nil {
		return nil, fmt.Errorf("checking an RSA key: %w", err)
	}
	key.Precompute()
	return key, nil
}

// moveKey moves a key from slot P2 to P1, or deletes it (P1 ff).
func (p *piv) moveKey(cmd apdu) ([]byte, statusWord) {
	k := p.slots[cmd.p2]
	switch {
	case k == nil:
		return nil, swNoReference
	case cmd.p1 == 0xff:
	case !isSlot(cmd.p1) || p.slots[cmd.p1] != nil:
		return nil, swParameters
	default:
		p.slots[cmd.p1] = k
	}
	delete(p.slots, cmd.p2)
	return nil, swOK
}

func firstByte(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// attest issues the certificate for a key that was generated on the card
// (Yubico, "PIV attestation").
func (p *piv) attest(slot byte) ([]byte, statusWord) {
	v := p.cfg.Version
	if !v.AtLeast(4, 3, 0) {
		return nil, swInstruction
	}
	k := p.slots[slot]
	switch {
	case k == nil, !k.generated && !v.AtLeast(5, 3, 0):
		return nil, swNoReference
	case !k.generated:
		return nil, swWrongData
	}
	exts := []pkix.Extension{{Id: oidPIVFirmware, Value: versionBytes(cmp.Or(p.cfg.Quirks.PIVCertificateVersion, v))}}
	if serial := p.cfg.cardSerial(); serial != 0 && v.AtLeast(5, 0, 0) {
		// Always four content bytes, as Yubico's: below 2^23 that is not minimal DER.
		exts = append(exts, pkix.Extension{Id: oidPIVSerial, Value: binary.BigEndian.AppendUint32([]byte{0x02, 0x04}, serial)})
	}
	exts = append(exts, pkix.Extension{Id: oidPIVPolicy, Value: []byte{k.pin, k.touch}})
	if v.AtLeast(5, 0, 0) {
		exts = append(exts, pkix.Extension{Id: oidPIVFormFactor, Value: []byte{p.cfg.formFactorByte()}})
	}
	cert, err := sign(&x509.Certificate{
		Subject:         pkix.Name{CommonName: fmt.Sprintf("YubiKey PIV Attestation %02x", slot)},
		NotAfter:        endOf(v),
		ExtraExtensions: exts,
	}, p.attestation, k.key.Public())
	if err != nil {
		return nil, swFailure
	}
	return cert.Raw, swOK
}
