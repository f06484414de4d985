//go:build cgo

package guest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-piv/piv-go/v2/piv"

	"hwmfa/hw/softkey"
	"hwmfa/internal/bench/usbip"
)

func TestKernel(t *testing.T) {
	tests := []struct {
		name   string
		cfg    softkey.Config
		speed  usbip.Speed
		id     string // vendor:product as sysfs prints them
		hidraw bool
		reader bool
	}{
		{"a key with both interfaces", softkey.Config{}, usbip.Full, "1050:0407", true, true},
		{"a key with both interfaces at high speed", softkey.Config{ProductID: 0x0406}, usbip.High, "1050:0406", true, true},
		{"a FIDO-only key", softkey.Config{Quirks: softkey.Quirks{NoCard: true}}, usbip.Full, "1050:0402", true, false},
		{"a card-only key", softkey.Config{Quirks: softkey.Quirks{NoFIDO: true}}, usbip.Full, "1050:0404", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inside(t)
			_, key := newKey(t, tt.cfg)
			a := attach(t, key, usbip.Options{Speed: tt.speed})
			dir := filepath.Join("/sys/bus/usb/devices", a.BusID())
			if got := attribute(t, dir, "idVendor") + ":" + attribute(t, dir, "idProduct"); got != tt.id {
				t.Errorf("the kernel sees %s, want %s", got, tt.id)
			}
			if got, want := attribute(t, dir, "product"), key.Config().Product; got != want {
				t.Errorf("the kernel sees product %q, want %q", got, want)
			}
			if (a.Hidraw() != "") != tt.hidraw {
				t.Errorf("hidraw node %q", a.Hidraw())
			}
			if tt.hidraw {
				if udev := run(t, "", "udevadm", "info", "--query=property", a.Hidraw()); !strings.Contains(udev, "ID_FIDO_TOKEN=1") || !strings.Contains(udev, "ID_SECURITY_TOKEN=1") {
					t.Errorf("udev does not take %s for a security key:\n%s", a.Hidraw(), udev)
				}
			}
			readers, err := piv.Cards()
			if tt.reader && (err != nil || len(readers) != 1) || !tt.reader && len(readers) != 0 {
				t.Errorf("readers %q, %v", readers, err)
			}
		})
	}
}

// attribute reads one file of a device's sysfs folder.
func attribute(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}
