package attest

import (
	"strings"
	"testing"

	"hwmfa/hw"
)

func TestAdvisories(t *testing.T) {
	yubikey := &hw.USB{Vendor: 0x1050, Product: 0x0407}
	with := func(version string, change func(*hw.DeviceInfo)) Model {
		parsed, err := hw.ParseVersion(version)
		if err != nil {
			t.Fatal(err)
		}
		d := &hw.DeviceInfo{Version: parsed, FormFactor: hw.FormKeychain, Serial: "1"}
		if change != nil {
			change(d)
		}
		return Model{USB: yubikey, Firmware: parsed, Device: d}
	}
	nfc := func(d *hw.DeviceInfo) { d.NFCSupported = hw.CapFIDO2 }
	bio := func(d *hw.DeviceInfo) { d.FormFactor = hw.FormBioC }
	fips := func(d *hw.DeviceInfo) { d.FIPSSeries = true }
	securityKey := func(d *hw.DeviceInfo) { d.SecurityKey, d.Serial = true, "" }
	for _, tt := range []struct {
		name string
		in   Model
		want string
	}{
		{"EUCLEAK ends with 5.7.0 on the 5 series", with("5.7.0", nil), "YSA-2025-02"},
		{"5.4.3 has what was found since 2024", with("5.4.3", nil), "YSA-2024-02 YSA-2024-03 YSA-2025-02"},
		{"5.7.4 has none", with("5.7.4", nil), ""},
		{"a Bio is affected up to 5.7.2", with("5.7.1", bio), "YSA-2024-03 YSA-2025-02"},
		{"a Security Key is matched by its own line", with("5.2.4", securityKey), "YSA-2024-02 YSA-2024-03"},
		{"the NDEF advisory is for NFC keys", with("5.2.6", nfc), "YSA-2020-04 YSA-2020-05 YSA-2024-02 YSA-2024-03"},
		{"without NFC it does not apply", with("5.2.6", nil), "YSA-2020-05 YSA-2024-02 YSA-2024-03"},
		{"between the two NDEF ranges", with("5.2.7", nfc), "YSA-2024-02 YSA-2024-03"},
		{"the second NDEF range", with("5.3.1", nfc), "YSA-2020-04 YSA-2024-02 YSA-2024-03"},
		{"ROCA ends with 4.3.5", with("4.3.5", nil), ""},
		{"ROCA on 4.3.4", with("4.3.4", nil), "YSA-2017-01"},
		{"the 4 FIPS series", with("4.4.4", fips), "YSA-2019-02"},
		{"another maker's key with the same firmware number", Model{USB: &hw.USB{Vendor: 0x096e}, Firmware: hw.Version{Major: 5, Minor: 4, Patch: 3}}, ""},
		{"unknown firmware matches nothing", Model{USB: yubikey}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var ids []string
			for _, a := range Advisories(tt.in) {
				ids = append(ids, a.ID)
				if !strings.HasPrefix(a.URL, "https://") || a.Scope == "" {
					t.Errorf("%s: no link or no scope", a.ID)
				}
			}
			if got := strings.Join(ids, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
