package attest

import (
	"testing"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/metadata/providers/memory"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/google/uuid"

	"hwmfa/hw"
)

// TestWitness asks go-webauthn, a verifier we did not write, about everything
// that is verified here: it must agree. It judges by the machine's clock, so
// that a vector whose certificates expire may fall out one day; none does
// before 2048.
func TestWitness(t *testing.T) {
	anchors, strangers := vectorAnchors(t), trusting(t, newCA(t, "Stranger", nil))
	agreed := 0
	for _, vec := range fidoVectors(t) {
		s := vec.judge(anchors)
		if s.Status != hw.StatusVerified || vec.day() != asOf {
			continue
		}
		if err := witness(t, anchors, vec); err != nil {
			t.Errorf("%s: %v", vec.ID, err)
			continue
		}
		if witness(t, strangers, vec) == nil {
			t.Errorf("%s: the witness trusts anybody", vec.ID)
		}
		agreed++
	}
	t.Logf("go-webauthn accepts %d of what is verified here", agreed)
	if agreed < 51 {
		t.Errorf("only %d compared", agreed)
	}
}

func witness(t *testing.T, anchors *Anchors, vec fidoVector) error {
	t.Helper()
	var att protocol.AttestationObject
	if err := webauthncbor.Unmarshal(vec.evidence.AttestationObject, &att); err != nil {
		return err
	}
	if err := att.AuthData.Unmarshal(att.RawAuthData); err != nil {
		return err
	}
	id, err := uuid.FromBytes(att.AuthData.AttData.AAGUID)
	if err != nil {
		return err
	}
	entry := &metadata.Entry{AaGUID: id, MetadataStatement: metadata.Statement{
		AaGUID: id, AttestationTypes: metadata.AuthenticatorAttestationTypes{metadata.BasicFull},
	}}
	for _, e := range anchors.entries {
		entry.MetadataStatement.AttestationRootCertificates = append(entry.MetadataStatement.AttestationRootCertificates, e.cert)
	}
	provider, err := memory.New(memory.WithMetadata(map[uuid.UUID]*metadata.Entry{id: entry}), memory.WithValidateTrustAnchor(true))
	if err != nil {
		return err
	}
	return att.VerifyAttestation(vec.evidence.ClientDataHash, provider, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
}
