package ceremony

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/card"
	"hwmfa/hw/ctap"
)

// Seen is a key and what it said of itself when it was read: claims, not proof.
type Seen struct {
	Key hw.Key
	// Serial is what every path that answered agrees on, "" where none did or
	// where they disagree (then Claims shows it and a warning says so).
	Serial string
	Claims []SerialClaim
	// Product is the model's name, from device info where there is any.
	Product    string
	Firmware   hw.Version
	FormFactor hw.FormFactor
	// FIDO is getInfo's answer; of a key without CTAP2 the version of U2F and
	// nothing else. Nil where neither was read.
	FIDO *ctap.Info
	// FIDO2 says whether the key's own CTAPHID INIT offers CTAP2.
	FIDO2 bool
	// Device is GET DEVICE INFO's answer, nil where no path gives one.
	Device *hw.DeviceInfo
	// PIV is nil where there is no card side or no PIV application.
	PIV        *card.PIV
	Advisories []hw.Advisory
	Warnings   []Warning
}

// SerialClaim is one path's word for a key's serial.
type SerialClaim struct {
	Path   string // "ctaphid", "management", "piv", "otp"
	Serial string
}

// Warning is something about one key that a person should know. Err carries
// the sentinel that decides the exit status, nil for plain remarks.
type Warning struct {
	Code string
	Text string
	Err  error
}

// Depth is how much of a key is read.
type Depth int

const (
	// Quick asks each path only for what is not known yet.
	Quick Depth = iota
	// Thorough asks every serial path the key offers, so that they can be
	// held against each other.
	Thorough
)

// listWait is how long the machine may take to list its keys: a service that
// accepts the question and never answers is named, not waited for.
var listWait = 30 * time.Second

// Detect reads every key on the bench, several at a time. The error joins the
// backends that did not answer; the keys beside it are good.
func Detect(ctx context.Context, bench hw.Bench, depth Depth) ([]Seen, error) {
	listing, stop := context.WithTimeout(ctx, listWait)
	defer stop()
	sightings, err := bench.Sightings(listing)
	keys := hw.Merge(sightings)
	seen := make([]Seen, len(keys))
	var wg sync.WaitGroup
	for i, k := range keys {
		wg.Go(func() { seen[i] = Read(ctx, bench, k, depth) })
	}
	wg.Wait()
	nameMissing(seen, err)
	if ctx.Err() != nil {
		return seen, errors.Join(err, ctx.Err())
	}
	return seen, err
}

// maxReaders is where pcscd stops: further readers are plugged in and not
// listed (PCSCLITE_MAX_READERS_CONTEXTS in its source).
const maxReaders = 16

// nameMissing warns where a key's USB product promises an interface that the
// machine does not show, and says why as far as that can be told.
func nameMissing(seen []Seen, backends error) {
	readers, held := 0, false
	for _, s := range seen {
		if s.Key.Card != nil {
			readers++
			held = held || s.Key.USB == nil && errors.Is(s.Key.Card.Err, hw.ErrBusy)
		}
	}
	for i := range seen {
		s := &seen[i]
		if s.Key.USB == nil {
			continue
		}
		product, _ := hw.ProductOf(s.Key.USB.Vendor, s.Key.USB.Product)
		if product.USB.Has(hw.USBFIDO) && s.Key.FIDO == nil {
			s.Warnings = append(s.Warnings, Warning{Code: "no_fido", Text: "has a FIDO interface, and the system shows no hidraw node for it"})
		}
		if product.USB.Has(hw.USBCard) && s.Key.Card == nil {
			w := Warning{Code: "no_card", Text: "has a card side, and no reader shows it"}
			switch {
			case errors.Is(backends, hw.ErrService):
				w.Text = "has a card side, and the smart-card service is not reachable"
			case errors.Is(backends, hw.ErrNotBuilt):
				w.Text = "has a card side, and this program was built without smart cards"
			case held:
				w.Text = "has a card side, which may be the card that another program holds"
			case readers >= maxReaders:
				w.Text = fmt.Sprintf("has a card side, and the smart-card service stops at %d readers", maxReaders)
			}
			s.Warnings = append(s.Warnings, w)
		}
	}
}

