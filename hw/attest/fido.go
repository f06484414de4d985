package attest

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"

	"hwmfa/hw"
)

// The attestation statement formats (IANA "WebAuthn Attestation Statement
// Format Identifiers"). Those of platforms are refused: they speak for a
// computer or a phone.
const (
	formatPacked = "packed"
	formatU2F    = "fido-u2f"
	formatNone   = "none"
)

var platformFormats = []string{"tpm", "android-key", "android-safetynet", "apple", "apple-appattest"}

// FIDO judges one attested makeCredential, made with ev.ClientDataHash for
// ev.RPID. Status is verified when the signature, the certificate's own claims
// and a chain to an anchor all hold.
//
// What the statement takes from the authenticator data (AAGUID, CredentialID,
// PublicKey, the flags) is the key's claim until Status is verified; what it
// takes from the certificate (Firmware, FIPS, Serial) and Anchor are filled in
// only then, and so is what the metadata says of the model. Of a U2F statement
// the AAGUID is the certificate's, zero where it has none, because U2F does not
// sign any; UserVerified is never set.
func (v Verifier) FIDO(ev hw.FIDOEvidence) hw.FIDOStatement {
	return v.fido(ev, sha256.Sum256([]byte(ev.RPID)))
}

func (v Verifier) fido(ev hw.FIDOEvidence, rpIDHash [32]byte) hw.FIDOStatement {
	var s hw.FIDOStatement
	s.Status, s.Reason, s.Detail = verdict(v.judgeFIDO(ev, rpIDHash, &s))
	return s
}

// judgeFIDO fills s in as far as it gets.
func (v Verifier) judgeFIDO(ev hw.FIDOEvidence, rpIDHash [32]byte, s *hw.FIDOStatement) error {
	if len(ev.AttestationObject) == 0 {
		return faultf(ReasonNoEvidence, "no attestation object")
	}
	o, err := decodeObject(ev.AttestationObject)
	if err != nil {
		return err
	}
	s.Format = o.Format
	if err := checkFormat(o); err != nil {
		claimed := claims(o)
		s.Model = passkeyProvider(claimed.aaguid)
		s.AAGUID, s.CredentialID, s.PublicKey = claimed.aaguid, claimed.credentialID, claimed.publicKey
		s.UserPresent, s.UserVerified = claimed.has(flagUserPresent), claimed.has(flagUserVerified)
		return err
	}
	att, err := parseAttestation(o)
	if err != nil {
		return err
	}
	att.report(s)
	provider := passkeyProvider(att.data.aaguid)
	s.Model = provider
	if len(ev.ClientDataHash) != sha256.Size {
		return faultf(ReasonBadClientData, "client data hash of %d bytes", len(ev.ClientDataHash))
	}
	if att.data.rpIDHash != rpIDHash {
		return faultf(ReasonRPMismatch, "made for the relying party with hash %x, not for %q", att.data.rpIDHash, ev.RPID)
	}
	if !att.data.has(flagUserPresent) {
		return faultf(ReasonUserNotPresent, "flags %#02x", att.data.flags)
	}
	doubt := att.checkSignature(ev.ClientDataHash)
	if doubt != nil && !isDoubt(doubt) {
		return doubt
	}
	if err := att.checkCredential(); err != nil {
		return err
	}
	if att.data.has(flagBackupEligible) {
		return faultf(ReasonSyncable, "flags %#02x: the credential may be copied off the key%s", att.data.flags, of(provider))
	}
	if att.ecdaa {
		return doubt
	}
	if len(att.certs) == 0 {
		return faultf(ReasonSelfAttestation, "signed by the credential itself%s", of(provider))
	}
	facts, err := att.checkLeaf()
	if err != nil {
		return err
	}
	if provider = passkeyProvider(facts.aaguid); provider != "" {
		s.Model = provider
		return faultf(ReasonPasskeyProvider, "%s keeps its secrets on a computer, a phone or in a cloud", provider)
	}
	if doubt != nil {
		return doubt
	}
	anchor, err := v.judgeModel(att.certs, facts, s)
	if err != nil {
		return err
	}
	s.Anchor = anchor
	s.AAGUID, s.Firmware, s.FIPS, s.Serial = facts.aaguid, facts.firmware, facts.fips, facts.serial
	return nil
}

func checkFormat(o object) error {
	format, provider := o.Format, of(passkeyProvider(claims(o).aaguid))
	switch {
	case format == formatPacked || format == formatU2F:
		return nil
	case format == formatNone:
		return faultf(ReasonNoAttestation, "the key or the program in between withheld the attestation%s", provider)
	case slices.Contains(platformFormats, format):
		return faultf(ReasonPlatformAttestation, "format %s speaks for a computer or a phone%s", format, provider)
	}
	return faultf(ReasonUnknownFormat, "format %q", format)
}

// claims is the authenticator data of a statement that is not judged further,
// zero where it cannot be read. Nobody vouches for it.
func claims(o object) authData {
	data, err := parseAuthData([]byte(o.AuthData))
	if err != nil {
		return authData{}
	}
	return data
}

// of puts a name behind a sentence, where there is one.
func of(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

// attestation is a decoded statement of format packed or fido-u2f.
type attestation struct {
	format string
	raw    []byte // authenticator data
	data   authData
	alg    int64 // COSE
	sig    []byte
	certs  []*x509.Certificate // leaf first; empty for self attestation and ECDAA
	ecdaa  bool                // signed by a group's member, whom nobody here can tell
}

func parseAttestation(o object) (*attestation, error) {
	a := &attestation{format: o.Format, raw: []byte(o.AuthData)}
	var err error
	if a.data, err = parseAuthData(a.raw); err != nil {
		return nil, err
	}
	var st packedStatement
	if o.Format == formatU2F {
		var u u2fStatement
		err = strict.Unmarshal(o.AttStmt, &u)
		st = packedStatement{Alg: algES256, Sig: u.Sig, X5C: u.X5C}
	} else {
		err = strict.Unmarshal(o.AttStmt, &st)
	}
	if err != nil {
		return nil, faultf(ReasonMalformed, "%s statement: %v", o.Format, err)
	}
	a.alg, a.sig, a.ecdaa = st.Alg, []byte(st.Sig), st.ECDAA != ""
	if a.ecdaa && st.X5C != nil {
		return nil, faultf(ReasonMalformed, "%s statement with certificates and with ECDAA", o.Format)
	}
	// An empty x5c is not the same as none, and a U2F statement has exactly one.
	if n := len(st.X5C); st.X5C != nil && n == 0 || n > maxChain || o.Format == formatU2F && n != 1 {
		return nil, faultf(ReasonMalformed, "%s statement with %d certificates", o.Format, n)
	}
	for _, der := range st.X5C {
		c, err := parseCertificate([]byte(der))
		if err != nil {
			return nil, err
		}
		a.certs = append(a.certs, c)
	}
	return a, nil
}

// report writes down what the authenticator data claims. What a U2F statement
// says beyond its signature is not repeated.
func (a *attestation) report(s *hw.FIDOStatement) {
	s.CredentialID, s.PublicKey = a.data.credentialID, a.data.publicKey
	s.UserPresent = a.data.has(flagUserPresent)
	if a.format == formatPacked {
		s.AAGUID = a.data.aaguid
		s.UserVerified = a.data.has(flagUserVerified)
	}
}
