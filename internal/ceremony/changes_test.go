package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

// hidTap is a bench on which a test sees every report that is sent to a key,
// before the key does.
type hidTap struct {
	hw.Bench
	see func(report []byte)
}

func (b hidTap) OpenFIDO(ctx context.Context, s hw.Sighting) (hw.Stream, error) {
	stream, err := b.Bench.OpenFIDO(ctx, s)
	if err != nil {
		return nil, err
	}
	return tappedStream{stream, b.see}, nil
}

type tappedStream struct {
	hw.Stream
	see func([]byte)
}

func (s tappedStream) Write(ctx context.Context, report []byte) error {
	s.see(report)
	return s.Stream.Write(ctx, report)
}

// The first bytes of a command, behind a channel of four bytes, CTAPHID_CBOR
// and a length of two: authenticatorClientPIN with its subcommand, and
// authenticatorConfig.
func isClientPIN(report []byte, subcommand byte) bool {
	return len(report) > 12 && report[4] == 0x90 && report[7] == 0x06 && bytes.Contains(report[8:14], []byte{0x02, subcommand})
}

func isConfig(report []byte) bool { return len(report) > 8 && report[4] == 0x90 && report[7] == 0x0d }

// journal is the payloads of all events of a kind.
func (w *world) journal(kind string) (payloads []string) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx inventory.Tx) error {
		if _, err := inventory.VerifyJournal(tx); err != nil {
			return err
		}
		if err := errors.Join(inventory.VerifyState(tx), inventory.VerifyRecords(tx), inventory.VerifyProofs(tx)); err != nil {
			return err
		}
		return inventory.Journal(tx, 1, func(e inventory.Event) error {
			if e.Kind == kind {
				payloads = append(payloads, e.Payload)
			}
			return nil
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return payloads
}

func TestEnrollWritesDownWhatItChanged(t *testing.T) {
	w := newWorld(t)
	w.trust()
	w.plug(softkey.Config{Serial: 1})
	var fresh []byte
	if _, err := w.enroll(func(r *ceremony.EnrollRequest) {
		r.SetPIN, r.NewPIN = true, givingNew("correct horse", &fresh)
		r.Settings = ceremony.Settings{MinPINLength: 6, AlwaysUV: true}
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{`{"changes":["pin_set","always_uv","min_pin_length"],"min_pin_length":6}`}
	if got := w.journal(inventory.KindKeyChanged); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w.plug(softkey.Config{Serial: 2})
	if _, err := w.enroll(func(r *ceremony.EnrollRequest) { r.Serial = "2" }); err != nil {
		t.Fatal(err)
	}
	if got := w.journal(inventory.KindKeyChanged); len(got) != 1 {
		t.Errorf("a key that was not changed: %v", got)
	}
}

// TestInterruptedInTheMiddleOfAChange: Ctrl-C at the moment at which a key is
// told to change leaves nobody in doubt about what it is now.
func TestInterruptedInTheMiddleOfAChange(t *testing.T) {
	for _, tt := range []struct {
		name   string
		key    softkey.Config
		change func(*ceremony.EnrollRequest)
		at     func([]byte) bool
		says   string
	}{
		{"the first PIN", softkey.Config{Serial: 1}, func(r *ceremony.EnrollRequest) { r.SetPIN = true },
			func(b []byte) bool { return isClientPIN(b, 0x03) }, "(on the key already: pin_set)"},
		{"another PIN", softkey.Config{Serial: 1, PIN: "2580"}, func(r *ceremony.EnrollRequest) { r.ChangePIN = true },
			func(b []byte) bool { return isClientPIN(b, 0x04) }, "(on the key already: pin_changed)"},
		{"always-UV", softkey.Config{Serial: 1, PIN: "2580"}, func(r *ceremony.EnrollRequest) { r.Settings.AlwaysUV = true },
			isConfig, "(on the key already: always_uv)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			w.plug(tt.key)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			seen := false
			bench := hidTap{&w.bench, func(report []byte) {
				if tt.at(report) {
					seen = true
					cancel()
				}
			}}
			var old, fresh []byte
			r := request()
			r.PIN, r.NewPIN = giving("2580", &old), givingNew("correct horse", &fresh)
			tt.change(&r)
			_, err := ceremony.Enroll(ctx, bench, w.store, r)
			if !seen || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("interrupted %v: got %v, want it interrupted and saying %q", seen, err, tt.says)
			}
			w.wantNothingRecorded()
		})
	}
}

// TestUnpluggedInTheMiddleOfAChange: where nobody can know, that is said.
func TestUnpluggedInTheMiddleOfAChange(t *testing.T) {
	w := newWorld(t)
	k := w.plug(softkey.Config{Serial: 1})
	bench := hidTap{&w.bench, func(report []byte) {
		if isClientPIN(report, 0x03) {
			w.bench.Unplug(k)
		}
	}}
	var fresh []byte
	r := request()
	r.SetPIN, r.NewPIN = true, givingNew("correct horse", &fresh)
	_, err := ceremony.Enroll(t.Context(), bench, w.store, r)
	if !errors.Is(err, hw.ErrGone) || !strings.Contains(err.Error(), "whether the key took it is not known: pin_set") {
		t.Errorf("got %v", err)
	}
}

// TestEnrollWantsTheSerial: a key that has a serial is not taken for one without
// because every path to it failed for a moment.
func TestEnrollWantsTheSerial(t *testing.T) {
	broken := errors.New("the line is noisy")
	noisy := func(w *world) hw.Bench {
		return tap{&w.bench, func([]byte, func() ([]byte, error)) ([]byte, error) { return nil, broken }}
	}
	quiet := func(w *world) hw.Bench { return &w.bench }
	for _, tt := range []struct {
		name  string
		key   softkey.Config
		bench func(*world) hw.Bench
		want  error
	}{
		{"no path answers", softkey.Config{Serial: 1, Quirks: softkey.Quirks{NoDeviceInfo: true}}, noisy, ceremony.ErrSerialUnread},
		{"no path is there", softkey.Config{Serial: 1, Quirks: softkey.Quirks{NoDeviceInfo: true, NoCard: true}}, quiet, nil},
		{"one path answers", softkey.Config{Serial: 1}, noisy, nil},
		{"a Security Key", softkey.Config{SecurityKey: true, Quirks: softkey.Quirks{NoCard: true}}, noisy, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			k := w.plug(tt.key)
			_, err := ceremony.Enroll(t.Context(), tt.bench(w), w.store, request())
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want == nil {
				return
			}
			if !errors.Is(err, broken) || k.TouchWanted() {
				t.Errorf("got %v, want it to say why, before a touch", err)
			}
			w.wantNothingRecorded()
			r := request()
			r.WithoutSerial = true
			got, err := ceremony.Enroll(t.Context(), tt.bench(w), w.store, r)
			if err != nil || got.Key.Serial != "" {
				t.Errorf("asked for: got %+v, %v", got, err)
			}
		})
	}
}
