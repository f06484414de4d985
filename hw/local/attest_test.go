package local

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

const rpID = "hwmfa.invalid"

var request = hw.CredentialRequest{
	RPID: rpID, RPName: "hwmfa", UserID: []byte{1}, UserName: "enrollment",
	ClientDataHash: make([]byte, 32), PIN: []byte("123456"),
}

// wrapped is authenticator data for one credential as libfido2 hands it out.
func wrapped(rpID string, flags byte, id []byte) []byte {
	hash := sha256.Sum256([]byte(rpID))
	b := append(hash[:], flags)
	b = append(b, make([]byte, 4+16)...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(id)))
	b = append(append(b, id...), 0xa0) // a public key, empty
	w, _ := cbor.Marshal(b)
	return w
}

func goodCredential() *fidoCredential {
	id := []byte("credential")
	return &fidoCredential{format: "packed", authData: wrapped(rpID, 0x41, id), id: id, certificate: []byte{0x30}, signature: []byte{0x30}, algorithm: -7}
}

// bench is a machine with one key whose libfido2 does as d says.
func bench(t *testing.T, d *fakeFIDODevice) (*Machine, pretend, hw.Sighting) {
	t.Helper()
	p := newPretend(t)
	p.plug(oneKey)
	s, err := p.hidraw("/dev/hidraw1")
	if err != nil {
		t.Fatal(err)
	}
	d.cancelled = make(chan struct{})
	m := &Machine{system: p.system, fido: &fakeFIDO{dev: d}, hasCBOR: func(context.Context, hw.Stream) (bool, error) { return true, nil }}
	t.Cleanup(m.left.Wait)
	return m, p, s
}

func TestAttest(t *testing.T) {
	d := &fakeFIDODevice{credential: goodCredential()}
	m, _, s := bench(t, d)
	object, err := m.Attest(t.Context(), s, request)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Fmt      string `cbor:"fmt"`
		AuthData []byte `cbor:"authData"`
		AttStmt  struct {
			Alg int      `cbor:"alg"`
			Sig []byte   `cbor:"sig"`
			X5C [][]byte `cbor:"x5c"`
		} `cbor:"attStmt"`
	}
	if err := cbor.Unmarshal(object, &got); err != nil {
		t.Fatal(err)
	}
	if got.Fmt != "packed" || got.AttStmt.Alg != -7 || len(got.AttStmt.X5C) != 1 || len(got.AuthData) != 37+16+2+10+1 {
		t.Errorf("attestation object %+v", got)
	}
	if len(d.asked) != 1 || string(d.asked[0].PIN) != "123456" {
		t.Errorf("the library was asked %d times: %+v", len(d.asked), d.asked)
	}
}

func TestAttest_errors(t *testing.T) {
	for _, c := range []struct {
		name string
		dev  *fakeFIDODevice
		want error
	}{
		{"not touched", &fakeFIDODevice{err: hw.ErrTouchTimeout}, hw.ErrTouchTimeout},
		{"PIN blocked", &fakeFIDODevice{err: hw.ErrPINBlocked}, hw.ErrPINBlocked},
		{"the last try was wrong", &fakeFIDODevice{err: errWrongPIN, left: 0}, hw.ErrPINBlocked},
		{"libfido2 fell back to U2F because the key was busy", &fakeFIDODevice{u2f: true}, hw.ErrBusy},
		{"another program cancelled", &fakeFIDODevice{err: errCancelled}, hw.ErrBusy},
		{"no answer although the key is there", &fakeFIDODevice{err: errLink}, hw.ErrBusy},
		{"libfido2 cannot open the node", &fakeFIDODevice{isErr: errLink}, hw.ErrBusy},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, s := bench(t, c.dev)
			object, err := m.Attest(t.Context(), s, request)
			if object != nil || !errors.Is(err, c.want) {
				t.Errorf("Attest = %x, %v; want %v", object, err, c.want)
			}
		})
	}
}

func TestAttest_wrongPIN(t *testing.T) {
	for _, c := range []struct {
		name string
		dev  *fakeFIDODevice
		want int
	}{
		{"the key says how many tries are left", &fakeFIDODevice{err: errWrongPIN, left: 5}, 5},
		{"the key does not say", &fakeFIDODevice{err: errWrongPIN, leftErr: errLink}, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, s := bench(t, c.dev)
			_, err := m.Attest(t.Context(), s, request)
			var wrong *hw.PINError
			if !errors.As(err, &wrong) || wrong.Retries != c.want {
				t.Errorf("Attest = %v, want a PINError with %d", err, c.want)
			}
		})
	}
}

