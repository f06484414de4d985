package ctap

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hwmfa/hw"
)

// u2fKey answers U2F messages, without the code under test, from a function
// that is given the instruction, its control byte and its data.
func u2fKey(t testing.TB, answer func(ins, p1 byte, data []byte) string) *script {
	k := newScript(t, func(s *script, channel uint32, cmd byte, data []byte) {
		if cmd != 0x83 || len(data) < 7 || data[0] != 0 || data[3] != 0 || data[4] != 0 || !bytes.HasSuffix(data, []byte{0, 0}) {
			t.Errorf("asked %02x %x", cmd, data)
		}
		ins, p1, body := data[1], data[2], []byte(nil)
		if len(data) > 7 {
			body = data[7 : len(data)-2]
			if int(binary.BigEndian.Uint16(data[5:])) != len(body) {
				t.Errorf("a body of %d bytes said to have %x", len(body), data[5:7])
			}
		}
		s.reply(channel, cmd, []byte(answer(ins, p1, body)))
	})
	k.caps = 0x01
	return k
}

const (
	touchMe = "\x69\x85"
	foreign = "\x6A\x80"
)

func silentRequest(ids ...string) SilentRequest {
	r := SilentRequest{RPID: "hwmfa.example", ClientDataHash: bytes.Repeat([]byte{7}, 32)}
	for _, id := range ids {
		r.CredentialIDs = append(r.CredentialIDs, []byte(id))
	}
	return r
}

// handleOf checks what every AUTHENTICATE has to be and returns its handle.
func handleOf(t testing.TB, data []byte) string {
	application := sha256.Sum256([]byte("hwmfa.example"))
	if len(data) < 65 || !bytes.Equal(data[:32], bytes.Repeat([]byte{7}, 32)) || !bytes.Equal(data[32:64], application[:]) || len(data) != 65+int(data[64]) {
		t.Fatalf("authenticate with %x", data)
	}
	return string(data[65:])
}

// leaf is a certificate that is good enough to be carried.
func leaf(t testing.TB) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "U2F"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// registered is an answer to REGISTER in its parts.
type registered struct{ point, handle, certificate, signature []byte }

func newRegistered(t testing.TB) registered {
	t.Helper()
	certificate, key := leaf(t)
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("signed"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return registered{point, []byte("handle"), certificate, signature}
}

func (r registered) bytes() []byte {
	return slices.Concat([]byte{5}, r.point, []byte{byte(len(r.handle))}, r.handle, r.certificate, r.signature)
}

// TestU2FRegister_object holds the attestation object to its layout, byte by byte.
func TestU2FRegister_object(t *testing.T) {
	made := newRegistered(t)
	k := u2fKey(t, func(ins, p1 byte, data []byte) string {
		r := request("")
		application := sha256.Sum256([]byte(r.RPID))
		if ins != 1 || p1 != 0 || !bytes.Equal(data, slices.Concat(r.ClientDataHash, application[:])) {
			t.Errorf("asked %02x %02x %x", ins, p1, data)
		}
		return string(made.bytes()) + "\x90\x00"
	})
	object, err := k.open().U2FRegister(t.Context(), request(""))
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte("hwmfa.example"))
	public := slices.Concat([]byte("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"), made.point[1:33], []byte("\x22\x58\x20"), made.point[33:])
	data := slices.Concat(hash[:], []byte{0x41, 0, 0, 0, 0}, make([]byte, 16), []byte{0, 6}, made.handle, public)
	want := mustEncode(t, map[string]any{
		"fmt": "fido-u2f", "authData": data,
		"attStmt": map[string]any{"sig": made.signature, "x5c": [][]byte{made.certificate}},
	})
	if !bytes.Equal(object, want) {
		t.Errorf("got  %x\nwant %x", object, want)
	}
}

