package softkey

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hwmfa/hw"
)

func TestHIDBasics(t *testing.T) {
	k, _ := newKey(t, Config{Serial: 12345678})
	p := dial(t, k)
	t.Run("a ping of the longest message comes back", func(t *testing.T) {
		want := bytes.Repeat([]byte("0123456"), 1087)
		if cmd, got := p.call(cmdPing, want); cmd != cmdPing || !bytes.Equal(got, want) {
			t.Errorf("got command %02x and %d bytes", cmd, len(got))
		}
	})
	t.Run("a wink is answered with nothing", func(t *testing.T) {
		if cmd, got := p.call(cmdWink, nil); cmd != cmdWink || len(got) != 0 {
			t.Errorf("got %02x %x", cmd, got)
		}
	})
	t.Run("INIT on a channel keeps the channel", func(t *testing.T) {
		cmd, got := p.call(cmdInit, []byte("abcdefgh"))
		if cmd != cmdInit || binary.BigEndian.Uint32(got[8:]) != p.cid {
			t.Errorf("got %02x %x", cmd, got)
		}
	})
	t.Run("INIT tells firmware and capabilities", func(t *testing.T) {
		_, got := p.call(cmdInit, []byte("abcdefgh"))
		if !bytes.Equal(got[12:], []byte{2, 5, 4, 3, 0x05}) {
			t.Errorf("got %x", got[12:])
		}
	})
	t.Run("two handles get different channels and see each other's reports", func(t *testing.T) {
		q := dial(t, k)
		if q.cid == p.cid {
			t.Fatalf("both got channel %08x", p.cid)
		}
		p.send(cmdPing, []byte("hello"))
		r, err := q.stream.Read(soon(t))
		if err != nil || binary.BigEndian.Uint32(r) != p.cid {
			t.Errorf("got %x, %v", r, err)
		}
		p.recv()
	})
}

func TestHIDErrors(t *testing.T) {
	k, _ := newKey(t, Config{})
	p := dial(t, k)
	raw := func(cid uint32, rest ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, cid), rest...)
	}
	for _, tt := range []struct {
		name   string
		frames [][]byte
		on     uint32
		want   byte
	}{
		{"an unknown command", [][]byte{raw(p.cid, 0x80|0x2f, 0, 0)}, p.cid, errInvalidCommand},
		{"a message too long", [][]byte{raw(p.cid, 0x80|cmdPing, 0x1d, 0xba)}, p.cid, errInvalidLength},
		{"a short INIT", [][]byte{raw(p.cid, 0x80|cmdInit, 0, 7)}, p.cid, errInvalidLength},
		{"a wink with data", [][]byte{raw(p.cid, 0x80|cmdWink, 0, 1)}, p.cid, errInvalidLength},
		{"a lock of 11 seconds", [][]byte{raw(p.cid, 0x80|cmdLock, 0, 1, 11)}, p.cid, errInvalidLength},
		{"channel zero", [][]byte{raw(0, 0x80|cmdPing, 0, 0)}, 0, errInvalidChannel},
		{"a channel nobody was given", [][]byte{raw(0xdead, 0x80|cmdPing, 0, 0)}, 0xdead, errInvalidChannel},
		{"a ping on the broadcast channel", [][]byte{raw(broadcast, 0x80|cmdPing, 0, 0)}, broadcast, errInvalidChannel},
		{"a frame left out", [][]byte{raw(p.cid, 0x80|cmdPing, 0, 200), raw(p.cid, 1)}, p.cid, errInvalidSeq},
		{"a new message inside another", [][]byte{raw(p.cid, 0x80|cmdPing, 0, 200), raw(p.cid, 0x80|cmdPing, 0, 1)}, p.cid, errInvalidSeq},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, f := range tt.frames {
				p.write(f...)
			}
			r, err := p.stream.Read(soon(t))
			if err != nil {
				t.Fatal(err)
			}
			want := raw(tt.on, 0x80|cmdError, 0, 1, tt.want)
			if !bytes.Equal(r[:8], want) {
				t.Errorf("got %x, want %x", r[:8], want)
			}
			if cmd, got := p.call(cmdPing, []byte("still there")); cmd != cmdPing || string(got) != "still there" {
				t.Errorf("afterwards a ping gave %02x %q", cmd, got)
			}
		})
	}
	t.Run("a stray continuation is ignored", func(t *testing.T) {
		p.write(raw(p.cid, 3, 1, 2)...)
		if cmd, _ := p.call(cmdPing, nil); cmd != cmdPing {
			t.Errorf("got %02x", cmd)
		}
	})
	t.Run("a report longer than 64 bytes is refused", func(t *testing.T) {
		if err := p.stream.Write(t.Context(), make([]byte, 65)); !errors.Is(err, hw.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestHIDTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := newKey(t, Config{TransactionTimeout: 500 * time.Millisecond})
		p := dial(t, k)
		start := time.Now()
		p.write(append(binary.BigEndian.AppendUint32(nil, p.cid), 0x80|cmdPing, 0, 200)...)
		cmd, got := p.recv()
		if cmd != cmdError || got[0] != errMsgTimeout || time.Since(start) != 500*time.Millisecond {
			t.Errorf("got %02x %x after %v", cmd, got, time.Since(start))
		}
	})
}

