package ceremony_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
)

// withoutReaders is a bench whose smart-card service shows at most some
// readers, and fails with err.
type withoutReaders struct {
	*softkey.Bench
	most int
	err  error
}

func (b withoutReaders) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	all, err := b.Bench.Sightings(ctx)
	var kept []hw.Sighting
	readers := 0
	for _, s := range all {
		if s.Interface == hw.InterfaceCard {
			if readers++; readers > b.most {
				continue
			}
		}
		kept = append(kept, s)
	}
	return kept, errors.Join(err, b.err)
}

func warnings(s ceremony.Seen) string {
	var all []string
	for _, w := range s.Warnings {
		all = append(all, w.Code+": "+w.Text)
	}
	return strings.Join(all, "; ")
}

func TestDetectTwentyKeysOnSixteenReaders(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.plug(softkey.Config{Serial: uint32(1000 + i)})
	}
	seen, err := ceremony.Detect(t.Context(), withoutReaders{Bench: &w.bench, most: 16}, ceremony.Quick)
	if err != nil || len(seen) != 20 {
		t.Fatalf("got %d keys, %v", len(seen), err)
	}
	for i, s := range seen {
		if want := fmt.Sprint(1000 + i); s.Serial != want {
			t.Errorf("key %d has serial %q, want %s", i, s.Serial, want)
		}
		want := ""
		if i >= 16 {
			want = "no_card: has a card side, and the smart-card service stops at 16 readers"
		}
		if got := warnings(s); got != want {
			t.Errorf("key %d: warnings %q, want %q", i, got, want)
		}
	}
}

func TestDetectFirmware(t *testing.T) {
	for _, tt := range []struct {
		name string
		key  softkey.Config
		want hw.Version
	}{
		{"device info tells it", softkey.Config{Version: hw.Version{Major: 5, Minor: 7, Patch: 4}}, hw.Version{Major: 5, Minor: 7, Patch: 4}},
		{"PIV does without device info", softkey.Config{Version: hw.Version{Major: 4, Minor: 0, Patch: 1}}, hw.Version{Major: 4, Minor: 0, Patch: 1}},
		{"PIV of the NEO has versions of its own", softkey.Config{Version: hw.Version{Major: 1, Minor: 0, Patch: 4}}, hw.Version{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.plug(tt.key)
			seen, err := ceremony.Detect(t.Context(), &w.bench, ceremony.Thorough)
			if err != nil || len(seen) != 1 || seen[0].PIV == nil || seen[0].Firmware != tt.want {
				t.Errorf("got %+v, %v; want firmware %s", seen, err, tt.want)
			}
		})
	}
}

func TestDetectNamesWhatIsMissing(t *testing.T) {
	for _, tt := range []struct {
		name string
		key  softkey.Config
		err  error
		want string
	}{
		{"the smart-card service does not run", softkey.Config{Serial: 1}, hw.ErrService, "no_card: has a card side, and the smart-card service is not reachable"},
		{"smart cards are not built in", softkey.Config{Serial: 1}, hw.ErrNotBuilt, "no_card: has a card side, and this program was built without smart cards"},
		{"no reader for no reason known", softkey.Config{Serial: 1}, nil, "no_card: has a card side, and no reader shows it"},
		{"a key without a card side misses nothing", softkey.Config{Serial: 1, Quirks: softkey.Quirks{NoCard: true}}, hw.ErrService, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.plug(tt.key)
			seen, err := ceremony.Detect(t.Context(), withoutReaders{Bench: &w.bench, err: tt.err}, ceremony.Quick)
			if !errors.Is(err, tt.err) || len(seen) != 1 {
				t.Fatalf("got %d keys, %v", len(seen), err)
			}
			if got := warnings(seen[0]); got != tt.want || seen[0].Serial != "1" {
				t.Errorf("serial %q, warnings %q, want %q", seen[0].Serial, got, tt.want)
			}
		})
	}
}

