package ceremony

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/ctap"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

// RPID is the relying party that identity credentials belong to. It is a name
// nobody can register, so that no web site can ever ask for them.
const RPID = "identity.hwmfa.invalid"

// Step is where an enrollment stands, for the screen.
type Step string

// The steps of an enrollment, in order.
const (
	StepRead  Step = "read"
	StepTouch Step = "touch"
	StepCheck Step = "check"
	// StepManagementTouch waits for the touch that a PIV management key wants.
	StepManagementTouch Step = "management_touch"
	StepRecord          Step = "record"
)

// EnrollRequest is what an enrollment is given. Place is required.
type EnrollRequest struct {
	Place  string
	Tag    string
	Serial string // which key, where several are plugged in
	Order  string // the purchase order that the key came with; "" not said
	// RequireDelivery refuses a key that is on no delivery list.
	RequireDelivery bool
	Actor           string
	Now             func() time.Time
	PIN             AskPIN                 // nil: no way to ask
	UsePIN          bool                   // use the PIN also where the key would do without it
	Tell            func(s Step, who Seen) // nil: silent
	// Rules are the policy's; the zero value refuses nothing.
	Rules policy.Enrollment
	// SetPIN gives a key without a PIN its first, ChangePIN replaces the one it
	// has; NewPIN asks for it.
	SetPIN, ChangePIN bool
	NewPIN            AskNewPIN // nil: no way to ask
	Settings          Settings
	// PIVIdentity writes a PIV slot; nil, and PIV is only read.
	PIVIdentity *PIVIdentity
	// WithoutSerial takes a key whose serial cannot be read, though keys of its
	// maker have one, for one without.
	WithoutSerial bool
	// tagPrefix has the key get the next free tag that begins so, unless it has
	// one; turn is called for what asks something of a person, so that of several
	// keys one does at a time. Both are a batch's.
	tagPrefix string
	turn      func(ctx context.Context, who Seen, ask func() error) error
}

// Enrolled is what an enrollment recorded.
type Enrolled struct {
	Key      inventory.Key
	FIDO     hw.FIDOStatement
	PIV      []hw.PIVStatement
	Silent   inventory.Silent
	Changes  []Change // what was changed on the key
	Warnings []Warning
}

// ErrAttestation: the key's attestation is wrong, not merely unknown; nothing
// is recorded.
var ErrAttestation = errors.New("attestation is not genuine")

// Enroll makes one attested credential with one touch, reads what the card
// side attests, verifies both, and records key, evidence, statements and
// journal event in one transaction. Whatever fails before that leaves the
// inventory as it was; the error then says what was changed on the key.
func Enroll(ctx context.Context, bench hw.Bench, store inventory.Store, r EnrollRequest) (*Enrolled, error) {
	if r.Tell == nil {
		r.Tell = func(Step, Seen) {}
	}
	s, err := chooseKey(ctx, bench, r.Serial)
	if err != nil {
		return nil, err
	}
	return enrollSeen(ctx, bench, store, s, r)
}

// enrollSeen enrolls a key that was read, every serial path of it.
func enrollSeen(ctx context.Context, bench hw.Bench, store inventory.Store, s *Seen, r EnrollRequest) (*Enrolled, error) {
	r.Tell(StepRead, *s)
	if err := enrollable(s); err != nil {
		return nil, err
	}
	if err := s.serialUnread(); err != nil && !r.WithoutSerial {
		return nil, fmt.Errorf("%s: %w: %w", s.Name(), ErrSerialUnread, err)
	}
	e := enrollment{bench: bench, seen: s, request: r}
	if err := e.admissible(ctx, store); err != nil {
		return nil, err
	}
	defer func() { clear(e.pin) }()
	done, err := e.carryOut(ctx, store)
	if err != nil && len(e.changes) > 0 {
		err = fmt.Errorf("%w (on the key already: %s)", err, e.changeWords())
	}
	return done, err
}

// admissible refuses, before anything is asked of the key's owner or changed on
// the key, whatever can be known by then.
func (e *enrollment) admissible(ctx context.Context, store inventory.Store) error {
	if err := e.settableU2F(); err != nil {
		return err
	}
	if err := e.settable(ctx, store); err != nil {
		return err
	}
	if err := e.notYetEnrolled(ctx, store); err != nil {
		return err
	}
	return e.obey(policy.Claimed)
}

