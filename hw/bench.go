package hw

import "context"

// Stream carries the 64-byte HID reports of one FIDO interface, without the
// report ID that some operating systems put in front (CTAP 2.1 §11.2.4).
// Unplugging gives an error wrapping ErrGone. Both calls return promptly when
// ctx ends, with an error wrapping ctx.Err().
type Stream interface {
	// Write sends one report; shorter ones are padded with zeros to 64 bytes.
	Write(ctx context.Context, report []byte) error
	// Read returns the next report from the key, exactly 64 bytes.
	Read(ctx context.Context) ([]byte, error)
	Close() error
}

// Channel carries ISO 7816-4 APDUs to one card. Transmit sends one command
// and returns the answer with its two status bytes at the end; chaining and
// status words are the caller's. A removed card gives ErrGone, a card held
// exclusively by somebody else ErrBusy (at open).
type Channel interface {
	Transmit(ctx context.Context, apdu []byte) ([]byte, error)
	Close() error
}

// Bench is a machine that keys are plugged into. What it returns together
// with an error is still good: one dead backend never hides the others, and
// the error (errors.Join of one per backend) says what may be missing.
type Bench interface {
	// Sightings lists every interface of every key, in a stable order.
	Sightings(ctx context.Context) ([]Sighting, error)
	// OpenFIDO opens the HID interface of a FIDO sighting.
	OpenFIDO(ctx context.Context, s Sighting) (Stream, error)
	// OpenCard opens the card of a card sighting, shared with other programs,
	// in a transaction that ends with Close; the card is left powered.
	OpenCard(ctx context.Context, s Sighting) (Channel, error)
	// Check says whether the sighting's node or reader still belongs to the
	// same bus, address and vendor/product: nil, ErrGone or ErrReplaced.
	Check(ctx context.Context, s Sighting) error
}

// Attester is a Bench that makes an attested credential with a library of its
// own (libfido2). Without it the caller speaks CTAP over OpenFIDO.
type Attester interface {
	// Attest returns the WebAuthn attestation object (CBOR map of fmt,
	// attStmt, authData). It blocks for the touch; when ctx ends it cancels at
	// the key and waits for the key to say so.
	Attest(ctx context.Context, s Sighting, r CredentialRequest) ([]byte, error)
}

// Hotplug is a Bench that is told when keys come and go.
type Hotplug interface {
	// Changes gives a value soon after something was plugged in or pulled out,
	// once its nodes may be opened; several changes may give one. The channel is
	// closed when ctx ends or nothing more can be heard. Where nobody tells, the
	// error wraps ErrUntold: then one has to look again and again.
	Changes(ctx context.Context) (<-chan struct{}, error)
	// FIDOSightings lists the FIDO interfaces alone, as Sightings does: that is
	// quick, where the rest may wait for the smart-card service.
	FIDOSightings(ctx context.Context) ([]Sighting, error)
}

// CredentialRequest asks for one ES256, non-discoverable credential with
// credProtect level 1 (userVerificationOptional).
type CredentialRequest struct {
	RPID           string
	RPName         string
	UserID         []byte
	UserName       string
	ClientDataHash []byte // 32 bytes
	PIN            []byte // nil without one; the caller zeroes it afterwards
}
