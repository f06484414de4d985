package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
)

// TestEnrollPulledOutAtAQuestion pulls the key out while a person is asked for
// something about it, and plugs another in its place: nothing is recorded, and
// neither key is given a PIN or written to.
func TestEnrollPulledOutAtAQuestion(t *testing.T) {
	type asked func(*ceremony.EnrollRequest, func())
	for _, tt := range []struct {
		name     string
		question asked
	}{
		{"the first PIN", func(r *ceremony.EnrollRequest, pull func()) {
			r.SetPIN = true
			r.NewPIN = func(context.Context, string, func([]byte) error) ([]byte, error) {
				pull()
				return []byte("correct horse"), nil
			}
		}},
		{"the management key", func(r *ceremony.EnrollRequest, pull func()) {
			identity(func(p *ceremony.PIVIdentity) {
				p.DefaultKey = false
				p.Key = func(context.Context, string, string, int) ([]byte, error) {
					pull()
					return bytes.Repeat([]byte{1}, 24), nil
				}
			})(r)
		}},
		{"whether a slot may be written", func(r *ceremony.EnrollRequest, pull func()) {
			identity(func(p *ceremony.PIVIdentity) {
				p.Confirm = func(context.Context, ceremony.PIVWrite) error {
					pull()
					return nil
				}
			})(r)
		}},
	} {
		for _, swap := range []bool{false, true} {
			name, want := tt.name+", pulled out", hw.ErrGone
			if swap {
				name, want = tt.name+", swapped", hw.ErrReplaced
			}
			t.Run(name, func(t *testing.T) {
				w := newWorld(t)
				w.trust()
				cfg := softkey.Config{Serial: 9, Version: v574}
				k, other := w.plug(cfg), w.key(cfg)
				questions := 0
				_, err := w.enroll(func(r *ceremony.EnrollRequest) {
					tt.question(r, func() {
						questions++
						w.bench.Unplug(k)
						if swap {
							w.bench.Plug(other, hw.USB{})
						}
					})
				})
				if !errors.Is(err, want) || questions != 1 {
					t.Errorf("asked %d times, got %v, want %v", questions, err, want)
				}
				w.wantNothingRecorded()
				w.bench.Plug(k, hw.USB{})
				w.bench.Plug(other, hw.USB{})
				for _, key := range []*softkey.Key{k, other} {
					if fido(t, key).Options["clientPin"] {
						t.Error("a PIN was set")
					}
					if all := slots(t, key); len(all) > 0 {
						t.Errorf("slots %x were written", all)
					}
				}
			})
		}
	}
}
