package softkey

import (
	"bytes"
	"fmt"
	"testing"

	"crypto/hmac"
	"crypto/sha256"
)

func eachProtocol(t *testing.T, f func(t *testing.T, protocol int)) {
	for _, protocol := range []int{1, 2} {
		t.Run(fmt.Sprintf("protocol %d", protocol), func(t *testing.T) { f(t, protocol) })
	}
}

func (p *platform) retries() (n uint64, powerCycle bool) {
	p.t.Helper()
	m := p.mustCTAP(6, map[int]any{2: 1})
	return m[3].(uint64), m[4].(bool)
}

func TestPINSetAndChange(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol int) {
		k, _ := newKey(t, Config{})
		p := dial(t, k)
		if st, _, _ := p.token(protocol, "1234", 0, ""); status(st) != ctapPINNotSet {
			t.Errorf("a token without a PIN gave %#02x", st)
		}
		s := p.pinSession(protocol)
		for _, bad := range []string{"123", "äöü", string(bytes.Repeat([]byte{'1'}, 64))} {
			if st := p.setPIN(s, bad); status(st) != ctapPINPolicyViolation {
				t.Errorf("PIN %q gave %#02x", bad, st)
			}
		}
		if st := p.setPIN(s, "äöüß"); st != 0 {
			t.Fatalf("setting gave %#02x", st)
		}
		if st := p.setPIN(s, "5678"); status(st) != ctapPINAuthInvalid {
			t.Errorf("setting a second time gave %#02x", st)
		}
		if m := p.mustCTAP(4, nil); m[4].(map[any]any)["clientPin"] != true {
			t.Error("getInfo does not tell the PIN")
		}
		change := func(old, fresh string, spoil bool) byte {
			s := p.pinSession(protocol)
			enc, hash := s.encrypt(padded(fresh)), s.encrypt(pinHash(old))
			auth := s.sign(s.mac, enc, hash)
			if spoil {
				auth[0] ^= 1
			}
			st, _ := p.ctap(6, map[int]any{1: protocol, 2: 4, 3: s.public, 4: auth, 5: enc, 6: hash})
			return st
		}
		if st := change("äöüß", "5678", true); status(st) != ctapPINAuthInvalid {
			t.Errorf("a spoilt change gave %#02x", st)
		}
		if st := change("1111", "5678", false); status(st) != ctapPINInvalid {
			t.Errorf("a change with the wrong PIN gave %#02x", st)
		}
		if st := change("äöüß", "5678", false); st != 0 {
			t.Errorf("the change gave %#02x", st)
		}
		if st, _, _ := p.token(protocol, "5678", 0, ""); st != 0 {
			t.Errorf("the new PIN gave %#02x", st)
		}
	})
}

func TestPINRetries(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol int) {
		k, _ := newKey(t, Config{PIN: "1234"})
		p := dial(t, k)
		wrong := func(want status, left uint64) {
			t.Helper()
			if st, _, _ := p.token(protocol, "9999", 0, ""); status(st) != want {
				t.Errorf("a wrong PIN gave %#02x, want %#02x", st, byte(want))
			}
			if n, _ := p.retries(); n != left {
				t.Errorf("%d tries left, want %d", n, left)
			}
		}
		wrong(ctapPINInvalid, 7)
		if st, _, _ := p.token(protocol, "1234", 0, ""); st != 0 {
			t.Errorf("the right PIN gave %#02x", st)
		}
		if n, _ := p.retries(); n != 8 {
			t.Errorf("%d tries after the right PIN", n)
		}
		wrong(ctapPINInvalid, 7)
		wrong(ctapPINInvalid, 6)
		wrong(ctapPINAuthBlocked, 5)
		if st, _, _ := p.token(protocol, "1234", 0, ""); status(st) != ctapPINAuthBlocked {
			t.Errorf("blocked until replug, the right PIN gave %#02x", st)
		}
		if n, cycle := p.retries(); n != 5 || !cycle {
			t.Errorf("%d tries, power cycle %v", n, cycle)
		}
		k.Replug()
		p = dial(t, k)
		wrong(ctapPINInvalid, 4)
		wrong(ctapPINInvalid, 3)
		wrong(ctapPINAuthBlocked, 2)
		k.Replug()
		p = dial(t, k)
		wrong(ctapPINInvalid, 1)
		wrong(ctapPINBlocked, 0)
		k.Replug()
		p = dial(t, k)
		if st, _, _ := p.token(protocol, "1234", 0, ""); status(st) != ctapPINBlocked {
			t.Errorf("with no tries left the right PIN gave %#02x", st)
		}
	})
}

