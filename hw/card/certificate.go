package card

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"hwmfa/hw"
)

// maxCertificate bounds a certificate, packed or not. PIV gives its objects
// 3 KiB.
const maxCertificate = 16 << 10

// Tags of a certificate object (SP 800-73-4 part 1, table 10) and the values
// of its CertInfo byte.
const (
	tagObject      = 0x53
	tagCertificate = 0x70
	tagCertInfo    = 0x71

	certPlain = 0
	certGzip  = 1

	derSequence = 0x30
)

// parseCertificate takes the DER certificate out of a certificate object:
// errAbsent for an empty one.
func parseCertificate(object []byte) ([]byte, error) {
	content, err := only(object, tagObject)
	if err != nil {
		return nil, err
	}
	if len(content) == 0 {
		return nil, errAbsent
	}
	tlvs, err := split(content)
	if err != nil {
		return nil, err
	}
	der := tlvs[tagCertificate]
	if len(der) == 0 {
		return nil, errAbsent
	}
	info, ok := tlvs[tagCertInfo]
	switch {
	case !ok || bytes.Equal(info, []byte{certPlain}):
	case bytes.Equal(info, []byte{certGzip}):
		if der, err = unpack(der); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("certificate packed in an unknown way (%x): %w", info, hw.ErrMalformed)
	}
	return der, checkDER(der)
}

// unpack undoes gzip, up to the size a certificate can have.
func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpacking certificate: %w: %w", hw.ErrMalformed, err)
	}
	der, err := io.ReadAll(io.LimitReader(z, maxCertificate+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking certificate: %w: %w", hw.ErrMalformed, err)
	}
	return der, nil
}

// checkDER says whether b is one DER SEQUENCE and nothing else. What is in it
// is for verification to judge.
func checkDER(b []byte) error {
	if len(b) > maxCertificate {
		return fmt.Errorf("certificate of more than %d bytes: %w", maxCertificate, hw.ErrMalformed)
	}
	if _, err := only(b, derSequence); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	return nil
}
