package iamcheck

import (
	"strings"
	"testing"
	"time"
)

func TestDetails(t *testing.T) {
	const device = "yk-1-ABC"
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	bind := func(name string, change ...func(*BoundKey)) []BoundKey {
		k := BoundKey{AccountID: here, DeviceName: name, KeyID: "K-1", Origin: Named}
		for _, c := range change {
			c(&k)
		}
		return []BoundKey{k}
	}
	lost := func(k *BoundKey) { k.Lost = true }
	certified := func(scheme, level string) func(*Facts) {
		return func(f *Facts) { f.Certifications[f.Root.Devices[0].Serial][scheme] = level }
	}
	model := func(fips bool, levels ...LevelSince) func(*BoundKey) {
		return func(k *BoundKey) { k.Model = &ModelRecord{Name: "Model", Levels: levels, FIPS: fips} }
	}
	tests := []struct {
		name   string
		bound  []BoundKey
		keys   []KnownKey
		change func(*Facts)
		// want is WARNING/KEY/whether a device is named, for each detail.
		want string
		text string
	}{
		{"a lost key whose device is registered", bind("yk-1", lost), nil, nil, "bound_key_lost/K-1/device", "its device is still registered at AWS"},
		{"a lost key whose device is gone", bind("yk-9", lost), nil, nil,
			"bound_key_lost/K-1/- binding_contradicted/K-1/-", "AWS does not list its device any more"},
		{"a lost key where nobody could look", bind("yk-9", lost), nil, func(f *Facts) { f.Root = RootList{} },
			"bound_key_lost/K-1/-", "could not be seen"},
		{"a key that was found reset", bind("yk-1", func(k *BoundKey) { k.Reset = true }), nil, nil, "bound_key_reset/K-1/device", "without its identity credential"},
		{"a key that is retired and has an advisory", bind("yk-1", func(k *BoundKey) { k.Retired, k.Advisory = true, true }), nil, nil,
			"bound_key_retired/K-1/device bound_key_advisory/K-1/device", ""},
		{"a binding that AWS does not list says which key", bind("yk-9"), nil, nil, "binding_contradicted/K-1/-", "key K-1 (device name yk-9) is bound"},
		{"two keys that claim one device are both named", append(bind("yk-1"), BoundKey{AccountID: here, DeviceName: "yk-1", KeyID: "K-2"}), nil, nil,
			"binding_ambiguous/K-1/device binding_ambiguous/K-2/device", ""},
		{"a device of nobody's, where there is an inventory", nil, []KnownKey{}, nil, "unenrolled_device/-/device", "u2f/root/yk-1-ABC"},
		{"and where there is none", nil, nil, nil, "", ""},
		{"a virtual device is nobody's key", nil, []KnownKey{}, func(f *Facts) { f.Root.Devices[0].Serial = "arn:aws:iam::" + here + ":mfa/phone" }, "", ""},
		{"a device of a binding that was removed", nil, []KnownKey{{KeyID: "K-9", Former: []FormerBinding{{here, "yk-1", day("2026-05-01"), true}}}}, nil,
			"former_key_listed/K-9/device unenrolled_device/-/device", "until 2026-05-01, when the key was reset"},
		{"a removed binding of a lost key", nil, []KnownKey{{KeyID: "K-9", Lost: true, Former: []FormerBinding{{AccountID: here, DeviceName: "yk-1"}}}}, nil,
			"former_key_listed/K-9/device unenrolled_device/-/device", "the key is missing or compromised"},
		{"a name that another key has now", bind("yk-1"), []KnownKey{{KeyID: "K-9", Former: []FormerBinding{{AccountID: here, DeviceName: "yk-1"}}}}, nil, "", ""},
		{"another account's answer says nothing of keys", bind("yk-9"), []KnownKey{}, func(f *Facts) {
			f.Root.Devices = append(f.Root.Devices, Device{Serial: "arn:aws:iam::999999999999:u2f/root/x-ABC"})
		}, "", ""},

		{"registered before the key was known", bind("yk-1", func(k *BoundKey) { k.Since = day("2026-03-03") }), nil, nil,
			"device_older_than_key/K-1/device", "registered on 2026-03-02, before key K-1 (device name yk-1) came into the inventory on 2026-03-03"},
		{"registered on the very moment", bind("yk-1", func(k *BoundKey) { k.Since = day("2026-03-02") }), nil, nil, "", ""},
		{"registered nobody knows when", bind("yk-1", func(k *BoundKey) { k.Since = day("2026-03-03") }), nil,
			func(f *Facts) { f.Root.Devices[0].EnabledAt = time.Time{} }, "", ""},

		{"a level above all that the model had", bind("yk-1", model(false, LevelSince{day("2020-01-01"), 1})), nil, certified("FIDO", "L2"),
			"certification_contradicted/K-1/device", "never had a FIDO level above 1, and AWS reports level 2"},
		{"a level below all it had since", bind("yk-1", model(false, LevelSince{day("2020-01-01"), 2})), nil, certified("FIDO", "L1"),
			"certification_contradicted/K-1/device", "FIDO level 2 or higher since then, and AWS reports level 1"},
		{"a level that was raised after the registration", bind("yk-1", model(false, LevelSince{day("2020-01-01"), 1}, LevelSince{day("2026-03-03"), 2})), nil, certified("FIDO", "L1"), "", ""},
		{"a level that was taken away after it", bind("yk-1", model(false, LevelSince{day("2020-01-01"), 2}, LevelSince{day("2026-03-03"), 0})), nil, certified("FIDO", "L1"), "", ""},
		{"a level from before the first that is known", bind("yk-1", model(false, LevelSince{day("2026-03-03"), 2})), nil, certified("FIDO", "L1"), "", ""},
		{"no level where the model has one: AWS's silence proves nothing", bind("yk-1", model(false, LevelSince{day("2020-01-01"), 2})), nil, nil, "", ""},
		{"a level of a model of which nothing is known", bind("yk-1", model(false)), nil, certified("FIDO", "L3"), "", ""},
		{"the same level", bind("yk-1", model(false, LevelSince{day("2020-01-01"), 2})), nil, certified("FIDO", "L2"), "", ""},
		{"FIPS of a model without it", bind("yk-1", model(false)), nil, certified("FIDO-FIPS-140-2", "L1"), "certification_contradicted/K-1/device", "never had a FIPS validation"},
		{"FIPS of a model with it", bind("yk-1", model(true)), nil, certified("FIDO-FIPS-140-3", "L2"), "", ""},
		{"FIPS and nothing known of the key", bind("yk-1"), nil, certified("FIDO-FIPS-140-3", "L2"), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			facts := oneDevice(device)
			if tt.change != nil {
				tt.change(&facts)
			}
			var opts Options
			if tt.keys != nil {
				opts.Keys = NewKeys(tt.keys)
			}
			got := Evaluate(facts, tt.bound, opts)
			var words, texts []string
			for _, d := range got.Level2.Details {
				key, about := "-", "-"
				if d.KeyID != nil {
					key = *d.KeyID
				}
				if d.Device != nil {
					about = "device"
				}
				words, texts = append(words, string(d.Warning)+"/"+key+"/"+about), append(texts, d.Text)
			}
			if w := strings.Join(words, " "); w != tt.want {
				t.Errorf("got %q, want %q", w, tt.want)
			}
			if text := strings.Join(texts, "\n"); !strings.Contains(text, tt.text) {
				t.Errorf("got %q, nowhere %q", text, tt.text)
			}
			for _, d := range got.Level2.Details {
				if !strings.Contains(strings.Join(wordsOf(got.Level2.Warnings), " "), string(d.Warning)) {
					t.Errorf("%s is no warning of the finding: %v", d.Warning, got.Level2.Warnings)
				}
			}
		})
	}
}

func wordsOf[T ~string](list []T) []string {
	var b []string
	for _, w := range list {
		b = append(b, string(w))
	}
	return b
}
