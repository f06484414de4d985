package ctap

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hwmfa/hw"
)

// touchKey keeps alive every 100 ms until touch is called with the CBOR
// answer, or CANCEL comes; then it answers 2D.
func touchKey(t *testing.T, after time.Duration, deaf bool) *script {
	var stop chan struct{}
	return newScript(t, func(s *script, channel uint32, cmd byte, data []byte) {
		switch cmd {
		case 0x90:
			stop = make(chan struct{})
			go func(stop chan struct{}) {
				for start := time.Now(); after < 0 || time.Since(start) < after; {
					s.reply(channel, 0xBB, []byte{2})
					select {
					case <-stop:
						if !deaf {
							s.reply(channel, 0x90, []byte{0x2D})
						}
						return
					case <-time.After(100 * time.Millisecond):
					}
				}
				s.reply(channel, 0x90, []byte{0x00, 0xA0})
			}(stop)
		case 0x91:
			close(stop)
		default:
			s.reply(channel, cmd, data)
		}
	})
}

func TestTouch(t *testing.T) {
	t.Run("a touch is waited for and announced once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := touchKey(t, 1500*time.Millisecond, false).open()
			calls := 0
			d.OnTouch = func() { calls++ }
			start := time.Now()
			got, err := d.cbor(context.Background(), 1, nil, command{limit: touchLimit})
			if err != nil || len(got) != 1 || calls != 1 {
				t.Errorf("got %x, %v after %d calls", got, err, calls)
			}
			if took := time.Since(start); took < 1500*time.Millisecond || took > 2*time.Second {
				t.Errorf("took %v", took)
			}
		})
	})
	t.Run("when the context ends the key is told, and stays usable", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			k := touchKey(t, -1, false)
			d := k.open()
			ctx, stop := context.WithTimeout(context.Background(), 700*time.Millisecond)
			defer stop()
			start := time.Now()
			if _, err := d.cbor(ctx, 1, nil, command{limit: touchLimit}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); took > 900*time.Millisecond {
				t.Errorf("took %v", took)
			}
			if err := d.Ping(context.Background()); err != nil {
				t.Errorf("ping afterwards: %v", err)
			}
			if want := []byte{0x86, 0x90, 0x91, 0x81}; !slices.Equal(k.asked, want) {
				t.Errorf("key saw %x, want %x: no INIT where the channel is clean", k.asked, want)
			}
		})
	})
	t.Run("a person's interrupt is named as such", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := touchKey(t, -1, false).open()
			ctx, stop := context.WithCancel(context.Background())
			d.OnTouch = stop
			if _, err := d.cbor(ctx, 1, nil, command{limit: touchLimit}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("a key that does not answer CANCEL is left after a second and resynchronised", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			k := touchKey(t, -1, true)
			d := k.open()
			ctx, stop := context.WithTimeout(context.Background(), 500*time.Millisecond)
			defer stop()
			start := time.Now()
			if _, err := d.cbor(ctx, 1, nil, command{limit: touchLimit}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); took < 1400*time.Millisecond || took > 1700*time.Millisecond {
				t.Errorf("took %v, want the second after the cancel", took)
			}
			answer := k.answer
			k.answer = func(s *script, channel uint32, cmd byte, data []byte) {
				if cmd == 0x86 && channel == testChannel {
					// What was under way still comes out before the answer to INIT.
					s.reply(channel, 0x90, []byte{0x2D})
					s.reply(channel, 0xBF, []byte{5})
					s.reply(channel, 0x86, append(slices.Clone(data), 1, 2, 3, 4, 2, 5, 4, 3, 5))
					return
				}
				answer(s, channel, cmd, data)
			}
			if err := d.Ping(context.Background()); err != nil {
				t.Errorf("ping afterwards: %v", err)
			}
			if want := []byte{0x86, 0x90, 0x91, 0x86, 0x81}; !slices.Equal(k.asked, want) {
				t.Errorf("key saw %x, want %x", k.asked, want)
			}
		})
	})
	t.Run("a key that keeps alive for ever is given up and told", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			k := touchKey(t, -1, false)
			if _, err := k.open().cbor(context.Background(), 1, nil, command{limit: touchLimit}); !errors.Is(err, hw.ErrTouchTimeout) {
				t.Errorf("got %v", err)
			}
			if !slices.Contains(k.asked, 0x91) {
				t.Error("the key was not told")
			}
		})
	})
	t.Run("a silent command ends at the first wish for a touch", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			k := touchKey(t, -1, false)
			d := k.open()
			d.OnTouch = func() { t.Error("a person was asked to touch") }
			start := time.Now()
			if _, err := d.cbor(context.Background(), 2, nil, command{limit: quickLimit, silent: true}); !errors.Is(err, hw.ErrTouchRequired) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); took > 200*time.Millisecond || !slices.Contains(k.asked, 0x91) {
				t.Errorf("took %v, key saw %x", took, k.asked)
			}
		})
	})
	t.Run("a flood of frames does not hide that the context ended", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(context.Background())
			k := newScript(t, func(s *script, channel uint32, cmd byte, _ []byte) {
				for cmd == 0x90 && len(s.reports) < cap(s.reports) {
					s.reply(0x77, 0xBB, []byte{1})
				}
				if cmd == 0x90 {
					stop()
				}
			})
			d := k.open()
			if _, err := d.cbor(ctx, 1, nil, command{limit: touchLimit}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestBusy(t *testing.T) {
	for _, tt := range []struct {
		name  string
		busy  func(s *script, channel uint32)
		times int
		is    error
	}{
		{"busy in an error packet, three times", func(s *script, ch uint32) { s.reply(ch, 0xBF, []byte{6}) }, 3, nil},
		{"busy as a CTAP status, three times", func(s *script, ch uint32) { s.reply(ch, 0x90, []byte{6}) }, 3, nil},
		{"busy in an error packet for good", func(s *script, ch uint32) { s.reply(ch, 0xBF, []byte{6}) }, 100, hw.ErrBusy},
		{"busy as a CTAP status for good", func(s *script, ch uint32) { s.reply(ch, 0x90, []byte{6}) }, 100, hw.ErrBusy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				times := tt.times
				k := newScript(t, func(s *script, channel uint32, cmd byte, _ []byte) {
					if times--; times >= 0 {
						tt.busy(s, channel)
						return
					}
					s.reply(channel, cmd, append([]byte{0}, minimalInfo...))
				})
				start := time.Now()
				_, err := k.open().Info(context.Background())
				if !errors.Is(err, tt.is) {
					t.Errorf("got %v, want %v", err, tt.is)
				}
				if took := time.Since(start); took > time.Second || len(k.asked) > 6 {
					t.Errorf("took %v and %d requests", took, len(k.asked))
				}
				for _, cmd := range k.asked[1:] {
					if cmd != 0x90 {
						t.Errorf("key saw %x: a busy key must not be spoken to otherwise", k.asked)
					}
				}
			})
		})
	}
	t.Run("the context ends the waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			k := newScript(t, func(s *script, channel uint32, _ byte, _ []byte) { s.reply(channel, 0xBF, []byte{6}) })
			d := k.open()
			ctx, stop := context.WithTimeout(context.Background(), 80*time.Millisecond)
			defer stop()
			_, err := d.Info(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, hw.ErrBusy) {
				t.Errorf("got %v, want both that time is up and why", err)
			}
		})
	})
}

