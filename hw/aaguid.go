package hw

import (
	"encoding/hex"
	"fmt"
)

// AAGUID names a model of authenticator (WebAuthn §6.5.1). All zeros: unknown,
// as U2F keys answer.
type AAGUID [16]byte

// String gives the usual 8-4-4-4-12 form.
func (a AAGUID) String() string {
	h := hex.EncodeToString(a[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// IsZero says whether the key named no model.
func (a AAGUID) IsZero() bool { return a == AAGUID{} }