func TestAttest_sendsNoPINToTheWrongKey(t *testing.T) {
	replug := oneKey
	replug.address++
	for _, c := range []struct {
		name string
		act  func(*Machine, pretend)
		want error
	}{
		{"unplugged before", func(m *Machine, p pretend) { p.unplug(oneKey) }, hw.ErrGone},
		{"replaced before", func(m *Machine, p pretend) { p.unplug(oneKey); p.plug(replug) }, hw.ErrReplaced},
		{"replaced while capabilities are read", func(m *Machine, p pretend) {
			m.hasCBOR = func(context.Context, hw.Stream) (bool, error) { p.unplug(oneKey); p.plug(replug); return true, nil }
		}, hw.ErrReplaced},
		{"a U2F key", func(m *Machine, p pretend) {
			m.hasCBOR = func(context.Context, hw.Stream) (bool, error) { return false, nil }
		}, hw.ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeFIDODevice{credential: goodCredential()}
			m, p, s := bench(t, d)
			c.act(m, p)
			object, err := m.Attest(t.Context(), s, request)
			if object != nil || !errors.Is(err, c.want) {
				t.Errorf("Attest = %x, %v; want %v", object, err, c.want)
			}
			if len(d.asked) != 0 {
				t.Error("the PIN was sent")
			}
		})
	}
}

func TestAttest_keyChangedDuringTheTouch(t *testing.T) {
	replug := oneKey
	replug.address++
	for _, c := range []struct {
		name string
		act  func(pretend)
		err  error
		want error
	}{
		{"unplugged", func(p pretend) { p.unplug(oneKey) }, errLink, hw.ErrGone},
		{"another key on the node", func(p pretend) { p.unplug(oneKey); p.plug(replug) }, errLink, hw.ErrReplaced},
		{"another key on the node, and an answer", func(p pretend) { p.unplug(oneKey); p.plug(replug) }, nil, hw.ErrReplaced},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeFIDODevice{err: c.err, credential: goodCredential()}
			m, p, s := bench(t, d)
			d.during = func() { c.act(p) }
			object, err := m.Attest(t.Context(), s, request)
			if object != nil || !errors.Is(err, c.want) {
				t.Errorf("Attest = %x, %v; want %v", object, err, c.want)
			}
		})
	}
}

func TestAttest_cancelsAtTheKey(t *testing.T) {
	d := &fakeFIDODevice{block: true, deafFor: 2} // the first two come before the key has the request
	m, _, s := bench(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := m.Attest(ctx, s, request); !errors.Is(err, context.Canceled) {
		t.Errorf("Attest = %v, want the context's error", err)
	}
	if d.cancels != 3 {
		t.Errorf("%d cancels, want the third to be heard", d.cancels)
	}
}

func TestCheckRequest(t *testing.T) {
	with := func(change func(*hw.CredentialRequest)) hw.CredentialRequest {
		r := request
		change(&r)
		return r
	}
	for _, c := range []struct {
		name string
		r    hw.CredentialRequest
		ok   bool
	}{
		{"a whole request", request, true},
		{"no PIN", with(func(r *hw.CredentialRequest) { r.PIN = nil }), true},
		{"no relying party", with(func(r *hw.CredentialRequest) { r.RPID = "" }), false},
		{"no user", with(func(r *hw.CredentialRequest) { r.UserID = nil }), false},
		{"a user ID too long", with(func(r *hw.CredentialRequest) { r.UserID = make([]byte, 65) }), false},
		{"no user name", with(func(r *hw.CredentialRequest) { r.UserName = "" }), false},
		{"a hash too short, which C would read beyond", with(func(r *hw.CredentialRequest) { r.ClientDataHash = nil }), false},
		{"a PIN cut short by a NUL", with(func(r *hw.CredentialRequest) { r.PIN = []byte("1234\x005678") }), false},
		{"an empty PIN, which would mean none", with(func(r *hw.CredentialRequest) { r.PIN = []byte{} }), false},
		{"a PIN too long", with(func(r *hw.CredentialRequest) { r.PIN = slices.Repeat([]byte{'1'}, 64) }), false},
		{"a name with a NUL", with(func(r *hw.CredentialRequest) { r.UserName = "a\x00b" }), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := checkRequest(c.r); (err == nil) != c.ok {
				t.Errorf("checkRequest = %v, want it accepted: %v", err, c.ok)
			}
		})
	}
}

// TestAttest_reportsAstray: libfido2 would wait for ever.
func TestAttest_reportsAstray(t *testing.T) {
	t.Run("before the credential is made", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := &fakeFIDODevice{credential: goodCredential(), silent: make(chan struct{})}
			m, _, s := bench(t, d)
			start := time.Now()
			_, err := m.Attest(t.Context(), s, request)
			if took := time.Since(start); !errors.Is(err, hw.ErrBusy) || took != answerWait {
				t.Errorf("ended after %v with %v, want %v", took, err, hw.ErrBusy)
			}
			if len(d.asked) != 0 {
				t.Error("a credential was asked for")
			}
			close(d.silent)
		})
	})
	t.Run("while it is made", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := &fakeFIDODevice{block: true}
			m, _, s := bench(t, d)
			start := time.Now()
			_, err := m.Attest(t.Context(), s, request)
			if took := time.Since(start); !errors.Is(err, hw.ErrTouchTimeout) || took != touchWait {
				t.Errorf("ended after %v with %v, want %v", took, err, hw.ErrTouchTimeout)
			}
			if d.cancels != 1 {
				t.Errorf("the key was told to stop %d times", d.cancels)
			}
		})
	})
}
