package attest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"hwmfa/hw"
)

var update = flag.Bool("update", false, "make testdata/fixture.json anew")

// fixture is one genuine piece of evidence of each kind with the roots that
// issued it, kept in a file so that every fuzzing process sees the same.
type fixture struct {
	FIDORoot, PIVRoot []byte // DER
	Packed, U2F       hw.FIDOEvidence
	PIV               hw.PIVEvidence
	Serial            string
}

func readFixture(t testing.TB) fixture {
	t.Helper()
	path := filepath.Join("testdata", "fixture.json")
	if *update {
		writeFixture(t, path)
	}
	var f fixture
	readJSON(t, path, &f)
	return f
}

func writeFixture(t testing.TB, path string) {
	t.Helper()
	fidoRoot, pivRoot := newCA(t, "Fixture FIDO Root", nil), newCA(t, "Fixture PIV Root", nil)
	packed, u2f, piv := newFIDO(t, &fidoRoot), newFIDO(t, &fidoRoot), newPIV(t, &pivRoot)
	asU2F(u2f)
	raw, err := json.MarshalIndent(fixture{
		FIDORoot: fidoRoot.cert.Raw, PIVRoot: pivRoot.cert.Raw,
		Packed: packed.make(t), U2F: u2f.make(t), PIV: piv.make(t), Serial: piv.serial,
	}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// verifier trusts Yubico and the fixture's own roots.
func (f fixture) verifier(t testing.TB) Verifier {
	t.Helper()
	a := yubico(t)
	for _, root := range [][]byte{f.FIDORoot, f.PIVRoot} {
		if err := a.AddPEM("fixture", toPEM(root)); err != nil {
			t.Fatal(err)
		}
	}
	return Verifier{Anchors: a, Now: asOf}
}

func TestFixture(t *testing.T) {
	f := readFixture(t)
	v := f.verifier(t)
	for _, s := range []hw.FIDOStatement{v.FIDO(f.Packed), v.FIDO(f.U2F)} {
		if s.Status != hw.StatusVerified {
			t.Errorf("%s: %s %s (%s)", s.Format, s.Status, s.Reason, s.Detail)
		}
	}
	if s := v.PIV(f.PIV, f.Serial)[0]; s.Status != hw.StatusVerified {
		t.Errorf("PIV: %s %s (%s)", s.Status, s.Reason, s.Detail)
	}
}
