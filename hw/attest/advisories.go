package attest

import "hwmfa/hw"

// Model is what an advisory is matched by.
type Model struct {
	USB      *hw.USB
	Firmware hw.Version
	Device   *hw.DeviceInfo
}

// affected is one line's range of firmware: from (inclusive) up to fixed
// (exclusive).
type affected struct {
	line        hw.Line
	from, fixed hw.Version
	// nfcOnly: only keys with NFC have it.
	nfcOnly bool
}

type advisory struct {
	hw.Advisory
	affected []affected
}

func v(major, minor, patch uint8) hw.Version {
	return hw.Version{Major: major, Minor: minor, Patch: patch}
}

// advisories is Yubico's list of security advisories that firmware can decide
// (https://www.yubico.com/support/security-advisories/). YSA-2018-01 (NEO) has
// no published range and is left to the maker's page; advisories on host
// software do not concern a key.
var advisories = []advisory{
	{hw.Advisory{ID: "YSA-2017-01", CVE: "CVE-2017-15361", Name: "ROCA", Scope: "RSA keys generated on the key (PIV, OpenPGP)",
		URL: "https://www.yubico.com/support/security-advisories/ysa-2017-01/"},
		[]affected{{line: hw.LineYubiKey4, from: v(4, 2, 6), fixed: v(4, 3, 5)}}},
	{hw.Advisory{ID: "YSA-2019-02", Scope: "reduced randomness after power-up",
		URL: "https://www.yubico.com/support/security-advisories/ysa-2019-02/"},
		[]affected{{line: hw.LineYubiKeyFIPS, from: v(4, 4, 2), fixed: v(4, 4, 5)}}},
	{hw.Advisory{ID: "YSA-2020-04", CVE: "CVE-2020-15001", Scope: "OTP access code not checked for NDEF", Certain: true,
		URL: "https://www.yubico.com/support/security-advisories/ysa-2020-04/"},
		[]affected{
			{line: hw.LineYubiKey5, from: v(5, 0, 0), fixed: v(5, 2, 7), nfcOnly: true},
			{line: hw.LineYubiKey5, from: v(5, 3, 0), fixed: v(5, 3, 2), nfcOnly: true},
		}},
	{hw.Advisory{ID: "YSA-2020-05", CVE: "CVE-2020-15000", Scope: "OpenPGP resetting code", Certain: true,
		URL: "https://www.yubico.com/support/security-advisories/ysa-2020-05/"},
		[]affected{{line: hw.LineYubiKey5, from: v(5, 2, 0), fixed: v(5, 2, 7)}}},
	{hw.Advisory{ID: "YSA-2024-02", CVE: "CVE-2024-35311", Scope: "relying parties can be listed by guessing",
		URL: "https://www.yubico.com/support/security-advisories/ysa-2024-02/"},
		[]affected{
			{line: hw.LineYubiKey5, from: v(5, 0, 0), fixed: v(5, 7, 0)},
			{line: hw.LineSecurityKey, from: v(5, 0, 0), fixed: v(5, 7, 0)},
			{line: hw.LineBio, from: v(5, 0, 0), fixed: v(5, 6, 4)},
		}},
	{hw.Advisory{ID: "YSA-2024-03", CVE: "CVE-2024-45678", Name: "EUCLEAK", Scope: "private ECDSA keys can be read out with the key in hand", Certain: true,
		URL: "https://www.yubico.com/support/security-advisories/ysa-2024-03/"},
		[]affected{
			{line: hw.LineYubiKey5, from: v(5, 0, 0), fixed: v(5, 7, 0)},
			{line: hw.LineYubiKey5F, from: v(5, 0, 0), fixed: v(5, 7, 2)},
			{line: hw.LineSecurityKey, from: v(5, 0, 0), fixed: v(5, 7, 0)},
			{line: hw.LineBio, from: v(5, 0, 0), fixed: v(5, 7, 2)},
		}},
	{hw.Advisory{ID: "YSA-2025-02", CVE: "CVE-2025-29991", Scope: "PIN/UV auth protocol 2 accepts a short token check",
		URL: "https://www.yubico.com/support/security-advisories/ysa-2025-02/"},
		[]affected{
			{line: hw.LineYubiKey5, from: v(5, 4, 1), fixed: v(5, 7, 4)},
			{line: hw.LineYubiKey5F, from: v(5, 4, 1), fixed: v(5, 7, 4)},
			{line: hw.LineSecurityKey, from: v(5, 4, 1), fixed: v(5, 7, 4)},
			{line: hw.LineBio, from: v(5, 4, 1), fixed: v(5, 7, 4)},
		}},
}

// Advisories lists the advisories that apply to a model, oldest first, never
// nil. An unknown line or firmware matches none: that is no proof of health.
func Advisories(m Model) []hw.Advisory {
	found := []hw.Advisory{}
	line := hw.LineOf(m.USB, m.Device, m.Firmware)
	if line == hw.LineUnknown || m.Firmware.IsZero() {
		return found
	}
	for _, a := range advisories {
		for _, r := range a.affected {
			nfc := m.Device == nil || m.Device.NFCSupported != 0
			if r.line == line && m.Firmware.Compare(r.from) >= 0 && m.Firmware.Compare(r.fixed) < 0 && (nfc || !r.nfcOnly) {
				found = append(found, a.Advisory)
				break
			}
		}
	}
	return found
}