func TestExchangeFails(t *testing.T) {
	reply := func(cmd byte, data ...byte) func(*script, uint32, byte, []byte) {
		return func(s *script, channel uint32, _ byte, _ []byte) { s.reply(channel, cmd, data) }
	}
	for _, tt := range []struct {
		name   string
		answer func(*script, uint32, byte, []byte)
		is     error
	}{
		{"an unknown command is unsupported", reply(0xBF, 1), hw.ErrUnsupported},
		{"a forgotten channel means the key lost power", reply(0xBF, 0x0B), hw.ErrGone},
		{"an answer to another command is malformed", reply(0x81, 0), hw.ErrMalformed},
		{"an answer without a status is malformed", reply(0x90), hw.ErrMalformed},
		{"a continuation of nothing is malformed", func(s *script, ch uint32, _ byte, _ []byte) {
			s.reports <- reportsOf(ch, 0x90, numbered(100))[1]
		}, hw.ErrMalformed},
		{"a key that says nothing is given up", func(*script, uint32, byte, []byte) {}, context.DeadlineExceeded},
		{"half an answer is given up", func(s *script, ch uint32, _ byte, _ []byte) {
			s.reports <- reportsOf(ch, 0x90, numbered(100))[0]
		}, context.DeadlineExceeded},
		{"a key pulled out is gone", func(s *script, _ uint32, _ byte, _ []byte) { close(s.reports) }, hw.ErrGone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := newScript(t, tt.answer).open().Info(context.Background())
				if !errors.Is(err, tt.is) {
					t.Errorf("got %v, want %v", err, tt.is)
				}
			})
		})
	}
	t.Run("after a malformed answer the next command is answered", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			first := true
			k := newScript(t, func(s *script, channel uint32, cmd byte, data []byte) {
				switch {
				case cmd == 0x86:
					s.reply(channel, 0x86, append(data, 1, 2, 3, 4, 2, 5, 4, 3, 5))
				case first:
					first = false
					long := reportsOf(channel, cmd, numbered(200))
					s.reports <- long[0]
					s.reports <- long[2]
					s.reports <- long[1]
				default:
					s.reply(channel, cmd, append([]byte{0}, minimalInfo...))
				}
			})
			d := k.open()
			if _, err := d.Info(context.Background()); !errors.Is(err, hw.ErrMalformed) {
				t.Errorf("got %v", err)
			}
			if _, err := d.Info(context.Background()); err != nil {
				t.Errorf("the next one: %v", err)
			}
		})
	})
	t.Run("a context that has ended sends nothing more", func(t *testing.T) {
		k := newScript(t, nil)
		d := k.open()
		ctx, stop := context.WithCancel(context.Background())
		stop()
		if _, err := d.Info(ctx); !errors.Is(err, context.Canceled) || len(k.asked) != 1 {
			t.Errorf("got %v after %x", err, k.asked)
		}
	})
}