func TestPINToken(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol int) {
		k, _ := newKey(t, Config{PIN: "1234"})
		p := dial(t, k)
		use := func(s *pinSession, token []byte, rp string) byte {
			c := with(with(creation(), 8, s.sign(token, clientDataHash[:])), 9, protocol)
			c[2] = map[string]any{"id": rp}
			st, m := p.ctap(1, c)
			if st == 0 && parseAuthData(t, m[2].([]byte)).flags&flagUV == 0 {
				t.Error("not marked as verified")
			}
			return st
		}
		get := func(permissions int, rp string) (*pinSession, []byte) {
			t.Helper()
			st, s, token := p.token(protocol, "1234", permissions, rp)
			if st != 0 {
				t.Fatalf("getting a token gave %#02x", st)
			}
			return s, token
		}
		s, token := get(0, "")
		if st := use(s, token, testRP); st != 0 {
			t.Errorf("a token of the old kind gave %#02x", st)
		}
		if st := use(s, token, testRP); status(st) != ctapPINAuthInvalid {
			t.Errorf("used a second time it gave %#02x", st)
		}
		s, token = get(1, testRP)
		if st := use(s, token, "example.com"); status(st) != ctapPINAuthInvalid {
			t.Errorf("for another party it gave %#02x", st)
		}
		if st := use(s, token, testRP); st != 0 {
			t.Errorf("for its party it gave %#02x", st)
		}
		s, token = get(2, testRP)
		if st := use(s, token, testRP); status(st) != ctapPINAuthInvalid {
			t.Errorf("with permission to assert only it gave %#02x", st)
		}
		for permissions, want := range map[int]status{0x04: ctapUnauthorizedPermission, 0x300: ctapInvalidParameter} {
			if st, _, _ := p.token(protocol, "1234", permissions, testRP); status(st) != want && status(st) != ctapUnauthorizedPermission {
				t.Errorf("permissions %x gave %#02x", permissions, st)
			}
		}
		if st, _, _ := p.token(protocol, "1234", 1, ""); status(st) != ctapMissingParameter {
			t.Errorf("no party gave %#02x", st)
		}
		s, token = get(0, "")
		k.Replug()
		p = dial(t, k)
		if st := use(s, token, testRP); status(st) != ctapPINAuthInvalid {
			t.Errorf("after a replug it gave %#02x", st)
		}
	})
}

func TestPINOnCurveOnly(t *testing.T) {
	k, _ := newKey(t, Config{PIN: "1234"})
	p := dial(t, k)
	s := p.pinSession(2)
	s.public[-2] = make([]byte, 32)
	st, _ := p.ctap(6, map[int]any{1: 2, 2: 5, 3: s.public, 6: s.encrypt(pinHash("1234"))})
	if status(st) != ctapInvalidParameter {
		t.Errorf("a point off the curve gave %#02x", st)
	}
	if n, _ := p.retries(); n != 8 {
		t.Errorf("and cost a try: %d left", n)
	}
}

func TestAuthenticatorConfig(t *testing.T) {
	k, _ := newKey(t, Config{PIN: "1234"})
	p := dial(t, k)
	config := func(sub int, params any) byte {
		t.Helper()
		st, s, token := p.token(2, "1234", permConfig, "")
		if st != 0 {
			return st
		}
		message := append(bytes.Repeat([]byte{0xff}, 32), 0x0d, byte(sub))
		req := map[int]any{1: sub, 3: 2}
		if params != nil {
			req[2] = params
			message = append(message, encode(t, params)...)
		}
		req[4] = s.sign(token, message)
		st, _ = p.ctap(13, req)
		return st
	}
	if st, _ := p.ctap(13, map[int]any{1: 2}); status(st) != ctapPUATRequired {
		t.Errorf("without a token: %#02x", st)
	}
	if st := config(2, nil); st != 0 {
		t.Errorf("toggling alwaysUv gave %#02x", st)
	}
	m := makeCredentialStatus(p)
	if m != ctapPUATRequired {
		t.Errorf("with alwaysUv and no PIN, makeCredential gave %#02x", byte(m))
	}
	if st := config(2, nil); st != 0 {
		t.Errorf("toggling back gave %#02x", st)
	}
	if m := makeCredentialStatus(p); m != ctapOK {
		t.Errorf("then makeCredential gave %#02x", byte(m))
	}
	if st := config(3, map[int]any{1: 3}); status(st) != ctapPINPolicyViolation {
		t.Errorf("a lower minimum gave %#02x", st)
	}
	if st := config(3, map[int]any{1: 6}); st != 0 {
		t.Errorf("a minimum of 6 gave %#02x", st)
	}
	if i := p.mustCTAP(4, nil); i[12] != true || i[13] != uint64(6) {
		t.Errorf("forced %v, minimum %v", i[12], i[13])
	}
	if st, _, _ := p.token(2, "1234", 1, testRP); status(st) != ctapPINPolicyViolation {
		t.Errorf("the short PIN still gave a token: %#02x", st)
	}
}

func makeCredentialStatus(p *platform) status {
	st, _ := p.ctap(1, creation())
	return status(st)
}

func TestHMACSecret(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol int) {
		k, _ := newKey(t, Config{})
		p := dial(t, k)
		m := makeCredential(t, p, with(creation(), 6, map[string]any{"hmac-secret": true}))
		if m.ext["hmac-secret"] != true {
			t.Fatalf("extensions %v", m.ext)
		}
		ask := func(salts []byte) []byte {
			s := p.pinSession(protocol)
			enc := s.encrypt(salts)
			in := map[int]any{1: s.public, 2: enc, 3: s.sign(s.mac, enc), 4: protocol}
			a := p.mustCTAP(2, with(assertion(m.id), 4, map[string]any{"hmac-secret": in}))
			return s.decrypt(checkAssertion(t, a, m.key).ext["hmac-secret"].([]byte))
		}
		one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
		first := ask(one)
		both := ask(append(bytes.Clone(two), one...))
		if len(first) != 32 || len(both) != 64 || !hmac.Equal(first, both[32:]) || bytes.Equal(first, both[:32]) {
			t.Errorf("got %x and %x", first, both)
		}
		if sum := sha256.Sum256(one); bytes.Equal(first, sum[:]) {
			t.Error("the secret does not depend on the key")
		}
	})
}