func TestTouch(t *testing.T) {
	wait := func(t *testing.T, cfg Config, do func(k *Key, p *platform)) (status byte, took time.Duration, keepalives []byte) {
		k, _ := newKey(t, cfg)
		p := dial(t, k)
		start := time.Now()
		p.send(cmdCBOR, append([]byte{ctapMakeCredential}, encode(t, creation())...))
		if do != nil {
			do(k, p)
		}
		status, _ = p.ctapAnswer()
		return status, time.Since(start), p.keepalives
	}
	for _, tt := range []struct {
		name  string
		cfg   Config
		do    func(*Key, *platform)
		want  status
		after time.Duration
	}{
		{"a touch after 1.5 s is waited for", Config{Touch: After(1500 * time.Millisecond)}, nil, ctapOK, 1500 * time.Millisecond},
		{"no touch ends after 30 s", Config{Touch: Never()}, nil, ctapUserActionTimeout, 30 * time.Second},
		{"a touch by hand is taken", Config{Touch: Never()}, func(k *Key, _ *platform) {
			time.Sleep(4 * time.Second)
			if !k.TouchWanted() {
				t.Error("the key does not blink")
			}
			k.Touch()
		}, ctapOK, 4 * time.Second},
		{"a cancelled wait says so", Config{Touch: Never()}, func(_ *Key, p *platform) {
			time.Sleep(2 * time.Second)
			p.send(cmdCancel, nil)
		}, ctapKeepaliveCancel, 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, took, keepalives := wait(t, tt.cfg, tt.do)
				if status(got) != tt.want || took != tt.after {
					t.Errorf("got status %#02x after %v, want %#02x after %v", got, took, byte(tt.want), tt.after)
				}
				n := len(keepalives)
				if want := int(tt.after / keepaliveEvery); n < want-1 || n > want {
					t.Errorf("%d keep-alives in %v", n, took)
				}
				// The last one may fall on the moment the touch came.
				if bytes.IndexByte(keepalives[:n-1], stateProcessing) >= 0 {
					t.Errorf("keep-alives %x do not all ask for a touch", keepalives)
				}
			})
		})
	}
	t.Run("a touch of an idle key is not remembered", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			k, _ := newKey(t, Config{Touch: Never()})
			k.Touch()
			if st, _ := dial(t, k).ctap(ctapSelection, nil); status(st) != ctapUserActionTimeout {
				t.Errorf("got %#02x", st)
			}
		})
	})
}

func TestHIDBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := newKey(t, Config{Touch: Never()})
		p, q := dial(t, k), dial(t, k)
		p.send(cmdCBOR, []byte{ctapSelection})
		synctest.Wait()
		if cmd, got := q.call(cmdPing, nil); cmd != cmdError || got[0] != errChannelBusy {
			t.Errorf("the other channel got %02x %x", cmd, got)
		}
		q.send(cmdCancel, nil)
		time.Sleep(time.Second)
		if !k.TouchWanted() {
			t.Error("another channel's CANCEL ended the wait")
		}
		if cmd, _ := p.call(cmdInit, []byte("abcdefgh")); cmd != cmdInit {
			t.Errorf("re-sync got %02x", cmd)
		}
		synctest.Wait()
		if k.TouchWanted() {
			t.Error("INIT on the channel did not end the wait")
		}
		if cmd, _ := q.call(cmdPing, nil); cmd != cmdPing {
			t.Errorf("afterwards the other channel got %02x", cmd)
		}
		if cmd, _ := p.call(cmdLock, []byte{2}); cmd != cmdLock {
			t.Errorf("lock got %02x", cmd)
		}
		if cmd, got := q.call(cmdPing, nil); cmd != cmdError || got[0] != errChannelBusy {
			t.Errorf("past the lock came %02x %x", cmd, got)
		}
		time.Sleep(2 * time.Second)
		if cmd, _ := q.call(cmdPing, nil); cmd != cmdPing {
			t.Errorf("after the lock came %02x", cmd)
		}
	})
}

func TestUnplug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := newKey(t, Config{Touch: Never()})
		p := dial(t, k)
		p.send(cmdCBOR, []byte{ctapSelection})
		go func() {
			time.Sleep(time.Second)
			k.Unplug()
		}()
		var err error
		for err == nil {
			_, err = p.stream.Read(t.Context())
		}
		if !isGone(err) {
			t.Errorf("reading gave %v", err)
		}
		synctest.Wait() // until the card is out too
		if err := p.stream.Write(t.Context(), make([]byte, 64)); !isGone(err) {
			t.Errorf("writing gave %v", err)
		}
		if _, err := k.HID().Read(t.Context()); !isGone(err) {
			t.Errorf("a handle of an unplugged key gave %v", err)
		}
		if _, err := k.Card().Transmit(t.Context(), []byte{0, 0xa4, 4, 0}); !isGone(err) {
			t.Errorf("the card of an unplugged key gave %v", err)
		}
		k.Replug()
		if err := p.stream.Write(t.Context(), make([]byte, 64)); !isGone(err) {
			t.Errorf("the old handle came back: %v", err)
		}
		dial(t, k)
	})
}

func TestHIDReports(t *testing.T) {
	k, _ := newKey(t, Config{})
	dial(t, k) // what goes on in the process before is not the bus's
	report := append([]byte{0xff, 0xff, 0xff, 0xff, 0x86, 0, 8}, "abcdefgh"...)
	k.HIDReport(append(report, make([]byte, 64-len(report))...))
	r, err := k.NextHIDReport(soon(t))
	if err != nil || len(r) != 64 || !bytes.Equal(r[7:15], []byte("abcdefgh")) {
		t.Fatalf("got %x, %v", r, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if r, err := k.NextHIDReport(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second report came: %x, %v", r, err)
	}
	k.Unplug()
	if _, err := k.NextHIDReport(soon(t)); !isGone(err) {
		t.Errorf("unplugged gave %v", err)
	}
}

func TestScrambledFrames(t *testing.T) {
	k, _ := newKey(t, Config{Quirks: Quirks{ScrambleFrames: true}})
	p := dial(t, k)
	p.send(cmdPing, make([]byte, 150))
	var order []byte
	for range 3 {
		r, err := p.stream.Read(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, r[4])
	}
	if !bytes.Equal(order, []byte{0x81, 1, 0}) {
		t.Errorf("frames came as %x", order)
	}
}
