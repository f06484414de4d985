package local

import (
	"bufio"
	"os"
	"path"
	"strings"
)

// Library is a C library by which keys are reached.
type Library struct {
	Name    string
	Built   bool   // it is part of this program
	Version string // "" where it does not tell
}

// Libraries lists those that the program can have, those left out among them.
func Libraries() []Library {
	var all []Library
	for _, l := range []struct {
		name string
		ask  func() (string, bool)
	}{{"libfido2", fidoVersion}, {"PC/SC", pcscVersion}, {"libusb", usbVersion}} {
		version, built := l.ask()
		all = append(all, Library{l.name, built, version})
	}
	return all
}

// mappedVersion is what follows the prefix in the name of a library that a
// process has mapped, by its list of mappings (proc(5)): links are resolved
// there, and the file's own name ends with the library's version.
func mappedVersion(maps, prefix string) string {
	f, err := os.Open(maps)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 {
			continue
		}
		if version, ok := strings.CutPrefix(path.Base(fields[5]), prefix); ok {
			return version
		}
	}
	return ""
}
