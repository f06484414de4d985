package inventory

import (
	"time"

	"hwmfa/hw"
)

// Status is where a key stands in its life, a word.
type Status string

// The statuses of a key.
const (
	// StatusEnrolled: in hand, evidence recorded, may be used.
	StatusEnrolled Status = "enrolled"
	// StatusLost: nobody knows where it is; it may be found again.
	StatusLost Status = "lost"
	// StatusRetired: out of use for good.
	StatusRetired Status = "retired"
)

// Usable says whether a key in this status may guard an account.
func (s Status) Usable() bool { return s == StatusEnrolled }

// Known says whether the word is one of the statuses.
func (s Status) Known() bool {
	return s == StatusEnrolled || s == StatusLost || s == StatusRetired
}

// Key is one physical authenticator in the inventory.
type Key struct {
	ID     string // "K-7Q2M4XRD": ours, stable, not the serial
	Serial string // as NormalizeSerial spells it; "" unknown
	Tag    string // asset tag, unique whatever its letter case; "" none
	Status Status
	// PlaceID and Place (its path) say where the key belongs; "" nowhere yet.
	PlaceID string
	Place   string
	Holder  string // the person who has it; "" nobody
	// USBVendor and USBProduct are 0 where the key was only seen in a reader.
	USBVendor  uint16
	USBProduct uint16
	Product    string // model name; "" unknown
	Firmware   hw.Version
	FormFactor hw.FormFactor
	AAGUID     hw.AAGUID
	// Attestation sums up what was proved at enrollment.
	Attestation Summary
	EnrolledAt  time.Time
	EnrolledBy  string
}

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
