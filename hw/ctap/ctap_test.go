package ctap

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"hwmfa/hw"
)

// initKey answers INIT as it is told.
type initKey struct {
	*script
	init func(s *script, nonce []byte)
}

func (k *initKey) Write(ctx context.Context, report []byte) error {
	if report[4] == 0x86 {
		k.sent = append(k.sent, report)
		k.init(k.script, bytes.Clone(report[7:15]))
		return nil
	}
	return k.script.Write(ctx, report)
}

func TestOpen(t *testing.T) {
	answer := func(nonce []byte, channel uint32, rest ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(slices.Clone(nonce), channel), rest...)
	}
	good := func(s *script, nonce []byte) {
		s.reply(broadcast, 0x86, answer(nonce, testChannel, 2, 5, 4, 3, 0x05))
	}
	for _, tt := range []struct {
		name string
		init func(s *script, nonce []byte)
		is   error
	}{
		{"an answer with our nonce opens the channel", good, nil},
		{"answers to other programs are passed over", func(s *script, nonce []byte) {
			s.reply(broadcast, 0x86, answer([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 0x99, 2, 5, 4, 3, 0))
			s.reply(0x99, 0x90, []byte{0})
			s.reply(broadcast, 0x86, nonce) // no channel in it
			good(s, nonce)
		}, nil},
		{"an answer may be longer than we know", func(s *script, nonce []byte) {
			s.reply(broadcast, 0x86, answer(nonce, testChannel, 2, 5, 4, 3, 0x05, 7, 7))
		}, nil},
		{"a busy key is asked again", func(s *script, nonce []byte) {
			if len(s.sent) < 3 {
				s.reply(broadcast, 0xBF, []byte{6})
				return
			}
			good(s, nonce)
		}, nil},
		{"a key that stays busy is busy", func(s *script, _ []byte) { s.reply(broadcast, 0xBF, []byte{6}) }, hw.ErrBusy},
		{"a key that answers nothing is given up", func(*script, []byte) {}, context.DeadlineExceeded},
		{"a key that answers only others is given up", func(s *script, _ []byte) {
			s.reply(broadcast, 0x86, answer(make([]byte, 8), 0x99, 2, 5, 4, 3, 0))
		}, context.DeadlineExceeded},
		{"channel 0 is malformed", func(s *script, nonce []byte) { s.reply(broadcast, 0x86, answer(nonce, 0, 2, 5, 4, 3, 0)) }, hw.ErrMalformed},
		{"the broadcast channel is malformed", func(s *script, nonce []byte) { s.reply(broadcast, 0x86, answer(nonce, broadcast, 2, 5, 4, 3, 0)) }, hw.ErrMalformed},
		{"a report cut short is malformed", func(s *script, nonce []byte) { s.reports <- append([]byte{255, 255, 255, 255, 0x86, 0, 17}, nonce...) }, hw.ErrMalformed},
		{"another protocol is unsupported", func(s *script, nonce []byte) { s.reply(broadcast, 0x86, answer(nonce, testChannel, 1, 5, 4, 3, 0)) }, hw.ErrUnsupported},
		{"a key pulled out is gone", func(s *script, _ []byte) { close(s.reports) }, hw.ErrGone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := &initKey{newScript(t, nil), tt.init}
				d, err := Open(context.Background(), k)
				if !errors.Is(err, tt.is) {
					t.Fatalf("got %v, want %v", err, tt.is)
				}
				if tt.is != nil {
					if d != nil || len(k.sent) > 6 {
						t.Errorf("got %v after %d requests", d, len(k.sent))
					}
					return
				}
				if d.channel != testChannel || d.Version() != (hw.Version{Major: 5, Minor: 4, Patch: 3}) || d.Capabilities() != (Caps{WINK: true, CBOR: true}) {
					t.Errorf("got channel %08x, version %v, %+v", d.channel, d.Version(), d.Capabilities())
				}
			})
		})
	}
	t.Run("every nonce is fresh", func(t *testing.T) {
		k := &initKey{newScript(t, nil), good}
		for range 2 {
			if _, err := Open(context.Background(), k); err != nil {
				t.Fatal(err)
			}
		}
		if bytes.Equal(k.sent[0][7:15], k.sent[1][7:15]) {
			t.Errorf("nonce %x twice", k.sent[0][7:15])
		}
	})
	t.Run("each capability has its bit", func(t *testing.T) {
		for bits, want := range map[byte]Caps{0x01: {WINK: true}, 0x04: {CBOR: true}, 0x08: {NMSG: true}, 0xF2: {}} {
			a, err := parseInit(broadcast, []byte{1, 2, 3, 4, 2, 0, 0, 0, bits})
			if err != nil || a.caps != want {
				t.Errorf("bits %02x: got %+v, %v", bits, a.caps, err)
			}
		}
	})
}

