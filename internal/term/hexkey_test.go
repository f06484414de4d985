package term

import (
	"bytes"
	"strings"
	"testing"
)

func TestHexKey(t *testing.T) {
	for _, tt := range []struct {
		name, typed string
		want        []byte // nil: refused
	}{
		{"digits", "0102ff", []byte{1, 2, 255}},
		{"upper case", "0102FF", []byte{1, 2, 255}},
		{"spaces between", "01 02 ff", []byte{1, 2, 255}},
		{"as long as keys are", strings.Repeat("ab", 32), bytes.Repeat([]byte{0xab}, 32)},
		{"an odd number of digits", "0102f", nil},
		{"a letter that is no digit", "0102fg", nil},
		{"nothing", "", nil},
		{"nothing but spaces", "   ", nil},
		{"too much", strings.Repeat("ab", 64), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			streams, far := Test(tt.typed)
			fromTerminal, err := streams.HexKey(t.Context(), "key:")
			check(t, "terminal", fromTerminal, err, tt.want, tt.typed)
			if !strings.Contains(far.Asked.String(), "key:") {
				t.Errorf("asked %q", far.Asked.String())
			}
			fromFD, err := HexKeyFromFD(descriptorOf(t, tt.typed+"\r\nnext line"))
			check(t, "descriptor", fromFD, err, tt.want, tt.typed)
		})
	}
}

func check(t *testing.T, from string, got []byte, err error, want []byte, typed string) {
	t.Helper()
	if !bytes.Equal(got, want) || (err == nil) != (want != nil) {
		t.Errorf("from the %s: got %x, %v; want %x", from, got, err, want)
	}
	if err != nil && len(typed) > 4 && strings.Contains(err.Error(), typed[:5]) {
		t.Errorf("%v shows what was typed", err)
	}
}
