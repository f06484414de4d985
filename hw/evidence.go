package hw

// Evidence is what a key handed over, byte for byte, and all that is needed to
// verify it again years later with no key plugged in.
type Evidence struct {
	FIDO *FIDOEvidence
	PIV  *PIVEvidence
}

// FIDOEvidence is one attested makeCredential.
type FIDOEvidence struct {
	RPID              string
	ClientDataHash    []byte // 32 bytes
	AttestationObject []byte // CBOR map of fmt, attStmt, authData
}

// PIVEvidence is what reading the PIV application gave.
type PIVEvidence struct {
	F9    []byte    // the attestation certificate of slot f9, DER
	Slots []PIVSlot // attestations of keys generated on the card, by slot
}

// PIVSlot is the attestation certificate for the key in one slot.
type PIVSlot struct {
	Slot        byte // 9a, 9c, 9d, 9e, 82–95
	Certificate []byte
}

// Status of a Statement, a word so that JSON and people can read it.
type Status string

// What verification can come to.
const (
	// StatusVerified: signature, chain to an anchor and the certificate's own
	// claims all hold.
	StatusVerified Status = "verified"
	// StatusUntrusted: nothing in it is wrong as far as it can be judged, and
	// nothing that we trust vouches for it today.
	StatusUntrusted Status = "untrusted"
	// StatusRefused: a kind of attestation that is no evidence of hardware
	// (none, self, tpm, apple, android).
	StatusRefused Status = "refused"
	// StatusInvalid: a signature, certificate or claim is wrong.
	StatusInvalid Status = "invalid"
	// StatusAbsent: the key offers no evidence of this kind.
	StatusAbsent Status = "absent"
)

// FIDOStatement is what verification proved from FIDOEvidence.
type FIDOStatement struct {
	Status Status
	// Reason is a stable word for why it is not verified ("bad_signature",
	// "no_anchor", "aaguid_mismatch", …), "" when verified. Detail is for people.
	Reason string
	Detail string
	// Anchor is the subject of the trust anchor reached, "" without one.
	Anchor   string
	Format   string // packed, fido-u2f, none, …
	AAGUID   AAGUID
	Firmware Version // from the certificate; zero where it does not say
	FIPS     bool
	Serial   string // enterprise attestation only
	// What the FIDO Alliance's metadata says of the model, "" where it says
	// nothing or is not at hand. Of a passkey provider or a platform, Model is
	// its name.
	Model         string // "YubiKey 5 Series with NFC"
	Certification string // FIDO_CERTIFIED_L1, NOT_FIDO_CERTIFIED, …
	FIPSLevel     string // FIPS140_CERTIFIED_L1 to L4
	CredentialID  []byte
	PublicKey     []byte // COSE key, CBOR
	UserPresent   bool
	UserVerified  bool
}

// PIVStatement is what verification proved of one slot from PIVEvidence.
type PIVStatement struct {
	Status     Status
	Reason     string
	Detail     string
	Anchor     string
	Slot       byte
	Serial     string // "" on firmware that does not put it in
	Firmware   Version
	FormFactor FormFactor
	PINPolicy  string // never, once, always, match_once, match_always
	Touch      string // never, always, cached
	FIPS       bool
	CSPN       bool
}
