package local_test

import (
	"flag"
	"os"
	"testing"

	"hwmfa/hw/attest"
	"hwmfa/hw/local"
)

var (
	serialFlag = flag.String("device", "", "serial of a plugged-in key to test on; it makes a credential, which is not kept, and wants a touch")
	pinFlag    = flag.String("pin-file", "", "file with the FIDO PIN of that key")
)

// TestDevice runs the suite on a key that somebody holds in the hand.
func TestDevice(t *testing.T) {
	if *serialFlag == "" {
		t.Skip("no key to test on: name one with -device=SERIAL")
	}
	m, err := local.Open()
	if err != nil {
		t.Fatal(err)
	}
	anchors, err := attest.Yubico()
	if err != nil {
		t.Fatal(err)
	}
	d := device{serial: *serialFlag, anchors: anchors, touch: func() {
		os.Stderr.WriteString("Do not touch the key before this line. Touch it now.\n")
	}}
	if *pinFlag != "" {
		if d.pin, err = os.ReadFile(*pinFlag); err != nil {
			t.Fatal(err)
		}
	}
	conform(t, m, d)
}
