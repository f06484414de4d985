package notary

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hwmfa/internal/notary/tsatest"
)

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

func newAuthority(t testing.TB, keys []string, usage string, more ...string) *tsatest.Authority {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl to be the authority")
	}
	a, err := tsatest.New(t.TempDir(), keys, usage, more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

var (
	ecKeys   = tsatest.ECKeys
	manifest = []byte("{\"schema\": \"hwmfa.packet/v1\"}\n")
)

func TestAnAuthorityStampsAManifest(t *testing.T) {
	for name, keys := range map[string][]string{"ECDSA": ecKeys, "RSA": {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}} {
		for _, digest := range []string{"sha1", "sha256", "sha512"} {
			t.Run(name+", its certificate named by "+digest, func(t *testing.T) {
				a := newAuthority(t, keys, "critical, timeStamping", "ess_cert_id_alg = "+digest)
				answer, said, err := Timestamp(context.Background(), a.URL, manifest, a.Roots, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				if !said.Known || said.Authority != "CN=Test tsa" || said.Policy != "1.2.3.4.1" || said.Accuracy != 1500*time.Millisecond || time.Since(said.Time).Abs() > time.Minute {
					t.Errorf("it says %+v", said)
				}
				// Debian's openssl, which we did not write, finds it good too.
				for name, content := range map[string][]byte{"manifest.json": manifest, "manifest.tsr": answer} {
					if err := os.WriteFile(filepath.Join(a.Dir, name), content, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if out := run(t, a.Dir, "ts", "-verify", "-data", "manifest.json", "-in", "manifest.tsr", "-CAfile", "ca.pem"); !bytes.Contains(out, []byte("Verification: OK")) {
					t.Errorf("openssl says %s", out)
				}
				finished := time.Now()
				if again, err := VerifyTimestamp(manifest, answer, finished, nil); err != nil || again.Known {
					t.Errorf("without roots: %+v, %v", again, err)
				}
				if again, err := VerifyTimestamp(manifest, answer, finished, x509.NewCertPool()); err != nil || again.Known {
					t.Errorf("with other roots: %+v, %v", again, err)
				}
				if _, err := VerifyTimestamp([]byte("another"), answer, finished, a.Roots); !errors.Is(err, ErrTimestamp) {
					t.Errorf("of another manifest: %v", err)
				}
				if _, err := VerifyTimestamp(manifest, answer, finished.Add(time.Hour), a.Roots); !errors.Is(err, ErrTimestamp) {
					t.Errorf("older than what it is of: %v", err)
				}
			})
		}
	}
}

func TestStampsThatDoNotHoldAreRefused(t *testing.T) {
	good := newAuthority(t, ecKeys, "critical, timeStamping")
	stamp := func(a *tsatest.Authority, manifest []byte, roots *x509.CertPool, now time.Time) error {
		_, _, err := Timestamp(context.Background(), a.URL, manifest, roots, func() time.Time { return now })
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
	good.Change = func(b []byte) []byte { return append(b, 0) }
	refuse("something after the end", "after its end", stamp(good, manifest, nil, time.Now()))
	good.Change = func([]byte) []byte { return []byte{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02} }
	refuse("a rejection", "status 2", stamp(good, manifest, nil, time.Now()))
	good.Change = func([]byte) []byte { return []byte("<html>") }
	refuse("a web page", "the answer", stamp(good, manifest, nil, time.Now()))
	good.Change = nil
	good.Query, _ = request(manifest, big.NewInt(1))
	refuse("an answer to another request", "another request", stamp(good, manifest, nil, time.Now()))
	good.Query = nil

	general := newAuthority(t, ecKeys, "critical, timeStamping, codeSigning")
	if err := stamp(general, manifest, nil, time.Now()); err == nil { // openssl itself refuses to sign with such a certificate
		t.Error("a certificate for more than time stamps is taken")
	}
	for _, usage := range []string{"critical, timeStamping, codeSigning", "timeStamping", "critical, codeSigning"} {
		text, err := os.ReadFile(filepath.Join(newAuthority(t, ecKeys, usage).Dir, "tsa.pem"))
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
		if err := stamp(&tsatest.Authority{URL: address}, manifest, nil, time.Now()); err == nil {
			t.Errorf("%q is asked", address)
		}
	}
}

func TestNoFlippedByteMakesAnotherStamp(t *testing.T) {
	a := newAuthority(t, ecKeys, "critical, timeStamping")
	answer, said, err := Timestamp(context.Background(), a.URL, manifest, a.Roots, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range answer {
		changed := bytes.Clone(answer)
		changed[i] ^= 1
		got, err := VerifyTimestamp(manifest, changed, said.Time, a.Roots)
		// What is not signed says nothing that is believed.
		if err == nil && got != said && got.Known {
			t.Errorf("with byte %d changed it says %+v", i, got)
		}
	}
}

func FuzzParseResponse(f *testing.F) {
	a := newAuthority(f, ecKeys, "critical, timeStamping")
	answer, said, err := Timestamp(context.Background(), a.URL, manifest, a.Roots, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(answer)
	f.Add([]byte{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02})
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := VerifyTimestamp(manifest, der, said.Time, a.Roots)
		if err == nil && got.Known && got != said {
			t.Errorf("a stamp was made: %+v", got)
		}
		if err == nil && got.Authority == "" && got.Time.IsZero() {
			t.Error("a stamp without anything in it")
		}
		_ = fmt.Sprint(err)
	})
}
