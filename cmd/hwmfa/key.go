package main

import (
	"time"

	"github.com/spf13/cobra"

	"hwmfa/hw"
	"hwmfa/internal/term"
	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

func newKeyCommand(a *app) *cobra.Command {
	return newGroup("key", "Look at the keys of the inventory, change or reset one",
		newKeyDeclareCommand(a),
		newExportKindCommand(a, exchange.Keys(), "export", "hwmfa key export"),
		newImportKindCommand(a, exchange.Keys(), "import", "hwmfa key import"),
		newKeyCompromiseCommand(a),
		newKeyDisposeCommand(a),
		newKeyFindCommand(a),
		newKeyLabelCommand(a),
		newKeyListCommand(a),
		newKeyLoseCommand(a),
		newKeyPIVIdentityCommand(a),
		newKeyResetCommand(a),
		newKeyRetireCommand(a),
		newKeySetCommand(a),
		newKeyShowCommand(a),
		newKeyTagCommand(a),
	)
}

// keysReport is the schema hwmfa.keys/v1.
type keysReport struct {
	Schema string    `json:"schema"`
	Keys   []keyJSON `json:"keys"`
}

// keyJSON is one key; what is not known is null.
type keyJSON struct {
	ID          string           `json:"id"`
	Serial      *string          `json:"serial"`
	Tag         *string          `json:"tag"`
	Type        inventory.Type   `json:"type"`
	Status      inventory.Status `json:"status"`
	Since       time.Time        `json:"since"`
	Place       *string          `json:"place"`
	Holder      *string          `json:"holder"`
	Due         *time.Time       `json:"due"`
	Seal        *string          `json:"seal"`
	Shipment    *string          `json:"shipment"`
	Order       *string          `json:"order"`
	BatteryEnd  *string          `json:"battery_end"`
	Product     *string          `json:"product"`
	Firmware    *string          `json:"firmware"`
	FormFactor  *string          `json:"form_factor"`
	AAGUID      *string          `json:"aaguid"`
	USB         *usbIDJSON       `json:"usb"`
	Attestation attestationJSON  `json:"attestation"`
	// Enrolled is null for a key that was never plugged in.
	Enrolled *enrolledJSON `json:"enrolled"`
}

type usbIDJSON struct {
	Vendor  string `json:"vendor"`
	Product string `json:"product"`
}

type attestationJSON struct {
	Status hw.Status `json:"status"`
	FIDO   hw.Status `json:"fido"`
	PIV    hw.Status `json:"piv"`
	Anchor *string   `json:"anchor"`
}

type enrolledJSON struct {
	At time.Time `json:"at"`
	By string    `json:"by"`
}

func keyToJSON(k inventory.Key) keyJSON {
	j := keyJSON{
		ID: k.ID, Serial: null(k.Serial), Tag: null(k.Tag), Type: k.Type, Status: k.Status, Since: k.Since.UTC(),
		Place: null(k.Place), Holder: null(k.Holder), Due: nullTime(k.Due), Seal: null(k.Seal), Shipment: null(k.Shipment), Order: null(k.Order), Product: null(k.Product),
		Firmware: nullVersion(k.Firmware), FormFactor: null(k.FormFactor.String()),
		AAGUID: null(inventory.FormatAAGUID(k.AAGUID)),
		Attestation: attestationJSON{
			Status: k.Attestation.Status(), FIDO: k.Attestation.FIDO, PIV: k.Attestation.PIV,
			Anchor: null(k.Attestation.Anchor),
		},
	}
	if k.Attested() {
		j.Enrolled = &enrolledJSON{At: k.EnrolledAt.UTC(), By: k.EnrolledBy}
	}
	if !k.BatteryEnd.IsZero() {
		day := k.BatteryEnd.UTC().Format(time.DateOnly)
		j.BatteryEnd = &day
	}
	if k.USBVendor != 0 {
		j.USB = &usbIDJSON{Vendor: hex4(k.USBVendor), Product: hex4(k.USBProduct)}
	}
	return j
}

// statusColour marks what an attestation came to.
func statusColour(s hw.Status) term.Colour {
	switch s {
	case hw.StatusVerified:
		return term.Green
	case hw.StatusAbsent, hw.StatusUntrusted:
		return term.Yellow
	default:
		return term.Red
	}
}

// labelled prints lines of a label and a text, the texts below each other.
func (a *app) labelled(lines [][2]string) error {
	for _, l := range lines {
		if err := a.streams.Printf("%-8s %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}
