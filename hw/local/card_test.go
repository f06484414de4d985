package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"hwmfa/hw"
)

// withCard is a machine with one key's reader, and the sighting of its card.
func withCard(t *testing.T, r *fakeReader) (*Machine, *fakeCards, hw.Sighting) {
	t.Helper()
	p := newPretend(t)
	p.plug(oneKey)
	cards := newFakeCards(t)
	r.status, r.channel = readerStatus{present: true, atr: atr}, 0x0020_0107
	if r.answer == nil {
		r.answer = func(apdu []byte) ([]byte, error) { return append(bytes.Clone(apdu), 0x90, 0x00), nil }
	}
	cards.add(reader, r)
	m := &Machine{system: p.system, card: cards}
	usb := hw.USB{Vendor: 0x1050, Product: 0x0407, Bus: 1, Address: 7, Path: "1-2.3"}
	return m, cards, hw.Sighting{Interface: hw.InterfaceCard, Node: reader, ATR: atr, USB: &usb}
}

var selectPIV = []byte{0x00, 0xa4, 0x04, 0x00, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08}

func TestOpenCard(t *testing.T) {
	m, cards, s := withCard(t, &fakeReader{})
	ch, err := m.OpenCard(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := ch.Transmit(t.Context(), selectPIV)
		if want := append(bytes.Clone(selectPIV), 0x90, 0x00); err != nil || !bytes.Equal(got, want) {
			t.Errorf("Transmit = %x, %v; want %x", got, err, want)
		}
	}
	for _, n := range []int{0, 3, maxCommand + 1} {
		if _, err := ch.Transmit(t.Context(), make([]byte, n)); err == nil {
			t.Errorf("a command of %d bytes was sent", n)
		}
	}
	for range 2 {
		if err := ch.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if _, err := ch.Transmit(t.Context(), selectPIV); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Transmit after Close = %v", err)
	}
	cards.settle(m)
}

func TestOpenCard_errors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fakeReader, *fakeCards, *hw.Sighting)
		want   error
	}{
		{"held exclusively by another program", func(r *fakeReader, _ *fakeCards, _ *hw.Sighting) { r.connectErr = 0x8010000b }, hw.ErrBusy},
		{"the reader is gone", func(_ *fakeReader, _ *fakeCards, s *hw.Sighting) { s.Node = "Other 00 00" }, hw.ErrGone},
		{"the card is gone", func(r *fakeReader, _ *fakeCards, _ *hw.Sighting) { r.connectErr = 0x8010000c }, hw.ErrGone},
		{"not allowed", func(r *fakeReader, _ *fakeCards, _ *hw.Sighting) { r.connectErr = 0x8010006a }, hw.ErrPermission},
		{"no service", func(_ *fakeReader, c *fakeCards, _ *hw.Sighting) { c.establishErr = fakeError(0x8010001d) }, hw.ErrService},
		{"another key has the reader's name", func(r *fakeReader, _ *fakeCards, _ *hw.Sighting) { r.channel = 0x0020_0108 }, hw.ErrReplaced},
		{"another card is in the reader", func(r *fakeReader, _ *fakeCards, _ *hw.Sighting) { r.status.atr = []byte{0x3b, 0x00} }, hw.ErrReplaced},
		{"reset again and again by another program", func(r *fakeReader, _ *fakeCards, _ *hw.Sighting) { r.resets = 9 }, errReset},
		{"not a card", func(_ *fakeReader, _ *fakeCards, s *hw.Sighting) { s.Interface = hw.InterfaceFIDO }, hw.ErrUnsupported},
		{"reset once: connected to again", func(r *fakeReader, _ *fakeCards, _ *hw.Sighting) { r.resets = 1 }, nil},
		{"the reader does not tell its place any more", func(r *fakeReader, _ *fakeCards, _ *hw.Sighting) { r.channel = 0 }, hw.ErrReplaced},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &fakeReader{}
			m, cards, s := withCard(t, r)
			c.change(r, cards, &s)
			ch, err := m.OpenCard(t.Context(), s)
			if !errors.Is(err, c.want) {
				t.Errorf("OpenCard = %v, want %v", err, c.want)
			}
			if err == nil {
				if err := ch.Close(); err != nil {
					t.Error(err)
				}
			}
			cards.settle(m)
		})
	}
}

func TestOpenCard_whileAnotherTransactionLasts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := &fakeReader{held: make(chan struct{}), waits: cancel}
	m, cards, s := withCard(t, r)
	if _, err := m.OpenCard(ctx, s); !errors.Is(err, context.Canceled) || !errors.Is(err, hw.ErrBusy) {
		t.Errorf("OpenCard = %v, want the context's end and ErrBusy", err)
	}
	close(r.held) // the other program ends; what was begun for nobody is given back
	cards.settle(m)
}

func TestTransmit_endsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := &fakeReader{slow: make(chan struct{}), waits: cancel}
	m, cards, s := withCard(t, r)
	ch, err := m.OpenCard(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Transmit(ctx, selectPIV); !errors.Is(err, context.Canceled) {
		t.Errorf("Transmit = %v, want the context's end", err)
	}
	ctx2, cancel2 := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel2()
	if _, err := ch.Transmit(ctx2, selectPIV); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Transmit beside one under way = %v, want the deadline", err)
	}
	if err := ch.Close(); err != nil {
		t.Error(err)
	}
	if len(cards.handles) != 1 {
		t.Error("the card was given back in the middle of a command")
	}
	close(r.slow)
	cards.settle(m)
}

