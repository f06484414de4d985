package softkey

import "bytes"

// info is the answer to authenticatorGetInfo (CTAP 2.1 §6.4). What CTAP 2.0
// did not know is a pointer or left out when empty.
type info struct {
	Versions      []string          `cbor:"1,keyasint"`
	Extensions    []string          `cbor:"2,keyasint"`
	AAGUID        []byte            `cbor:"3,keyasint"`
	Options       map[string]bool   `cbor:"4,keyasint"`
	MaxMsgSize    uint              `cbor:"5,keyasint"`
	PINProtocols  []uint            `cbor:"6,keyasint"`
	MaxList       uint              `cbor:"7,keyasint,omitempty"`
	MaxID         uint              `cbor:"8,keyasint,omitempty"`
	Transports    []string          `cbor:"9,keyasint,omitempty"`
	Algorithms    []credentialParam `cbor:"10,keyasint,omitempty"`
	ForceChange   *bool             `cbor:"12,keyasint,omitempty"`
	MinPINLength  uint              `cbor:"13,keyasint,omitempty"`
	Firmware      uint              `cbor:"14,keyasint,omitempty"`
	RemainingKeys *uint             `cbor:"20,keyasint,omitempty"`
}

// ctap21 says whether the firmware is of the CTAP 2.1 generation. Before it, a
// key with a PIN wants it for every registration, knows PIN protocol 1 only,
// and tells less of itself.
func (c Config) ctap21() bool { return c.Version.AtLeast(5, 4, 0) }

func (f *fido) info() info {
	i := info{
		Versions:     []string{"FIDO_2_0"},
		Extensions:   []string{"hmac-secret"},
		AAGUID:       bytes.Clone(f.cfg.AAGUID[:]),
		Options:      map[string]bool{"rk": true, "up": true, "plat": false, "clientPin": f.pin.isSet()},
		MaxMsgSize:   maxMsgSize,
		PINProtocols: []uint{1},
	}
	if !f.cfg.Quirks.NoU2F && !f.alwaysUV {
		i.Versions = append([]string{"U2F_V2"}, i.Versions...)
	}
	if f.cfg.Version.AtLeast(5, 2, 0) {
		i.Extensions = append([]string{"credProtect"}, i.Extensions...)
	}
	if f.cfg.ctap21() {
		f.info21(&i)
	}
	if f.cfg.Quirks.OwnUV {
		delete(i.Options, "clientPin")
		delete(i.Options, "makeCredUvNotRqd")
		i.Options["uv"] = true
	}
	return i
}

func (f *fido) info21(i *info) {
	i.Versions = append(i.Versions, "FIDO_2_1")
	for option, value := range map[string]bool{
		"pinUvAuthToken": true, "alwaysUv": f.alwaysUV, "makeCredUvNotRqd": !f.alwaysUV, "authnrCfg": true, "setMinPINLength": true,
	} {
		i.Options[option] = value
	}
	i.PINProtocols = []uint{2, 1}
	i.MaxList, i.MaxID = maxListLength, maxCredentialID
	i.Transports = []string{"usb"}
	if f.cfg.NFC {
		i.Transports = []string{"nfc", "usb"}
	}
	i.Algorithms = []credentialParam{{Type: publicKey, Alg: algES256}, {Type: publicKey, Alg: algEdDSA}}
	force, left := f.pin.forceChange, uint(maxResident-len(f.resident))
	i.ForceChange, i.RemainingKeys = &force, &left
	i.MinPINLength = uint(f.pin.minLength)
	v := f.cfg.Version
	i.Firmware = uint(v.Major)<<16 | uint(v.Minor)<<8 | uint(v.Patch)
}

// pinProtocol says whether the key knows the PIN protocol.
func (f *fido) pinProtocol(n uint) bool { return n == 1 || n == 2 && f.cfg.ctap21() }