func TestU2FRegister_malformed(t *testing.T) {
	good := newRegistered(t)
	with := func(change func(*registered)) []byte {
		r := good
		change(&r)
		return r.bytes()
	}
	for _, tt := range []struct {
		name   string
		answer []byte
		is     error
	}{
		{"nothing", nil, hw.ErrMalformed},
		{"another first byte", append([]byte{4}, good.bytes()[1:]...), hw.ErrMalformed},
		{"no handle", with(func(r *registered) { r.handle = nil }), hw.ErrMalformed},
		{"a handle beyond the end", good.bytes()[:70], hw.ErrMalformed},
		{"a point off the curve", with(func(r *registered) { r.point = append([]byte{4}, make([]byte, 64)...) }), hw.ErrMalformed},
		{"a compressed point", with(func(r *registered) { r.point = append([]byte{2}, r.point[1:]...) }), hw.ErrMalformed},
		{"no certificate", with(func(r *registered) { r.certificate = nil }), hw.ErrMalformed},
		{"a certificate cut short", with(func(r *registered) { r.certificate, r.signature = r.certificate[:len(r.certificate)-1], nil }), hw.ErrMalformed},
		{"a certificate that is a string", with(func(r *registered) { r.certificate = []byte("\x04\x02hi") }), hw.ErrMalformed},
		{"a certificate without an end", with(func(r *registered) { r.certificate = []byte("\x30\x80") }), hw.ErrMalformed},
		{"no signature", with(func(r *registered) { r.signature = nil }), hw.ErrMalformed},
		{"something behind the signature", append(good.bytes(), 0), hw.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := u2fKey(t, func(byte, byte, []byte) string { return string(tt.answer) + "\x90\x00" })
			if got, err := k.open().U2FRegister(t.Context(), request("")); !errors.Is(err, tt.is) || got != nil {
				t.Errorf("got %x, %v, want %v", got, err, tt.is)
			}
		})
	}
}

// TestU2FNeverBesideCTAP2: what speaks CTAP2 is never asked by U2F, whatever it
// says besides, and what speaks neither is not asked at all.
func TestU2FNeverBesideCTAP2(t *testing.T) {
	for name, tt := range map[string]struct {
		caps byte
		pin  string
	}{
		"CTAP2 and U2F":           {caps: 0x05},
		"CTAP2 without U2F":       {caps: 0x0D},
		"neither":                 {caps: 0x09},
		"U2F, and a PIN is given": {caps: 0x01, pin: "2580"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newScript(t, nil)
			k.caps = tt.caps
			d := k.open()
			r := request(tt.pin)
			if got, err := d.U2FRegister(t.Context(), r); !errors.Is(err, hw.ErrUnsupported) || got != nil {
				t.Errorf("register: got %x, %v", got, err)
			}
			if tt.pin == "" {
				if got, err := d.U2FCheck(t.Context(), silentRequest("a")); !errors.Is(err, hw.ErrUnsupported) || got != nil {
					t.Errorf("check: got %x, %v", got, err)
				}
				if got, err := d.U2FAssert(t.Context(), silentRequest("a")); !errors.Is(err, hw.ErrUnsupported) || got != nil {
					t.Errorf("assertion: got %v, %v", got, err)
				}
			}
			if len(k.asked) != 1 {
				t.Errorf("asked %x, want INIT only", k.asked)
			}
		})
	}
}

func TestU2FCheck(t *testing.T) {
	long := string(make([]byte, 256))
	for _, tt := range []struct {
		name    string
		answers map[string]string // by handle
		ids     []string
		own     []string
		asked   int
		is      error
	}{
		{"one is its own", map[string]string{"a": foreign, "b": touchMe, "c": foreign}, []string{"a", "b", "c"}, []string{"b"}, 3, nil},
		{"two are", map[string]string{"a": touchMe, "b": touchMe}, []string{"a", "b"}, []string{"a", "b"}, 2, nil},
		{"none is", map[string]string{"a": foreign, "b": foreign}, []string{"a", "b"}, nil, 2, hw.ErrNoCredential},
		{"none to ask about", nil, nil, nil, 0, hw.ErrNoCredential},
		{"IDs that U2F has no room for are not asked about", map[string]string{"a": foreign}, []string{long, "", "a"}, nil, 1, hw.ErrNoCredential},
		{"a refusal is no answer", map[string]string{"a": "\x67\x00"}, []string{"a"}, nil, 1, hw.ErrRefused},
		{"a refusal beside others that are not its own", map[string]string{"a": "\x67\x00", "b": foreign}, []string{"a", "b"}, nil, 2, hw.ErrRefused},
		{"a refusal beside its own", map[string]string{"a": "\x67\x00", "b": touchMe}, []string{"a", "b"}, []string{"b"}, 2, nil},
		{"U2F switched off", map[string]string{"a": "\x69\x86"}, []string{"a"}, nil, 1, hw.ErrUnsupported},
		{"a signature that was not asked for", map[string]string{"a": "\x01\x00\x00\x00\x01\x30\x00\x90\x00"}, []string{"a"}, nil, 1, hw.ErrMalformed},
		{"half a status", map[string]string{"a": "\x90"}, []string{"a"}, nil, 1, hw.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			k := u2fKey(t, func(ins, p1 byte, data []byte) string {
				if ins != 2 || p1 != 7 {
					t.Errorf("asked %02x %02x", ins, p1)
				}
				asked++
				return tt.answers[handleOf(t, data)]
			})
			own, err := k.open().U2FCheck(t.Context(), silentRequest(tt.ids...))
			if !slices.EqualFunc(own, tt.own, func(id []byte, want string) bool { return string(id) == want }) || !errors.Is(err, tt.is) || (tt.is == nil) != (err == nil) || asked != tt.asked {
				t.Errorf("got %q, %v after %d questions, want %q, %v after %d", own, err, asked, tt.own, tt.is, tt.asked)
			}
		})
	}
}