// Read asks one key for what it says of itself: FIDO HID first, because it
// disturbs nobody, then the card. What fails becomes a warning; the rest goes on.
func Read(ctx context.Context, bench hw.Bench, k hw.Key, depth Depth) Seen {
	s := Seen{Key: k, Product: k.Product()}
	s.readFIDO(ctx, bench)
	s.readCard(ctx, bench, depth)
	s.settle()
	return s
}

func (s *Seen) warn(code string, err error) {
	s.Warnings = append(s.Warnings, Warning{Code: code, Text: err.Error(), Err: err})
}

func (s *Seen) claim(path, serial string) {
	if serial != "" {
		s.Claims = append(s.Claims, SerialClaim{path, serial})
	}
}

func (s *Seen) readFIDO(ctx context.Context, bench hw.Bench) {
	if s.Key.FIDO == nil {
		return
	}
	if err := s.Key.FIDO.Err; err != nil {
		s.warn("fido_unreadable", err)
		return
	}
	err := withFIDO(ctx, bench, *s.Key.FIDO, func(d *ctap.Device) error {
		s.FIDO2 = d.Capabilities().CBOR
		if err := s.readDeviceInfo(ctx, d); err != nil {
			return err
		}
		if !s.FIDO2 {
			return s.readU2F(ctx, d)
		}
		info, err := d.Info(ctx)
		s.FIDO = info
		return err
	})
	if err != nil {
		s.warn("fido_unreadable", err)
	}
}

// readDeviceInfo asks Yubico's keys for device info. The command is a vendor's
// own: what another maker's key does on it nobody can know.
func (s *Seen) readDeviceInfo(ctx context.Context, d *ctap.Device) error {
	if u := s.Key.USB; u == nil || u.Vendor != hw.VendorYubico {
		return nil
	}
	switch info, err := d.DeviceInfo(ctx); {
	case err == nil:
		s.Device = info
		s.claim("ctaphid", info.Serial)
	case lost(err):
		return err
	case !errors.Is(err, hw.ErrUnsupported):
		s.warn("device_info_unreadable", err)
	}
	return nil
}

// withFIDO opens a key's FIDO interface for the time of do.
func withFIDO(ctx context.Context, bench hw.Bench, at hw.Sighting, do func(*ctap.Device) error) error {
	stream, err := bench.OpenFIDO(ctx, at)
	if err != nil {
		return fmt.Errorf("open %s: %w", at.Node, err)
	}
	defer stream.Close()
	d, err := ctap.Open(ctx, stream)
	if err != nil {
		return fmt.Errorf("open %s: %w", at.Node, err)
	}
	if err := do(d); err != nil {
		return fmt.Errorf("%s: %w", at.Node, err)
	}
	return nil
}

func (s *Seen) readCard(ctx context.Context, bench hw.Bench, depth Depth) {
	if s.Key.Card == nil {
		return
	}
	if err := s.Key.Card.Err; err != nil {
		s.warn("card_unreadable", err)
		return
	}
	err := withCard(ctx, bench, *s.Key.Card, func(ch hw.Channel) error {
		switch piv, err := card.ReadPIV(ctx, ch); {
		case err == nil:
			s.PIV = piv
			s.claim("piv", piv.Serial)
		case lost(err):
			return err
		case !errors.Is(err, hw.ErrUnsupported):
			s.warn("piv_unreadable", err)
		}
		if s.Device == nil || depth == Thorough {
			switch info, err := card.ReadDeviceInfo(ctx, ch); {
			case err == nil:
				if s.Device == nil {
					s.Device = info
				}
				s.claim("management", info.Serial)
			case lost(err):
				return err
			case !errors.Is(err, hw.ErrUnsupported):
				s.warn("device_info_unreadable", err)
			}
		}
		if len(s.Claims) == 0 || depth == Thorough {
			switch serial, err := card.ReadOTPSerial(ctx, ch); {
			case err == nil:
				s.claim("otp", serial)
			case lost(err):
				return err
			case !errors.Is(err, hw.ErrUnsupported):
				s.warn("otp_unreadable", err)
			}
		}
		return nil
	})
	if err != nil {
		s.warn("card_unreadable", err)
	}
}

