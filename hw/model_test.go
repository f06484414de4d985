package hw

import "testing"

// TestProductName: the names are those under which the maker sells the keys.
func TestProductName(t *testing.T) {
	const nfc = CapFIDO2 | CapU2F
	for _, tt := range []struct {
		want   string
		device DeviceInfo
	}{
		{"YubiKey 5 NFC", DeviceInfo{Version: Version{5, 7, 4}, FormFactor: FormKeychain, NFCSupported: nfc}},
		{"YubiKey 5C NFC", DeviceInfo{Version: Version{5, 7, 4}, FormFactor: FormKeychainC, NFCSupported: nfc}},
		{"YubiKey 5A", DeviceInfo{Version: Version{5, 1, 2}, FormFactor: FormKeychain}},
		{"YubiKey 5C", DeviceInfo{Version: Version{5, 1, 2}, FormFactor: FormKeychainC}},
		{"YubiKey 5 Nano", DeviceInfo{Version: Version{5, 1, 2}, FormFactor: FormNano}},
		{"YubiKey 5C Nano", DeviceInfo{Version: Version{5, 1, 2}, FormFactor: FormNanoC}},
		{"YubiKey 5Ci", DeviceInfo{Version: Version{5, 2, 3}, FormFactor: FormLightning}},
		{"YubiKey 5C NFC FIPS", DeviceInfo{Version: Version{5, 4, 3}, FormFactor: FormKeychainC, NFCSupported: nfc, FIPSSeries: true}},
		{"YubiKey 5C Nano FIPS", DeviceInfo{Version: Version{5, 4, 3}, FormFactor: FormNanoC, FIPSSeries: true}},
		{"YubiKey Bio - FIDO Edition", DeviceInfo{Version: Version{5, 5, 6}, FormFactor: FormBioKeychain}},
		{"YubiKey C Bio - Multi-protocol Edition", DeviceInfo{Version: Version{5, 6, 3}, FormFactor: FormBioC, USBSupported: CapFIDO2 | CapPIV}},
		{"Security Key C NFC by Yubico", DeviceInfo{Version: Version{5, 4, 3}, FormFactor: FormKeychainC, NFCSupported: nfc, SecurityKey: true}},
		{"Security Key NFC by Yubico (Enterprise)", DeviceInfo{Version: Version{5, 7, 1}, FormFactor: FormKeychain, NFCSupported: nfc, SecurityKey: true, Serial: "1"}},
		{"YubiKey 4", DeviceInfo{Version: Version{4, 3, 7}, FormFactor: FormKeychain}},
		{"YubiKey 4C Nano", DeviceInfo{Version: Version{4, 3, 7}, FormFactor: FormNanoC}},
		{"YubiKey 4C", DeviceInfo{Version: Version{4, 3, 7}, FormFactor: FormKeychainC}},
		{"YubiKey C FIPS", DeviceInfo{Version: Version{4, 4, 5}, FormFactor: FormKeychainC}},
		{"YubiKey Nano FIPS", DeviceInfo{Version: Version{4, 4, 5}, FormFactor: FormNano, FIPSSeries: true}},
		{"its own word", DeviceInfo{Version: Version{6, 0, 0}, FormFactor: FormKeychain}},
	} {
		t.Run(tt.want, func(t *testing.T) {
			if got := ProductName(&USB{Vendor: VendorYubico, Product: 0x0407}, &tt.device, "its own word"); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
	if got := ProductName(nil, nil, "descriptor"); got != "descriptor" {
		t.Errorf("without device info: got %q", got)
	}
}