func (e *enrollment) carryOut(ctx context.Context, store inventory.Store) (*Enrolled, error) {
	verifier, err := Verifier(ctx, store, e.request.Now())
	if err != nil {
		return nil, err
	}
	if err := e.planPIV(ctx, verifier); err != nil {
		return nil, err
	}
	defer e.forgetManagementKey()
	if err := e.attestInTurn(ctx); err != nil {
		return nil, err
	}
	e.request.Tell(StepCheck, *e.seen)
	if err := e.seen.sameKey(ctx, e.bench); err != nil {
		return nil, err
	}
	e.readPIV(ctx)
	if err := e.verify(verifier); err != nil {
		return nil, err
	}
	if err := e.obey(policy.Attested); err != nil {
		return nil, err
	}
	if err := e.applySettings(ctx); err != nil {
		return nil, err
	}
	if err := e.probeSilent(ctx); err != nil {
		return nil, err
	}
	if err := e.seen.stillThere(ctx, e.bench); err != nil {
		return nil, err
	}
	// Last, once all else is in order: it cannot be undone.
	if err := e.writePIV(ctx, verifier); err != nil {
		return nil, err
	}
	e.request.Tell(StepRecord, *e.seen)
	return e.record(ctx, store)
}

// changeWords lists what was changed on the key.
func (e *enrollment) changeWords() string { return strings.Join(e.recorded().Words, ", ") }

// recorded is what was changed on the key, as the journal has it.
func (e *enrollment) recorded() inventory.Changes {
	var c inventory.Changes
	for _, change := range e.changes {
		c.Words = append(c.Words, string(change))
		if change == ChangeMinPINLength {
			c.MinPINLength = e.request.Settings.MinPINLength
		}
	}
	return c
}

// notYetEnrolled refuses before the touch what the record would refuse after
// it: a serial, tag or place that will not do, and a key without a serial that
// answers for a credential in the inventory, or by U2F calls one its own.
func (e *enrollment) notYetEnrolled(ctx context.Context, store inventory.Store) error {
	s := e.seen
	var known []inventory.Credential
	err := store.View(ctx, func(tx inventory.Tx) error {
		if err := inventory.CheckEnrollment(tx, e.entry()); err != nil {
			return err
		}
		if err := e.delivered(tx); err != nil {
			return err
		}
		all, err := tx.ListCredentials("")
		for _, c := range all {
			if c.RPID == RPID && c.AAGUID == s.FIDO.AAGUID && (c.Silent == inventory.SilentYes || !s.FIDO2) {
				known = append(known, c)
			}
		}
		return err
	})
	if err != nil || s.Serial != "" || len(known) == 0 {
		return err
	}
	owners := map[string]string{}
	var ids [][]byte
	for _, c := range known {
		ids = append(ids, c.ID)
		owners[string(c.ID)] = c.KeyID
	}
	own, err := e.answersFor(ctx, ids)
	switch {
	case errors.Is(err, hw.ErrNoCredential):
		return nil
	case errors.Is(err, hw.ErrPINRequired), errors.Is(err, hw.ErrTouchRequired):
		return e.checkSpareOf(ctx, store, maps.Values(owners))
	case lost(err):
		return fmt.Errorf("%s: %w", s.Name(), err)
	case err != nil:
		// A refusal says nothing about which key this is.
		s.warn("identity_unknown", err)
		return e.checkSpareOf(ctx, store, maps.Values(owners))
	}
	return &inventory.ExistsError{What: "this very key", Owner: owners[string(own)]}
}

// delivered holds the key against the delivery list that it should be on.
func (e *enrollment) delivered(tx inventory.Tx) error {
	if !e.request.RequireDelivery && e.request.Order == "" {
		return nil
	}
	entry := e.entry()
	if entry.Serial != "" {
		entry.Product = e.seen.model()
	}
	if err := inventory.CheckDelivery(tx, entry); err != nil {
		return fmt.Errorf("%s: %w", e.seen.Name(), err)
	}
	return nil
}

// answersFor is the credential that the key answers for without being touched.
// That it is not proved is enough for a refusal.
func (e *enrollment) answersFor(ctx context.Context, ids [][]byte) ([]byte, error) {
	if !e.seen.FIDO2 {
		own, err := checkU2F(ctx, e.bench, e.seen, ids)
		if err != nil {
			return nil, err
		}
		return own[0], nil
	}
	answer, err := askSilently(ctx, e.bench, e.seen, ids)
	if err != nil {
		return nil, err
	}
	return answer.CredentialID, nil
}

// enrollment carries one key through the steps after it was chosen.
type enrollment struct {
	bench    hw.Bench
	seen     *Seen
	request  EnrollRequest
	evidence hw.Evidence
	fido     hw.FIDOStatement
	piv      []hw.PIVStatement
	silent   inventory.Silent
	pin      []byte       // nil where none is needed
	changes  []Change     // made on the key so far
	identity *pivIdentity // nil where no PIV slot is to be written
}

