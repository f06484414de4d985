package notary

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// The object identifiers of a time stamp (RFC 3161, RFC 5652, RFC 5035).
var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidExtKeyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// The forms of RFC 3161 and RFC 5652, as far as they are looked at.
type (
	response struct {
		Status struct {
			Status  int
			Text    []asn1.RawValue `asn1:"optional"`
			Failure asn1.BitString  `asn1:"optional"`
		}
		Token asn1.RawValue `asn1:"optional"`
	}
	imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	tstInfo struct {
		Version    int
		Policy     asn1.ObjectIdentifier
		Imprint    imprint
		Serial     *big.Int
		GenTime    time.Time        `asn1:"generalized"`
		Accuracy   accuracy         `asn1:"optional"`
		Ordering   bool             `asn1:"optional,default:false"`
		Nonce      *big.Int         `asn1:"optional"`
		TSA        asn1.RawValue    `asn1:"tag:0,optional"`
		Extensions []pkix.Extension `asn1:"tag:1,optional"`
	}
	accuracy struct {
		Seconds int64 `asn1:"optional"`
		Millis  int64 `asn1:"tag:0,optional"`
		Micros  int64 `asn1:"tag:1,optional"`
	}
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"tag:0,explicit"`
	}
	signedData struct {
		Version          int
		DigestAlgorithms asn1.RawValue
		Content          struct {
			Type  asn1.ObjectIdentifier
			Bytes []byte `asn1:"tag:0,explicit"`
		}
		Certificates asn1.RawValue `asn1:"tag:0,optional"`
		Revocations  asn1.RawValue `asn1:"tag:1,optional"`
		Signers      []signerInfo  `asn1:"set"`
	}
	signerInfo struct {
		Version            int
		ID                 asn1.RawValue
		DigestAlgorithm    pkix.AlgorithmIdentifier
		Attributes         asn1.RawValue `asn1:"tag:0,optional"`
		SignatureAlgorithm pkix.AlgorithmIdentifier
		Signature          []byte
		Unsigned           asn1.RawValue `asn1:"tag:1,optional"`
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values asn1.RawValue `asn1:"set"`
	}
	// essCert is ESSCertID and ESSCertIDv2 both: the algorithm is the latter's, and left out where it is SHA-256.
	essCert struct {
		Hash []byte
	}
	essCertV2 struct {
		Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
		Hash      []byte
	}
)

// token is a time stamp whose parts fit together and whose signature verifies
// with the certificate that it brings. Nothing is said yet of who that is.
type token struct {
	info         tstInfo
	signer       *x509.Certificate
	certificates []*x509.Certificate
}

// parse reads all of a DER value.
func parse(der []byte, into any, params string) error {
	rest, err := asn1.UnmarshalWithParams(der, into, params)
	if err == nil && len(rest) > 0 {
		err = errors.New("there are bytes after its end")
	}
	return err
}

// parseResponse reads the answer of an authority, the file manifest.tsr.
func parseResponse(der []byte) (token, error) {
	var r response
	if err := parse(der, &r, ""); err != nil {
		return token{}, fmt.Errorf("%w: the answer: %w", ErrTimestamp, err)
	}
	if r.Status.Status != 0 && r.Status.Status != 1 { // granted, granted with modifications
		return token{}, fmt.Errorf("%w: the authority refused it, status %d", ErrTimestamp, r.Status.Status)
	}
	t, err := parseToken(r.Token.FullBytes)
	if err != nil {
		return token{}, fmt.Errorf("%w: %w", ErrTimestamp, err)
	}
	return t, nil
}

func parseToken(der []byte) (token, error) {
	var content contentInfo
	if err := parse(der, &content, ""); err != nil {
		return token{}, fmt.Errorf("the token: %w", err)
	}
	var data signedData
	if !content.Type.Equal(oidSignedData) {
		return token{}, errors.New("the token is no signed data")
	}
	if err := parse(content.Content.Bytes, &data, ""); err != nil {
		return token{}, fmt.Errorf("the signed data: %w", err)
	}
	if !data.Content.Type.Equal(oidTSTInfo) || len(data.Signers) != 1 {
		return token{}, errors.New("want one signature on a time stamp")
	}
	var t token
	if err := parse(data.Content.Bytes, &t.info, ""); err != nil {
		return token{}, fmt.Errorf("the time stamp: %w", err)
	}
	var err error
	if t.certificates, err = x509.ParseCertificates(data.Certificates.Bytes); err != nil {
		return token{}, fmt.Errorf("its certificates: %w", err)
	}
	return t, t.checkSignature(data.Signers[0], data.Content.Bytes)
}

// checkSignature finds the certificate that the signed attributes name, and
// checks that it signed them, and they the content.
func (t *token) checkSignature(s signerInfo, content []byte) error {
	var attributes []attribute
	// The signature is over the attributes as a SET (RFC 5652 §5.4).
	signed := append([]byte{0x31}, s.Attributes.FullBytes[min(1, len(s.Attributes.FullBytes)):]...)
	if err := parse(signed, &attributes, "set"); err != nil {
		return fmt.Errorf("the signed attributes: %w", err)
	}
	values := map[string]asn1.RawValue{}
	for _, a := range attributes {
		if _, twice := values[a.Type.String()]; twice {
			return fmt.Errorf("the signed attribute %s is there twice", a.Type)
		}
		values[a.Type.String()] = a.Values
	}
	hash, ok := hashes[s.DigestAlgorithm.Algorithm.String()]
	if !ok {
		return fmt.Errorf("the digest algorithm %s is not one of SHA-256, 384 and 512", s.DigestAlgorithm.Algorithm)
	}
	var kind asn1.ObjectIdentifier
	if err := parse(values[oidContentType.String()].Bytes, &kind, ""); err != nil || !kind.Equal(oidTSTInfo) {
		return errors.New("the signed attributes are not those of a time stamp")
	}
	digest := hash.hash.New()
	digest.Write(content)
	var said []byte
	if err := parse(values[oidMessageDigest.String()].Bytes, &said, ""); err != nil || !bytes.Equal(said, digest.Sum(nil)) {
		return errors.New("the time stamp was changed")
	}
	is, err := namedBy(values)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(t.certificates, is)
	if i < 0 {
		return errors.New("the certificate that signed it is not with it")
	}
	t.signer = t.certificates[i]
	algorithm := hash.rsa
	switch t.signer.PublicKey.(type) {
	case *rsa.PublicKey:
	case *ecdsa.PublicKey:
		algorithm = hash.ecdsa
	default:
		return errors.New("it is signed with neither RSA nor ECDSA")
	}
	if err := t.signer.CheckSignature(algorithm, signed, s.Signature); err != nil {
		return fmt.Errorf("its signature does not verify: %w", err)
	}
	return nil
}

// namedBy recognizes the certificate that the signed attributes say signed it:
// without that, somebody could put another one of the same key in its place.
func namedBy(values map[string]asn1.RawValue) (func(*x509.Certificate) bool, error) {
	// SigningCertificate and its second version hold a list of those lists' entries first.
	var list struct{ Certificates []asn1.RawValue }
	if v, ok := values[oidSigningCertV2.String()]; ok {
		var id essCertV2
		if err := parse(v.Bytes, &list, ""); err != nil || len(list.Certificates) == 0 {
			return nil, errors.New("it does not say which certificate signed it")
		}
		if _, err := asn1.Unmarshal(list.Certificates[0].FullBytes, &id); err != nil {
			return nil, errors.New("it does not say which certificate signed it")
		}
		algorithm := oidSHA256.String()
		if id.Algorithm.Algorithm != nil {
			algorithm = id.Algorithm.Algorithm.String()
		}
		hash, ok := hashes[algorithm]
		if !ok {
			return nil, fmt.Errorf("it names its certificate by the digest algorithm %s", algorithm)
		}
		return func(c *x509.Certificate) bool {
			h := hash.hash.New()
			h.Write(c.Raw)
			return bytes.Equal(h.Sum(nil), id.Hash)
		}, nil
	}
	if v, ok := values[oidSigningCert.String()]; ok {
		var id essCert
		if err := parse(v.Bytes, &list, ""); err != nil || len(list.Certificates) == 0 {
			return nil, errors.New("it does not say which certificate signed it")
		}
		if _, err := asn1.Unmarshal(list.Certificates[0].FullBytes, &id); err != nil {
			return nil, errors.New("it does not say which certificate signed it")
		}
		return func(c *x509.Certificate) bool {
			// SHA-1 by RFC 2634; the signature that counts is checked with the key itself.
			sum := sha1.Sum(c.Raw)
			return bytes.Equal(sum[:], id.Hash)
		}, nil
	}
	return nil, errors.New("it does not say which certificate signed it")
}

// checkContent holds the stamp against the bytes that it is to be of.
func (t token) checkContent(stamped []byte) error {
	sum := sha256.Sum256(stamped)
	switch {
	case t.info.Version != 1:
		return fmt.Errorf("%w: version %d", ErrTimestamp, t.info.Version)
	case !t.info.Imprint.Algorithm.Algorithm.Equal(oidSHA256) || !bytes.Equal(t.info.Imprint.Digest, sum[:]):
		return fmt.Errorf("%w: it is of another manifest", ErrTimestamp)
	case slices.ContainsFunc(t.info.Extensions, func(e pkix.Extension) bool { return e.Critical }):
		return fmt.Errorf("%w: it has an extension that has to be understood, and is not", ErrTimestamp)
	}
	return nil
}

// checkPurpose wants what RFC 3161 §2.3 does: a certificate for time stamps and
// nothing else, marked critical.
func checkPurpose(c *x509.Certificate) error {
	critical := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidExtKeyUsage) && e.Critical })
	if !critical || !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) || len(c.UnknownExtKeyUsage) > 0 {
		return fmt.Errorf("%w: the certificate that signed it is not one for time stamps alone", ErrTimestamp)
	}
	return nil
}
