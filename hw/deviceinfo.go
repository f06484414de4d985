package hw

// DeviceInfo is a YubiKey's answer to GET DEVICE INFO, the same over FIDO HID
// (vendor command 0xC2), the management applet and the OTP interface (Yubico,
// "Device information"). Firmware before 4.1 does not answer. Claims, not proof.
type DeviceInfo struct {
	Serial        string // "" where the key has none to show
	Version       Version
	FormFactor    FormFactor
	FIPSSeries    bool // form factor bit 0x80
	SecurityKey   bool // form factor bit 0x40
	USBSupported  Capability
	USBEnabled    Capability
	NFCSupported  Capability
	NFCEnabled    Capability
	Locked        bool // a configuration lock code is set
	PartNumber    string
	FIPSCapable   Capability
	FIPSApproved  Capability
	PINComplexity bool
	NFCRestricted bool
	ResetBlocked  Capability
	// VersionQualifier is the pre-release text of tag 19, "" on a final build.
	VersionQualifier string
}

// Capability is the bit set of applications in device info.
type Capability uint16

// Applications (Yubico, "Configuration reference", capability bits).
const (
	CapOTP     Capability = 0x0001
	CapU2F     Capability = 0x0002
	CapOpenPGP Capability = 0x0008
	CapPIV     Capability = 0x0010
	CapOATH    Capability = 0x0020
	CapHSMAuth Capability = 0x0100
	CapFIDO2   Capability = 0x0200
)

// Has says whether every bit of o is set.
func (c Capability) Has(o Capability) bool { return c&o == o }

// capabilityNames are the applications as people call them, lowest bit first.
var capabilityNames = []struct {
	bit  Capability
	name string
}{
	{CapOTP, "OTP"}, {CapU2F, "U2F"}, {CapOpenPGP, "OpenPGP"}, {CapPIV, "PIV"},
	{CapOATH, "OATH"}, {CapHSMAuth, "YubiHSM Auth"}, {CapFIDO2, "FIDO2"},
}

// Names lists the applications of the set, lowest bit first, never nil; bits
// that nobody has named yet are left out.
func (c Capability) Names() []string {
	names := []string{}
	for _, n := range capabilityNames {
		if c.Has(n.bit) {
			names = append(names, n.name)
		}
	}
	return names
}
