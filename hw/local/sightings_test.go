package local

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hwmfa/hw"
)

const reader = "Yubico YubiKey OTP+FIDO+CCID 00 00"

var atr = []byte{0x3b, 0xfd, 0x13}

// whole is a machine with one composite key, a mouse and a card in a plain
// reader.
func whole(t *testing.T) (*Machine, pretend, *fakeUSB, *fakeFIDO, *fakeCards) {
	t.Helper()
	p := newPretend(t)
	p.plug(oneKey)
	p.plug(pretendKey{1, 3, "1", "046d", "c077", map[string][]byte{"hidraw4": keyboardDescriptor}, false})
	p.plug(pretendKey{1, 1, "0", "1d6b", "0002", nil, false})
	usb := &fakeUSB{found: []usbDescriptor{
		{USB: hw.USB{Vendor: 0x1d6b, Product: 2, Bus: 1, Address: 1, Path: "1-0"}},
		{USB: hw.USB{Vendor: 0x046d, Product: 0xc077, Bus: 1, Address: 3, Path: "1-1"}, hid: true},
		{USB: hw.USB{Vendor: 0x1050, Product: 0x0407, Bus: 1, Address: 7, Path: "1-2.3"}, hid: true, card: true},
	}}
	fido := &fakeFIDO{found: []fidoLocation{{node: "/dev/hidraw1"}}, dev: &fakeFIDODevice{cancelled: make(chan struct{})}}
	cards := newFakeCards(t)
	cards.add("Plain Reader 01 00", &fakeReader{status: readerStatus{present: true, atr: []byte{0x3b}}})
	cards.add("Empty Reader 02 00", &fakeReader{})
	cards.add(reader, &fakeReader{status: readerStatus{present: true, atr: atr}, channel: 0x0020_0107})
	m := &Machine{system: p.system, usb: usb, fido: fido, card: cards}
	return m, p, usb, fido, cards
}

func TestSightings(t *testing.T) {
	m, _, usb, _, cards := whole(t)
	seen, err := m.Sightings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range seen {
		place := "-"
		if s.USB != nil {
			place = s.USB.ID() + "@" + s.USB.Path
		}
		got = append(got, string(s.Interface)+" "+s.Node+" "+place+" "+s.Product)
	}
	want := []string{
		"usb  046d:c077@1-1 YubiKey OTP+FIDO+CCID", // they all call themselves that here
		"usb  1050:0407@1-2.3 YubiKey OTP+FIDO+CCID",
		"fido /dev/hidraw1 1050:0407@1-2.3 YubiKey OTP+FIDO+CCID",
		"card " + reader + " 1050:0407@1-2.3 YubiKey OTP+FIDO+CCID",
		"card Plain Reader 01 00 - ",
	}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("sighting %d = %q, want %q", i, got[i], want[i])
		}
	}
	cards.settle(m)
	if usb.opened != 0 {
		t.Errorf("libusb was asked %d times for what the kernel shows", usb.opened)
	}
	if keys := hw.Merge(seen); len(keys) != 2 {
		t.Errorf("%d keys, want the YubiKey and the card in the plain reader", len(keys))
	}
}

