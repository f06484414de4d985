package local

import (
	"errors"
	"testing"

	"hwmfa/hw"
)

// TestNotBuilt looks at the stubs that this test program was built with; built
// with everything there is none to look at.
func TestNotBuilt(t *testing.T) {
	m, err := Open()
	if err != nil {
		t.Skipf("not on this system: %v", err)
	}
	p := newPretend(t)
	p.plug(oneKey)
	m.system = p.system
	s, err := p.hidraw("/dev/hidraw1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.fido.device(s.Node); err != nil {
		t.Run("attestation says that libfido2 is not built in", func(t *testing.T) {
			if _, err := m.Attest(t.Context(), s, request); !errors.Is(err, hw.ErrNotBuilt) {
				t.Errorf("Attest = %v, want ErrNotBuilt", err)
			}
		})
		t.Run("FIDO interfaces are listed without libfido2", func(t *testing.T) {
			seen, err := m.fidoSightings(t.Context())
			if err != nil || len(seen) != 1 {
				t.Errorf("%d sightings, %v; want the one", len(seen), err)
			}
		})
	}
	if c, err := m.card.establish(); err == nil {
		_ = m.card.release(c)
	} else if errors.Is(err, hw.ErrNotBuilt) {
		t.Run("cards say that PC/SC is not built in", func(t *testing.T) {
			card := hw.Sighting{Interface: hw.InterfaceCard, Node: reader}
			if _, err := m.OpenCard(t.Context(), card); !errors.Is(err, hw.ErrNotBuilt) {
				t.Errorf("OpenCard = %v, want ErrNotBuilt", err)
			}
			if err := m.Check(t.Context(), card); !errors.Is(err, hw.ErrNotBuilt) {
				t.Errorf("Check = %v, want ErrNotBuilt", err)
			}
			if _, err := m.Sightings(t.Context()); !errors.Is(err, hw.ErrNotBuilt) {
				t.Errorf("Sightings = %v, want ErrNotBuilt among the errors", err)
			}
		})
	}
	if c, err := m.usb.open(); err == nil {
		_ = c.close()
	} else if errors.Is(err, hw.ErrNotBuilt) {
		t.Run("the device list says that libusb is not built in, and is missing alone", func(t *testing.T) {
			seen, err := m.Sightings(t.Context())
			if !errors.Is(err, hw.ErrNotBuilt) {
				t.Errorf("Sightings = %v, want ErrNotBuilt among the errors", err)
			}
			if len(seen) == 0 {
				t.Error("the FIDO interface is missing with it")
			}
		})
	}
	m.left.Wait()
}
