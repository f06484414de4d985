package inventory

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Method says what a key asked of its owner before it proved to be itself.
type Method string

// The ways a key proves to be itself, in rising order of what they ask.
const (
	MethodSilent Method = "silent" // nothing
	MethodTouch  Method = "touch"
	MethodPIN    Method = "pin" // a PIN, with a touch or without
)

func (m Method) known() bool {
	return m == MethodSilent || m == MethodTouch || m == MethodPIN
}

// Answer is a key's answer to a challenge, which the caller has verified
// against the public key of the credential.
type Answer struct {
	CredentialID []byte
	Challenge    []byte // the client data hash that was signed, 32 bytes
	AuthData     []byte // authenticator data (WebAuthn §6.1)
	Signature    []byte // DER
	Method       Method
}

// Bounds on what an answer holds, in bytes: authenticator data without
// extensions has 37, an ECDSA signature on P-256 at most 72.
const (
	challengeSize = 32
	maxAuthData   = 1024
	maxSignature  = 128
)

// Proof is the last time that a key proved to be itself.
type Proof struct {
	KeyID  string
	Event  int64 // the journal event that holds the answer
	At     time.Time
	Method Method
}

// ProveKey records that a key answered a challenge with its identity
// credential: the journal event with all that it takes to verify the answer
// again, and the key's last proof. The credential must be that key's, and of its
// last enrollment: one from before a reset is of nobody knows what. A key of any
// status can be proved; its status stays.
func ProveKey(tx Tx, act Act, keyID string, a Answer) (Proof, error) {
	act, err := act.check()
	if err != nil {
		return Proof{}, fmt.Errorf("prove: %w", err)
	}
	if err := a.check(); err != nil {
		return Proof{}, fmt.Errorf("prove: %w", err)
	}
	c, err := tx.CredentialByID(a.CredentialID)
	if err != nil {
		return Proof{}, fmt.Errorf("prove %s: credential: %w", keyID, err)
	}
	if c.KeyID != keyID {
		return Proof{}, fmt.Errorf("prove %s: %w", keyID, invalid("credential", "is that of %s", c.KeyID))
	}
	k, err := tx.KeyByID(keyID)
	if err != nil {
		return Proof{}, fmt.Errorf("prove %s: %w", keyID, err)
	}
	if !c.Current(k) {
		return Proof{}, fmt.Errorf("prove %s: %w", keyID, invalid("credential", "is from before the key was reset and enrolled again"))
	}
	e, err := record(tx, act, KindKeyProved, keyID, struct {
		CredentialID string `json:"credential_id"`
		Challenge    string `json:"challenge"`
		AuthData     string `json:"auth_data"`
		Signature    string `json:"signature"`
		Method       Method `json:"method"`
	}{hex.EncodeToString(c.ID), hex.EncodeToString(a.Challenge), hex.EncodeToString(a.AuthData), hex.EncodeToString(a.Signature), a.Method})
	if err != nil {
		return Proof{}, fmt.Errorf("prove %s: %w", keyID, err)
	}
	p := Proof{KeyID: keyID, Event: e.Seq, At: e.Time, Method: a.Method}
	if err := tx.PutProof(p); err != nil {
		return Proof{}, fmt.Errorf("prove %s: %w", keyID, err)
	}
	return p, nil
}

// KindKeyDoubted is the kind of the event by which a key's last proof ends.
const KindKeyDoubted = "key.doubted"

// doubtedJSON is the payload of key.doubted.
type doubtedJSON struct {
	Verdict string `json:"verdict"`
}

// DoubtKey ends a key's last proof: a key that shows its serial no longer has its
// identity credential, so that nothing that was proved before goes for what AWS
// trusts today. verdict is the word for what was found. A key that has no proof
// is left as it is.
func DoubtKey(tx Tx, act Act, keyID, verdict string) error {
	act, err := act.check()
	if err == nil {
		verdict, err = required("verdict", verdict, maxName)
	}
	if err != nil {
		return fmt.Errorf("doubt %s: %w", keyID, err)
	}
	proofs, err := tx.ListProofs(keyID)
	if err != nil {
		return fmt.Errorf("doubt %s: %w", keyID, err)
	}
	if len(proofs) == 0 {
		return nil
	}
	if err := tx.DeleteProof(keyID); err != nil {
		return fmt.Errorf("doubt %s: %w", keyID, err)
	}
	_, err = record(tx, act, KindKeyDoubted, keyID, doubtedJSON{verdict})
	return err
}

func (a Answer) check() error {
	switch {
	case len(a.Challenge) != challengeSize || bytes.Equal(a.Challenge, make([]byte, challengeSize)):
		return invalid("challenge", "is not %d random bytes", challengeSize)
	case len(a.AuthData) == 0 || len(a.AuthData) > maxAuthData:
		return invalid("authenticator data", "has %d bytes, not 1 to %d", len(a.AuthData), maxAuthData)
	case len(a.Signature) == 0 || len(a.Signature) > maxSignature:
		return invalid("signature", "has %d bytes, not 1 to %d", len(a.Signature), maxSignature)
	case !a.Method.known():
		return invalid("method", "is none of silent, touch, pin")
	}
	return nil
}

// Proofs lists the last proof of every key that has one, the oldest first.
func Proofs(tx Tx) ([]Proof, error) { return tx.ListProofs("") }

// VerifyProofs holds every key's last proof against the journal event that
// holds the answer, and names each that fails.
func VerifyProofs(tx Tx) error {
	c, err := newProofsCheck(tx)
	if err != nil {
		return err
	}
	return c.end(walk(tx, c))
}

// proofsCheck holds last proofs against the events that hold the answers.
type proofsCheck struct {
	have []Proof
	last map[string]RawEvent // by key
}

func newProofsCheck(tx Tx) (*proofsCheck, error) {
	proofs, err := Proofs(tx)
	if err != nil {
		return nil, fmt.Errorf("verify proofs: %w", err)
	}
	return &proofsCheck{have: proofs, last: map[string]RawEvent{}}, nil
}

func (c *proofsCheck) see(e *RawEvent) bool {
	switch e.Kind {
	case KindKeyProved:
		own := e.clone()
		c.last[own.Subject] = own
	case KindKeyDoubted:
		delete(c.last, e.Subject)
	}
	return true
}

// end returns what is wrong; err is what ended the reading.
func (c *proofsCheck) end(err error) error {
	if err != nil {
		return fmt.Errorf("verify proofs: %w", err)
	}
	var bad []error
	for _, p := range c.have {
		if e, ok := c.last[p.KeyID]; !ok || !p.isOf(e) {
			bad = append(bad, fmt.Errorf("the last proof of %s is not what the journal recorded: %w", p.KeyID, ErrDamaged))
		}
		delete(c.last, p.KeyID)
	}
	for _, id := range slices.Sorted(maps.Keys(c.last)) {
		bad = append(bad, fmt.Errorf("the last proof of %s is gone: %w", id, ErrDamaged))
	}
	return errors.Join(bad...)
}

// isOf says whether the proof is what the event recorded.
func (p Proof) isOf(e RawEvent) bool {
	var payload struct {
		Method Method `json:"method"`
	}
	err := json.Unmarshal([]byte(e.Payload), &payload)
	return err == nil && p.Event == e.Seq && FormatTime(p.At) == e.Time && p.Method == payload.Method
}
