package ceremony

import (
	"testing"
	"time"
)

// VerifierWith is Verifier with another signer of metadata than the product's.
var VerifierWith = verifierWith

// ShortenCardWaits makes cards be waited for no longer than d during a test.
func ShortenCardWaits(t *testing.T, d time.Duration) {
	open, command := cardWait, commandWait
	cardWait, commandWait = d, d
	t.Cleanup(func() { cardWait, commandWait = open, command })
}

// SetListWait makes the list of keys be waited for no longer than d.
func SetListWait(t *testing.T, d time.Duration) {
	before := listWait
	listWait = d
	t.Cleanup(func() { listWait = before })
}