// How long another program may keep a card to itself, and how long the card
// may take for one command: a touch has 15 seconds.
var (
	cardWait    = 10 * time.Second
	commandWait = 30 * time.Second
)

// bounded is a channel whose commands end after commandWait. A card can ask for
// more time for ever.
type bounded struct{ hw.Channel }

func (b bounded) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, commandWait)
	defer stop()
	return b.Channel.Transmit(ctx, apdu)
}

// withCard opens a key's card for the time of do.
func withCard(ctx context.Context, bench hw.Bench, at hw.Sighting, do func(hw.Channel) error) error {
	opening, stop := context.WithTimeout(ctx, cardWait)
	defer stop()
	ch, err := bench.OpenCard(opening, at)
	switch {
	case err != nil && opening.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("open %s: %w: %w", at.Node, hw.ErrBusy, err)
	case err != nil:
		return fmt.Errorf("open %s: %w", at.Node, err)
	}
	defer ch.Close()
	if err := do(bounded{ch}); err != nil {
		return fmt.Errorf("%s: %w", at.Node, err)
	}
	return nil
}

// lost says whether nothing more can be asked of this interface. A question
// that the key left unanswered in its time is not that: the next may do better.
func lost(err error) bool {
	return errors.Is(err, hw.ErrGone) || errors.Is(err, hw.ErrReplaced) || errors.Is(err, context.Canceled)
}

// settle draws the conclusions from what was read.
func (s *Seen) settle() {
	for _, c := range s.Claims {
		if c.Serial != s.Claims[0].Serial {
			s.warn("serials_disagree", s.disagreement())
			break
		}
	}
	if len(s.Claims) > 0 && !s.disagrees() {
		s.Serial = s.Claims[0].Serial
	}
	if d := s.Device; d != nil {
		s.Firmware, s.FormFactor = d.Version, d.FormFactor
	} else if s.PIV != nil && s.PIV.Version.AtLeast(4, 0, 0) { // the NEO's application has versions of its own, 1.0
		s.Firmware = s.PIV.Version
	}
	s.Product = hw.ProductName(s.Key.USB, s.Device, s.Product)
	if s.Key.FIDO == nil && s.Key.Card == nil {
		s.Warnings = append(s.Warnings, Warning{Code: "no_interface", Text: "on the bus, but neither a FIDO interface nor a card is visible"})
	}
	s.Advisories = attest.Advisories(attest.Model{USB: s.Key.USB, Firmware: s.Firmware, Device: s.Device})
}

func (s *Seen) disagrees() bool {
	for _, w := range s.Warnings {
		if errors.Is(w.Err, hw.ErrSerialsDisagree) {
			return true
		}
	}
	return false
}

func (s *Seen) disagreement() error {
	err := hw.ErrSerialsDisagree
	for _, c := range s.Claims {
		err = fmt.Errorf("%w, %s says %s", err, c.Path, c.Serial)
	}
	return err
}

// Name is how people are told which key is meant: its serial, else its place.
func (s Seen) Name() string {
	switch {
	case s.Serial != "":
		return "key " + s.Serial
	case s.Key.USB != nil:
		return fmt.Sprintf("the key at bus %d, address %d", s.Key.USB.Bus, s.Key.USB.Address)
	case s.Key.Card != nil:
		return "the card in " + s.Key.Card.Node
	}
	return "a key"
}
