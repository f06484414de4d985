// Package tsatest is a time-stamping authority for tests: Debian's openssl ts,
// behind a web server of 127.0.0.1, with keys that live as long as a test.
package tsatest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ECKeys are the arguments of openssl genpkey for a key on P-256.
var ECKeys = []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}

// Authority is a running one.
type Authority struct {
	// Dir holds ca.pem, the root, and tsa.pem, the authority's certificate.
	Dir, URL string
	Roots    *x509.CertPool
	// Change is what becomes of an answer on its way, if anything.
	Change func([]byte) []byte
	// Query is answered in the place of what came, if there is one.
	Query []byte

	server *httptest.Server
}

// New makes one in a directory of its own, with keys of a kind, the extended key
// usage that its certificate has, and more lines of its settings.
func New(dir string, keys []string, usage string, more ...string) (*Authority, error) {
	a := &Authority{Dir: dir, Roots: x509.NewCertPool()}
	config := `
[tsa]
serial = ` + dir + `/serial
crypto_device = builtin
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1, millisecs:500
ordering = no
tsa_name = yes
ess_cert_id_chain = no
` + strings.Join(more, "\n") + `
[leaf]
keyUsage = critical, digitalSignature
extendedKeyUsage = ` + usage + `
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
`
	for name, text := range map[string]string{"tsa.cnf": config, "serial": "01\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	for _, args := range [][]string{
		append(append([]string{"genpkey"}, keys...), "-out", "ca.key"),
		append(append([]string{"genpkey"}, keys...), "-out", "tsa.key"),
		{"req", "-new", "-key", "ca.key", "-subj", "/CN=Test ca", "-out", "ca.csr"},
		{"req", "-new", "-key", "tsa.key", "-subj", "/CN=Test tsa", "-out", "tsa.csr"},
		{"x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-days", "2", "-extfile", "tsa.cnf", "-extensions", "ca", "-out", "ca.pem"},
		{"x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "tsa.cnf", "-extensions", "leaf", "-out", "tsa.pem"},
	} {
		if err := a.openssl(args...); err != nil {
			return nil, err
		}
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	if !a.Roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("openssl made no certificate")
	}
	a.server = httptest.NewServer(a)
	a.URL = a.server.URL
	return a, nil
}

// Close ends it.
func (a *Authority) Close() { a.server.Close() }

func (a *Authority) openssl(args ...string) error {
	cmd := exec.Command("openssl", args...)
	cmd.Dir = a.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("openssl %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// ServeHTTP answers one query.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if a.Query != nil {
		query = a.Query
	}
	err = os.WriteFile(filepath.Join(a.Dir, "in.tsq"), query, 0o600)
	if err == nil {
		err = a.openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "in.tsq", "-out", "out.tsr")
	}
	var answer []byte
	if err == nil {
		answer, err = os.ReadFile(filepath.Join(a.Dir, "out.tsr"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if a.Change != nil {
		answer = a.Change(answer)
	}
	_, _ = w.Write(answer)
}
