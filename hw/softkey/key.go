package softkey

import (
	"context"
	"fmt"
	"time"

	"hwmfa/hw"
)

// Key is one software key. It is made plugged in and powered, and is safe for
// use by several goroutines and through several open handles at once.
type Key struct {
	cfg   Config
	hid   *hidInterface
	fido  *fido
	card  *card
	touch *toucher
}

// New makes a key whose attestation certificates are issued by ca.
func New(ca *CA, cfg Config) (*Key, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("making a software key: %w", err)
	}
	k := &Key{cfg: cfg, touch: newToucher(cfg.Touch, cfg.TouchTimeout)}
	k.hid = newHIDInterface(cfg.TransactionTimeout, k)
	var err error
	if k.fido, err = newFIDO(ca, cfg, k.touch); err != nil {
		return nil, fmt.Errorf("making a software key: %w", err)
	}
	if k.card, err = newCard(ca, cfg, k.touch); err != nil {
		return nil, fmt.Errorf("making a software key: %w", err)
	}
	k.Replug()
	return k, nil
}

// Config is what the key was made from, with the defaults filled in.
func (k *Key) Config() Config { return k.cfg }

// USBInfo is what the key's USB descriptors say, and which interfaces it has.
func (k *Key) USBInfo() (vendor, product uint16, manufacturer, productName, serial string, hasHID, hasCard bool) {
	q := k.cfg.Quirks
	return vendorYubico, k.cfg.ProductID, "Yubico", k.cfg.Product, k.cfg.SerialString, !q.NoFIDO, !q.NoCard
}

// Touch touches the key by hand, once: every operation that waits for a touch
// at this moment goes on. Touching an idle key does nothing.
func (k *Key) Touch() { k.touch.touch() }

// TouchWanted says whether an operation waits for a touch now (the key blinks).
func (k *Key) TouchWanted() bool { return k.touch.wanted() }

// SetTouch changes when the owner touches the key, from the next request on.
func (k *Key) SetTouch(p TouchPolicy) { k.touch.setPolicy(p) }

// ResetFIDO does to the FIDO application what its owner does with the maker's
// tool (CTAP 2.1 §6.6): every credential and the PIN are gone, PIV stays.
func (k *Key) ResetFIDO() {
	k.fido.mu.Lock()
	defer k.fido.mu.Unlock()
	k.fido.factory()
}

// Unplug takes the key's power: open handles fail with hw.ErrGone, requests in
// progress end, and everything that lives until power-down is lost (channels,
// card sessions, PIN tokens, the count of wrong PINs in a row).
func (k *Key) Unplug() {
	k.hid.unplug()
	k.card.unplug()
}

// Replug powers the key up again after Unplug (and unplugs it first if it was
// not). Handles opened before stay dead.
func (k *Key) Replug() {
	k.Unplug()
	k.fido.powerUp(time.Now())
	k.hid.plug()
	k.card.plug()
}

// HID opens the FIDO interface, as opening its hidraw node does: every handle
// sees every report that the key sends, and channel IDs are shared.
func (k *Key) HID() hw.Stream { return k.hid.open() }

// HIDReport delivers one OUT report of 64 bytes from the USB bus. It returns
// once the report is taken, not when the request is done.
func (k *Key) HIDReport(report []byte) { k.hid.fromBus(report) }

// NextHIDReport waits for the next IN report of 64 bytes for the USB bus. The
// reports of requests from before the first call of HIDReport or NextHIDReport
// since plugging in are not kept for the bus. An unplugged key gives hw.ErrGone.
func (k *Key) NextHIDReport(ctx context.Context) ([]byte, error) { return k.hid.toBus(ctx) }

// Card opens the card, shared with all other handles.
func (k *Key) Card() hw.Channel { return k.card.open() }

// APDU sends one command APDU to the card and returns the response with its
// two status bytes. It blocks while the card waits for a touch. An unplugged
// or unpowered card answers nothing (nil).
func (k *Key) APDU(cmd []byte) []byte { return k.card.transmit(context.Background(), cmd) }

// HandleAPDU is APDU with a context: when ctx ends, a wait for a touch ends
// as if the time for it were over.
func (k *Key) HandleAPDU(ctx context.Context, cmd []byte) []byte { return k.card.transmit(ctx, cmd) }

// ATR is the card's answer to reset, that of a YubiKey 5.
func (k *Key) ATR() []byte { return append([]byte(nil), atr...) }

// PowerOn powers the card, or resets it when it had power: no application is
// selected, nothing verified.
func (k *Key) PowerOn() { k.card.power(true) }

// PowerOff takes the card's power; it answers again after PowerOn.
func (k *Key) PowerOff() { k.card.power(false) }

// atr is the answer to reset of a YubiKey 5: T=1, historical bytes "YubiKey".
var atr = []byte{
	0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x80, 0x73, 0xc0,
	0x21, 0xc0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4b, 0x65, 0x79, 0x40,
}
