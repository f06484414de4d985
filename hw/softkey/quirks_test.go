package softkey

import (
	"bytes"
	"errors"
	"testing"

	"hwmfa/hw"
)

func TestQuirks(t *testing.T) {
	t.Run("a busy getInfo is a CTAPHID error, as often as asked for", func(t *testing.T) {
		k, _ := newKey(t, Config{Quirks: Quirks{GetInfoBusy: 2}})
		p := dial(t, k)
		for range 2 {
			if cmd, got := p.call(cmdCBOR, []byte{4}); cmd != cmdError || got[0] != errChannelBusy {
				t.Errorf("got %02x %x", cmd, got)
			}
		}
		p.mustCTAP(4, nil)
	})
	t.Run("a U2F key has no CBOR and says so", func(t *testing.T) {
		k, _ := newKey(t, Config{Quirks: Quirks{U2FOnly: true}})
		p := dial(t, k)
		if _, got := p.call(cmdInit, []byte("abcdefgh")); got[16] != capWink {
			t.Errorf("capabilities %02x", got[16])
		}
		if cmd, got := p.call(cmdCBOR, []byte{4}); cmd != cmdError || got[0] != errInvalidCommand {
			t.Errorf("getInfo got %02x %x", cmd, got)
		}
		if cmd, got := p.call(cmdMsg, []byte{0, 3, 0, 0, 0, 0, 0}); cmd != cmdMsg || string(got) != "U2F_V2\x90\x00" {
			t.Errorf("version got %02x %q", cmd, got)
		}
	})
	t.Run("a key without U2F refuses MSG", func(t *testing.T) {
		k, _ := newKey(t, Config{Quirks: Quirks{NoU2F: true}})
		p := dial(t, k)
		if cmd, got := p.call(cmdMsg, []byte{0, 3, 0, 0}); cmd != cmdError || got[0] != errInvalidCommand {
			t.Errorf("got %02x %x", cmd, got)
		}
		if _, got := p.call(cmdInit, []byte("abcdefgh")); got[16] != capWink|capCBOR|capNMSG {
			t.Errorf("capabilities %02x", got[16])
		}
	})
	for quirk, want := range map[SilentRefusal]status{
		SilentPINRequired: ctapPUATRequired, SilentUPRequired: ctapUPRequired, SilentDenied: ctapOperationDenied,
	} {
		t.Run("a silent assertion is refused: "+string(quirk), func(t *testing.T) {
			k, _ := newKey(t, Config{Quirks: Quirks{Silent: quirk}})
			p := dial(t, k)
			m := makeCredential(t, p, creation())
			if st, _ := p.ctap(2, with(assertion(m.id), 5, map[string]bool{"up": false})); status(st) != want {
				t.Errorf("got %#02x", st)
			}
			p.mustCTAP(2, assertion(m.id))
		})
	}
	t.Run("alwaysUv wants a PIN unless asked without presence", func(t *testing.T) {
		k, _ := newKey(t, Config{PIN: "1234", Quirks: Quirks{AlwaysUV: true}})
		p := dial(t, k)
		if st, _ := p.ctap(1, creation()); status(st) != ctapPUATRequired {
			t.Errorf("makeCredential gave %#02x", st)
		}
		st, s, token := p.token(2, "1234", 1, testRP)
		if st != 0 {
			t.Fatalf("token: %#02x", st)
		}
		m := makeCredential(t, p, with(with(creation(), 8, s.sign(token, clientDataHash[:])), 9, 2))
		if st, _ := p.ctap(2, assertion(m.id)); status(st) != ctapPUATRequired {
			t.Errorf("an assertion gave %#02x", st)
		}
		checkAssertion(t, p.mustCTAP(2, with(assertion(m.id), 5, map[string]bool{"up": false})), m.key)
		if cmd, got := p.call(cmdMsg, []byte{0, 3, 0, 0}); cmd != cmdMsg || !bytes.Equal(got, swNotAllowed.bytes()) {
			t.Errorf("U2F got %02x %x", cmd, got)
		}
	})
	for name, q := range map[string]Quirks{
		"a lying AAGUID is caught":              {CertificateAAGUID: hw.AAGUID{1}},
		"a corrupted signature is caught":       {CorruptAttestation: true},
		"a corrupted self attestation likewise": {CorruptAttestation: true, SelfAttestation: true},
	} {
		t.Run(name, func(t *testing.T) {
			k, _ := newKey(t, Config{Quirks: q})
			if err := makeCredential(t, dial(t, k), creation()).verify(t); err == nil {
				t.Error("the verifier accepted it")
			}
		})
	}
	t.Run("self attestation has no certificate and verifies", func(t *testing.T) {
		k, _ := newKey(t, Config{Quirks: Quirks{SelfAttestation: true}})
		m := makeCredential(t, dial(t, k), creation())
		if err := m.verify(t); err != nil || m.stmt["x5c"] != nil {
			t.Errorf("%v, statement %v", err, m.stmt)
		}
	})
	t.Run("an empty credential ID", func(t *testing.T) {
		k, _ := newKey(t, Config{Quirks: Quirks{EmptyCredentialID: true}})
		if m := makeCredential(t, dial(t, k), creation()); len(m.id) != 0 {
			t.Errorf("got %x", m.id)
		}
	})
	t.Run("a FIDO-only key has no card", func(t *testing.T) {
		k, _ := newKey(t, Config{Serial: 5, Quirks: Quirks{NoCard: true}})
		if _, product, _, name, _, hid, card := k.USBInfo(); product != 0x0402 || name != "YubiKey FIDO" || !hid || card {
			t.Errorf("USB says %04x %q %v %v", product, name, hid, card)
		}
		if k.APDU([]byte{0, 0xa4, 4, 0}) != nil {
			t.Error("a card answered")
		}
		if _, err := k.Card().Transmit(t.Context(), []byte{0, 0xa4, 4, 0}); !isGone(err) {
			t.Errorf("the card gave %v", err)
		}
	})
	t.Run("a card-only key has no HID", func(t *testing.T) {
		k, _ := newKey(t, Config{Quirks: Quirks{NoFIDO: true}})
		if err := k.HID().Write(t.Context(), make([]byte, 64)); !isGone(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("impossible keys are refused", func(t *testing.T) {
		ca, err := NewCA()
		if err != nil {
			t.Fatal(err)
		}
		for _, cfg := range []Config{
			{PIN: "123"}, {PIVPIN: "123456789"}, {ManagementKey: []byte{1}}, {Slots: []Slot{{Slot: 0x9b}}},
			{Slots: []Slot{{Slot: 0x9a, Algorithm: 1}}}, {Slots: []Slot{{Slot: 0x9a, PIN: 9}}},
			{Quirks: Quirks{NoCard: true, NoFIDO: true}},
		} {
			if _, err := New(ca, cfg); err == nil {
				t.Errorf("%+v was accepted", cfg)
			}
		}
	})
}

func TestDeviceInfo(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cfg   Config
		pages []string
	}{
		{"5.4.3", Config{Serial: 12345678, NFC: true}, []string{"330102021302040" + "0bc614e" + "03020213" + "040101" + "0503050403" + "06020000" + "07010f" + "080100" + "0d020213" + "0e020213" + "0a0100"}},
		{"a Security Key without serial", Config{SecurityKey: true, Quirks: Quirks{NoCard: true}, FormFactor: hw.FormKeychainC}, []string{
			"1f0102020203020202" + "040143" + "0503050403" + "06020000" + "07010f" + "080100" + "0a0100"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, _ := newKey(t, tt.cfg)
			p := dial(t, k)
			cmd, got := p.call(cmdDeviceInfo, nil)
			if want := unhex(t, tt.pages[0]); cmd != cmdDeviceInfo || !bytes.Equal(got[1:], want[1:]) || int(got[0]) != len(got)-1 {
				t.Errorf("got  %02x %x\nwant %x", cmd, got, want)
			}
		})
	}
	t.Run("5.7 answers in pages and names the next", func(t *testing.T) {
		k, _ := newKey(t, Config{Version: hw.Version{Major: 5, Minor: 7, Patch: 4}, PartNumber: "6CB", FIPS: true})
		p := dial(t, k)
		_, first := p.call(cmdDeviceInfo, []byte{0})
		if !bytes.HasSuffix(first, []byte{0x10, 1, 1}) {
			t.Errorf("first page %x", first)
		}
		_, second := p.call(cmdDeviceInfo, []byte{1})
		if want := unhex(t, "1b"+"1303364342"+"14020213"+"15020213"+"160100"+"170100"+"18020000"); !bytes.Equal(second[1:], want[1:]) || int(second[0]) != len(second)-1 {
			t.Errorf("got  %x\nwant %x", second, want)
		}
		if cmd, _ := p.call(cmdDeviceInfo, []byte{2}); cmd != cmdError {
			t.Errorf("a third page gave %02x", cmd)
		}
	})
	t.Run("firmware before 4.1 and other makers have none", func(t *testing.T) {
		for _, cfg := range []Config{{Version: hw.Version{Major: 4}}, {Quirks: Quirks{NoDeviceInfo: true}}} {
			k, _ := newKey(t, cfg)
			if cmd, got := dial(t, k).call(cmdDeviceInfo, nil); cmd != cmdError || got[0] != errInvalidCommand {
				t.Errorf("%+v: got %02x %x", cfg, cmd, got)
			}
		}
	})
}

func TestBench(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	plugIn := func(b *Bench, cfg Config) *Key {
		k, err := New(ca, cfg)
		if err != nil {
			t.Fatal(err)
		}
		b.Plug(k, hw.USB{Path: "1-2"})
		return k
	}
	find := func(t *testing.T, b *Bench, i hw.Interface) hw.Sighting {
		t.Helper()
		all, err := b.Sightings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if s.Interface == i {
				return s
			}
		}
		t.Fatalf("no %s sighting in %v", i, all)
		return hw.Sighting{}
	}
	t.Run("a key is seen three times and merges to one", func(t *testing.T) {
		var b Bench
		plugIn(&b, Config{SerialString: "0012345678"})
		plugIn(&b, Config{Quirks: Quirks{NoCard: true}})
		all, err := b.Sightings(t.Context())
		if err != nil || len(all) != 5 {
			t.Fatalf("%v, %v", all, err)
		}
		if got := find(t, &b, hw.InterfaceCard).Node; got != "Yubico YubiKey OTP+FIDO+CCID (0012345678) 00 00" {
			t.Errorf("reader %q", got)
		}
		if keys := hw.Merge(all); len(keys) != 2 {
			t.Errorf("%d keys", len(keys))
		}
	})
	t.Run("another key takes the node and is told apart", func(t *testing.T) {
		var b Bench
		old := plugIn(&b, Config{})
		s, card := find(t, &b, hw.InterfaceFIDO), find(t, &b, hw.InterfaceCard)
		stream, err := b.OpenFIDO(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Check(t.Context(), s); err != nil {
			t.Error(err)
		}
		b.Unplug(old)
		if _, err := stream.Read(t.Context()); !isGone(err) {
			t.Errorf("the open stream gave %v", err)
		}
		if err := b.Check(t.Context(), s); !isGone(err) {
			t.Errorf("unplugged: %v", err)
		}
		if _, err := b.OpenCard(t.Context(), card); !isGone(err) {
			t.Errorf("unplugged card: %v", err)
		}
		plugIn(&b, Config{})
		for _, s := range []hw.Sighting{s, card} {
			if err := b.Check(t.Context(), s); !errors.Is(err, hw.ErrReplaced) {
				t.Errorf("replaced: %v", err)
			}
		}
		if now := find(t, &b, hw.InterfaceFIDO); now.Node != s.Node || now.USB.Address == s.USB.Address {
			t.Errorf("the other key is at %s, address %d", now.Node, now.USB.Address)
		}
	})
	t.Run("a key moves to another port", func(t *testing.T) {
		var b Bench
		k := plugIn(&b, Config{})
		at := b.Plug(k, hw.USB{Bus: 2, Path: "2-1"})
		all, err := b.Sightings(t.Context())
		if err != nil || len(all) != 3 || *all[0].USB != at || at.ID() != "1050:0407" {
			t.Errorf("%v, %v", all, err)
		}
	})
	t.Run("a denied node shows and gives its reason", func(t *testing.T) {
		var b Bench
		plugIn(&b, Config{})
		b.Deny("/dev/hidraw0", hw.ErrPermission)
		s := find(t, &b, hw.InterfaceFIDO)
		if _, err := b.OpenFIDO(t.Context(), s); !errors.Is(err, hw.ErrPermission) || !errors.Is(s.Err, hw.ErrPermission) {
			t.Errorf("%v, %v", err, s.Err)
		}
	})
	t.Run("the card is one's own until it is closed", func(t *testing.T) {
		var b Bench
		plugIn(&b, Config{})
		s := find(t, &b, hw.InterfaceCard)
		first, err := b.OpenCard(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		opened := make(chan error)
		go func() {
			second, err := b.OpenCard(soon(t), s)
			if err == nil {
				err = second.Close()
			}
			opened <- err
		}()
		select {
		case err := <-opened:
			t.Fatalf("a second connection was let in: %v", err)
		default:
		}
		if err := first.Close(); err != nil {
			t.Error(err)
		}
		if err := <-opened; err != nil {
			t.Error(err)
		}
	})
}
