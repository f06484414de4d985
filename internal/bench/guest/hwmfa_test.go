//go:build cgo

package guest

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"hwmfa/hw/softkey"
)

// exitStatus is what a program ended with.
func exitStatus(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// wantExit checks how a program that should fail did.
func wantExit(t *testing.T, err error, status int, word string) {
	t.Helper()
	if exitStatus(err) != status || !strings.Contains(err.Error(), word) {
		t.Errorf("got status %d (%v), want %d and %q", exitStatus(err), err, status, word)
	}
}

// decode reads a program's JSON.
func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

func TestDetect(t *testing.T) {
	inside(t)
	_, err := try(t, "", "hwmfa", "detect")
	wantExit(t, err, 4, "no security key")

	k := plug(t, softkey.Config{Serial: serial, Slots: []softkey.Slot{{Slot: 0x9a}}})
	bus, address, err := k.Address()
	if err != nil {
		t.Fatal(err)
	}
	names, err := piv.Cards()
	if err != nil || len(names) != 1 {
		t.Fatalf("readers %q, %v", names, err)
	}
	var got struct {
		Schema string
		Keys   []struct {
			Serial, Product, Firmware, AAGUID string
			FormFactor                        string `json:"form_factor"`
			USB                               struct {
				Vendor, Product, Path string
				Bus, Address          int
			}
			FIDO     struct{ Path string }
			PIV      struct{ Reader, Version string }
			Warnings []struct{ Text string }
		}
	}
	text := run(t, "", "hwmfa", "detect", "--json")
	decode(t, text, &got)
	if got.Schema != "hwmfa.detect/v1" || len(got.Keys) != 1 {
		t.Fatalf("detect prints %s", text)
	}
	key := got.Keys[0]
	for _, c := range []struct{ what, got, want string }{
		{"serial", key.Serial, strconv.Itoa(serial)},
		{"firmware", key.Firmware, "5.4.3"},
		{"aaguid", key.AAGUID, k.Config().AAGUID.String()},
		{"form factor", key.FormFactor, "USB-A keychain"},
		{"USB ID", key.USB.Vendor + ":" + key.USB.Product, "1050:0407"},
		{"USB path", key.USB.Path, k.BusID()},
		{"hidraw node", key.FIDO.Path, k.Hidraw()},
		{"reader", key.PIV.Reader, names[0]},
		{"PIV version", key.PIV.Version, "5.4.3"},
	} {
		if c.got != c.want {
			t.Errorf("detect says %s %q, want %q", c.what, c.got, c.want)
		}
	}
	if key.USB.Bus != bus || key.USB.Address != address {
		t.Errorf("detect says bus %d, address %d, want %d and %d", key.USB.Bus, key.USB.Address, bus, address)
	}
	for _, w := range key.Warnings {
		t.Errorf("detect warns: %s", w.Text)
	}
	contains(t, run(t, "", "hwmfa", "detect"), "serial 12345678", "firmware 5.4.3", k.Hidraw(), names[0])
}

// newInventory gives hwmfa an inventory of its own that trusts the key's CA.
func newInventory(t *testing.T, ca *softkey.CA) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HWMFA_INVENTORY", "sqlite://"+filepath.Join(dir, "inventory.db"))
	for name, pem := range map[string][]byte{"fido.pem": ca.FIDORootPEM(), "piv.pem": ca.PIVRootPEM()} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "", "hwmfa", "trust", "add", file)
	}
}

// copyInventory gives hwmfa a copy of the inventory that it has.
func copyInventory(t *testing.T) {
	t.Helper()
	const scheme = "sqlite://"
	content, err := os.ReadFile(strings.TrimPrefix(os.Getenv("HWMFA_INVENTORY"), scheme))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "inventory.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HWMFA_INVENTORY", scheme+file)
}

func TestEnroll(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial, Slots: []softkey.Slot{{Slot: 0x9a}}, Touch: softkey.After(1500 * time.Millisecond)})
	newInventory(t, k.ca)
	start := time.Now()
	out := run(t, "", "hwmfa", "enroll", "--place", "Berlin/safe 1", "--tag", "YK-1", "--json")
	if took := time.Since(start); took < 1500*time.Millisecond {
		t.Errorf("enrolled in %v, before the touch", took)
	}
	var done struct {
		Key  struct{ Serial, Tag, Place string }
		FIDO struct{ Status, AAGUID string }
		PIV  []struct{ Slot, Status, Serial string }

		Silent string
	}
	decode(t, out, &done)
	if done.Key.Serial != strconv.Itoa(serial) || done.FIDO.Status != "verified" || done.Silent != "yes" ||
		len(done.PIV) != 1 || done.PIV[0].Status != "verified" || done.PIV[0].Serial != strconv.Itoa(serial) {
		t.Errorf("enroll printed %s", out)
	}
	pull(t, k.Attachment)
	var again struct{ Verified bool }
	out = run(t, "", "hwmfa", "verify", "--evidence", strconv.Itoa(serial), "--json")
	decode(t, out, &again)
	if !again.Verified {
		t.Errorf("the stored evidence does not verify without the key: %s", out)
	}
	contains(t, run(t, "", "hwmfa", "key", "list"), strconv.Itoa(serial), "YK-1")
	run(t, "", "hwmfa", "journal", "verify")
}

func TestEnroll_refused(t *testing.T) {
	const pin = "246813"
	tests := []struct {
		name   string
		cfg    softkey.Config
		stdin  string
		args   []string
		during func(*testing.T, *plugged)
		word   string
	}{
		{"no touch", softkey.Config{Touch: softkey.Never(), TouchTimeout: 2 * time.Second}, "", nil, nil, "touch"},
		{"a wrong PIN", softkey.Config{PIN: pin}, "999999\n", []string{"--pin-fd", "0"}, nil, "7 tries left"},
		{"unplugged while it waits for the touch", softkey.Config{Touch: softkey.Never()}, "", nil, func(t *testing.T, k *plugged) { pull(t, k.Attachment) }, "unplugged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Serial = serial
			k := plug(t, tt.cfg)
			newInventory(t, k.ca)
			over := make(chan struct{})
			go func() {
				defer close(over)
				if tt.during == nil {
					return
				}
				for deadline := time.Now().Add(patience); !k.TouchWanted(); time.Sleep(10 * time.Millisecond) {
					if time.Now().After(deadline) {
						t.Error("the key never waited for a touch")
						return
					}
				}
				tt.during(t, k)
			}()
			_, err := try(t, tt.stdin, "hwmfa", append([]string{"enroll", "--place", "Berlin"}, tt.args...)...)
			<-over
			wantExit(t, err, 6, tt.word)
			nothingRecorded(t)
		})
	}
}