func TestU2FAssert(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers map[string]string
		want    string // the credential that answers
		is      error
	}{
		{"its own", map[string]string{"a": foreign, "b": "\x01\x00\x00\x01\x02\x30\x00\x90\x00"}, "b", nil},
		{"none", map[string]string{"a": foreign, "b": foreign}, "", hw.ErrNoCredential},
		{"a refusal of one", map[string]string{"a": "\x69\x82", "b": foreign}, "", hw.ErrRefused},
		{"no presence in it", map[string]string{"a": "\x00\x00\x00\x01\x02\x30\x00\x90\x00"}, "", hw.ErrMalformed},
		{"bits that are for the future", map[string]string{"a": "\x03\x00\x00\x01\x02\x30\x00\x90\x00"}, "", hw.ErrMalformed},
		{"cut short", map[string]string{"a": "\x01\x00\x00\x01\x90\x00"}, "", hw.ErrMalformed},
		{"no signature", map[string]string{"a": "\x01\x00\x00\x01\x02\x90\x00"}, "", hw.ErrMalformed},
		{"something behind it", map[string]string{"a": "\x01\x00\x00\x01\x02\x30\x00\x00\x90\x00"}, "", hw.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := u2fKey(t, func(ins, p1 byte, data []byte) string {
				if ins != 2 || p1 != 3 {
					t.Errorf("asked %02x %02x", ins, p1)
				}
				return tt.answers[handleOf(t, data)]
			})
			a, err := k.open().U2FAssert(t.Context(), silentRequest("a", "b"))
			if tt.is != nil {
				if a != nil || !errors.Is(err, tt.is) {
					t.Errorf("got %+v, %v, want %v", a, err, tt.is)
				}
				return
			}
			hash := sha256.Sum256([]byte("hwmfa.example"))
			data := append(hash[:], 1, 0, 0, 1, 2)
			if err != nil || string(a.CredentialID) != tt.want || !bytes.Equal(a.AuthData, data) || !a.UserPresent || a.UserVerified || string(a.Signature) != "\x30\x00" {
				t.Errorf("got %+v, %v", a, err)
			}
		})
	}
}

