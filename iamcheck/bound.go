package iamcheck

import "time"

// BoundKey is a key of the inventory that is said to be a root MFA device of an account: a binding, with what is known of
// its key today.
type BoundKey struct {
	// AccountID is the account the key is bound to.
	AccountID string `json:"account_id"`
	// DeviceName is the name the device has at AWS, as in u2f/root/NAME-ID.
	DeviceName string `json:"device_name"`
	// DeviceSerial is the whole serial AWS gave the device (an ARN, or the serial of a TOTP token), where the tool saw it;
	// "" where only the name is known. With it, a device of the same name that was registered anew does not match.
	DeviceSerial string `json:"device_serial"`
	// KeyID names the key in the inventory.
	KeyID string `json:"key_id"`
	// KeySerial is the number printed on the key; "" where it has none.
	KeySerial string `json:"key_serial"`
	// Token is whether the key is a TOTP token, which AWS lists by the number printed on it.
	Token bool `json:"token"`
	// Origin is whether the tool witnessed the registration or a person named it.
	Origin Origin `json:"origin"`
	// Attested is whether the key's attestation verifies today up to a trusted anchor.
	Attested bool `json:"attested"`
	// Distrusted is whether it did once and does not today: trust in the anchor was taken back, or the model revoked.
	Distrusted bool `json:"distrusted"`
	// ProvedSince is whether the key has answered a challenge after the binding was made.
	ProvedSince bool `json:"proved_since"`
	// Lost (lost, compromised, or found and not proved since) and Retired take a key out of the usable ones.
	Lost    bool `json:"lost"`
	Retired bool `json:"retired"`
	// Advisory is whether a security advisory is open for the key's model and firmware.
	Advisory bool `json:"advisory"`
	// Reset is whether the key was found without its identity credential since it last proved to be itself: what it was
	// registered with is most likely gone as well.
	Reset bool `json:"reset"`
	// Since is when the inventory first heard of the key, where no device of it can have been registered before; zero: nothing
	// says when that was.
	Since time.Time `json:"since"`
	// Model is what FIDO metadata says of the model that the key's attestation proves; nil where nothing is proved, or the
	// metadata is not at hand or out of date.
	Model *ModelRecord `json:"model"`
}

// ModelRecord is what FIDO metadata says of a model, over all the time that it tells of.
type ModelRecord struct {
	// Name is the model's.
	Name string `json:"name"`
	// Levels are the FIDO levels it has had, each from its day on, oldest first.
	Levels []LevelSince `json:"levels"`
	// FIPS is whether it, or the very key, ever had a FIPS 140 validation.
	FIPS bool `json:"fips"`
}

// LevelSince is a FIDO level that was given to a model; Level 0 takes its certification away.
type LevelSince struct {
	Since time.Time `json:"since"` // zero: from the beginning
	Level int       `json:"level"`
}

// Origin is how a binding came about.
type Origin string

// A binding was typed by a person, or the tool was there when the key was registered.
const (
	Named     Origin = "named"
	Witnessed Origin = "witnessed"
)

// Usable reports whether the key can still open the account, as far as is known: a key that was found reset most likely cannot.
func (k BoundKey) Usable() bool { return !k.Lost && !k.Retired && !k.Reset }

// proven reports whether the binding says that this very, attested key is the device.
func (k BoundKey) proven() bool {
	return k.Origin == Witnessed && k.Attested && k.ProvedSince && k.Usable()
}
