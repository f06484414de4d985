package softkey

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"hwmfa/hw"
)

// platform is the host's side of CTAPHID, CTAP2 and the PIN protocols, written
// for the tests from the specification and not from the key's code.
type platform struct {
	t          *testing.T
	stream     hw.Stream
	cid        uint32
	keepalives []byte
}

func newKey(t *testing.T, cfg Config) (*Key, *CA) {
	t.Helper()
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	k, err := New(ca, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Unplug)
	return k, ca
}

// dial opens a handle and gets a channel.
func dial(t *testing.T, k *Key) *platform {
	t.Helper()
	p := &platform{t: t, stream: k.HID(), cid: 0xffffffff}
	nonce := []byte("12345678")
	p.send(0x06, nonce)
	cmd, answer := p.recv()
	if cmd != 0x06 || len(answer) != 17 || !bytes.Equal(answer[:8], nonce) || answer[12] != 2 {
		t.Fatalf("INIT answered %02x %x", cmd, answer)
	}
	p.cid = binary.BigEndian.Uint32(answer[8:])
	return p
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func (p *platform) write(frame ...byte) {
	p.t.Helper()
	if err := p.stream.Write(p.t.Context(), frame); err != nil {
		p.t.Fatal(err)
	}
}

func (p *platform) send(cmd byte, data []byte) {
	p.t.Helper()
	id := binary.BigEndian.AppendUint32(nil, p.cid)
	n := min(len(data), 57)
	first := append(append(bytes.Clone(id), 0x80|cmd, byte(len(data)>>8), byte(len(data))), data[:n]...)
	p.write(first...)
	data = data[n:]
	for seq := byte(0); len(data) > 0; seq++ {
		n := min(len(data), 59)
		p.write(append(append(bytes.Clone(id), seq), data[:n]...)...)
		data = data[n:]
	}
}

// recv reads one message for this channel; keep-alives are noted.
func (p *platform) recv() (byte, []byte) {
	p.t.Helper()
	ctx := soon(p.t)
	for {
		r, err := p.stream.Read(ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		if len(r) != 64 {
			p.t.Fatalf("report of %d bytes", len(r))
		}
		if binary.BigEndian.Uint32(r) != p.cid || r[4]&0x80 == 0 {
			continue
		}
		cmd, want, data := r[4]&0x7f, int(binary.BigEndian.Uint16(r[5:])), r[7:]
		if cmd == 0x3b {
			p.keepalives = append(p.keepalives, data[0])
			continue
		}
		for seq := byte(0); len(data) < want; {
			r, err := p.stream.Read(ctx)
			if err != nil {
				p.t.Fatal(err)
			}
			if binary.BigEndian.Uint32(r) != p.cid {
				continue
			}
			if r[4] != seq {
				p.t.Fatalf("continuation %d where %d belongs", r[4], seq)
			}
			seq++
			data = append(data, r[5:]...)
		}
		return cmd, data[:want]
	}
}

func (p *platform) call(cmd byte, data []byte) (byte, []byte) {
	p.t.Helper()
	p.send(cmd, data)
	return p.recv()
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := mode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ctap sends a CTAP2 command and gives status and parameters.
func (p *platform) ctap(cmd byte, params any) (byte, map[int]any) {
	p.t.Helper()
	msg := []byte{cmd}
	if params != nil {
		msg = append(msg, encode(p.t, params)...)
	}
	p.send(0x10, msg)
	return p.ctapAnswer()
}

func (p *platform) ctapAnswer() (byte, map[int]any) {
	p.t.Helper()
	got, answer := p.recv()
	if got != 0x10 || len(answer) == 0 {
		p.t.Fatalf("CBOR answered with command %02x %x", got, answer)
	}
	if len(answer) == 1 {
		return answer[0], nil
	}
	var m map[int]any
	if err := cbor.Unmarshal(answer[1:], &m); err != nil {
		p.t.Fatal(err)
	}
	if again := encode(p.t, m); !bytes.Equal(again, answer[1:]) {
		p.t.Fatalf("answer is not canonical CBOR:\n got %x\nwant %x", answer[1:], again)
	}
	return answer[0], m
}

func (p *platform) mustCTAP(cmd byte, params any) map[int]any {
	p.t.Helper()
	st, m := p.ctap(cmd, params)
	if st != 0 {
		p.t.Fatalf("command %02x gave status %#02x", cmd, st)
	}
	return m
}

var clientDataHash = sha256.Sum256([]byte("client data"))

const testRP = "example.org"

func creation() map[int]any {
	return map[int]any{
		1: clientDataHash[:],
		2: map[string]any{"id": testRP, "name": "Example"},
		3: map[string]any{"id": []byte{1, 2, 3}, "name": "someone", "displayName": "Some One"},
		4: []any{map[string]any{"alg": -7, "type": "public-key"}},
	}
}

func allow(ids ...[]byte) []any {
	var list []any
	for _, id := range ids {
		list = append(list, map[string]any{"id": id, "type": "public-key"})
	}
	return list
}

func assertion(ids ...[]byte) map[int]any {
	m := map[int]any{1: testRP, 2: clientDataHash[:]}
	if ids != nil {
		m[3] = allow(ids...)
	}
	return m
}

// with adds a parameter.
func with(m map[int]any, key int, v any) map[int]any {
	m[key] = v
	return m
}

// authData is authenticator data taken apart.
type authData struct {
	rpHash []byte
	flags  byte
	count  uint32
	aaguid []byte
	id     []byte
	key    []byte // COSE
	ext    map[string]any
}

func parseAuthData(t *testing.T, b []byte) authData {
	t.Helper()
	a := authData{rpHash: b[:32], flags: b[32], count: binary.BigEndian.Uint32(b[33:])}
	rest := b[37:]
	if a.flags&0x40 != 0 {
		n := int(binary.BigEndian.Uint16(rest[16:]))
		a.aaguid, a.id, rest = rest[:16], rest[18:18+n], rest[18+n:]
		var raw cbor.RawMessage
		after, err := cbor.UnmarshalFirst(rest, &raw)
		if err != nil {
			t.Fatal(err)
		}
		a.key, rest = raw, after
	}
	if a.flags&0x80 != 0 {
		after, err := cbor.UnmarshalFirst(rest, &a.ext)
		if err != nil {
			t.Fatal(err)
		}
		rest = after
	}
	if len(rest) != 0 {
		t.Fatalf("%d bytes behind authenticator data", len(rest))
	}
	return a
}

// pinSession is the platform's half of a PIN protocol.
type pinSession struct {
	protocol int
	mac, aes []byte
	public   map[int]any
}

func (p *platform) pinSession(protocol int) *pinSession {
	p.t.Helper()
	m := p.mustCTAP(0x06, map[int]any{1: protocol, 2: 2})
	key := m[1].(map[any]any)
	if key[uint64(1)] != uint64(2) || key[uint64(3)] != int64(-25) || key[int64(-1)] != uint64(1) {
		p.t.Fatalf("key agreement key %v", key)
	}
	point := append(append([]byte{4}, key[int64(-2)].([]byte)...), key[int64(-3)].([]byte)...)
	theirs, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		p.t.Fatal(err)
	}
	ours, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	z, err := ours.ECDH(theirs)
	if err != nil {
		p.t.Fatal(err)
	}
	pub := ours.PublicKey().Bytes()
	s := &pinSession{protocol: protocol, public: map[int]any{1: 2, 3: -25, -1: 1, -2: pub[1:33], -3: pub[33:]}}
	if protocol == 1 {
		sum := sha256.Sum256(z)
		s.mac, s.aes = sum[:], sum[:]
		return s
	}
	if s.mac, err = hkdf.Key(sha256.New, z, make([]byte, 32), "CTAP2 HMAC key", 32); err != nil {
		p.t.Fatal(err)
	}
	if s.aes, err = hkdf.Key(sha256.New, z, make([]byte, 32), "CTAP2 AES key", 32); err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (s *pinSession) encrypt(plain []byte) []byte {
	block, _ := aes.NewCipher(s.aes)
	iv := make([]byte, 16)
	var out []byte
	if s.protocol == 2 {
		rand.Read(iv)
		out = bytes.Clone(iv)
	}
	ct := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ct, plain)
	return append(out, ct...)
}

func (s *pinSession) decrypt(ct []byte) []byte {
	block, _ := aes.NewCipher(s.aes)
	iv := make([]byte, 16)
	if s.protocol == 2 {
		iv, ct = ct[:16], ct[16:]
	}
	plain := make([]byte, len(ct))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, ct)
	return plain
}

func (s *pinSession) sign(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	if s.protocol == 1 {
		return h.Sum(nil)[:16]
	}
	return h.Sum(nil)
}

func padded(pin string) []byte { return append([]byte(pin), make([]byte, 64-len(pin))...) }

func pinHash(pin string) []byte {
	sum := sha256.Sum256([]byte(pin))
	return sum[:16]
}

func (p *platform) setPIN(s *pinSession, pin string) byte {
	enc := s.encrypt(padded(pin))
	st, _ := p.ctap(0x06, map[int]any{1: s.protocol, 2: 3, 3: s.public, 4: s.sign(s.mac, enc), 5: enc})
	return st
}

// token gets a PIN token: with permissions if they are not 0.
func (p *platform) token(protocol int, pin string, permissions int, rp string) (byte, *pinSession, []byte) {
	s := p.pinSession(protocol)
	req := map[int]any{1: protocol, 2: 5, 3: s.public, 6: s.encrypt(pinHash(pin))}
	if permissions != 0 {
		req[2], req[9] = 9, permissions
		if rp != "" {
			req[10] = rp
		}
	}
	st, m := p.ctap(0x06, req)
	if st != 0 {
		return st, s, nil
	}
	return 0, s, s.decrypt(m[2].([]byte))
}

func isGone(err error) bool { return errors.Is(err, hw.ErrGone) }
