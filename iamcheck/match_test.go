package iamcheck

import "testing"

func TestFits(t *testing.T) {
	const account = "arn:aws:iam::222222222222:"
	tests := []struct {
		name   string
		key    BoundKey
		serial string
		want   bool
	}{
		{"a FIDO device of the name", BoundKey{DeviceName: "yk-1"}, account + "u2f/root/yk-1-AAA", true},
		{"one of another name", BoundKey{DeviceName: "yk-1"}, account + "u2f/root/yk-2-AAA", false},
		{"a token under its serial", BoundKey{DeviceName: "GAHT12345678"}, "GAHT12345678", true},
		{"a token by the serial on it, in other letters", BoundKey{DeviceName: "root-token", KeySerial: "GAHT12345678", Token: true}, "gaht12345678", true},
		{"a token whose number the inventory keeps without zeros", BoundKey{DeviceName: "t", KeySerial: "12345678", Token: true}, "0012345678", true},
		{"zeros within letters count", BoundKey{DeviceName: "t", KeySerial: "GAKT1", Token: true}, "GAKT01", false},
		{"a token without a serial fits none", BoundKey{DeviceName: "t", Token: true}, "0000", false},
		{"a security key of that number is no token", BoundKey{DeviceName: "yk", KeySerial: "12345678"}, "12345678", false},
		{"a token is no FIDO device", BoundKey{DeviceName: "t", KeySerial: "AAA", Token: true}, account + "u2f/root/yk-1-AAA", false},
		{"nor a virtual one", BoundKey{DeviceName: "t", KeySerial: "root", Token: true}, account + "mfa/root", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			serial, err := ParseSerial(tt.serial)
			if err != nil {
				t.Fatal(err)
			}
			d := ownDevice{serial: serial, known: true}
			d.Serial = tt.serial
			if got := tt.key.fits(d); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