// TestU2FTouch polls keys that are touched late, never, or not waited for.
func TestU2FTouch(t *testing.T) {
	for _, tt := range []struct {
		name    string
		touched time.Duration // after the first question; 0: never
		cancel  time.Duration // 0: not
		is      error
		least   time.Duration
		most    time.Duration
	}{
		{"touched after 5 s", 5 * time.Second, 0, nil, 5 * time.Second, 5200 * time.Millisecond},
		{"never touched", 0, 0, hw.ErrTouchTimeout, 30 * time.Second, 30 * time.Second},
		{"given up after 3 s", 0, 3 * time.Second, context.Canceled, 3 * time.Second, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				asked, told := 0, 0
				k := u2fKey(t, func(byte, byte, []byte) string {
					asked++
					if tt.touched > 0 && time.Since(start) >= tt.touched {
						return "\x01\x00\x00\x00\x01\x30\x00\x90\x00"
					}
					return touchMe
				})
				d := k.open()
				d.OnTouch = func() { told++ }
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, cancel)
				}
				_, err := d.U2FAssert(ctx, silentRequest("a"))
				took := time.Since(start)
				if (tt.is == nil) != (err == nil) || !errors.Is(err, tt.is) || took < tt.least || took > tt.most {
					t.Errorf("got %v after %v, want %v", err, took, tt.is)
				}
				if told != 1 || asked > 2+int(took/u2fAskAgain) {
					t.Errorf("asked %d times, and told %d times of the touch", asked, told)
				}
				if d.OnTouch(); told != 2 {
					t.Error("OnTouch is not what it was")
				}
			})
		})
	}
}

func TestU2FTouch_unplugged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newScript(t, func(s *script, channel uint32, cmd byte, _ []byte) {
			if len(s.asked) == 3 { // INIT, and the touch for the second time
				close(s.reports)
				return
			}
			s.reply(channel, cmd, []byte(touchMe))
		})
		k.caps = 0x01
		if _, err := k.open().U2FRegister(t.Context(), request("")); !errors.Is(err, hw.ErrGone) {
			t.Errorf("got %v", err)
		}
	})
}

// TestU2FTouch_hangs: a key that holds the question back until it is touched,
// saying so meanwhile, and one that says nothing, are given up like others.
func TestU2FTouch_hangs(t *testing.T) {
	for name, waits := range map[string]bool{"a key that says that it waits": true, "a key that says nothing": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newScript(t, func(s *script, channel uint32, _ byte, _ []byte) {
					if waits {
						s.reply(channel, 0xBB, []byte{2})
					}
				})
				k.caps = 0x01
				want := context.DeadlineExceeded
				if waits {
					want = hw.ErrTouchTimeout
				}
				start := time.Now()
				if _, err := k.open().U2FRegister(t.Context(), request("")); !errors.Is(err, want) || time.Since(start) > 32*time.Second {
					t.Errorf("got %v after %v, want %v", err, time.Since(start), want)
				}
			})
		})
	}
}

func FuzzU2FRegistration(f *testing.F) {
	good := newRegistered(f)
	f.Add(good.bytes())
	f.Add(good.bytes()[:200])
	f.Add(append(good.bytes(), 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		object, err := u2fAttestation(b, "hwmfa.example")
		if err != nil {
			if !errors.Is(err, hw.ErrMalformed) {
				t.Fatalf("got %v", err)
			}
			return
		}
		// Nothing is lost: the answer can be made again from the object.
		var a attestation
		if err := decMode.Unmarshal(object, &a); err != nil {
			t.Fatal(err)
		}
		if err := checkAttested(a.AuthData, "hwmfa.example"); err != nil {
			t.Fatal(err)
		}
		var st struct {
			Sig []byte   `cbor:"sig"`
			X5C [][]byte `cbor:"x5c"`
		}
		if err := decMode.Unmarshal(a.Statement, &st); err != nil || len(st.X5C) != 1 {
			t.Fatalf("statement %x, %v", a.Statement, err)
		}
		id := a.AuthData[55 : 55+int(a.AuthData[54])]
		key := a.AuthData[55+len(id):]
		again := registered{slices.Concat([]byte{4}, key[10:42], key[45:77]), id, st.X5C[0], st.Sig}
		if !bytes.Equal(again.bytes(), b) {
			t.Fatalf("got %x, made again %x", b, again.bytes())
		}
	})
}

func FuzzU2FAssertion(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x01\x30\x00"))
	f.Add([]byte("\x01\x00\x00\x00\x01\x30\x03\x02\x01\x01"))
	f.Add([]byte("\x00\x00\x00\x00\x01\x30\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := u2fAssertion(b, "hwmfa.example", []byte("a"))
		if err != nil {
			if !errors.Is(err, hw.ErrMalformed) {
				t.Fatalf("got %v", err)
			}
			return
		}
		if !bytes.Equal(append(a.AuthData[32:37:37], a.Signature...), b) || !a.UserPresent {
			t.Fatalf("got %+v from %x", a, b)
		}
	})
}
