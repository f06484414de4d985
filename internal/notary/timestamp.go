package notary

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.SHA384 and SHA512
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"time"
)

// ErrTimestamp says that a time stamp is not one of what it stands beside.
var ErrTimestamp = errors.New("the time stamp does not hold")

// hashes are the digests that are believed, with the signatures made over them.
var hashes = map[string]struct {
	hash       crypto.Hash
	rsa, ecdsa x509.SignatureAlgorithm
}{
	oidSHA256.String(): {crypto.SHA256, x509.SHA256WithRSA, x509.ECDSAWithSHA256},
	oidSHA384.String(): {crypto.SHA384, x509.SHA384WithRSA, x509.ECDSAWithSHA384},
	oidSHA512.String(): {crypto.SHA512, x509.SHA512WithRSA, x509.ECDSAWithSHA512},
}

// Timestamped is what a time stamp says.
type Timestamped struct {
	Time     time.Time
	Accuracy time.Duration // 0: not said
	Policy   string        // an object identifier
	// Authority is the subject of the certificate that signed it, which is Known
	// when it leads to one of the roots that were given.
	Authority string
	Known     bool
}

const (
	// maxSkew is how far this machine's clock and an authority's may be apart.
	maxSkew = 5 * time.Minute
	// stampWait is how long an authority may take; maxAnswer bounds what it says, in bytes.
	stampWait = 30 * time.Second
	maxAnswer = 1 << 20
)

// Timestamp asks the authority at address to stamp the bytes of a manifest, and
// returns its answer (DER), which has been checked: it is of these bytes and of
// this request, says about what now says, and is signed for the purpose. The
// certificate must lead to one of roots, at the time of the stamp; nil leaves
// that open. The authority learns a SHA-256 and nothing else.
func Timestamp(ctx context.Context, address string, manifest []byte, roots *x509.CertPool, now func() time.Time) ([]byte, Timestamped, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		// What is signed needs no encryption, and most authorities offer none.
		return nil, Timestamped{}, fmt.Errorf("time stamp: %w: want http:// or https:// and no password", ErrAddress)
	}
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, Timestamped{}, fmt.Errorf("time stamp: %w", err)
	}
	query, err := request(manifest, nonce)
	if err != nil {
		return nil, Timestamped{}, fmt.Errorf("time stamp: %w", err)
	}
	answer, err := ask(ctx, u.String(), query)
	if err != nil {
		return nil, Timestamped{}, fmt.Errorf("time stamp by %s: %w", u.Host, err)
	}
	t, err := parseResponse(answer)
	if err == nil && (t.info.Nonce == nil || t.info.Nonce.Cmp(nonce) != 0) {
		err = fmt.Errorf("%w: it answers another request", ErrTimestamp)
	}
	if err == nil {
		if apart := t.info.GenTime.Sub(now()); apart.Abs() > maxSkew {
			err = fmt.Errorf("%w: it says %s, which is %s off this machine's clock", ErrTimestamp, t.info.GenTime.UTC().Format(time.RFC3339), apart.Round(time.Second).Abs())
		}
	}
	if err != nil {
		return nil, Timestamped{}, fmt.Errorf("time stamp by %s: %w", u.Host, err)
	}
	said, err := t.verify(manifest, time.Time{}, roots)
	if err == nil && roots != nil && !said.Known {
		err = fmt.Errorf("%w: its certificate leads to none of the given authorities", ErrTimestamp)
	}
	if err != nil {
		return nil, Timestamped{}, fmt.Errorf("time stamp by %s: %w", u.Host, err)
	}
	return answer, said, nil
}

// VerifyTimestamp checks the answer of an authority that was kept beside a
// manifest, which was finished at a time: it cannot have been stamped before.
// Without roots, or where the certificate leads to none of them, it is not Known.
func VerifyTimestamp(manifest, answer []byte, finished time.Time, roots *x509.CertPool) (Timestamped, error) {
	t, err := parseResponse(answer)
	if err != nil {
		return Timestamped{}, err
	}
	return t.verify(manifest, finished, roots)
}

func (t token) verify(manifest []byte, finished time.Time, roots *x509.CertPool) (Timestamped, error) {
	if err := t.checkContent(manifest); err != nil {
		return Timestamped{}, err
	}
	if err := checkPurpose(t.signer); err != nil {
		return Timestamped{}, err
	}
	at := t.info.GenTime.UTC()
	switch {
	case at.Before(finished.Add(-maxSkew)):
		return Timestamped{}, fmt.Errorf("%w: it is older than what it is of", ErrTimestamp)
	case at.Before(t.signer.NotBefore) || at.After(t.signer.NotAfter):
		return Timestamped{}, fmt.Errorf("%w: its certificate was not valid then", ErrTimestamp)
	}
	a := t.info.Accuracy
	said := Timestamped{
		Time: at, Policy: t.info.Policy.String(), Authority: t.signer.Subject.String(),
		Accuracy: time.Duration(a.Seconds)*time.Second + time.Duration(a.Millis)*time.Millisecond + time.Duration(a.Micros)*time.Microsecond,
	}
	if roots != nil {
		between := x509.NewCertPool()
		for _, c := range t.certificates {
			between.AddCert(c)
		}
		_, err := t.signer.Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
		})
		said.Known = err == nil
	}
	return said, nil
}

// request is a query for a stamp with the certificates in it (RFC 3161 §2.4.1).
func request(manifest []byte, nonce *big.Int) ([]byte, error) {
	sum := sha256.Sum256(manifest)
	return asn1.Marshal(struct {
		Version int
		Imprint imprint
		Nonce   *big.Int
		CertReq bool
	}{1, imprint{pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}, sum[:]}, nonce, true})
}

// ask sends a query and reads a bounded answer.
func ask(ctx context.Context, address string, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, stampWait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("more than %d bytes", maxAnswer)
	}
	return body, err
}
