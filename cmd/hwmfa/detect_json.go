package main

import (
	"fmt"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

// The JSON of hwmfa detect (schema hwmfa.detect/v1). Numbers that people know
// in hexadecimal are strings, as lsusb prints them.

type detectJSON struct {
	Schema string    `json:"schema"`
	Keys   []keySeen `json:"keys"`
}

type keySeen struct {
	Serial     *string        `json:"serial"`
	Product    *string        `json:"product"`
	Firmware   *string        `json:"firmware"`
	FormFactor *string        `json:"form_factor"`
	AAGUID     *string        `json:"aaguid"`
	USB        *usbSeen       `json:"usb"`
	FIDO       *fidoSeen      `json:"fido"`
	PIV        *pivSeen       `json:"piv"`
	Device     *deviceSeen    `json:"device"`
	Advisories []advisoryJSON `json:"advisories"`
	Warnings   []warningJSON  `json:"warnings"`
}

// deviceSeen is Yubico's GET DEVICE INFO, null for keys that do not answer it.
type deviceSeen struct {
	PartNumber    *string  `json:"part_number"`
	Locked        bool     `json:"locked"`
	USB           []string `json:"usb_enabled"`
	NFC           []string `json:"nfc_enabled"`
	FIPSSeries    bool     `json:"fips_series"`
	FIPSCapable   []string `json:"fips_capable"`
	FIPSApproved  []string `json:"fips_approved"`
	PINComplexity bool     `json:"pin_complexity"`
	NFCRestricted bool     `json:"nfc_restricted"`
	ResetBlocked  []string `json:"reset_blocked"`
}

type usbSeen struct {
	Vendor  string  `json:"vendor"`
	Product string  `json:"product"`
	Bus     int     `json:"bus"`
	Address int     `json:"address"`
	Path    *string `json:"path"`
}

type fidoSeen struct {
	Path     string   `json:"path"`
	Versions []string `json:"versions"`
	PINSet   *bool    `json:"pin_set"`
	AlwaysUV *bool    `json:"always_uv"`
}

type pivSeen struct {
	Reader  string  `json:"reader"`
	Version *string `json:"version"`
	Serial  *string `json:"serial"`
}

type advisoryJSON struct {
	ID      string  `json:"id"`
	CVE     *string `json:"cve"`
	Name    *string `json:"name"`
	Scope   string  `json:"scope"`
	URL     string  `json:"url"`
	Certain bool    `json:"certain"`
}

type warningJSON struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func detectReport(seen []ceremony.Seen) detectJSON {
	report := detectJSON{Schema: "hwmfa.detect/v1", Keys: []keySeen{}}
	for _, s := range seen {
		report.Keys = append(report.Keys, keySeenJSON(s))
	}
	return report
}

func keySeenJSON(s ceremony.Seen) keySeen {
	k := keySeen{
		Serial: null(s.Serial), Product: null(s.Product), FormFactor: null(s.FormFactor.String()),
		Firmware: nullVersion(s.Firmware), USB: usbSeenJSON(s.Key.USB), Device: deviceSeenJSON(s.Device),
		Advisories: advisoriesJSON(s.Advisories), Warnings: warningsJSON(s.Warnings),
	}
	if f := s.Key.FIDO; f != nil {
		k.FIDO = &fidoSeen{Path: f.Node}
		if s.FIDO != nil {
			k.AAGUID = null(inventory.FormatAAGUID(s.FIDO.AAGUID))
			k.FIDO.Versions = s.FIDO.Versions
			k.FIDO.PINSet = option(s.FIDO.Options, "clientPin")
			k.FIDO.AlwaysUV = option(s.FIDO.Options, "alwaysUv")
		}
	}
	if c := s.Key.Card; c != nil {
		k.PIV = &pivSeen{Reader: c.Node}
		if s.PIV != nil {
			k.PIV.Version, k.PIV.Serial = nullVersion(s.PIV.Version), null(s.PIV.Serial)
		}
	}
	return k
}

func deviceSeenJSON(d *hw.DeviceInfo) *deviceSeen {
	if d == nil {
		return nil
	}
	return &deviceSeen{
		PartNumber: null(d.PartNumber), Locked: d.Locked, USB: d.USBEnabled.Names(), NFC: d.NFCEnabled.Names(),
		FIPSSeries: d.FIPSSeries, FIPSCapable: d.FIPSCapable.Names(), FIPSApproved: d.FIPSApproved.Names(),
		PINComplexity: d.PINComplexity, NFCRestricted: d.NFCRestricted, ResetBlocked: d.ResetBlocked.Names(),
	}
}

func usbSeenJSON(u *hw.USB) *usbSeen {
	if u == nil {
		return nil
	}
	return &usbSeen{hex4(u.Vendor), hex4(u.Product), u.Bus, u.Address, null(u.Path)}
}

func advisoriesJSON(all []hw.Advisory) []advisoryJSON {
	out := []advisoryJSON{}
	for _, v := range all {
		out = append(out, advisoryJSON{v.ID, null(v.CVE), null(v.Name), v.Scope, v.URL, v.Certain})
	}
	return out
}

func warningsJSON(all []ceremony.Warning) []warningJSON {
	out := []warningJSON{}
	for _, w := range all {
		out = append(out, warningJSON{w.Code, w.Text})
	}
	return out
}

func hex4(n uint16) string { return fmt.Sprintf("%04x", n) }

func nullVersion(v hw.Version) *string {
	if v.IsZero() {
		return nil
	}
	return null(v.String())
}

// option tells an option that is false from one that the key does not name.
func option(options map[string]bool, name string) *bool {
	if v, ok := options[name]; ok {
		return &v
	}
	return nil
}
