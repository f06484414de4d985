package attest

import (
	"crypto/x509"
	"time"
)

// Kind says what part a certificate plays in a chain.
type Kind string

// The kinds of an Anchor.
const (
	KindRoot         Kind = "root"         // self-signed: chains may end here
	KindPinned       Kind = "pinned"       // an intermediate trusted for itself: chains may end here
	KindIntermediate Kind = "intermediate" // only a link on the way to an anchor
)

// Use is what a certificate may vouch for.
type Use string

// The uses of an Anchor.
const (
	UseFIDO Use = "fido"
	UsePIV  Use = "piv"
)

// Anchor is one certificate that chains may end at or pass through.
type Anchor struct {
	Name      string // who it was added as; "Yubico" for the built-in ones
	Kind      Kind
	Uses      []Use // what it may vouch for; empty for neither
	Subject   string
	SHA256    string // of the certificate, lower-case hex
	NotBefore time.Time
	NotAfter  time.Time
	BuiltIn   bool
}

// Anchors is what a Verifier trusts. The zero value trusts nothing.
type Anchors struct {
	// Now, when set, makes AddPEM refuse certificates that are not valid at
	// that time. Leave it zero to load what was trusted earlier: a certificate
	// that expired since then vouches for nothing, and harms nothing.
	Now time.Time

	entries []entry
}

type entry struct {
	Anchor
	cert *x509.Certificate
}

// Yubico returns the anchors built into this program.
func Yubico() (*Anchors, error) { return &Anchors{}, nil }

// AddPEM adds the CA certificates of one PEM file under a name.
func (a *Anchors) AddPEM(name string, pem []byte) error { return nil }

// List returns every certificate held, in the order of adding.
func (a *Anchors) List() []Anchor { return nil }
