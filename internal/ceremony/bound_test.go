package ceremony

import (
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/iamcheck"
	"hwmfa/inventory"
)

func TestBoundKey(t *testing.T) {
	verified := inventory.Summary{FIDO: hw.StatusVerified, PIV: hw.StatusAbsent}
	at := time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)
	binding := inventory.Binding{AccountID: "123456789012", KeyID: "K-1", DeviceName: "root-1", How: inventory.HowNamed, At: at}
	enrolled := inventory.Key{ID: "K-1", Custody: inventory.Custody{Status: inventory.StatusEnrolled}, Attestation: verified}
	tests := []struct {
		name   string
		key    inventory.Key
		how    inventory.How
		proved time.Time
		want   iamcheck.BoundKey
	}{
		{
			"a named binding of an attested key",
			inventory.Key{ID: "K-1", Serial: "7", Custody: inventory.Custody{Status: inventory.StatusEnrolled}, Attestation: verified}, inventory.HowNamed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Named, KeySerial: "7", Attested: true},
		},
		{
			"a witnessed binding proves nothing by itself", enrolled, inventory.HowWitnessed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Witnessed, Attested: true},
		},
		{
			"a key that proved to be itself since", enrolled, inventory.HowWitnessed, at.Add(time.Second),
			iamcheck.BoundKey{Origin: iamcheck.Witnessed, Attested: true, ProvedSince: true},
		},
		{
			"a proof from before the binding is none since", enrolled, inventory.HowWitnessed, at.Add(-time.Second),
			iamcheck.BoundKey{Origin: iamcheck.Witnessed, Attested: true},
		},
		{
			"nor is one of the same moment", enrolled, inventory.HowWitnessed, at,
			iamcheck.BoundKey{Origin: iamcheck.Witnessed, Attested: true},
		},
		{
			"a verified card is no attested FIDO side",
			inventory.Key{ID: "K-1", Custody: inventory.Custody{Status: inventory.StatusEnrolled}, Attestation: inventory.Summary{FIDO: hw.StatusAbsent, PIV: hw.StatusVerified}}, inventory.HowNamed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Named},
		},
		{
			"an invalid card spoils a verified FIDO side",
			inventory.Key{ID: "K-1", Custody: inventory.Custody{Status: inventory.StatusEnrolled}, Attestation: inventory.Summary{FIDO: hw.StatusVerified, PIV: hw.StatusInvalid}}, inventory.HowNamed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Named},
		},
		{
			"a token goes by its serial",
			inventory.Key{ID: "K-1", Serial: "GAKT1", Type: inventory.TypeToken, Custody: inventory.Custody{Status: inventory.StatusInSafe}}, inventory.HowNamed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Named, KeySerial: "GAKT1", Token: true},
		},
		{
			"a lost key is lost",
			inventory.Key{ID: "K-1", Custody: inventory.Custody{Status: inventory.StatusLost}, Attestation: verified}, inventory.HowNamed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Named, Attested: true, Lost: true},
		},
		{
			"a retired key is retired, an old one has its advisories",
			inventory.Key{ID: "K-1", Custody: inventory.Custody{Status: inventory.StatusRetired}, Attestation: verified, USBVendor: hw.VendorYubico, Firmware: hw.Version{Major: 5, Minor: 4, Patch: 3}}, inventory.HowNamed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Named, Attested: true, Retired: true, Advisory: true},
		},
		{
			"a key that was in use before it came into the inventory has no beginning",
			inventory.Key{ID: "K-1", Custody: inventory.Custody{Status: inventory.StatusEnrolled}, Attestation: verified, AddedAt: at}, inventory.HowNamed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Named, Attested: true},
		},
		{
			"one that its supplier announced has one",
			inventory.Key{ID: "K-1", Custody: inventory.Custody{Status: inventory.StatusEnrolled}, Attestation: verified, AddedAt: at, Order: "PO-4711"}, inventory.HowNamed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Named, Attested: true, Since: at},
		},
		{
			"so has one whose registration the tool saw",
			inventory.Key{ID: "K-1", Custody: inventory.Custody{Status: inventory.StatusEnrolled}, Attestation: verified, AddedAt: at}, inventory.HowWitnessed, time.Time{},
			iamcheck.BoundKey{Origin: iamcheck.Witnessed, Attested: true, Since: at},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := binding
			b.How = tt.how
			want := tt.want
			want.AccountID, want.DeviceName, want.KeyID = "123456789012", "root-1", "K-1"
			if got := boundKey(b, tt.key, stand{today: tt.key.Attestation, proved: tt.proved}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestAdvisories(t *testing.T) {
	old := hw.Version{Major: 5, Minor: 4, Patch: 3}
	tests := []struct {
		name string
		key  inventory.Key
		want bool
	}{
		{"an old YubiKey has some", inventory.Key{USBVendor: hw.VendorYubico, Firmware: old}, true},
		{"one seen only in a reader too", inventory.Key{FormFactor: hw.FormKeychain, Firmware: old}, true},
		{"another maker's firmware of that number has none", inventory.Key{USBVendor: 0x20a0, FormFactor: hw.FormKeychain, Firmware: old}, false},
		{"new firmware has none", inventory.Key{USBVendor: hw.VendorYubico, Firmware: hw.Version{Major: 5, Minor: 7, Patch: 4}}, false},
		{"unknown firmware has none", inventory.Key{USBVendor: hw.VendorYubico}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Advisories(tt.key); (len(got) > 0) != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestCensus(t *testing.T) {
	if got := census([]inventory.Key{{Custody: inventory.Custody{Status: inventory.StatusEnrolled}}}); got.Custodians != nil {
		t.Errorf("nobody holds a key: got %d, want unknown", *got.Custodians)
	}
	got := census([]inventory.Key{
		{Custody: inventory.Custody{HolderID: "Ada", Status: inventory.StatusEnrolled}},
		{Custody: inventory.Custody{HolderID: "Ada", Status: inventory.StatusEnrolled}},
		{Custody: inventory.Custody{HolderID: "Grace", Status: inventory.StatusEnrolled}},
		{Custody: inventory.Custody{HolderID: "Hedy", Status: inventory.StatusLost}},
	})
	if got.Custodians == nil || *got.Custodians != 2 {
		t.Errorf("got %v, want 2", got.Custodians)
	}
}
