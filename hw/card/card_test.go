package card

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"hwmfa/hw"
)

// The commands as Yubico's documents write them.
const (
	toManagement = "00A4040008A000000527471117"
	toOTP        = "00A4040007A0000005272001"
	toPIV        = "00A4040005A000000308"
	pivVersion   = "00FD000000"
	pivSerial    = "00F8000000"
	getF9        = "00CB3FFF055C035FFF01"
	pivGreeting  = "61114F0600001000010079074F05A0000003089000"
)

func TestReadDeviceInfo(t *testing.T) {
	greeting := tohex([]byte("Virtual mgr - FW version 5.7.1")) + "9000"
	for _, tt := range []struct {
		name      string
		exchanges map[string][]string
		want      hw.DeviceInfo
	}{
		{"one page", map[string][]string{
			toManagement: {greeting},
			"001D000000": {"12" + "0102023F" + "020400BC614E" + "040101" + "0503050403" + "9000"},
		}, hw.DeviceInfo{Serial: "12345678", Version: hw.Version{Major: 5, Minor: 4, Patch: 3}, FormFactor: hw.FormKeychain, USBSupported: 0x23F}},
		{"two pages", map[string][]string{
			toManagement: {greeting},
			"001D000000": {"0E" + "020400000001" + "0503050701" + "100101" + "9000"},
			"001D010000": {"03" + "160101" + "9000"},
		}, hw.DeviceInfo{Serial: "1", Version: hw.Version{Major: 5, Minor: 7, Patch: 1}, PINComplexity: true}},
		{"a key that names no firmware in it has named it before", map[string][]string{
			toManagement: {greeting},
			"001D000000": {"06" + "020400000001" + "9000"},
		}, hw.DeviceInfo{Serial: "1", Version: hw.Version{Major: 5, Minor: 7, Patch: 1}}},
		{"a greeting without a version is none", map[string][]string{
			toManagement: {"9000"},
			"001D000000": {"06" + "020400000001" + "9000"},
		}, hw.DeviceInfo{Serial: "1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadDeviceInfo(context.Background(), newScript(t, tt.exchanges))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
	t.Run("a card that always has one page more is malformed", func(t *testing.T) {
		s := newScript(t, nil)
		s.otherwise = "031001019000"
		if _, err := ReadDeviceInfo(context.Background(), s); !errors.Is(err, hw.ErrMalformed) || len(s.sent) > 40 {
			t.Errorf("got %v after %d commands", err, len(s.sent))
		}
	})
}

func TestReadOTPSerial(t *testing.T) {
	for _, tt := range []struct {
		name, answer, want string
		is                 error
	}{
		{"four bytes are a decimal number", "00BC614E9000", "12345678", nil},
		{"a high serial stays positive", "FFFFFFFF9000", "4294967295", nil},
		{"zero is none", "000000009000", "", nil},
		{"no bytes are none", "9000", "", nil},
		{"three bytes are malformed", "0000019000", "", hw.ErrMalformed},
		{"a key that knows no serial says so", "6D00", "", hw.ErrUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t, map[string][]string{toOTP: {"0403000105000F009000"}, "0001100000": {tt.answer}})
			got, err := ReadOTPSerial(context.Background(), s)
			if got != tt.want || !errors.Is(err, tt.is) {
				t.Errorf("got %q, %v, want %q, %v", got, err, tt.want, tt.is)
			}
		})
	}
}

func TestReadPIV(t *testing.T) {
	for _, tt := range []struct {
		name      string
		exchanges map[string][]string
		want      *PIV
		is        error
	}{
		{"a YubiKey 5", map[string][]string{toPIV: {pivGreeting}, pivVersion: {"0504039000"}, pivSerial: {"00BC614E9000"}},
			&PIV{Version: hw.Version{Major: 5, Minor: 4, Patch: 3}, Serial: "12345678"}, nil},
		{"a YubiKey 4 is not asked for a serial", map[string][]string{toPIV: {pivGreeting}, pivVersion: {"0403079000"}, pivSerial: {"gone"}},
			&PIV{Version: hw.Version{Major: 4, Minor: 3, Patch: 7}}, nil},
		{"nor is firmware 5.0.2", map[string][]string{toPIV: {pivGreeting}, pivVersion: {"0500029000"}, pivSerial: {"gone"}},
			&PIV{Version: hw.Version{Major: 5, Patch: 2}}, nil},
		{"an applet that copies the version has no serial", map[string][]string{toPIV: {pivGreeting}, pivVersion: {"0504009000"}},
			&PIV{Version: hw.Version{Major: 5, Minor: 4}}, nil},
		{"PIV switched off", map[string][]string{toPIV: {"6A82"}}, nil, hw.ErrUnsupported},
		{"another maker's PIV card", map[string][]string{toPIV: {pivGreeting}}, nil, hw.ErrUnsupported},
		{"a version of two bytes", map[string][]string{toPIV: {pivGreeting}, pivVersion: {"05049000"}}, nil, hw.ErrMalformed},
		{"a serial of three bytes", map[string][]string{toPIV: {pivGreeting}, pivVersion: {"0504039000"}, pivSerial: {"0000019000"}}, nil, hw.ErrMalformed},
		{"a card pulled out", map[string][]string{toPIV: {pivGreeting}, pivVersion: {"0504039000"}, pivSerial: {"gone"}}, nil, hw.ErrGone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadPIV(context.Background(), newScript(t, tt.exchanges))
			if !errors.Is(err, tt.is) || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v, want %+v, %v", got, err, tt.want, tt.is)
			}
		})
	}
}

func TestDeafCard(t *testing.T) {
	for _, sw := range []string{"6D00", "6A82", "6E00"} {
		for _, tt := range []struct {
			name string
			read func(context.Context, hw.Channel) error
			word string
		}{
			{"device info", func(ctx context.Context, ch hw.Channel) error { _, err := ReadDeviceInfo(ctx, ch); return err }, "management"},
			{"PIV", func(ctx context.Context, ch hw.Channel) error { _, err := ReadPIV(ctx, ch); return err }, "PIV"},
			{"PIV evidence", func(ctx context.Context, ch hw.Channel) error { _, err := ReadPIVEvidence(ctx, ch); return err }, "PIV"},
			{"OTP serial", func(ctx context.Context, ch hw.Channel) error { _, err := ReadOTPSerial(ctx, ch); return err }, "OTP"},
		} {
			t.Run(tt.name+" from a card that says "+sw+" to everything", func(t *testing.T) {
				s := newScript(t, nil)
				s.otherwise = sw
				err := tt.read(context.Background(), s)
				if !errors.Is(err, hw.ErrUnsupported) || !strings.Contains(err.Error(), tt.word) || !strings.Contains(err.Error(), sw) {
					t.Errorf("got %v, want it to name %s and %s", err, tt.word, sw)
				}
			})
		}
	}
}