func TestStatusError(t *testing.T) {
	for status, want := range map[byte]error{
		0x06: hw.ErrBusy, 0x22: hw.ErrNoCredential, 0x27: hw.ErrRefused, 0x2B: hw.ErrUnsupported, 0x2E: hw.ErrNoCredential,
		0x2F: hw.ErrTouchTimeout, 0x30: hw.ErrRefused, 0x32: hw.ErrPINBlocked, 0x34: hw.ErrPINAuthBlocked,
		0x35: hw.ErrPINNotSet, 0x36: hw.ErrPINRequired, 0x3A: hw.ErrTouchTimeout, 0x3B: hw.ErrTouchRequired, 0x01: hw.ErrUnsupported,
	} {
		if err := error(&StatusError{status}); !errors.Is(err, want) {
			t.Errorf("%v is not %v", err, want)
		}
	}
	for err, want := range map[error]string{
		&StatusError{0x2E}:    "CTAP2_ERR_NO_CREDENTIALS (2e)",
		&StatusError{0xF3}:    "CTAP status f3",
		&TransportError{0x06}: "channel busy (CTAPHID error 06)",
		&TransportError{0x42}: "CTAPHID error 42",
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	if errors.Unwrap(&StatusError{0xF3}) != nil {
		t.Error("an unknown status is nothing in particular")
	}
}
