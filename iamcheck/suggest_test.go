package iamcheck

import (
	"strings"
	"testing"
	"time"
)

// oneDevice is an account whose root has one device, all of it readable.
func oneDevice(serial string) Facts {
	f := hardwareFacts()
	if !strings.Contains(serial, "GA") {
		serial = "arn:aws:iam::" + here + ":u2f/root/" + serial
	}
	f.Root.Devices = []Device{{Serial: serial, EnabledAt: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}}
	f.Certifications = map[string]map[string]string{serial: {}}
	return f
}

// suggested are the suggestions as KEY:GROUND.
func suggested(f Finding) string {
	var list []string
	for _, d := range f.RootDevices {
		for _, s := range d.Suggestions {
			list = append(list, s.KeyID+":"+string(s.Because))
		}
	}
	return strings.Join(list, " ")
}

func TestSuggestions(t *testing.T) {
	inventory := []KnownKey{
		{KeyID: "K-TAG", Tag: "YK-0042"},
		{KeyID: "K-SERIAL", Serial: "28299003"},
		{KeyID: "K-BOTH", Tag: "SAFE-7", Serial: "12345678"},
		{KeyID: "K-SHORT", Tag: "7", Serial: "7"},
		{KeyID: "K-TOKEN", Serial: "GAHT12345678", Token: true},
		{KeyID: "K-LOST", Tag: "OLD-1", Lost: true},
		{KeyID: "K-FORMER", Former: []FormerBinding{{AccountID: here, DeviceName: "yk-former"}, {AccountID: "111111111111", DeviceName: "elsewhere"}}},
	}
	bind := func(name, key string) BoundKey {
		return BoundKey{AccountID: here, DeviceName: name, KeyID: key, Origin: Named}
	}
	tests := []struct {
		name   string
		serial string
		bound  []BoundKey
		want   string
	}{
		{"the tag as it is", "YK-0042-ABC", nil, "K-TAG:tag_in_name"},
		{"in another case, without zeros and separators, within a name", "root-yk42-berlin-ABC", nil, "K-TAG:tag_in_name"},
		{"a number that only begins like it", "yk-420-ABC", nil, ""},
		{"letters that only end like it", "bayk-42-ABC", nil, ""},
		{"the serial with zeros before it", "root-028299003-ABC", nil, "K-SERIAL:serial_in_name"},
		{"a serial with a digit more", "root-282990031-ABC", nil, ""},
		{"a key by its serial and its tag is one", "safe-7-12345678-ABC", nil, "K-BOTH:serial_in_name"},
		{"two keys by one name", "yk-42-28299003-ABC", nil, "K-SERIAL:serial_in_name K-TAG:tag_in_name"},
		{"a short number within a name is nobody's", "root-7-ABC", nil, ""},
		{"a short number that is the whole name", "7-ABC", nil, "K-SHORT:serial_in_name"},
		{"a token by its serial, in other letters", "gaht12345678GA", nil, ""},
		{"a token of the very serial", "GAHT12345678", nil, "K-TOKEN:token_serial"},
		{"a device that is bound needs no suggestion", "yk-42-ABC", []BoundKey{bind("yk-42", "K-TAG")}, ""},
		{"nor does one that bindings quarrel about", "yk-42-ABC", []BoundKey{bind("yk-42", "K-TAG"), bind("yk-42", "K-BOTH")}, ""},
		{"a key whose own device is listed is not another one", "yk-42-ABC", []BoundKey{bind("yk-42", "K-BOTH")}, ""},
		{"a name nearly that of a binding that AWS does not list", "root-berlni-ABC", []BoundKey{bind("Root_Berlin", "K-BOTH")}, "K-BOTH:near_name"},
		{"a removed binding of this account", "yk-former-ABC", nil, "K-FORMER:former_binding"},
		{"a removed binding of another account", "elsewhere-ABC", nil, ""},
		{"a lost key", "old-1-ABC", nil, "K-LOST:tag_in_name"},
		{"a device without a name", "ABC", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Evaluate(oneDevice(tt.serial), tt.bound, Options{Keys: NewKeys(inventory)})
			if suggested(got) != tt.want {
				t.Errorf("got %q, want %q", suggested(got), tt.want)
			}
			without := Evaluate(oneDevice(tt.serial), tt.bound, Options{})
			if *got.Level2.Assurance != *without.Level2.Assurance || got.Level2.Status != without.Level2.Status {
				t.Errorf("a suggestion makes %s (%s) of %s (%s)", got.Level2.Status, *got.Level2.Assurance, without.Level2.Status, *without.Level2.Assurance)
			}
		})
	}
}

func TestWhatASuggestionAdvises(t *testing.T) {
	inventory := NewKeys([]KnownKey{{KeyID: "K-1", Tag: "YK-42"}, {KeyID: "K-2", Tag: "OLD-1", Retired: true}, {KeyID: "K-3", Serial: "GAHT1", Token: true}, {KeyID: "K-4", Tag: "NEW-4", Unready: true}})
	tests := []struct {
		name, serial string
		bound        []BoundKey
		want         string
	}{
		{"to bind it", "yk-42-ABC", nil, "; if so, bind it with hwmfa account bind 222222222222 K-1 --device-name yk-42"},
		{"to bind it anew", "yk-42-ABC", []BoundKey{{AccountID: here, DeviceName: "other", KeyID: "K-1"}},
			"; if so: hwmfa account unbind 222222222222 K-1, then hwmfa account bind 222222222222 K-1 --device-name yk-42"},
		{"to enroll it first", "new-4-ABC", nil, "; if so, enroll it, then hwmfa account bind 222222222222 K-4 --device-name new-4"},
		{"a token without a name", "GAHT1", nil, "bind it with hwmfa account bind 222222222222 K-3"},
		{"not to bind what cannot be bound", "old-1-ABC", nil, "; the key is retired: remove the device at AWS"},
		{"nothing that a shell would read", "yk-42;rm x-ABC", nil, "this may be key K-1: the name carries its tag YK-42"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Evaluate(oneDevice(tt.serial), tt.bound, Options{Keys: inventory}).RootDevices[0].Suggestions
			if len(got) != 1 || !strings.HasSuffix(got[0].Text, tt.want) {
				t.Errorf("got %+v, want it to end %q", got, tt.want)
			}
		})
	}
}

func TestSuggestionsAreFew(t *testing.T) {
	var many []KnownKey
	for i := range 100 {
		many = append(many, KnownKey{KeyID: "K-" + string(rune('A'+i%26)) + string(rune('A'+i/26)), Tag: "SAFE"})
	}
	if got := Evaluate(oneDevice("safe-ABC"), nil, Options{Keys: NewKeys(many)}).RootDevices[0].Suggestions; len(got) != maxSuggestions {
		t.Errorf("%d suggestions", len(got))
	}
}
