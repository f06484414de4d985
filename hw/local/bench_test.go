//go:build cgo && !nofido && !nopcsc && !nousb

package local_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/local"
	"hwmfa/hw/softkey"
	"hwmfa/internal/bench"
	"hwmfa/internal/bench/usbip"
)

// benchKey is a software key on the kernel's virtual USB bus.
type benchKey struct {
	t       *testing.T
	m       *local.Machine
	key     *softkey.Key
	usb     *usbip.Attachment
	anchors *attest.Anchors
}

// plugIn skips the test outside the virtual machine.
func plugIn(t *testing.T, cfg softkey.Config) *benchKey {
	t.Helper()
	if !bench.Inside() {
		t.Skip("runs in the virtual machine, which the tests of internal/bench start")
	}
	m, err := local.Open()
	if err != nil {
		t.Fatal(err)
	}
	ca, err := softkey.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	key, err := softkey.New(ca, cfg)
	if err != nil {
		t.Fatal(err)
	}
	k := &benchKey{t: t, m: m, key: key, anchors: new(attest.Anchors)}
	for _, pem := range [][]byte{ca.FIDORootPEM(), ca.PIVRootPEM()} {
		if err := k.anchors.AddPEM("this run's software keys", pem); err != nil {
			t.Fatal(err)
		}
	}
	k.plug()
	t.Cleanup(k.unplug)
	return k
}

// plug returns when pcscd shows the card too.
func (k *benchKey) plug() {
	k.t.Helper()
	a, err := usbip.Attach(k.t.Context(), k.key, usbip.Options{})
	if err != nil {
		k.t.Fatal(err)
	}
	k.usb = a
	k.wait(!k.key.Config().Quirks.NoCard)
}

func (k *benchKey) unplug() {
	k.t.Helper()
	if err := k.usb.Detach(context.Background()); err != nil {
		k.t.Errorf("pulling the key out: %v", err)
	}
	k.wait(false)
}

// wait waits until a card is seen, or none.
func (k *benchKey) wait(card bool) {
	k.t.Helper()
	var seen []hw.Sighting
	var err error
	restart := time.Now().Add(patience / 3)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(restart) {
			k.t.Logf("card %v is not seen: pcscd is started anew", card)
			if err := bench.RestartCardService(); err != nil {
				k.t.Fatal(err)
			}
			restart = end
		}
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		seen, err = k.m.Sightings(ctx)
		stop()
		if err == nil && slices.ContainsFunc(seen, func(s hw.Sighting) bool { return s.Interface == hw.InterfaceCard }) == card {
			return
		}
	}
	k.t.Fatalf("waiting for card %v: %v, %+v", card, err, seen)
}

func (k *benchKey) device() device {
	d := device{serial: "12345678", anchors: k.anchors, touch: k.touchWhenAsked}
	if pin := k.key.Config().PIN; pin != "" {
		d.pin = []byte(pin)
	}
	return d
}