// attestInTurn asks for what the key wants of a person: its PIN, and the touch.
func (e *enrollment) attestInTurn(ctx context.Context) error {
	ask := func() error {
		if err := e.preparePIN(ctx); err != nil {
			return err
		}
		return e.makeCredential(ctx)
	}
	if e.request.turn == nil {
		return ask()
	}
	return e.request.turn(ctx, *e.seen, ask)
}

func (e *enrollment) makeCredential(ctx context.Context) error {
	s := e.seen
	challenge, err := newChallenge()
	if err != nil {
		return err
	}
	user, err := newChallenge()
	if err != nil {
		return err
	}
	// The node may be another key by now, and a PIN must not reach that one.
	if err := e.seen.stillThere(ctx, e.bench); err != nil {
		return err
	}
	e.request.Tell(StepTouch, *s)
	object, err := attestKey(ctx, e.bench, *s, hw.CredentialRequest{
		RPID: RPID, RPName: "hwmfa identity", UserID: user, UserName: "hwmfa",
		ClientDataHash: challenge, PIN: e.pin,
	})
	if err != nil {
		return fmt.Errorf("make a credential on %s: %w", s.Name(), err)
	}
	e.evidence.FIDO = &hw.FIDOEvidence{RPID: RPID, ClientDataHash: challenge, AttestationObject: object}
	return nil
}

// attestKey makes the credential with the bench's own library where it has
// one that is built in, and over CTAP otherwise. Only over CTAP do the
// certificates after the first come along, which other makers' chains may need;
// Yubico's keys send one. By U2F it makes it on keys that have nothing else: one
// that spoke otherwise when it was read is refused either way.
func attestKey(ctx context.Context, bench hw.Bench, s Seen, r hw.CredentialRequest) (object []byte, err error) {
	at := *s.Key.FIDO
	if a, ok := bench.(hw.Attester); ok && s.FIDO2 && at.USB != nil && at.USB.Vendor == hw.VendorYubico {
		object, err := a.Attest(ctx, at, r)
		if !errors.Is(err, hw.ErrNotBuilt) {
			return object, err
		}
	}
	err = withFIDO(ctx, bench, at, func(d *ctap.Device) error {
		if s.FIDO2 {
			object, err = d.MakeCredential(ctx, r)
		} else {
			object, err = d.U2FRegister(ctx, r)
		}
		return err
	})
	return object, err
}

// readPIV takes what the card side attests. A card that cannot be read is a
// warning: the FIDO evidence stands without it.
func (e *enrollment) readPIV(ctx context.Context) {
	var err error
	e.evidence.PIV, err = e.seen.pivEvidence(ctx, e.bench)
	if err != nil && !errors.Is(err, hw.ErrUnsupported) {
		e.seen.warn("piv_evidence_unreadable", err)
	}
}

func (e *enrollment) verify(v attest.Verifier) error {
	e.fido = v.FIDO(*e.evidence.FIDO)
	if e.fido.Status == hw.StatusInvalid {
		return fmt.Errorf("%s: %w: %s", e.seen.Name(), ErrAttestation, reason(e.fido.Reason, e.fido.Detail))
	}
	// Only what is signed can contradict: a statement of another format than
	// packed may name no model, and a U2F key has said nothing of it.
	if e.seen.FIDO2 && e.fido.AAGUID != e.seen.FIDO.AAGUID && !(e.fido.AAGUID.IsZero() && e.fido.Format != "packed") {
		return fmt.Errorf("%s: %w: attested as model %s, and says it is %s", e.seen.Name(), ErrAttestation, e.fido.AAGUID, e.seen.FIDO.AAGUID)
	}
	if e.fido.Serial != "" && e.seen.Serial != "" && e.fido.Serial != e.seen.Serial {
		return fmt.Errorf("%s: %w, the FIDO certificate says %s", e.seen.Name(), hw.ErrSerialsDisagree, e.fido.Serial)
	}
	if e.fido.Status == hw.StatusVerified {
		e.holdFirmware("FIDO", e.fido.Firmware)
	}
	return e.verifyPIV(v)
}

// holdFirmware warns where a certificate that was verified names another
// firmware than the key does. It does not refuse: the certificate may be right,
// and the policy's rules then go by it.
func (e *enrollment) holdFirmware(side string, attested hw.Version) {
	if attested.IsZero() || e.seen.Firmware.IsZero() || attested == e.seen.Firmware {
		return
	}
	e.seen.Warnings = append(e.seen.Warnings, Warning{
		Code: "firmware_differs", Text: fmt.Sprintf("it says that its firmware is %s, and its %s certificate says %s", e.seen.Firmware, side, attested),
	})
}

