//go:build cgo && !nousb

package local

import "testing"

func TestPortPath(t *testing.T) {
	for want, ports := range map[string][]int{"1-0": nil, "1-2": {2}, "1-2.3.14": {2, 3, 14}} {
		if got := portPath(1, ports); got != want {
			t.Errorf("portPath(1, %v) = %q, want %q", ports, got, want)
		}
	}
}
