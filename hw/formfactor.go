package hw

// FormFactor is a YubiKey's shape as device info and certificates number it;
// the two high bits (FIPS 0x80, Security Key 0x40) are kept apart.
type FormFactor byte

// Form factors (Yubico, "Configuration reference", GET DEVICE INFO tag 04).
const (
	FormUnknown     FormFactor = 0
	FormKeychain    FormFactor = 1 // USB-A keychain
	FormNano        FormFactor = 2 // USB-A nano
	FormKeychainC   FormFactor = 3 // USB-C keychain
	FormNanoC       FormFactor = 4 // USB-C nano
	FormLightning   FormFactor = 5 // USB-C and Lightning
	FormBioKeychain FormFactor = 6 // USB-A with fingerprint reader
	FormBioC        FormFactor = 7 // USB-C with fingerprint reader
)

var formFactorNames = map[FormFactor]string{
	FormKeychain:    "USB-A keychain",
	FormNano:        "USB-A nano",
	FormKeychainC:   "USB-C keychain",
	FormNanoC:       "USB-C nano",
	FormLightning:   "USB-C Lightning",
	FormBioKeychain: "USB-A bio",
	FormBioC:        "USB-C bio",
}

// String is the name as people print it, "" when unknown.
func (f FormFactor) String() string { return formFactorNames[f] }