// TestTransmit_trouble: a service that only says that a command failed does not
// say whether the key is still there; the kernel does.
func TestTransmit_trouble(t *testing.T) {
	replug := oneKey
	replug.address++
	for _, c := range []struct {
		name   string
		change func(pretend)
		want   error
		not    error
	}{
		{"unplugged", func(p pretend) { p.unplug(oneKey) }, hw.ErrGone, nil},
		{"another key in its place", func(p pretend) { p.unplug(oneKey); p.plug(replug) }, hw.ErrGone, nil},
		{"still there", func(pretend) {}, errLink, hw.ErrGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &fakeReader{}
			m, cards, s := withCard(t, r)
			p := pretend{t, m.system}
			r.answer = func([]byte) ([]byte, error) {
				c.change(p)
				return nil, fakeError(0x80100016)
			}
			ch, err := m.OpenCard(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			_, err = ch.Transmit(t.Context(), selectPIV)
			if !errors.Is(err, c.want) || c.not != nil && errors.Is(err, c.not) {
				t.Errorf("Transmit = %v, want %v", err, c.want)
			}
			if err := ch.Close(); err != nil {
				t.Error(err)
			}
			cards.settle(m)
		})
	}
}

func TestTransmit_errors(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func([]byte) ([]byte, error)
		want   error
	}{
		{"the card was pulled out", func([]byte) ([]byte, error) { return nil, fakeError(0x80100069) }, hw.ErrGone},
		{"the reader was unplugged", func([]byte) ([]byte, error) { return nil, fakeError(0x80100017) }, hw.ErrGone},
		{"the service was stopped", func([]byte) ([]byte, error) { return nil, fakeError(0x8010001e) }, hw.ErrService},
		{"an answer without a status", func([]byte) ([]byte, error) { return []byte{0x90}, nil }, hw.ErrMalformed},
		{"an answer that does not fit", func([]byte) ([]byte, error) { return nil, fakeError(0x80100008) }, hw.ErrMalformed},
		{"the longest answer there is", func([]byte) ([]byte, error) { return make([]byte, maxAnswer), nil }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, cards, s := withCard(t, &fakeReader{answer: c.answer})
			ch, err := m.OpenCard(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ch.Transmit(t.Context(), selectPIV); !errors.Is(err, c.want) {
				t.Errorf("Transmit = %v, want %v", err, c.want)
			}
			if err := ch.Close(); err != nil {
				t.Error(err)
			}
			cards.settle(m)
		})
	}
}

func TestCheckCard_whileWeHaveItOpen(t *testing.T) {
	m, cards, s := withCard(t, &fakeReader{})
	ch, err := m.OpenCard(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(t.Context(), s); err != nil {
		t.Errorf("Check = %v", err)
	}
	seen, err := m.cardSightings(t.Context())
	if err != nil || len(seen) != 1 || seen[0].USB == nil || seen[0].Err != nil {
		t.Errorf("sightings %+v, %v; want the card at its place", seen, err)
	}
	if err := ch.Close(); err != nil {
		t.Error(err)
	}
	if err := m.Check(t.Context(), s); err != nil {
		t.Errorf("Check after Close = %v", err)
	}
	cards.settle(m)
}

func TestCheckCard_heldByAnotherProgram(t *testing.T) {
	for _, c := range []struct {
		name   string
		unplug bool
		want   error
	}{
		{"the device is still there", false, nil},
		{"the device is not there any more", true, hw.ErrGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &fakeReader{}
			m, cards, s := withCard(t, r)
			r.directErr = 0x8010000b
			if c.unplug {
				pretend{t, m.system}.unplug(oneKey)
			}
			if err := m.Check(t.Context(), s); !errors.Is(err, c.want) {
				t.Errorf("Check = %v, want %v", err, c.want)
			}
			cards.settle(m)
		})
	}
}

func TestCheckCard_plainReader(t *testing.T) {
	m, _, _, _, cards := whole(t)
	s := hw.Sighting{Interface: hw.InterfaceCard, Node: "Plain Reader 01 00", ATR: []byte{0x3b}}
	if err := m.Check(t.Context(), s); err != nil {
		t.Errorf("the same card: %v", err)
	}
	cards.by[s.Node].status.atr = []byte{0x3f}
	if err := m.Check(t.Context(), s); !errors.Is(err, hw.ErrReplaced) {
		t.Errorf("another card: %v, want ErrReplaced", err)
	}
	cards.by[s.Node].status = readerStatus{}
	if err := m.Check(t.Context(), s); !errors.Is(err, hw.ErrGone) {
		t.Errorf("no card: %v, want ErrGone", err)
	}
	cards.settle(m)
}

func TestPCSCError(t *testing.T) {
	if got := fakeError(0x8010001d).Error(); got != "fake: no service (8010001d)" {
		t.Errorf("known code: %q", got)
	}
	if got := fakeError(0x80100099).Error(); got != "fake: error 80100099" {
		t.Errorf("unknown code: %q", got)
	}
	if errors.Unwrap(fakeError(0x80100099)) != nil {
		t.Error("an unknown code became a known error")
	}
}
