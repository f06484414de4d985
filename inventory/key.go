package inventory

import (
	"time"

	"hwmfa/hw"
)

// Type is what kind of thing a key is, a word.
type Type string

// The types of keys.
const (
	TypeKey Type = "security_key" // can be plugged in and asked
	// TypeToken is a hardware TOTP token: a display, a battery, no plug.
	TypeToken Type = "totp_token"
)

// Known says whether the word is one of the types.
func (t Type) Known() bool { return t == TypeKey || t == TypeToken }

// Key is one physical authenticator in the inventory.
type Key struct {
	ID     string // "K-7Q2M4XRD": ours, stable, not the serial
	Serial string // as NormalizeSerial spells it; "" unknown
	Tag    string // asset tag, unique whatever its letter case; "" none
	Type   Type
	Custody
	Place  string // the path of PlaceID
	Holder string // the name of HolderID
	Order  string // the purchase order it came with; "" none
	// BatteryEnd is the day on which a token's battery ends; zero: not known.
	BatteryEnd time.Time
	// USBVendor and USBProduct are 0 where the key was only seen in a reader.
	USBVendor  uint16
	USBProduct uint16
	Product    string // model name; "" unknown
	Firmware   hw.Version
	FormFactor hw.FormFactor
	AAGUID     hw.AAGUID
	// Attestation sums up what was proved at enrollment.
	Attestation Summary
	AddedAt     time.Time // when it came into the inventory
	AddedBy     string
	EnrolledAt  time.Time // zero: not yet
	EnrolledBy  string
}

// Attested says whether the key went through an enrollment.
func (k Key) Attested() bool { return !k.EnrolledAt.IsZero() }

// Label names the key for people: its ID with the tag or serial it has.
func (k Key) Label() string {
	switch {
	case k.Tag != "" && k.Serial != "":
		return k.ID + " (tag " + k.Tag + ", serial " + k.Serial + ")"
	case k.Tag != "":
		return k.ID + " (tag " + k.Tag + ")"
	case k.Serial != "":
		return k.ID + " (serial " + k.Serial + ")"
	}
	return k.ID
}

// KeyFilter narrows a list of keys; the zero value takes all.
type KeyFilter struct {
	Statuses []Status // any of these
	Place    string   // path of a place: the keys there and below it
	HolderID string   // the person who has them
	Seal     string   // the number of their bag
	Shipment string   // the parcel they are in
	Order    string   // the purchase order they came with
	InBag    bool     // only those in a sealed bag
	// DueBefore takes those that should be back, or there, by then; zero takes all.
	DueBefore time.Time
	Not       string // the ID of one that is not taken
}

// Silent says whether a key answers an assertion with user presence off.
type Silent string

// What probing a key for silent assertions can come to.
const (
	SilentUnknown  Silent = "unknown"
	SilentYes      Silent = "yes"
	SilentNo       Silent = "no"        // it wants a touch
	SilentNeedsPIN Silent = "needs_pin" // it wants a PIN
)

func (s Silent) known() bool {
	return s == SilentUnknown || s == SilentYes || s == SilentNo || s == SilentNeedsPIN
}

// Credential is a key's identity credential: the one whose creation was
// attested, by which this very key can be asked for again.
type Credential struct {
	KeyID     string
	RPID      string
	ID        []byte // credential ID, at most 1023 bytes (CTAP 2.1 §6.1)
	PublicKey []byte // COSE key, CBOR
	Silent    Silent
	AAGUID    hw.AAGUID // of its key, to narrow an allow list
	At        time.Time
}

// Current says whether the credential is of the last enrollment of its key, so
// that the evidence of that vouches for it. One from before should have gone with
// the reset; what still answers with it is another key, or one that lies.
func (c Credential) Current(k Key) bool { return !c.At.Before(k.EnrolledAt) }
