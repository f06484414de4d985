package local

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestLibraries(t *testing.T) {
	version := regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
	for _, l := range Libraries() {
		if l.Built != version.MatchString(l.Version) {
			t.Errorf("%+v: a library that is built in has a version, another has none", l)
		}
	}
}

func TestMappedVersion(t *testing.T) {
	maps := filepath.Join(t.TempDir(), "maps")
	const text = "7f00-7f01 r--p 00000000 00:00 0\n7f01-7f02 r-xp 00000000 08:01 42   /usr/lib/libfido2.so.1.12.0\nx\n"
	if err := os.WriteFile(maps, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := mappedVersion(maps, "libfido2.so."); got != "1.12.0" {
		t.Errorf("got %q", got)
	}
	if got := mappedVersion(maps, "libusb.so."); got != "" {
		t.Errorf("a library that is not mapped has version %q", got)
	}
	if got := mappedVersion(maps+"x", "libfido2.so."); got != "" {
		t.Errorf("without a list of mappings got %q", got)
	}
}
