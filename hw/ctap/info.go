package ctap

import (
	"cmp"
	"context"
	"fmt"

	"hwmfa/hw"
)

// Info is the answer to authenticatorGetInfo (CTAP 2.2 §6.4). All of it is the
// key's claim. Zero, nil and "" are "not said" unless the field says otherwise.
type Info struct {
	Versions   []string // FIDO_2_0, FIDO_2_1, U2F_V2, …
	Extensions []string
	AAGUID     hw.AAGUID
	// Options holds what the key names: a missing option is something else
	// than one that is false (clientPin: cannot have a PIN, has none yet).
	Options                          map[string]bool
	MaxMsgSize                       int   // bytes; 1024 where the key does not say
	PINProtocols                     []int // the key's preference first
	MaxCredentialCountInList         int
	MaxCredentialIDLength            int // bytes
	Transports                       []string
	Algorithms                       []Algorithm // the key's preference first
	MaxSerializedLargeBlobArray      int         // bytes
	ForcePINChange                   bool
	MinPINLength                     int // code points
	FirmwareVersion                  uint64
	MaxCredBlobLength                int // bytes
	MaxRPIDsForSetMinPINLength       int
	PreferredPlatformUVAttempts      int
	UVModality                       uint64
	Certifications                   map[string]uint64
	RemainingDiscoverableCredentials *int // nil: not said
	VendorPrototypeConfigCommands    []uint64
	AttestationFormats               []string
	UVCountSinceLastPINEntry         *int // nil: not said
	LongTouchForReset                bool
	EncIdentifier                    []byte
	TransportsForReset               []string
	PINComplexityPolicy              bool
	PINComplexityPolicyURL           string
	MaxPINLength                     int // code points
}

// Algorithm is one kind of credential that the authenticator makes.
type Algorithm struct {
	Type string // "public-key"
	Alg  int    // COSE; -7 is ES256
}

// defaultMaxMsgSize is what a key takes that does not say (CTAP 2.1 §6.4).
const defaultMaxMsgSize = 1024

// Info asks the key what it is (authenticatorGetInfo). U2F keys give
// hw.ErrUnsupported; a field of the wrong type is hw.ErrMalformed and named.
func (d *Device) Info(ctx context.Context) (*Info, error) {
	answer, err := d.cbor(ctx, ctapGetInfo, nil, command{limit: quickLimit})
	if err != nil {
		return nil, fmt.Errorf("asking getInfo: %w", err)
	}
	info, err := parseInfo(answer)
	if err != nil {
		return nil, fmt.Errorf("reading getInfo: %w", err)
	}
	return info, nil
}

// NeedsPIN says whether making a non-discoverable credential needs a PIN: the
// key has one and does not waive it (makeCredUvNotRqd), or it always wants it. An
// always-UV key without a PIN needs one set first, unless it verifies its person
// itself.
func (i *Info) NeedsPIN() bool { return i.wantsVerification() && !i.verifiesItself() }

// wantsVerification says whether making a non-discoverable credential takes a
// PIN or whatever else the key verifies its person by.
func (i *Info) wantsVerification() bool {
	protected := i.Options["clientPin"] || i.Options["uv"]
	return i.Options["alwaysUv"] || (protected && !i.Options["makeCredUvNotRqd"])
}

// verifiesItself says whether the key has no PIN that could be sent to it, and
// asks its person by itself, on its own screen or by a fingerprint.
func (i *Info) verifiesItself() bool { return i.Options["uv"] && !i.Options["clientPin"] }

func parseInfo(b []byte) (*Info, error) {
	m, err := readFields(b)
	if err != nil {
		return nil, err
	}
	i := &Info{MaxMsgSize: defaultMaxMsgSize}
	texts, counts, numbers := readList(readText), readList(readCount), readList(readUint)
	return i, cmp.Or(
		needed(m, 0x01, "versions", texts, &i.Versions),
		field(m, 0x02, "extensions", texts, &i.Extensions),
		needed(m, 0x03, "aaguid", readAAGUID, &i.AAGUID),
		field(m, 0x04, "options", readMap(readBool), &i.Options),
		field(m, 0x05, "maxMsgSize", readCount, &i.MaxMsgSize),
		field(m, 0x06, "pinUvAuthProtocols", counts, &i.PINProtocols),
		field(m, 0x07, "maxCredentialCountInList", readCount, &i.MaxCredentialCountInList),
		field(m, 0x08, "maxCredentialIdLength", readCount, &i.MaxCredentialIDLength),
		field(m, 0x09, "transports", texts, &i.Transports),
		field(m, 0x0A, "algorithms", readList(readAlgorithm), &i.Algorithms),
		field(m, 0x0B, "maxSerializedLargeBlobArray", readCount, &i.MaxSerializedLargeBlobArray),
		field(m, 0x0C, "forcePINChange", readBool, &i.ForcePINChange),
		field(m, 0x0D, "minPINLength", readCount, &i.MinPINLength),
		field(m, 0x0E, "firmwareVersion", readUint, &i.FirmwareVersion),
		field(m, 0x0F, "maxCredBlobLength", readCount, &i.MaxCredBlobLength),
		field(m, 0x10, "maxRPIDsForSetMinPINLength", readCount, &i.MaxRPIDsForSetMinPINLength),
		field(m, 0x11, "preferredPlatformUvAttempts", readCount, &i.PreferredPlatformUVAttempts),
		field(m, 0x12, "uvModality", readUint, &i.UVModality),
		field(m, 0x13, "certifications", readMap(readUint), &i.Certifications),
		field(m, 0x14, "remainingDiscoverableCredentials", readOptional, &i.RemainingDiscoverableCredentials),
		field(m, 0x15, "vendorPrototypeConfigCommands", numbers, &i.VendorPrototypeConfigCommands),
		field(m, 0x16, "attestationFormats", texts, &i.AttestationFormats),
		field(m, 0x17, "uvCountSinceLastPinEntry", readOptional, &i.UVCountSinceLastPINEntry),
		field(m, 0x18, "longTouchForReset", readBool, &i.LongTouchForReset),
		field(m, 0x19, "encIdentifier", readBytes, &i.EncIdentifier),
		field(m, 0x1A, "transportsForReset", texts, &i.TransportsForReset),
		field(m, 0x1B, "pinComplexityPolicy", readBool, &i.PINComplexityPolicy),
		field(m, 0x1C, "pinComplexityPolicyURL", readURL, &i.PINComplexityPolicyURL),
		field(m, 0x1D, "maxPINLength", readCount, &i.MaxPINLength),
	)
}

func readAAGUID(b raw) (hw.AAGUID, error) {
	v, err := readBytes(b)
	if err == nil && len(v) != len(hw.AAGUID{}) {
		err = fmt.Errorf("%d bytes: %w", len(v), hw.ErrMalformed)
	}
	if err != nil {
		return hw.AAGUID{}, err
	}
	return hw.AAGUID(v), nil
}

func readAlgorithm(b raw) (a Algorithm, err error) {
	m, err := readMap(func(b raw) (raw, error) { return b, nil })(b)
	if err != nil {
		return a, err
	}
	if a.Type, err = readText(m["type"]); err != nil {
		return a, fmt.Errorf("type: %w", err)
	}
	if a.Alg, err = readInt(m["alg"]); err != nil {
		return a, fmt.Errorf("alg: %w", err)
	}
	return a, nil
}

func readOptional(b raw) (*int, error) {
	n, err := readCount(b)
	return &n, err
}

// readURL takes the byte string that the specification asks for.
func readURL(b raw) (string, error) {
	v, err := readBytes(b)
	return string(v), err
}
