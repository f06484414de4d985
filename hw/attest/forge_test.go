package attest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// authority is a certificate with its key: a CA of the tests, or a leaf.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// certify issues a certificate; a nil issuer signs itself. What the template
// leaves out is filled in.
func certify(t testing.TB, template x509.Certificate, key crypto.Signer, issuer *authority) authority {
	t.Helper()
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(7)
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = asOf.AddDate(-1, 0, 0)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	parent, signer := &template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{c, key}
}

func newKey(t testing.TB) *ecdsa.PrivateKey { return newKeyOn(t, elliptic.P256()) }

func newKeyOn(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newCA(t testing.TB, name string, issuer *authority, change ...func(*x509.Certificate)) authority {
	t.Helper()
	template := x509.Certificate{Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true, IsCA: true}
	for _, f := range change {
		f(&template)
	}
	return certify(t, template, newKey(t), issuer)
}

// trusting returns anchors of these CAs alone.
func trusting(t testing.TB, cas ...authority) *Anchors {
	t.Helper()
	a := new(Anchors)
	for _, ca := range cas {
		if err := a.AddPEM("test", toPEM(ca.cert.Raw)); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// fidoForge makes one attestation; each field may be bent before make.
type fidoForge struct {
	format       string
	rpID         string
	flags        byte
	counter      uint32
	aaguid       hw.AAGUID
	credentialID []byte
	cose         []byte        // the credential's public key
	credential   crypto.Signer // signs self attestation
	alg          int64
	leaf         x509.Certificate
	leafKey      crypto.Signer
	issuer       *authority
	more         []authority // rest of x5c
	self         bool
	extensions   []byte
	hash         []byte // client data hash

	authData func([]byte) []byte    // after building
	der      func([]byte) []byte    // of the leaf
	sig      func([]byte) []byte    // after signing
	stmt     func(map[string]any)   // attStmt
	object   func(map[string]any)   // attestation object
	bytes    func([]byte) []byte    // of the whole
	evidence func(*hw.FIDOEvidence) // at the end
}

var testAAGUID = hw.AAGUID{0xca, 0xfe, 0xba, 0xbe, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}

func octetString(b ...byte) []byte { return append([]byte{4, byte(len(b))}, b...) }

func withExtension(id asn1.ObjectIdentifier, critical bool, value []byte) func(*fidoForge) {
	return func(f *fidoForge) {
		f.leaf.ExtraExtensions = append(f.leaf.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: value})
	}
}

// newFIDO is a good packed attestation under ca.
func newFIDO(t testing.TB, ca *authority) *fidoForge {
	credential := newKey(t)
	hash := sha256.Sum256([]byte("client data"))
	return &fidoForge{
		format: formatPacked, rpID: "example.org", flags: flagUserPresent | flagUserVerified | flagCredential, counter: 3,
		aaguid: testAAGUID, credentialID: []byte("credential"), cose: coseES256(t, &credential.PublicKey), credential: credential,
		alg: algES256, leafKey: newKey(t), issuer: ca, hash: hash[:],
		leaf: x509.Certificate{
			Subject: pkix.Name{Country: []string{"SE"}, Organization: []string{"Test AB"},
				OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Test Key EE"},
			BasicConstraintsValid: true,
			ExtraExtensions: []pkix.Extension{
				{Id: oidAAGUID, Value: octetString(testAAGUID[:]...)},
				{Id: oidFIDOFirmware, Value: octetString(5, 7, 1)},
			},
		},
	}
}

// asU2F turns a forge to what U2F keys attest.
func asU2F(f *fidoForge) {
	f.format, f.flags, f.counter, f.aaguid = formatU2F, flagUserPresent|flagCredential, 0, hw.AAGUID{}
	f.leaf.Subject = pkix.Name{CommonName: "Test U2F EE"}
	f.leaf.BasicConstraintsValid = false
	f.leaf.ExtraExtensions = nil
	f.stmt = func(m map[string]any) { delete(m, "alg") }
}

func coseES256(t testing.TB, k *ecdsa.PublicKey) []byte {
	t.Helper()
	point, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return ctap2CBOR(t, map[int]any{1: 2, 3: algES256, -1: 1, -2: point[1:33], -3: point[33:]})
}

func ctap2CBOR(t testing.TB, v any) []byte {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := mode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (f *fidoForge) make(t testing.TB) hw.FIDOEvidence {
	t.Helper()
	rp := sha256.Sum256([]byte(f.rpID))
	authData := append(rp[:], f.flags)
	authData = binary.BigEndian.AppendUint32(authData, f.counter)
	authData = append(authData, f.aaguid[:]...)
	authData = binary.BigEndian.AppendUint16(authData, uint16(len(f.credentialID)))
	authData = slices.Concat(authData, f.credentialID, f.cose, f.extensions)
	if f.authData != nil {
		authData = f.authData(authData)
	}
	message := slices.Concat(authData, f.hash)
	if f.format == formatU2F {
		public := slices.Concat([]byte{4}, f.cose[10:42], f.cose[45:])
		message = slices.Concat([]byte{0}, rp[:], f.hash, f.credentialID, public)
	}
	stmt := map[string]any{"alg": f.alg}
	if f.self {
		stmt["sig"] = sign(t, f.credential, f.alg, message)
	} else {
		leaf := certify(t, f.leaf, f.leafKey, f.issuer).cert.Raw
		if f.der != nil {
			leaf = f.der(leaf)
		}
		chain := [][]byte{leaf}
		for _, c := range f.more {
			chain = append(chain, c.cert.Raw)
		}
		stmt["x5c"], stmt["sig"] = chain, sign(t, f.leafKey, f.alg, message)
	}
	if f.sig != nil {
		stmt["sig"] = f.sig(stmt["sig"].([]byte))
	}
	if f.stmt != nil {
		f.stmt(stmt)
	}
	object := map[string]any{"fmt": f.format, "attStmt": stmt, "authData": authData}
	if f.object != nil {
		f.object(object)
	}
	raw := ctap2CBOR(t, object)
	if f.bytes != nil {
		raw = f.bytes(raw)
	}
	ev := hw.FIDOEvidence{RPID: f.rpID, ClientDataHash: f.hash, AttestationObject: raw}
	if f.evidence != nil {
		f.evidence(&ev)
	}
	return ev
}

func sign(t testing.TB, key crypto.Signer, alg int64, message []byte) []byte {
	t.Helper()
	var opts crypto.SignerOpts = crypto.SHA256
	switch {
	case alg == -35:
		opts = crypto.SHA384
	case alg == -36:
		opts = crypto.SHA512
	case alg == -37:
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	}
	if _, ok := key.(ed25519.PrivateKey); ok {
		opts = crypto.Hash(0)
	} else {
		h := opts.HashFunc().New()
		h.Write(message)
		message = h.Sum(nil)
	}
	sig, err := key.Sign(rand.Reader, message, opts)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}
