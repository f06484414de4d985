package ceremony_test

import (
	"errors"
	"reflect"
	"testing"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

func TestArrivals(t *testing.T) {
	yubico := &hw.USB{Vendor: hw.VendorYubico, Product: 0x0407}
	key := func(serial, product string) ceremony.Seen {
		return ceremony.Seen{
			Key: hw.Key{USB: yubico}, Serial: serial, Product: product, Device: &hw.DeviceInfo{Serial: serial},
		}
	}
	other := ceremony.Seen{Key: hw.Key{USB: &hw.USB{Vendor: 0x18d1, Product: 0x9470}, FIDO: &hw.Sighting{}}, Product: "Titan"}
	unread := ceremony.Seen{Key: hw.Key{USB: yubico}, Warnings: []ceremony.Warning{{Code: "x", Err: hw.ErrBusy}}}
	torn := key("", "YubiKey 5C NFC")
	torn.Warnings = []ceremony.Warning{{Code: "serials_disagree", Err: hw.ErrSerialsDisagree}}
	plain := key("5", "YubiKey OTP+FIDO+CCID")
	plain.Device, plain.Claims = nil, []ceremony.SerialClaim{{Path: "otp", Serial: "5"}}
	tests := []struct {
		name    string
		scanned []string
		plugged []ceremony.Seen
		want    []inventory.Arrival
		bare    int
		err     error
	}{
		{"nothing", nil, nil, nil, 0, nil},
		{"a key that is scanned and plugged in is one", []string{"001", "2"}, []ceremony.Seen{key("1", "A"), key("3", "B")}, []inventory.Arrival{
			{Code: "1", Product: "A"}, {Code: "2"}, {Code: "3", Product: "B"},
		}, 0, nil},
		{"a label that is scanned twice stays two", []string{"1", "01"}, []ceremony.Seen{key("1", "A")}, []inventory.Arrival{
			{Code: "1", Product: "A"}, {Code: "1"},
		}, 0, nil},
		{"a key without a serial is told apart, a badge left out", nil, []ceremony.Seen{other, {Key: hw.Key{Card: &hw.Sighting{}}}}, nil, 1, nil},
		{"the words of a USB descriptor are no product", nil, []ceremony.Seen{plain}, []inventory.Arrival{{Code: "5"}}, 0, nil},
		{"a serial that could not be read", []string{"1"}, []ceremony.Seen{unread}, nil, 0, ceremony.ErrSerialUnread},
		{"serials that disagree", nil, []ceremony.Seen{torn}, nil, 0, hw.ErrSerialsDisagree},
		{"a code that is no serial", []string{"1", "a b"}, nil, nil, 0, inventory.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, bare, err := ceremony.Arrivals(tt.scanned, tt.plugged)
			if !errors.Is(err, tt.err) || !reflect.DeepEqual(got, tt.want) || len(bare) != tt.bare {
				t.Errorf("got %+v, %d bare, %v", got, len(bare), err)
			}
		})
	}
}
