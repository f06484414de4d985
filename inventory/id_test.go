package inventory

import "testing"

// headOnly is a transaction of which only the journal's end is asked.
type headOnly struct {
	Tx
	last Event
}

func (h headOnly) LastEvent() (Event, error) { return h.last, nil }

func TestNewID(t *testing.T) {
	tx := headOnly{last: example()}
	taken := map[string]bool{}
	isTaken := func(id string) (bool, error) { return taken[id], nil }
	for range 10 { // the same change, as if each ID before collided
		id, err := newID(tx, "K", isTaken, []byte("seed"))
		if err != nil {
			t.Fatal(err)
		}
		if normal, ok := normalizeKeyID(id); !ok || normal != id || taken[id] {
			t.Errorf("ID %q is not a free one in its normal form", id)
		}
		taken[id] = true
	}
	if _, err := newID(tx, "K", func(string) (bool, error) { return true, nil }); err == nil {
		t.Error("an ID was found where all are taken")
	}
	free := func(string) (bool, error) { return false, nil }
	a, err1 := newID(tx, "K", free, []byte("ab"), []byte("c"))
	b, err2 := newID(tx, "K", free, []byte("a"), []byte("bc"))
	if a == b || err1 != nil || err2 != nil {
		t.Errorf("two changes have the IDs %s and %s; %v, %v", a, b, err1, err2)
	}
}

func TestNormalizeKeyID(t *testing.T) {
	for in, want := range map[string]string{
		"K-7Q2M4XRD": "K-7Q2M4XRD", "k-7q2m4xrd": "K-7Q2M4XRD", "K-OoIiLl00": "K-00111100",
		"7Q2M4XRD": "", "K-7Q2M4XR": "", "K-7Q2M4XRDD": "", "P-7Q2M4XRD": "", "K-7Q2M4XRU": "", "K-7Q2M4XR ": "", "": "",
	} {
		if got, ok := normalizeKeyID(in); got != want || ok != (want != "") {
			t.Errorf("normalizeKeyID(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}
