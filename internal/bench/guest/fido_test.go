//go:build cgo

package guest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hwmfa/hw/softkey"
)

func TestFIDO2Token(t *testing.T) {
	k := plug(t, softkey.Config{Serial: 12345678})
	list := run(t, "", "fido2-token", "-L")
	if want := k.Hidraw() + ": vendor=0x1050, product=0x0407 (Yubico YubiKey OTP+FIDO+CCID)\n"; list != want {
		t.Errorf("fido2-token -L printed %q, want %q", list, want)
	}
	info := run(t, "", "fido2-token", "-I", k.Hidraw())
	t.Log(info)
	aaguid := k.Config().AAGUID
	for _, want := range []string{
		"proto: 0x02\n", "major: 0x05\n", "minor: 0x04\n", "build: 0x03\n", "caps: 0x05 (wink, cbor, msg)\n", "FIDO_2_0", "U2F_V2",
		fmt.Sprintf("aaguid: %x\n", aaguid[:]), "es256", "clientPin", "pin protocols: ",
	} {
		if !strings.Contains(info, want) {
			t.Errorf("fido2-token -I does not say %q", want)
		}
	}
}

// base64Lines makes the input of the fido2 programs.
func base64Lines(parts ...string) string { return strings.Join(parts, "\n") + "\n" }

// hash stands for a client data hash.
var hash = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0x5a}, 32))

// credential is one made by fido2-cred and checked by it.
type credential struct{ id, pem string }

// makeCredential runs fido2-cred -M | fido2-cred -V. The programs ask for the
// PIN on standard input where they have no terminal.
func makeCredential(t *testing.T, node, pin string, args ...string) *credential {
	t.Helper()
	params := filepath.Join(t.TempDir(), "params")
	user := base64.StdEncoding.EncodeToString([]byte("user"))
	if err := os.WriteFile(params, []byte(base64Lines(hash, "example.org", "someone", user)), 0o600); err != nil {
		t.Fatal(err)
	}
	made := run(t, pin+"\n", "fido2-cred", append(append([]string{"-M", "-i", params}, args...), node)...)
	lines := strings.Split(strings.TrimSpace(made), "\n")
	if len(lines) < 7 || lines[2] != "packed" {
		t.Fatalf("fido2-cred -M printed %q: want format packed and a certificate", made)
	}
	checks := []string{"-V"}
	for _, a := range args {
		if a == "-v" {
			checks = append(checks, a)
		}
	}
	out := run(t, made, "fido2-cred", checks...)
	id, pem, _ := strings.Cut(out, "\n")
	if id != lines[4] || !strings.Contains(pem, "BEGIN PUBLIC KEY") {
		t.Fatalf("fido2-cred -V printed %q", out)
	}
	return &credential{id, pem}
}

func TestFIDO2Cred(t *testing.T) {
	const pin = "246813"
	tests := []struct {
		name  string
		cfg   softkey.Config
		pin   string
		args  []string
		least time.Duration // it may not take less
	}{
		{"without a PIN", softkey.Config{}, "", nil, 0},
		{"with a touch that comes after 1.5 s", softkey.Config{Touch: softkey.After(1500 * time.Millisecond)}, "", nil, 1500 * time.Millisecond},
		{"with a PIN", softkey.Config{PIN: pin}, pin, nil, 0},
		{"with a PIN for user verification", softkey.Config{PIN: pin}, pin, []string{"-v"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := plug(t, tt.cfg)
			start := time.Now()
			makeCredential(t, k.Hidraw(), tt.pin, tt.args...)
			if took := time.Since(start); took < tt.least {
				t.Errorf("made in %v, before the touch at %v", took, tt.least)
			}
		})
	}
	t.Run("a wrong PIN is refused and costs a try", func(t *testing.T) {
		k := plug(t, softkey.Config{PIN: pin})
		before := retries(t, k.Hidraw())
		params := filepath.Join(t.TempDir(), "params")
		if err := os.WriteFile(params, []byte(base64Lines(hash, "example.org", "someone", "dXNlcg==")), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := try(t, "999999\n", "fido2-cred", "-M", "-v", "-i", params, k.Hidraw()); err == nil {
			t.Fatalf("a credential was made with a wrong PIN: %s", out)
		} else if !strings.Contains(err.Error(), "FIDO_ERR_PIN_INVALID") {
			t.Errorf("got %v, want FIDO_ERR_PIN_INVALID", err)
		}
		if after := retries(t, k.Hidraw()); before != "8" || after != "7" {
			t.Errorf("PIN retries went from %s to %s, want 8 and 7", before, after)
		}
	})
}

// retries is what fido2-token says of the PIN's tries.
func retries(t *testing.T, node string) string {
	t.Helper()
	_, rest, found := strings.Cut(run(t, "", "fido2-token", "-I", node), "pin retries: ")
	if !found {
		t.Fatal("fido2-token -I names no PIN retries")
	}
	n, _, _ := strings.Cut(rest, "\n")
	return n
}

func TestFIDO2Assert(t *testing.T) {
	const pin = "246813"
	k := plug(t, softkey.Config{PIN: pin})
	c := makeCredential(t, k.Hidraw(), pin)
	dir := t.TempDir()
	params, public := filepath.Join(dir, "params"), filepath.Join(dir, "public.pem")
	for name, text := range map[string]string{params: base64Lines(hash, "example.org", c.id), public: c.pem} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name    string
		get     []string
		pin     string
		check   []string // what the signature covers
		present bool
	}{
		{"a touch and no PIN", []string{"-t", "up=true"}, "", []string{"-p"}, true},
		{"silent: no touch, no PIN", []string{"-t", "up=false"}, "", nil, false},
		{"a touch and the PIN", []string{"-p", "-v"}, pin, []string{"-p", "-v"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.present {
				k.SetTouch(softkey.Never())
				defer k.SetTouch(softkey.Now())
			}
			got := run(t, tt.pin+"\n", "fido2-assert", append(append([]string{"-G", "-i", params}, tt.get...), k.Hidraw())...)
			run(t, got, "fido2-assert", append(append([]string{"-V"}, tt.check...), public)...)
			lines := strings.Split(got, "\n")
			if len(lines) < 4 {
				t.Fatalf("fido2-assert -G printed %q", got)
			}
			if _, err := try(t, got, "fido2-assert", "-V", "-p", public); (err == nil) != tt.present {
				t.Errorf("user presence asked for: %v", err)
			}
			other := base64.StdEncoding.EncodeToString(make([]byte, 32))
			if _, err := try(t, strings.Replace(got, lines[0], other, 1), "fido2-assert", "-V", public); err == nil {
				t.Error("the signature holds for another challenge too")
			}
		})
	}
}
