// Package notary vouches for a packet from outside of it: a signature of its
// manifest by a security key's PIV slot, and a time stamp by an authority
// (RFC 3161). It holds no key and believes no certificate by itself: what
// verifies is said with whose certificate it was, and whether that leads to a
// root that the caller gave.
package notary

import "errors"

// ErrAddress says that an authority cannot be asked at an address.
var ErrAddress = errors.New("not the address of a time-stamping authority")
