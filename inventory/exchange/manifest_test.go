package exchange_test

import (
	"crypto/sha256"
	"reflect"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

func TestReadManifest(t *testing.T) {
	tests := []struct {
		name, file string
		opts       exchange.Options
		want       []inventory.ManifestLine
	}{
		{"a list of serials", "Serial Number,Part Number,Batch\n0012345678,5060408461426,L1\n12345679,5060408461426,L1\n", exchange.Options{}, []inventory.ManifestLine{
			{Serial: "12345678", Product: "5060408461426"}, {Serial: "12345679", Product: "5060408461426"},
		}},
		{"columns of the supplier's own, and more of them", "Geräte-Nr.;Artikelbezeichnung;Palette\n12345678;Key;7\n", exchange.Options{
			Columns: map[string]string{"serial": "Geräte-Nr.", "product": "Artikelbezeichnung"}, IgnoreUnknown: true,
		}, []inventory.ManifestLine{{Serial: "12345678", Product: "Key"}}},
		{"quantities and tokens", `[{"product":"Key","qty":20,"po":"po-1"},{"serial":"T1","product":"Token","type":"totp_token","battery_end":"2031-06-30"}]`, exchange.Options{}, []inventory.ManifestLine{
			{Product: "Key", Quantity: 20}, {Serial: "T1", Product: "Token", Type: inventory.TypeToken, BatteryEnd: time.Date(2031, 6, 30, 0, 0, 0, 0, time.UTC)},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, sum, err := exchange.ReadManifest(strings.NewReader(tt.file), "PO-1", tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if sum != sha256.Sum256([]byte(tt.file)) {
				t.Error("the hash is not that of the file")
			}
		})
	}
}

func TestReadManifest_refuses(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"another order", "serial,order\n1,PO-1\n2,PO-2\n", "line 3: is of another order"},
		{"one serial for many keys", "serial,quantity\n1,2\n", "line 2: has one serial for 2 keys"},
		{"a line that announces nothing", "product,quantity\nKey,0\n", "line 2: announces no key"},
		{"a line of a quantity alone", "product,quantity\n,3\n", "line 2: has neither serial nor product"},
		{"a serial twice", "serial\n1\n01\n", `line 3, column "serial" (A): is the same as in line 2`},
		{"a list with the tokens' seeds", "serial,seed\n1,abc\n", `the file holds secrets and was not read: column "seed" (B) is one of secrets; take it out of the file, and out of wherever the file came from`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := exchange.ReadManifest(strings.NewReader(tt.file), "PO-1", exchange.Options{})
			if err == nil || err.Error() != tt.want || got != nil {
				t.Errorf("got %+v, %v, want %s", got, err, tt.want)
			}
		})
	}
}