// verifyPIV judges what the card side attests, where there is one.
func (e *enrollment) verifyPIV(v attest.Verifier) error {
	if e.evidence.PIV == nil {
		return nil
	}
	e.piv = v.PIV(*e.evidence.PIV, e.seen.Serial)
	for _, p := range e.piv {
		switch {
		case p.Reason == attest.ReasonNotF9:
			// The owner may have put in one of his own: nothing is proved by it,
			// and nothing is false.
			e.seen.Warnings = append(e.seen.Warnings, Warning{Code: "piv_not_the_makers", Text: "PIV attests with a certificate that is not the maker's: " + p.Detail})
			return nil // it is the same for every slot
		case p.Status == hw.StatusInvalid:
			return fmt.Errorf("%s: PIV slot %02x: %w: %s", e.seen.Name(), p.Slot, ErrAttestation, reason(p.Reason, p.Detail))
		}
	}
	e.holdFirmware("PIV", e.pivFirmware())
	return nil
}

// pivFirmware is what the first slot that is verified attests, zero where none
// is. The card writes it when it is asked, so that all say the same.
func (e *enrollment) pivFirmware() hw.Version {
	for _, p := range e.piv {
		if p.Status == hw.StatusVerified {
			return p.Firmware
		}
	}
	return hw.Version{}
}

func reason(word, detail string) string {
	if detail == "" {
		return word
	}
	return word + " (" + detail + ")"
}

// probeSilent tries the new credential with user presence off. Its answer must
// verify: a key that cannot sign with what it has just attested is not the key
// that attested it.
func (e *enrollment) probeSilent(ctx context.Context) error {
	answer, err := askSilently(ctx, e.bench, e.seen, [][]byte{e.fido.CredentialID})
	switch {
	case errors.Is(err, hw.ErrPINRequired):
		e.silent = inventory.SilentNeedsPIN
		return nil
	case errors.Is(err, hw.ErrTouchRequired):
		e.silent = inventory.SilentNo
		return nil
	case errors.Is(err, hw.ErrNoCredential):
		return fmt.Errorf("%s: %w: it does not know the credential it has just made", e.seen.Name(), hw.ErrReplaced)
	case lost(err):
		return fmt.Errorf("%s: %w", e.seen.Name(), err)
	case err != nil:
		// A refusal is never read as "a different key".
		e.seen.warn("silent_unknown", err)
		e.silent = inventory.SilentUnknown
		return nil
	}
	if !bytes.Equal(answer.CredentialID, e.fido.CredentialID) {
		return fmt.Errorf("%s: %w: it answers for another credential", e.seen.Name(), hw.ErrReplaced)
	}
	if err := ctap.VerifyAssertion(e.fido.PublicKey, answer.challenge, RPID, &answer.Assertion); err != nil {
		return fmt.Errorf("%s: %w: %w", e.seen.Name(), hw.ErrReplaced, err)
	}
	e.silent = inventory.SilentYes
	return nil
}

// entry is what the inventory is to record, as far as it is known.
func (e *enrollment) entry() inventory.Enrollment {
	s := e.seen
	record := inventory.Enrollment{
		Serial: s.Serial, Tag: e.request.Tag, Place: e.request.Place, Order: e.request.Order,
		Product: s.Product, Firmware: s.Firmware, FormFactor: s.FormFactor, AAGUID: s.FIDO.AAGUID,
		Evidence: e.evidence, FIDO: e.fido, PIV: e.piv,
	}
	if s.Key.USB != nil {
		record.USBVendor, record.USBProduct = s.Key.USB.Vendor, s.Key.USB.Product
	}
	if len(e.fido.CredentialID) > 0 {
		record.Credential = &inventory.NewCredential{RPID: RPID, ID: e.fido.CredentialID, PublicKey: e.fido.PublicKey, Silent: e.silent}
	}
	return record
}

func (e *enrollment) record(ctx context.Context, store inventory.Store) (*Enrolled, error) {
	done := Enrolled{FIDO: e.fido, PIV: e.piv, Silent: e.silent, Changes: e.changes, Warnings: e.seen.Warnings}
	act := inventory.Act{Actor: e.request.Actor, At: e.request.Now()}
	if len(e.changes) > 0 {
		ctx = context.WithoutCancel(ctx) // what was changed on the key should be recorded
	}
	err := store.Update(ctx, func(tx inventory.Tx) (err error) {
		// Another key may have taken the last place on the list meanwhile.
		if err := e.delivered(tx); err != nil {
			return err
		}
		entry := e.entry()
		if e.request.tagPrefix != "" {
			if entry.Tag, err = inventory.NextTag(tx, entry, e.request.tagPrefix); err != nil {
				return err
			}
		}
		if done.Key, err = inventory.EnrollKey(tx, act, entry); err != nil {
			return err
		}
		return inventory.RecordChanges(tx, act, done.Key.ID, e.recorded())
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.seen.Name(), err)
	}
	return &done, nil
}
