package softkey

import (
	"fmt"
	"time"

	"hwmfa/hw"
)

// Config describes one key. The zero value is a YubiKey 5 NFC of firmware
// 5.4.3 without a serial, with no FIDO PIN, whose owner touches it at once.
type Config struct {
	// Serial is the number every path reports; 0 for a key without one.
	Serial uint32
	// Version is the firmware, 5.4.3 if zero. What the key can do follows from
	// it: device info from 4.1, PIV attestation from 4.3, PIV serial from 5.0.3,
	// credProtect from 5.2, PIV metadata from 5.3, CTAP 2.1 and AES management
	// keys from 5.4, device info in pages, moving PIV keys and AES management
	// keys by default from 5.7.
	Version hw.Version
	// FormFactor is FormKeychain if zero.
	FormFactor hw.FormFactor
	// AAGUID is the YubiKey 5 NFC's if zero.
	AAGUID hw.AAGUID
	// Product is the USB product string; by default the one that a YubiKey with
	// this product ID has.
	Product string
	// ProductID is the USB product; by default 0407, or 0402 and 0404 where the
	// card or the FIDO interface is missing. The vendor is 1050.
	ProductID uint16
	// SerialString is the USB descriptor's serial. Usually absent; it then
	// shows up in the name of the card reader.
	SerialString string
	// PartNumber is the device-info tag 13 of firmware 5.7, "" to leave it out.
	PartNumber string
	// NFC, FIPS and SecurityKey set the device-info fields of these names.
	NFC, FIPS, SecurityKey bool

	// PIN is the FIDO2 PIN at the start, "" for none. At least 4 characters.
	PIN string
	// Touch says when the owner touches the key; see Now, After and Never.
	Touch TouchPolicy
	// TouchTimeout is how long the key waits for a touch, 30 s if zero.
	TouchTimeout time.Duration
	// ResetWindow is how long after power-up a FIDO reset is accepted
	// (CTAP 2.1 §6.6), 10 s if zero.
	ResetWindow time.Duration
	// TransactionTimeout is how long the key waits for the next frame of a
	// message (CTAP 2.1 §11.2.5.2), 3 s if zero.
	TransactionTimeout time.Duration

	// PIVPIN, PIVPUK and ManagementKey are YubiKey's defaults if empty:
	// 123456, 12345678 and the well-known 24 bytes (3DES, from 5.7 AES-192).
	PIVPIN, PIVPUK string
	ManagementKey  []byte
	// ManagementAlgorithm is the kind of ManagementKey (SP 800-78), that of the
	// firmware's default key if zero. ManagementTouch asks for a touch at each
	// use of it.
	ManagementAlgorithm byte
	ManagementTouch     bool
	// Slots are the keys that the PIV application holds at the start.
	Slots []Slot

	Quirks Quirks
}

// Slot is a key that a PIV slot holds from the start.
type Slot struct {
	Slot      byte      // 9a, 9c, 9d, 9e, 82–95
	Algorithm Algorithm // ECCP256 if zero
	// Imported marks a key that was not generated on the card: it cannot be
	// attested, and firmware before 5.3 shows the slot as if it were empty.
	Imported bool
	// PIN and Touch are the policy bytes of the attestation; the slot's
	// defaults if zero.
	PIN   byte
	Touch byte
}

// Algorithm is a PIV algorithm identifier (SP 800-78, with Yubico's additions).
type Algorithm byte

// The algorithms of PIV keys that this key generates.
const (
	RSA2048 Algorithm = 0x07
	ECCP256 Algorithm = 0x11
	ECCP384 Algorithm = 0x14
)

// SilentRefusal is how strict firmware answers an assertion without user
// presence.
type SilentRefusal string

// What a strict key says to an assertion with up:false.
const (
	SilentAllowed     SilentRefusal = ""
	SilentPINRequired SilentRefusal = "pin"    // CTAP2_ERR_PUAT_REQUIRED
	SilentUPRequired  SilentRefusal = "touch"  // CTAP2_ERR_UP_REQUIRED
	SilentDenied      SilentRefusal = "denied" // CTAP2_ERR_OPERATION_DENIED
)

