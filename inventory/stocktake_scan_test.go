package inventory

import "testing"

// Whatever is read, what is counted can be recorded, and no secret is in it.
func FuzzCode(f *testing.F) {
	for _, code := range []string{"12345678", "seal:A-1", "place:Berlin/safe 1", "key:K-00000001\tx", "otpauth://totp/x?secret=A", "\x1b[2J", "place:", "seal:", ":", "a\u2800", "\xff  \U0001d15e", "ｐｌａｃｅ：Berlin", "12345678\u00a0"} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		names := KeyNames{ids: map[string]bool{}, tags: map[string]string{}, serials: map[string][]string{}, seals: map[string][]string{}}
		names.add(KeyStand{ID: "K-00000001", Serial: "12345678", Tag: "YK-1", Custody: Custody{Seal: "A-1"}})
		c := Counting{
			Stocktake: Stocktake{Places: []Place{berlin}}, Place: berlin,
			names: names, places: map[string]Place{"berlin": berlin, "berlin/safe 1": safe1, "rome": rome},
		}
		counts, fault, err := c.Code(code)
		if (fault != "" || err != nil) && len(counts) > 0 {
			t.Fatalf("%q counts %+v, %s, %v", code, counts, fault, err)
		}
		if _, err := batch(counts); err != nil {
			t.Fatalf("%q counts %+v: %v", code, counts, err)
		}
		if !c.Stocktake.holds(c.Place.Path) {
			t.Fatalf("%q leads to %s", code, c.Place.Path)
		}
	})
}
