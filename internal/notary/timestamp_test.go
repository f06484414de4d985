package notary

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is Debian's own: openssl ts, behind a web server of 127.0.0.1.
type authority struct {
	dir, url string
	roots    *x509.CertPool
	// change is what becomes of an answer on its way, if anything.
	change func([]byte) []byte
	// query is asked in the place of what came, if there is one.
	query []byte
}

func run(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// newAuthority makes one with keys of a kind and an extended key usage.
func newAuthority(t testing.TB, newKey []string, usage string, more ...string) *authority {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl to be the authority")
	}
	a := &authority{dir: t.TempDir(), roots: x509.NewCertPool()}
	config := `
[tsa]
serial = ` + a.dir + `/serial
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
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl := func(args ...string) {
		cmd := exec.Command("openssl", args...)
		cmd.Dir = a.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	for _, who := range []string{"ca", "tsa"} {
		openssl(append(append([]string{"genpkey"}, newKey...), "-out", who+".key")...)
		openssl("req", "-new", "-key", who+".key", "-subj", "/CN=Test "+who, "-out", who+".csr")
	}
	openssl("x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-days", "2", "-extfile", "tsa.cnf", "-extensions", "ca", "-out", "ca.pem")
	openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "tsa.cnf", "-extensions", "leaf", "-out", "tsa.pem")
	ca, err := os.ReadFile(filepath.Join(a.dir, "ca.pem"))
	if err != nil || !a.roots.AppendCertsFromPEM(ca) {
		t.Fatalf("no root: %v", err)
	}
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if a.query != nil {
		query = a.query
	}
	if err := os.WriteFile(filepath.Join(a.dir, "in.tsq"), query, 0o600); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	cmd := exec.Command("openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "in.tsq", "-out", "out.tsr")
	cmd.Dir = a.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		http.Error(w, string(out), http.StatusInternalServerError)
		return
	}
	answer, err := os.ReadFile(filepath.Join(a.dir, "out.tsr"))
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if a.change != nil {
		answer = a.change(answer)
	}
	_, _ = w.Write(answer)
}

var (
	ecKeys   = []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}
	manifest = []byte("{\"schema\": \"hwmfa.packet/v1\"}\n")
)

func TestAnAuthorityStampsAManifest(t *testing.T) {
	for name, keys := range map[string][]string{"ECDSA": ecKeys, "RSA": {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}} {
		for _, digest := range []string{"sha1", "sha256", "sha512"} {
			t.Run(name+", its certificate named by "+digest, func(t *testing.T) {
				a := newAuthority(t, keys, "critical, timeStamping", "ess_cert_id_alg = "+digest)
				answer, said, err := Timestamp(context.Background(), a.url, manifest, a.roots, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				if !said.Known || said.Authority != "CN=Test tsa" || said.Policy != "1.2.3.4.1" || said.Accuracy != 1500*time.Millisecond || time.Since(said.Time).Abs() > time.Minute {
					t.Errorf("it says %+v", said)
				}
				// Debian's openssl, which we did not write, finds it good too.
				for name, content := range map[string][]byte{"manifest.json": manifest, "manifest.tsr": answer} {
					if err := os.WriteFile(filepath.Join(a.dir, name), content, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if out := run(t, a.dir, "ts", "-verify", "-data", "manifest.json", "-in", "manifest.tsr", "-CAfile", "ca.pem"); !bytes.Contains(out, []byte("Verification: OK")) {
					t.Errorf("openssl says %s", out)
				}
				finished := time.Now()
				if again, err := VerifyTimestamp(manifest, answer, finished, nil); err != nil || again.Known {
					t.Errorf("without roots: %+v, %v", again, err)
				}
				if again, err := VerifyTimestamp(manifest, answer, finished, x509.NewCertPool()); err != nil || again.Known {
					t.Errorf("with other roots: %+v, %v", again, err)
				}
				if _, err := VerifyTimestamp([]byte("another"), answer, finished, a.roots); !errors.Is(err, ErrTimestamp) {
					t.Errorf("of another manifest: %v", err)
				}
				if _, err := VerifyTimestamp(manifest, answer, finished.Add(time.Hour), a.roots); !errors.Is(err, ErrTimestamp) {
					t.Errorf("older than what it is of: %v", err)
				}
			})
		}
	}
}

func TestStampsThatDoNotHoldAreRefused(t *testing.T) {
	good := newAuthority(t, ecKeys, "critical, timeStamping")
	stamp := func(a *authority, manifest []byte, roots *x509.CertPool, now time.Time) error {
		_, _, err := Timestamp(context.Background(), a.url, manifest, roots, func() time.Time { return now })
		return err
	}
	refuse := func(name, want string, err error) {
		t.Helper()
		if !errors.Is(err, ErrTimestamp) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	refuse("an unknown authority", "leads to none", stamp(good, manifest, x509.NewCertPool(), time.Now()))
	refuse("another time than this machine's", "off this machine's clock", stamp(good, manifest, nil, time.Now().Add(time.Hour)))
	good.change = func(b []byte) []byte { return append(b, 0) }
	refuse("something after the end", "after its end", stamp(good, manifest, nil, time.Now()))
	good.change = func([]byte) []byte { return []byte{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02} }
	refuse("a rejection", "status 2", stamp(good, manifest, nil, time.Now()))
	good.change = func([]byte) []byte { return []byte("<html>") }
	refuse("a web page", "the answer", stamp(good, manifest, nil, time.Now()))
	good.change = nil
	good.query, _ = request(manifest, big.NewInt(1))
	refuse("an answer to another request", "another request", stamp(good, manifest, nil, time.Now()))
	good.query = nil

	general := newAuthority(t, ecKeys, "critical, timeStamping, codeSigning")
	if err := stamp(general, manifest, nil, time.Now()); err == nil { // openssl itself refuses to sign with such a certificate
		t.Error("a certificate for more than time stamps is taken")
	}
	for _, usage := range []string{"critical, timeStamping, codeSigning", "timeStamping", "critical, codeSigning"} {
		text, err := os.ReadFile(filepath.Join(newAuthority(t, ecKeys, usage).dir, "tsa.pem"))
		block, _ := pem.Decode(text)
		if err != nil || block == nil {
			t.Fatalf("no certificate: %v", err)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		refuse("the purpose "+usage, "not one for time stamps alone", checkPurpose(c))
	}
	for _, address := range []string{"", "ftp://tsa.example.com", "http://", "https://u:p@tsa.example.com", "http://127.0.0.1:1/"} {
		if err := stamp(&authority{url: address}, manifest, nil, time.Now()); err == nil {
			t.Errorf("%q is asked", address)
		}
	}
}

func TestNoFlippedByteMakesAnotherStamp(t *testing.T) {
	a := newAuthority(t, ecKeys, "critical, timeStamping")
	answer, said, err := Timestamp(context.Background(), a.url, manifest, a.roots, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range answer {
		changed := bytes.Clone(answer)
		changed[i] ^= 1
		got, err := VerifyTimestamp(manifest, changed, said.Time, a.roots)
		// What is not signed says nothing that is believed.
		if err == nil && got != said && got.Known {
			t.Errorf("with byte %d changed it says %+v", i, got)
		}
	}
}

func FuzzParseResponse(f *testing.F) {
	a := newAuthority(f, ecKeys, "critical, timeStamping")
	answer, said, err := Timestamp(context.Background(), a.url, manifest, a.roots, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(answer)
	f.Add([]byte{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02})
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := VerifyTimestamp(manifest, der, said.Time, a.roots)
		if err == nil && got.Known && got != said {
			t.Errorf("a stamp was made: %+v", got)
		}
		if err == nil && got.Authority == "" && got.Time.IsZero() {
			t.Error("a stamp without anything in it")
		}
		_ = fmt.Sprint(err)
	})
}