func TestSightings_oneDeadPartHidesNoOther(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name   string
		kill   func(*Machine, *fakeUSB, *fakeFIDO, *fakeCards)
		want   error
		remain int
	}{
		{"the card service is not running", func(_ *Machine, _ *fakeUSB, _ *fakeFIDO, c *fakeCards) { c.establishErr = fakeError(0x8010001d) }, hw.ErrService, 3},
		{"polkit keeps us from the card service", func(_ *Machine, _ *fakeUSB, _ *fakeFIDO, c *fakeCards) { c.establishErr = fakeError(0x8010006a) }, hw.ErrPermission, 3},
		{"libusb would not start: the kernel's list is whole", func(_ *Machine, u *fakeUSB, _ *fakeFIDO, _ *fakeCards) { u.openErr = broken }, nil, 5},
		{"the kernel shows no USB device, and libusb does not start", func(m *Machine, u *fakeUSB, _ *fakeFIDO, _ *fakeCards) {
			m.system.hideUSB(t)
			u.openErr = broken
		}, broken, 3},
		{"libusb reads one device and stumbles over the next", func(m *Machine, u *fakeUSB, _ *fakeFIDO, _ *fakeCards) {
			m.system.hideUSB(t)
			u.listErr = broken
		}, broken, 5},
		{"the kernel shows no USB device, and libusb is not built in", func(m *Machine, u *fakeUSB, _ *fakeFIDO, _ *fakeCards) {
			m.system.hideUSB(t)
			u.openErr = hw.ErrNotBuilt
		}, nil, 3},
		{"libfido2 would fail: the kernel's list is whole", func(_ *Machine, _ *fakeUSB, f *fakeFIDO, _ *fakeCards) { f.listErr = broken }, nil, 5},
		{"the kernel shows no FIDO node, and libfido2 fails", func(m *Machine, _ *fakeUSB, f *fakeFIDO, _ *fakeCards) {
			m.system.hideHidraw(t)
			f.listErr = broken
		}, broken, 4},
		{"the kernel shows no FIDO node, and libfido2 is not built in", func(m *Machine, _ *fakeUSB, f *fakeFIDO, _ *fakeCards) {
			m.system.hideHidraw(t)
			f.listErr = hw.ErrNotBuilt
		}, nil, 4},
		{"everything fails", func(m *Machine, u *fakeUSB, f *fakeFIDO, c *fakeCards) {
			m.system.hideUSB(t)
			u.openErr, f.listErr, c.establishErr = broken, broken, fakeError(0x8010001d)
		}, hw.ErrService, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, usb, fido, cards := whole(t)
			c.kill(m, usb, fido, cards)
			seen, err := m.Sightings(t.Context())
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if len(seen) != c.remain {
				t.Errorf("%d sightings remain, want %d", len(seen), c.remain)
			}
			cards.settle(m)
		})
	}
}

func TestSightings_endWithTheirContext(t *testing.T) {
	m, _, _, _, cards := whole(t)
	cards.hang = make(chan struct{})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // enough for the other parts
	defer cancel()
	start := time.Now()
	seen, err := m.Sightings(ctx)
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("took %v", d)
	}
	if !errors.Is(err, context.DeadlineExceeded) || len(seen) != 3 {
		t.Errorf("%d sightings, %v; want the other parts' three and the deadline", len(seen), err)
	}
	close(cards.hang)
	cards.settle(m)
}

func TestSightings_aNodeThatIsNotThere(t *testing.T) {
	m, p, _, _, _ := whole(t)
	p.must(p.remove("dev/hidraw1"))
	seen, err := m.fidoSightings(t.Context())
	if err != nil || len(seen) != 1 || !errors.Is(seen[0].Err, hw.ErrGone) {
		t.Errorf("sightings %+v, %v; want the node with the reason it cannot be opened", seen, err)
	}
	if _, err := m.OpenFIDO(t.Context(), seen[0]); !errors.Is(err, hw.ErrGone) {
		t.Errorf("opening it: %v, want ErrGone", err)
	}
}

func TestSightings_whatOnlyLibfido2Knows(t *testing.T) {
	m, p, _, fido, _ := whole(t)
	m.system.hideHidraw(t)
	p.addNode(p.path("sys/devices/virtual/misc/uhid/0005:1050:0407.0009"), "hidraw5", keyboardDescriptor)
	fido.found = []fidoLocation{{node: "/dev/hidraw5", product: "Odd", manufacturer: "Maker"}, {node: "/dev/null"}}
	seen, err := m.fidoSightings(t.Context())
	if len(seen) != 1 || seen[0].Node != "/dev/hidraw5" || seen[0].Product != "Odd" || seen[0].Manufacturer != "Maker" {
		t.Errorf("sightings %+v, want hidraw5 as libfido2 describes it", seen)
	}
	if err == nil {
		t.Error("a location that is no hidraw node was taken without a word")
	}
}