func TestPingAndWink(t *testing.T) {
	ctx := context.Background()
	echo := func(s *script, channel uint32, cmd byte, data []byte) { s.reply(channel, cmd, data) }
	t.Run("a ping comes back", func(t *testing.T) {
		if err := newScript(t, echo).open().Ping(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("an echo that differs is malformed", func(t *testing.T) {
		k := newScript(t, func(s *script, channel uint32, cmd byte, data []byte) {
			data[150] ^= 1
			s.reply(channel, cmd, data)
		})
		if err := k.open().Ping(ctx); !errors.Is(err, hw.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a key that can blink is told to", func(t *testing.T) {
		k := newScript(t, echo)
		if err := k.open().Wink(ctx); err != nil || !slices.Equal(k.asked, []byte{0x86, 0x88}) {
			t.Errorf("got %v after %x", err, k.asked)
		}
	})
	t.Run("a key that cannot is not", func(t *testing.T) {
		k := newScript(t, echo)
		k.caps = 0x04
		if err := k.open().Wink(ctx); !errors.Is(err, hw.ErrUnsupported) || len(k.asked) != 1 {
			t.Errorf("got %v after %x", err, k.asked)
		}
	})
}

func TestU2F(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name, answer, want string
		caps               byte
		is                 error
	}{
		{"a U2F key tells its version", "U2F_V2\x90\x00", "U2F_V2", 0x01, nil},
		{"one without U2F is not asked", "", "", 0x0C, hw.ErrUnsupported},
		{"a refusal is unsupported", "\x6D\x00", "", 0x01, hw.ErrUnsupported},
		{"one byte is malformed", "\x90", "", 0x01, hw.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newScript(t, func(s *script, channel uint32, cmd byte, data []byte) {
				if cmd != 0x83 || !bytes.Equal(data, []byte{0, 3, 0, 0, 0, 0, 0}) {
					t.Errorf("asked %02x %x", cmd, data)
				}
				s.reply(channel, cmd, []byte(tt.answer))
			})
			k.caps = tt.caps
			got, err := k.open().U2FVersion(ctx)
			if got != tt.want || !errors.Is(err, tt.is) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	t.Run("a key that speaks U2F only has no getInfo, and is not asked", func(t *testing.T) {
		k := newScript(t, nil)
		k.caps = 0x01
		if _, err := k.open().Info(ctx); !errors.Is(err, hw.ErrUnsupported) || len(k.asked) != 1 {
			t.Errorf("got %v after %x", err, k.asked)
		}
	})
}

func TestDeviceInfo(t *testing.T) {
	ctx := context.Background()
	t.Run("two pages are asked for by number", func(t *testing.T) {
		var pages []byte
		k := newScript(t, func(s *script, channel uint32, cmd byte, data []byte) {
			if cmd != 0xC2 || len(data) != 1 {
				t.Errorf("asked %02x %x", cmd, data)
			}
			pages = append(pages, data[0])
			s.reply(channel, cmd, [][]byte{{9, 2, 4, 0, 0xBC, 0x61, 0x4E, 0x10, 1, 1}, {3, 0x16, 1, 1}}[data[0]])
		})
		got, err := k.open().DeviceInfo(ctx)
		want := hw.DeviceInfo{Serial: "12345678", PINComplexity: true, Version: hw.Version{Major: 5, Minor: 4, Patch: 3}}
		if err != nil || *got != want || !slices.Equal(pages, []byte{0, 1}) {
			t.Errorf("got %+v, %v, pages %v", got, err, pages)
		}
	})
	t.Run("a key that does not know the command", func(t *testing.T) {
		k := newScript(t, func(s *script, channel uint32, _ byte, _ []byte) { s.reply(channel, 0xBF, []byte{1}) })
		if _, err := k.open().DeviceInfo(ctx); !errors.Is(err, hw.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a page cut short is malformed", func(t *testing.T) {
		k := newScript(t, func(s *script, channel uint32, cmd byte, _ []byte) { s.reply(channel, cmd, []byte{9, 2, 4, 0}) })
		if _, err := k.open().DeviceInfo(ctx); !errors.Is(err, hw.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an empty answer is malformed", func(t *testing.T) {
		k := newScript(t, func(s *script, channel uint32, cmd byte, _ []byte) { s.reply(channel, cmd, nil) })
		if _, err := k.open().DeviceInfo(ctx); !errors.Is(err, hw.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
}
