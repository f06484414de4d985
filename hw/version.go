package hw

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is a firmware or application version of three bytes.
type Version struct{ Major, Minor, Patch uint8 }

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// IsZero says whether the version is unknown (0.0.0 is never shipped).
func (v Version) IsZero() bool { return v == Version{} }

// Compare orders versions: -1, 0 or 1.
func (v Version) Compare(o Version) int {
	return cmp.Or(cmp.Compare(v.Major, o.Major), cmp.Compare(v.Minor, o.Minor), cmp.Compare(v.Patch, o.Patch))
}

// AtLeast says whether v is major.minor.patch or newer.
func (v Version) AtLeast(major, minor, patch uint8) bool {
	return v.Compare(Version{major, minor, patch}) >= 0
}

// ParseVersion reads "5.4.3".
func ParseVersion(s string) (Version, error) {
	var b [3]uint8
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return Version{}, fmt.Errorf("version %q: want three numbers", s)
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil {
			return Version{}, fmt.Errorf("version %q: %w", s, err)
		}
		b[i] = uint8(n)
	}
	return Version{b[0], b[1], b[2]}, nil
}

// VersionFromBytes takes the three bytes that certificates and TLVs carry.
func VersionFromBytes(b []byte) (Version, error) {
	if len(b) != 3 {
		return Version{}, fmt.Errorf("version of %d bytes: %w", len(b), ErrMalformed)
	}
	return Version{b[0], b[1], b[2]}, nil
}