func TestDetectNamesWhatIsHeldOrDenied(t *testing.T) {
	for _, tt := range []struct {
		name, node string
		err        error
		want       string
		serial     string
	}{
		{"a hidraw node without permission", "/dev/hidraw0", hw.ErrPermission, "fido_unreadable", "1"},
		{"a card held by another program", "Yubico YubiKey OTP+FIDO+CCID 00 00", hw.ErrBusy, "card_unreadable", "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.plug(softkey.Config{Serial: 1})
			w.bench.Deny(tt.node, tt.err)
			seen, err := ceremony.Detect(t.Context(), &w.bench, ceremony.Quick)
			if err != nil || len(seen) != 1 || len(seen[0].Warnings) != 1 {
				t.Fatalf("got %+v, %v", seen, err)
			}
			if got := seen[0].Warnings[0]; got.Code != tt.want || !errors.Is(got.Err, tt.err) || seen[0].Serial != tt.serial {
				t.Errorf("got %+v and serial %q, want %s", got, seen[0].Serial, tt.want)
			}
		})
	}
}

// silentCards is a bench whose cards answer nothing: one that another program
// never gives back, or one that asks for more time for ever.
type silentCards struct {
	*softkey.Bench
	open bool
}

func (b silentCards) OpenCard(ctx context.Context, _ hw.Sighting) (hw.Channel, error) {
	if b.open {
		return silentCard{}, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

type silentCard struct{}

func (silentCard) Transmit(ctx context.Context, _ []byte) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (silentCard) Close() error { return nil }

func TestDetectWaitsForNoCardForEver(t *testing.T) {
	ceremony.ShortenCardWaits(t, 20*time.Millisecond)
	for open, want := range map[bool]error{false: hw.ErrBusy, true: context.DeadlineExceeded} {
		w := newWorld(t)
		w.plug(softkey.Config{Serial: 1})
		seen, err := ceremony.Detect(t.Context(), silentCards{&w.bench, open}, ceremony.Quick)
		if err != nil || len(seen) != 1 || seen[0].Serial != "1" || len(seen[0].Warnings) == 0 {
			t.Fatalf("card open %v: got %+v, %v", open, seen, err)
		}
		if got := seen[0].Warnings[0].Err; !errors.Is(got, want) {
			t.Errorf("card open %v: got %v, want %v", open, got, want)
		}
	}
}

func TestDetectNamesAHeldCard(t *testing.T) {
	w := newWorld(t)
	w.plug(softkey.Config{Serial: 1})
	held := hw.Sighting{Interface: hw.InterfaceCard, Node: "Yubico YubiKey 00 00", Err: hw.ErrBusy}
	seen, _ := ceremony.Detect(t.Context(), withHeld{withoutReaders{Bench: &w.bench}, held}, ceremony.Quick)
	if got, want := warnings(seen[0]), "no_card: has a card side, which may be the card that another program holds"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// withHeld is a bench without readers but for one card.
type withHeld struct {
	withoutReaders
	card hw.Sighting
}

func (b withHeld) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	all, err := b.withoutReaders.Sightings(ctx)
	return append(all, b.card), err
}

// deafService lists what there is but the cards, whose service accepts the
// question and never answers.
type deafService struct{ *softkey.Bench }

func (b deafService) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	<-ctx.Done()
	all, err := withoutReaders{Bench: b.Bench}.Sightings(context.WithoutCancel(ctx))
	return all, errors.Join(err, fmt.Errorf("list card readers: %w", ctx.Err()))
}

func TestDetectWaitsForNoServiceForEver(t *testing.T) {
	ceremony.SetListWait(t, 50*time.Millisecond)
	w := newWorld(t)
	w.plug(softkey.Config{Serial: 1})
	seen, err := ceremony.Detect(t.Context(), deafService{&w.bench}, ceremony.Quick)
	if !errors.Is(err, context.DeadlineExceeded) || len(seen) != 1 || seen[0].Serial != "1" {
		t.Errorf("got %+v, %v; want the key, and that the readers could not be listed", seen, err)
	}
}
