package hw

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
)

func page(t testing.TB, tlvs string) []byte {
	t.Helper()
	b, err := hex.DecodeString(tlvs)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte{byte(len(b))}, b...)
}

func TestParseDeviceInfo(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pages []string
		want  DeviceInfo
	}{
		{"a YubiKey 5 NFC with firmware 5.4.3", []string{
			"0102023f" + "0302023b" + "020400bc614e" + "040101" + "0503050403" + "06020000" + "07010f" + "080100" + "0d02023f" + "0e02023f" + "0a0100" + "0f0100",
		}, DeviceInfo{
			Serial: "12345678", Version: Version{5, 4, 3}, FormFactor: FormKeychain,
			USBSupported: 0x23f, USBEnabled: 0x23b, NFCSupported: 0x23f, NFCEnabled: 0x23f,
		}},
		{"two pages of a FIPS key are one answer", []string{
			"0102033f" + "0204000f4240" + "040183" + "0503050704" + "0a0101" + "100101",
			"130b" + hex.EncodeToString([]byte("YK5-A0-FIPS")) + "1402001f" + "15020003" + "160101" + "170101" + "18020210",
		}, DeviceInfo{
			Serial: "1000000", Version: Version{5, 7, 4}, FormFactor: FormKeychainC, FIPSSeries: true, Locked: true,
			USBSupported: 0x33f, PartNumber: "YK5-A0-FIPS",
			FIPSCapable:  CapFIDO2 | CapPIV | CapOpenPGP | CapOATH | CapHSMAuth,
			FIPSApproved: CapFIDO2 | CapPIV, PINComplexity: true, NFCRestricted: true, ResetBlocked: CapFIDO2 | CapPIV,
		}},
		{"a Security Key has no serial", []string{"01020202" + "040143" + "0503050102"},
			DeviceInfo{Version: Version{5, 1, 2}, FormFactor: FormKeychainC, SecurityKey: true, USBSupported: 0x202}},
		{"serial zero is none", []string{"020400000000"}, DeviceInfo{}},
		{"a high serial stays positive", []string{"0204ffffffff"}, DeviceInfo{Serial: "4294967295"}},
		{"firmware 4 tells its applications in one byte", []string{"01013f" + "0a0100"}, DeviceInfo{USBSupported: 0x3f}},
		{"unknown tags are passed over", []string{"7f03010203" + "2000" + "040102"}, DeviceInfo{FormFactor: FormNano}},
		{"a tag said twice alike is said once", []string{"040102" + "100101", "040102"}, DeviceInfo{FormFactor: FormNano}},
		{"a part number that is no text is none", []string{"1302ff00"}, DeviceInfo{}},
		{"a beta build names the version it becomes", []string{"0503000001" + "190b" + "0103050702" + "020101" + "030103"},
			DeviceInfo{Version: Version{5, 7, 2}, VersionQualifier: "5.7.2.beta.3"}},
		{"a final build has no qualifier", []string{"0503050702" + "190b" + "0103050702" + "020102" + "030100"},
			DeviceInfo{Version: Version{5, 7, 2}}},
		{"an empty page is an answer that says nothing", []string{""}, DeviceInfo{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var pages [][]byte
			for _, p := range tt.pages {
				pages = append(pages, page(t, p))
			}
			got, err := ParseDeviceInfo(pages)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", *got, tt.want)
			}
			asked := 0
			read, err := ReadDeviceInfo(func(n byte) ([]byte, error) {
				asked++
				return pages[n], nil
			})
			if err != nil || !reflect.DeepEqual(read, got) || asked != len(pages) {
				t.Errorf("read page by page: %+v, %v after %d pages, want the same after %d", read, err, asked, len(pages))
			}
		})
	}
}

func TestParseDeviceInfoRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pages [][]byte
	}{
		{"a page without its length byte", [][]byte{{}}},
		{"a length byte that says too little", [][]byte{{2, 4, 1, 1}}},
		{"a length byte that says too much", [][]byte{{9, 4, 1, 1}}},
		{"a tag without a length", [][]byte{{1, 4}}},
		{"a value cut short", [][]byte{page(t, "0204000000")}},
		{"a serial of three bytes", [][]byte{page(t, "0203000001")}},
		{"a serial of five bytes", [][]byte{page(t, "02050000000001")}},
		{"a version of two bytes", [][]byte{page(t, "05020504")}},
		{"a form factor of two bytes", [][]byte{page(t, "04020101")}},
		{"capabilities of three bytes", [][]byte{page(t, "0103000001")}},
		{"capabilities of no bytes", [][]byte{page(t, "0100")}},
		{"an empty lock flag", [][]byte{page(t, "0a00")}},
		{"a length in the long form without its byte", [][]byte{page(t, "0281")}},
		{"a length of two bytes", [][]byte{page(t, "0282000400000001")}},
		{"one tag twice in a page", [][]byte{page(t, "040101040101")}},
		{"two pages that disagree", [][]byte{page(t, "0204000000011001"+"01"), page(t, "020400000002")}},
		{"a qualifier without a version", [][]byte{page(t, "1903020101")}},
		{"a qualifier cut short", [][]byte{page(t, "19020103")}},
		{"a qualifier without a type", [][]byte{page(t, "19050103050702")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := ParseDeviceInfo(tt.pages); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %+v, %v, want %v", got, err, ErrMalformed)
			}
		})
	}
	t.Run("a key that always has one page more", func(t *testing.T) {
		asked := 0
		_, err := ReadDeviceInfo(func(byte) ([]byte, error) {
			asked++
			return page(t, "100101"), nil
		})
		if !errors.Is(err, ErrMalformed) || asked > 32 {
			t.Errorf("got %v after %d pages", err, asked)
		}
	})
	t.Run("an error while reading comes back as it is", func(t *testing.T) {
		if _, err := ReadDeviceInfo(func(byte) ([]byte, error) { return nil, ErrGone }); err != ErrGone {
			t.Errorf("got %v", err)
		}
	})
}

// encodeDeviceInfo writes what ParseDeviceInfo keeps, so that the fuzzer can
// hold parsing to parse → encode → parse.
func encodeDeviceInfo(d *DeviceInfo) []byte {
	var b []byte
	put := func(tag byte, v ...byte) { b = append(append(b, tag, byte(len(v))), v...) }
	caps := func(tag byte, c Capability) { put(tag, byte(c>>8), byte(c)) }
	fips := func(tag byte, c Capability) {
		var bits byte
		for i, one := range []Capability{CapFIDO2, CapPIV, CapOpenPGP, CapOATH, CapHSMAuth} {
			if c.Has(one) {
				bits |= 1 << i
			}
		}
		put(tag, 0, bits)
	}
	bit := func(tag byte, v bool) {
		if v {
			put(tag, 1)
		} else {
			put(tag, 0)
		}
	}
	var serial uint32
	for _, c := range []byte(d.Serial) {
		serial = serial*10 + uint32(c-'0')
	}
	put(tagSerial, byte(serial>>24), byte(serial>>16), byte(serial>>8), byte(serial))
	put(tagVersion, d.Version.Major, d.Version.Minor, d.Version.Patch)
	form := byte(d.FormFactor)
	if d.FIPSSeries {
		form |= 0x80
	}
	if d.SecurityKey {
		form |= 0x40
	}
	put(tagFormFactor, form)
	caps(tagUSBSupported, d.USBSupported)
	caps(tagUSBEnabled, d.USBEnabled)
	caps(tagNFCSupported, d.NFCSupported)
	caps(tagNFCEnabled, d.NFCEnabled)
	caps(tagResetBlocked, d.ResetBlocked)
	fips(tagFIPSCapable, d.FIPSCapable)
	fips(tagFIPSApproved, d.FIPSApproved)
	bit(tagConfigLock, d.Locked)
	bit(tagPINComplexity, d.PINComplexity)
	bit(tagNFCRestricted, d.NFCRestricted)
	return append([]byte{byte(len(b))}, b...)
}

func FuzzParseDeviceInfo(f *testing.F) {
	f.Add(page(f, "0102023f0302023b020400bc614e0401010503050403060200000d02023f0e02023f0a0100"), []byte{})
	f.Add(page(f, "020400bc614e040183100101"), page(f, "1402001f15020003160101"))
	f.Add(page(f, "0503000001190b0103050702020101030103"), []byte{0})
	f.Add([]byte{2, 4, 1}, []byte{1})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		before := bytes.Clone(one)
		pages := [][]byte{one}
		if len(two) > 0 {
			pages = append(pages, two)
		}
		info, err := ParseDeviceInfo(pages)
		if !bytes.Equal(before, one) {
			t.Fatal("parsing changed its input")
		}
		if err != nil {
			return
		}
		again, err := ParseDeviceInfo([][]byte{encodeDeviceInfo(info)})
		if err != nil {
			t.Fatalf("%+v does not parse again: %v", info, err)
		}
		// Text is kept beside the round trip: it has no canonical form to write.
		again.PartNumber, again.VersionQualifier = info.PartNumber, info.VersionQualifier
		if !reflect.DeepEqual(info, again) {
			t.Fatalf("got %+v, then %+v", info, again)
		}
	})
}
