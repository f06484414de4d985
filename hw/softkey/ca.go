package softkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"

	"hwmfa/hw"
)

// CA stands in for the maker: the roots that software keys' attestation chains
// end in. It exists for one run. Like the maker's, its attestation keys are
// shared by all keys of a batch (same firmware and model), so that a chain
// alone tells no two keys apart.
type CA struct {
	fidoRoot, pivRoot issuer

	mu   sync.Mutex
	fido map[fidoBatch]issuer
	piv  map[pivBatch]issuer
}

// issuer is a certificate with its private key.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

type fidoBatch struct {
	aaguid  hw.AAGUID
	version hw.Version
	fips    bool
}

type pivBatch struct {
	version hw.Version
	fips    bool
}

// Object identifiers of Yubico's and FIDO's certificate extensions.
var (
	oidFIDOAAGUID     = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}
	oidFIDOTransports = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 2, 1, 1}
	oidFIDOFirmware   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 13, 1}
	oidFIDOFIPS       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 12}
	oidPIVFirmware    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 3}
	oidPIVSerial      = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 7}
	oidPIVPolicy      = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 8}
	oidPIVFormFactor  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 9}
	oidPIVFIPS        = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 10}
)

const organization = "hwmfa software key"

// NewCA makes the roots for one run.
func NewCA() (*CA, error) {
	fido, err := newRoot("Software key FIDO root, trusted nowhere")
	if err != nil {
		return nil, err
	}
	piv, err := newRoot("Software key PIV root, trusted nowhere")
	if err != nil {
		return nil, err
	}
	return &CA{fidoRoot: fido, pivRoot: piv, fido: map[fidoBatch]issuer{}, piv: map[pivBatch]issuer{}}, nil
}

// FIDORootPEM is the root of the FIDO attestation, one PEM certificate.
func (ca *CA) FIDORootPEM() []byte { return pemOf(ca.fidoRoot.cert) }

// PIVRootPEM is the root of the PIV attestation, one PEM certificate.
func (ca *CA) PIVRootPEM() []byte { return pemOf(ca.pivRoot.cert) }

// Roots are both roots, FIDO first.
func (ca *CA) Roots() []*x509.Certificate {
	return []*x509.Certificate{ca.fidoRoot.cert, ca.pivRoot.cert}
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// The validity of Yubico's older attestation certificates, and the end of the
// newer ones (RFC 5280 §4.1.2.5, "no well-defined expiration date").
var (
	notBefore = time.Date(2016, 3, 14, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(2052, 4, 17, 0, 0, 0, 0, time.UTC)
	noEnd     = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

func newRoot(name string) (issuer, error) {
	return issue(&x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{organization}},
		NotAfter:              noEnd,
		BasicConstraintsValid: true,
		IsCA:                  true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, issuer{})
}

// fidoAttestation is the batch certificate for one model (WebAuthn §8.2.1).
func (ca *CA) fidoAttestation(b fidoBatch) (issuer, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if leaf, ok := ca.fido[b]; ok {
		return leaf, nil
	}
	exts := []pkix.Extension{
		{Id: oidFIDOFirmware, Value: octetString(versionBytes(b.version))},
		{Id: oidFIDOTransports, Value: []byte{0x03, 0x02, 0x05, 0x20}}, // BIT STRING: usb
	}
	if !b.aaguid.IsZero() {
		exts = append(exts, pkix.Extension{Id: oidFIDOAAGUID, Value: octetString(b.aaguid[:])})
	}
	if b.fips {
		exts = append(exts, pkix.Extension{Id: oidFIDOFIPS, Value: []byte{0x05, 0x00}})
	}
	leaf, err := issue(&x509.Certificate{
		Subject: pkix.Name{
			Country:            []string{"SE"},
			Organization:       []string{organization},
			OrganizationalUnit: []string{"Authenticator Attestation"},
			CommonName:         fmt.Sprintf("Software key FIDO EE %d", len(ca.fido)+1),
		},
		NotAfter:              endOf(b.version),
		BasicConstraintsValid: true,
		ExtraExtensions:       exts,
	}, ca.fidoRoot)
	if err != nil {
		return issuer{}, err
	}
	ca.fido[b] = leaf
	return leaf, nil
}

// pivAttestation is what slot f9 holds: the key that signs for the slots. Its
// certificate lacks BasicConstraints on older firmware, as Yubico's does.
func (ca *CA) pivAttestation(b pivBatch) (issuer, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if f9, ok := ca.piv[b]; ok {
		return f9, nil
	}
	t := &x509.Certificate{
		Subject:         pkix.Name{CommonName: "Yubico PIV Attestation"},
		NotAfter:        endOf(b.version),
		ExtraExtensions: []pkix.Extension{{Id: oidPIVFirmware, Value: versionBytes(b.version)}},
	}
	if b.version.AtLeast(5, 2, 6) {
		t.BasicConstraintsValid, t.IsCA, t.MaxPathLenZero = true, true, true
	}
	if b.fips {
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: oidPIVFIPS, Value: []byte{0x02, 0x01, 0x03}})
	}
	f9, err := issue(t, ca.pivRoot)
	if err != nil {
		return issuer{}, err
	}
	ca.piv[b] = f9
	return f9, nil
}

// issue makes a P-256 key and its certificate; without a parent it signs itself.
func issue(t *x509.Certificate, parent issuer) (issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return issuer{}, fmt.Errorf("making the key of %q: %w", t.Subject.CommonName, err)
	}
	if parent.cert == nil {
		parent = issuer{cert: t, key: key}
	}
	cert, err := sign(t, parent, &key.PublicKey)
	if err != nil {
		return issuer{}, err
	}
	return issuer{cert: cert, key: key}, nil
}

// sign issues a certificate with a fresh serial number for a public key.
func sign(t *x509.Certificate, parent issuer, public any) (*x509.Certificate, error) {
	var err error
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, fmt.Errorf("making the serial number of %q: %w", t.Subject.CommonName, err)
	}
	t.NotBefore = notBefore
	der, err := x509.CreateCertificate(rand.Reader, t, parent.cert, public, parent.key)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate of %q: %w", t.Subject.CommonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %q back: %w", t.Subject.CommonName, err)
	}
	return cert, nil
}

// endOf gives certificates of firmware 5.7.4 and later no end, as Yubico does.
func endOf(v hw.Version) time.Time {
	if v.AtLeast(5, 7, 4) {
		return noEnd
	}
	return notAfter
}

func versionBytes(v hw.Version) []byte { return []byte{v.Major, v.Minor, v.Patch} }

// octetString is the DER of a short OCTET STRING.
func octetString(b []byte) []byte { return append([]byte{0x04, byte(len(b))}, b...) }
