// Package ctap speaks CTAPHID and CTAP2 to one security key over an
// hw.Stream: framing, getInfo, the silent assertion, one attested credential
// with a PIN, and Yubico's GET DEVICE INFO. Everything a key sends is hostile:
// bounded before it is kept, checked before it is believed.
//
// It opens no device, keeps no PIN, and never falls back to U2F: a key that is
// busy gives hw.ErrBusy and nothing else.
package ctap

import (
	"context"

	"hwmfa/hw"
)

// Device is one key, reached over a channel of its own. The stream stays the
// caller's to close. It is not safe for concurrent use.
type Device struct {
	stream  hw.Stream
	channel uint32
	caps    Caps
	version hw.Version
}

// Caps is what the key says it can do in its CTAPHID INIT answer (CTAP 2.1
// §11.2.9.1.3).
type Caps struct {
	WINK bool // it can blink
	CBOR bool // it speaks CTAP2
	NMSG bool // it does not speak U2F
}

// Capabilities are those of the INIT answer.
func (d *Device) Capabilities() Caps { return d.caps }

// Version is the device version of the INIT answer; a key may leave it zero.
func (d *Device) Version() hw.Version { return d.version }

// Open allocates a channel on the key (CTAPHID INIT with a fresh nonce).
func Open(ctx context.Context, s hw.Stream) (*Device, error) { return nil, hw.ErrUnsupported }

// Ping has the key echo data.
func (d *Device) Ping(ctx context.Context) error { return hw.ErrUnsupported }

// Wink has the key blink or beep.
func (d *Device) Wink(ctx context.Context) error { return hw.ErrUnsupported }

// DeviceInfo reads GET DEVICE INFO with the vendor command 0xC2.
func (d *Device) DeviceInfo(ctx context.Context) (*hw.DeviceInfo, error) {
	return nil, hw.ErrUnsupported
}

// Info asks the key what it is (authenticatorGetInfo).
func (d *Device) Info(ctx context.Context) (*Info, error) { return nil, hw.ErrUnsupported }

// PINRetries is the number of PIN tries left.
func (d *Device) PINRetries(ctx context.Context) (int, error) { return 0, hw.ErrUnsupported }

// MakeCredential makes one attested credential and returns its attestation object.
func (d *Device) MakeCredential(ctx context.Context, r hw.CredentialRequest) ([]byte, error) {
	return nil, hw.ErrUnsupported
}

// SilentRequest asks a key to prove, without a touch and without a PIN, that
// it holds one of some credentials.
type SilentRequest struct {
	RPID           string
	ClientDataHash []byte // 32 bytes
	CredentialIDs  [][]byte
}

// Assertion is a key's answer to getAssertion.
type Assertion struct {
	CredentialID []byte
	AuthData     []byte
	Signature    []byte
	UserPresent  bool // the UP flag of AuthData
}

// SilentAssert asks for an assertion with user presence off.
func (d *Device) SilentAssert(ctx context.Context, r SilentRequest) (*Assertion, error) {
	return nil, hw.ErrUnsupported
}

// VerifyAssertion checks an ES256 assertion against the credential's public key.
func VerifyAssertion(publicKeyCOSE, clientDataHash []byte, rpID string, a *Assertion) error {
	return hw.ErrUnsupported
}

// Info is the answer to authenticatorGetInfo (CTAP 2.2 §6.4).
type Info struct {
	Versions   []string
	Extensions []string
	AAGUID     hw.AAGUID
	// Options holds what the key names; a missing option means something else
	// than one that is false.
	Options                          map[string]bool
	MaxMsgSize                       int // bytes; 1024 where the key does not say
	PINProtocols                     []int
	MaxCredentialCountInList         int // 0: not said
	MaxCredentialIDLength            int // bytes; 0: not said
	Transports                       []string
	Algorithms                       []Algorithm
	MaxSerializedLargeBlobArray      int
	ForcePINChange                   bool
	MinPINLength                     int // code points; 0: not said
	FirmwareVersion                  uint64
	MaxCredBlobLength                int
	MaxRPIDsForSetMinPINLength       int
	PreferredPlatformUVAttempts      int
	UVModality                       uint64
	Certifications                   map[string]uint64
	RemainingDiscoverableCredentials *int // nil: not said
	VendorPrototypeConfigCommands    []uint64
	AttestationFormats               []string
	UVCountSinceLastPINEntry         *int // nil: not said
	LongTouchForReset                bool
	TransportsForReset               []string
	PINComplexityPolicy              bool
	PINComplexityPolicyURL           string
	MaxPINLength                     int // code points; 0: not said
}

// Algorithm is one kind of key that the authenticator makes.
type Algorithm struct {
	Type string // "public-key"
	Alg  int    // COSE, -7 is ES256
}