// Quirks make the key behave as some keys in the field do, or lie as none
// should. All are off by default.
type Quirks struct {
	// NoCard is a FIDO-only key, such as a Security Key: no card interface.
	NoCard bool
	// NoFIDO is a key with its FIDO interface switched off.
	NoFIDO bool
	// NoPIV is a key whose PIV application is disabled: selecting it gives 6A82.
	NoPIV bool
	// NoOTP is a key without the OTP application.
	NoOTP bool
	// U2FOnly is a key from before FIDO2: no CBOR, no AAGUID.
	U2FOnly bool
	// NoU2F switches U2F off; CTAPHID_MSG is then an invalid command.
	NoU2F bool
	// NoDeviceInfo makes the key refuse GET DEVICE INFO on every path, as other
	// makers' keys do.
	NoDeviceInfo bool
	// GetInfoBusy is how many getInfo requests are answered "channel busy"
	// after power-up, which makes libfido2 fall back to U2F.
	GetInfoBusy int
	// Silent is what an assertion with up:false is answered.
	Silent SilentRefusal
	// AlwaysUV sets the alwaysUv option (CTAP 2.1 §7.2).
	AlwaysUV bool
	// OwnUV is a key that verifies its person itself, on a screen or by a
	// fingerprint, has no PIN that could be sent to it, and makes no credential
	// without (CTAP 2.0 §5.1, option uv).
	OwnUV bool
	// CardSerial is told over every card path and in the PIV certificates in
	// place of Config.Serial; 0 for the same serial everywhere.
	CardSerial uint32
	// CertificateAAGUID is put in the attestation certificate in place of the
	// model's: the statement then contradicts authData.
	CertificateAAGUID hw.AAGUID
	// PIVCertificateVersion is what the attestations of PIV slots name as
	// firmware in place of Config.Version; zero for the same.
	PIVCertificateVersion hw.Version
	// CorruptAttestation flips a bit of the attestation signature.
	CorruptAttestation bool
	// SelfAttestation signs with the credential's own key and sends no
	// certificate (WebAuthn §8.2, self attestation).
	SelfAttestation bool
	// EmptyCredentialID sends credential IDs of no bytes.
	EmptyCredentialID bool
	// ScrambleFrames swaps the sequence numbers of the first two continuation
	// frames of every answer that has them.
	ScrambleFrames bool
}

// withDefaults fills in what the zero value stands for.
func (c Config) withDefaults() Config {
	if c.Version.IsZero() {
		c.Version = hw.Version{Major: 5, Minor: 4, Patch: 3}
	}
	if c.FormFactor == hw.FormUnknown {
		c.FormFactor = hw.FormKeychain
	}
	if c.AAGUID.IsZero() && !c.Quirks.U2FOnly {
		c.AAGUID = yubiKey5NFC
	}
	if c.ProductID == 0 {
		c.ProductID = c.defaultProductID()
	}
	if c.Product == "" {
		c.Product = productNames[c.ProductID]
	}
	if c.TouchTimeout == 0 {
		c.TouchTimeout = 30 * time.Second
	}
	if c.ResetWindow == 0 {
		c.ResetWindow = 10 * time.Second
	}
	if c.TransactionTimeout == 0 {
		c.TransactionTimeout = 3 * time.Second
	}
	if c.PIVPIN == "" {
		c.PIVPIN = "123456"
	}
	if c.PIVPUK == "" {
		c.PIVPUK = "12345678"
	}
	return c
}

func (c Config) defaultProductID() uint16 {
	switch {
	case c.Quirks.NoCard:
		return 0x0402
	case c.Quirks.NoFIDO:
		return 0x0404
	}
	return 0x0407
}

// check refuses what no key can be.
func (c Config) check() error {
	if c.Quirks.NoCard && c.Quirks.NoFIDO {
		return fmt.Errorf("a key with neither a FIDO nor a card interface")
	}
	if c.PIN != "" && (len([]rune(c.PIN)) < minPINLength || len(c.PIN) > maxPINBytes) {
		return fmt.Errorf("FIDO PIN of %d bytes: want %d characters to %d bytes", len(c.PIN), minPINLength, maxPINBytes)
	}
	for _, p := range []string{c.PIVPIN, c.PIVPUK} {
		if len(p) > pivPINLength {
			return fmt.Errorf("PIV PIN or PUK of %d bytes: want at most %d", len(p), pivPINLength)
		}
	}
	return nil
}

// yubiKey5NFC is the AAGUID of the YubiKey 5 Series with NFC, firmware 5.2 and 5.4.
var yubiKey5NFC = hw.AAGUID{0x2f, 0xc0, 0x57, 0x9f, 0x81, 0x13, 0x47, 0xea, 0xb1, 0x16, 0xbb, 0x5a, 0x8d, 0xb9, 0x20, 0x2a}

const vendorYubico = 0x1050

// productNames are the USB product strings of Yubico's product IDs.
var productNames = map[uint16]string{
	0x0120: "Security Key by Yubico",
	0x0402: "YubiKey FIDO",
	0x0404: "YubiKey CCID",
	0x0406: "YubiKey FIDO+CCID",
	0x0407: "YubiKey OTP+FIDO+CCID",
}