func TestCardSightings(t *testing.T) {
	present := readerStatus{present: true, atr: atr}
	for _, c := range []struct {
		name    string
		reader  fakeReader
		seen    bool
		usb     string
		err     error // of the sighting
		listErr bool
	}{
		{"a card on a known device", fakeReader{status: present, channel: 0x0020_0107}, true, "1050:0407", nil, false},
		{"a card on a device that sysfs does not show", fakeReader{status: present, channel: 0x0020_0363}, true, "0000:0000", nil, false},
		{"a reader on a serial port", fakeReader{status: present, channel: 0x0001_0000}, true, "", nil, false},
		{"a reader that does not tell its place", fakeReader{status: present}, true, "", nil, false},
		{"no card in it", fakeReader{channel: 0x0020_0107}, false, "", nil, false},
		{"another program holds the card", fakeReader{status: present, directErr: 0x8010000b}, true, "", hw.ErrBusy, false},
		{"another program is in a transaction", fakeReader{status: present, directHeld: make(chan struct{})}, true, "", hw.ErrBusy, false},
		{"polkit keeps us from the card", fakeReader{status: present, directErr: 0x8010006a}, true, "", hw.ErrPermission, false},
		{"unplugged meanwhile", fakeReader{status: present, directErr: 0x80100009}, false, "", nil, false},
		{"a driver that fails", fakeReader{status: present, directErr: 0x80100013}, true, "", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, _, _, _ := whole(t)
			cards := newFakeCards(t)
			m.card = cards
			cards.add(reader, &c.reader)
			seen, err := m.cardSightings(t.Context())
			if (err != nil) != c.listErr {
				t.Errorf("error %v, want one: %v", err, c.listErr)
			}
			if (len(seen) == 1) != c.seen {
				t.Fatalf("sightings %+v, want one: %v", seen, c.seen)
			}
			if c.reader.directHeld != nil {
				close(c.reader.directHeld)
			}
			cards.settle(m)
			if !c.seen {
				return
			}
			usb := ""
			if seen[0].USB != nil {
				usb = seen[0].USB.ID()
			}
			if usb != c.usb || !errors.Is(seen[0].Err, c.err) || (c.err == nil) != (seen[0].Err == nil) {
				t.Errorf("USB %q, error %v; want %q, %v", usb, seen[0].Err, c.usb, c.err)
			}
		})
	}
}

// TestCardSightings_slowMachine has readers answer one after another, the last
// of them later than any one may take.
func TestCardSightings_slowMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _, _, _, _ := whole(t)
		cards := newFakeCards(t)
		m.card = cards
		for i, name := range []string{"A 00 00", "B 01 00", "C 02 00"} {
			r := cards.add(name, &fakeReader{status: readerStatus{present: true, atr: atr}, channel: 0x0020_0107, directHeld: make(chan struct{})})
			time.AfterFunc(time.Duration(i+1)*readerPatience*6/10, func() { close(r.directHeld) })
		}
		seen, err := m.cardSightings(t.Context())
		if err != nil || len(seen) != 3 {
			t.Fatalf("%d sightings, %v; want all three", len(seen), err)
		}
		for _, s := range seen {
			if s.Err != nil || s.USB == nil {
				t.Errorf("%s: at %v, %v; want its place", s.Node, s.USB, s.Err)
			}
		}
		cards.settle(m)
	})
}

func TestCardSightings_asManyReadersAsTheServiceShows(t *testing.T) {
	m, _, _, _, cards := whole(t)
	for len(cards.names) < maxReaders {
		cards.add(string(rune('A'+len(cards.names))), &fakeReader{})
	}
	seen, err := m.cardSightings(t.Context())
	if err == nil || len(seen) != 2 {
		t.Errorf("%d sightings, error %v; want both cards and a word on what may be missing", len(seen), err)
	}
}

func TestSlotOf(t *testing.T) {
	for name, want := range map[string]int{
		"Yubico YubiKey OTP+FIDO+CCID (0087654321) 01 00":      0,
		"SCM SCR 3310 [CCID Interface] (53311234200001) 00 01": 1,
		"Reader 0F 1a":    26,
		"Reader":          0,
		"":                0,
		"Model 10 Series": 0,
		"Reader 00 zz":    0,
		"00 01":           0,
	} {
		if got := slotOf(name); got != want {
			t.Errorf("slotOf(%q) = %d, want %d", name, got, want)
		}
	}
}