// touchWhenAsked touches the key some time after it begins to wait for that.
func (k *benchKey) touchWhenAsked() {
	go func() {
		for !k.key.TouchWanted() {
			if k.t.Context().Err() != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(1500 * time.Millisecond)
		k.key.Touch()
	}()
}

func (k *benchKey) one() hw.Key {
	k.t.Helper()
	seen, err := k.m.Sightings(step(k.t))
	if err != nil {
		k.t.Fatal(err)
	}
	keys := hw.Merge(seen)
	if len(keys) != 1 {
		k.t.Fatalf("%d keys, want one: %+v", len(keys), seen)
	}
	return keys[0]
}

func TestBench(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  softkey.Config
	}{
		{"a key with all interfaces", softkey.Config{Serial: 12345678, Touch: softkey.Never()}},
		{"a key with a PIN, firmware 5.7", softkey.Config{Serial: 12345678, Touch: softkey.Never(), PIN: "271828", Version: hw.Version{Major: 5, Minor: 7, Patch: 4}}},
		{"a key without a card", softkey.Config{Serial: 12345678, Touch: softkey.Never(), Quirks: softkey.Quirks{NoCard: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := plugIn(t, c.cfg)
			conform(t, k.m, k.device())
		})
	}
}

func TestBench_sightingsAreOfOnePlace(t *testing.T) {
	k := plugIn(t, softkey.Config{Serial: 12345678})
	bus, address, err := k.usb.Address()
	if err != nil {
		t.Fatal(err)
	}
	want := hw.USB{Vendor: 0x1050, Product: 0x0407, Bus: bus, Address: address, Path: k.usb.BusID()}
	key := k.one()
	for _, s := range []*hw.Sighting{key.Device, key.FIDO, key.Card} {
		if s == nil || s.USB == nil || *s.USB != want || s.Product != "YubiKey OTP+FIDO+CCID" || s.Manufacturer != "Yubico" || s.Err != nil {
			t.Errorf("%+v, want it at %+v", s, want)
		}
	}
	if key.FIDO.Node != k.usb.Hidraw() {
		t.Errorf("node %s, want %s", key.FIDO.Node, k.usb.Hidraw())
	}
	if string(key.Card.ATR) != string(k.key.ATR()) {
		t.Errorf("ATR %x, want %x", key.Card.ATR, k.key.ATR())
	}
}

func TestBench_PIN(t *testing.T) {
	k := plugIn(t, softkey.Config{PIN: "271828"})
	s := *k.one().FIDO
	for want := 7; want >= 6; want-- {
		var wrong *hw.PINError
		if _, err := k.m.Attest(step(t), s, request([]byte("314159"))); !errors.As(err, &wrong) || wrong.Retries != want {
			t.Errorf("a wrong PIN: %v, want a PINError with %d tries left", err, want)
		}
	}
	if _, err := k.m.Attest(step(t), s, request([]byte("314159"))); !errors.Is(err, hw.ErrPINAuthBlocked) {
		t.Errorf("the third in a row: %v, want ErrPINAuthBlocked", err)
	}
}

func TestBench_PINRequired(t *testing.T) {
	k := plugIn(t, softkey.Config{PIN: "271828", Quirks: softkey.Quirks{AlwaysUV: true}})
	if _, err := k.m.Attest(step(t), *k.one().FIDO, request(nil)); !errors.Is(err, hw.ErrPINRequired) {
		t.Errorf("without a PIN: %v, want ErrPINRequired", err)
	}
}

func TestBench_PINNotSet(t *testing.T) {
	k := plugIn(t, softkey.Config{})
	if _, err := k.m.Attest(step(t), *k.one().FIDO, request([]byte("314159"))); !errors.Is(err, hw.ErrPINNotSet) {
		t.Errorf("a PIN for a key without one: %v, want ErrPINNotSet", err)
	}
}

func TestBench_neverTouched(t *testing.T) {
	k := plugIn(t, softkey.Config{Touch: softkey.Never(), TouchTimeout: time.Second})
	if _, err := k.m.Attest(step(t), *k.one().FIDO, request(nil)); !errors.Is(err, hw.ErrTouchTimeout) {
		t.Errorf("Attest = %v, want ErrTouchTimeout", err)
	}
}

func TestBench_unpluggedDuringTheTouch(t *testing.T) {
	k := plugIn(t, softkey.Config{Touch: softkey.Never()})
	s := *k.one().FIDO
	go func() {
		for !k.key.TouchWanted() {
			time.Sleep(10 * time.Millisecond)
		}
		if err := k.usb.Detach(context.Background()); err != nil {
			t.Errorf("pulling the key out: %v", err)
		}
	}()
	start := time.Now()
	if _, err := k.m.Attest(step(t), s, request(nil)); !errors.Is(err, hw.ErrGone) {
		t.Errorf("Attest = %v, want ErrGone", err)
	}
	t.Logf("noticed after %v", time.Since(start).Round(time.Millisecond))
}

func TestBench_replugged(t *testing.T) {
	k := plugIn(t, softkey.Config{})
	was := k.one()
	st, err := k.m.OpenFIDO(step(t), *was.FIDO)
	if err != nil {
		t.Fatal(err)
	}
	k.unplug()
	for _, s := range []*hw.Sighting{was.Device, was.FIDO, was.Card} {
		if err := k.m.Check(step(t), *s); !errors.Is(err, hw.ErrGone) {
			t.Errorf("%s unplugged: %v, want ErrGone", s.Interface, err)
		}
	}
	if _, err := st.Read(step(t)); !errors.Is(err, hw.ErrGone) {
		t.Errorf("reading an unplugged key: %v, want ErrGone", err)
	}
	if err := st.Write(step(t), nil); !errors.Is(err, hw.ErrGone) {
		t.Errorf("writing to an unplugged key: %v, want ErrGone", err)
	}
	k.plug()
	if now := k.one().FIDO.Node; now == was.FIDO.Node {
		t.Errorf("%s was given to another plugging while it was held open", now)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	k.unplug()
	time.Sleep(time.Second) // our own listing holds the node a little longer
	k.plug()                // with nobody holding it, the node's name comes back
	if now := k.one().FIDO.Node; now != was.FIDO.Node {
		t.Skipf("the kernel chose %s, so that nothing can be taken for something else", now)
	}
	for _, s := range []*hw.Sighting{was.Device, was.FIDO, was.Card} {
		if err := k.m.Check(step(t), *s); !errors.Is(err, hw.ErrReplaced) {
			t.Errorf("%s after a replug: %v, want ErrReplaced", s.Interface, err)
		}
	}
	if _, err := k.m.Attest(step(t), *was.FIDO, request(nil)); !errors.Is(err, hw.ErrReplaced) {
		t.Errorf("Attest = %v, want ErrReplaced", err)
	}
}

func TestBench_libfido2FallsBackToU2F(t *testing.T) {
	k := plugIn(t, softkey.Config{Quirks: softkey.Quirks{GetInfoBusy: 1}})
	if _, err := k.m.Attest(step(t), *k.one().FIDO, request(nil)); !errors.Is(err, hw.ErrBusy) {
		t.Errorf("Attest = %v, want ErrBusy", err)
	}
}

func TestBench_U2FOnly(t *testing.T) {
	k := plugIn(t, softkey.Config{Quirks: softkey.Quirks{U2FOnly: true}})
	if _, err := k.m.Attest(step(t), *k.one().FIDO, request(nil)); !errors.Is(err, hw.ErrUnsupported) {
		t.Errorf("Attest = %v, want ErrUnsupported", err)
	}
}

func TestBench_cardHeldExclusively(t *testing.T) {
	k := plugIn(t, softkey.Config{Serial: 12345678})
	was := *k.one().Card
	held, err := piv.Open(was.Node)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := k.m.Sightings(step(t))
	if err != nil {
		t.Error(err)
	}
	i := slices.IndexFunc(seen, func(s hw.Sighting) bool { return s.Interface == hw.InterfaceCard })
	if i < 0 || !errors.Is(seen[i].Err, hw.ErrBusy) {
		t.Errorf("sightings %+v, want the card with ErrBusy", seen)
	}
	if _, err := k.m.OpenCard(step(t), was); !errors.Is(err, hw.ErrBusy) {
		t.Errorf("OpenCard = %v, want ErrBusy", err)
	}
	if err := k.m.Check(step(t), was); err != nil {
		t.Errorf("Check = %v, want nil: the device is where it was", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	ch, err := k.m.OpenCard(step(t), was)
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Close(); err != nil {
		t.Error(err)
	}
}

// asNobody is the user that TestBench_withoutPermission runs this program as.
const asNobody = 65534

func TestBench_withoutPermission(t *testing.T) {
	if os.Getuid() == asNobody {
		m, err := local.Open()
		if err != nil {
			t.Fatal(err)
		}
		seen, err := m.Sightings(step(t))
		i := slices.IndexFunc(seen, func(s hw.Sighting) bool { return s.Interface == hw.InterfaceFIDO })
		if i < 0 || !errors.Is(seen[i].Err, hw.ErrPermission) {
			t.Errorf("sightings %+v, %v; want the FIDO interface with ErrPermission", seen, err)
			return
		}
		if _, err := m.OpenFIDO(step(t), seen[i]); !errors.Is(err, hw.ErrPermission) {
			t.Errorf("OpenFIDO = %v, want ErrPermission", err)
		}
		if _, err := m.Attest(step(t), seen[i], request(nil)); !errors.Is(err, hw.ErrPermission) {
			t.Errorf("Attest = %v, want ErrPermission", err)
		}
		if !slices.ContainsFunc(seen, func(s hw.Sighting) bool { return s.Interface == hw.InterfaceUSB && s.Product != "" }) {
			t.Errorf("sightings %+v, want the USB device with its strings", seen)
		}
		return
	}
	k := plugIn(t, softkey.Config{})
	if err := os.Chmod(k.usb.Hidraw(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(step(t), os.Args[0], "-test.v", "-test.run=^TestBench_withoutPermission$")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: asNobody, Gid: asNobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
