package inventory

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"hwmfa/hw"
)

// Enrollment is everything that one ceremony found out about a key.
type Enrollment struct {
	Serial string // "" where the key has none to show
	Tag    string // "" none
	Place  string // path, made on first use; "" nowhere yet
	Order  string // the purchase order it came with, for a key without a serial; "" none
	// USBVendor and USBProduct are 0 where the key was only seen in a reader.
	USBVendor  uint16
	USBProduct uint16
	Product    string // model name; made printable
	Firmware   hw.Version
	FormFactor hw.FormFactor
	AAGUID     hw.AAGUID
	// Credential is the identity credential, nil where the key made none.
	Credential *NewCredential
	// Evidence is kept byte for byte; FIDO and PIV are what was proved from it
	// just now. An empty status means absent.
	Evidence hw.Evidence
	FIDO     hw.FIDOStatement
	PIV      []hw.PIVStatement
}

// NewCredential is the identity credential of a key being enrolled.
type NewCredential struct {
	RPID      string
	ID        []byte
	PublicKey []byte // COSE key, CBOR
	Silent    Silent // "" unknown
}

// Bounds on identity credentials, in bytes.
const (
	maxCredentialID = 1023 // CTAP 2.1 §6.1
	maxPublicKey    = 2048
)

// EnrollKey records a key: the place, the key, its identity credential, its
// evidence with the statements of today, and the journal event over all of
// it. A serial (of the same maker, or of an unknown one), tag or credential
// that the inventory already has gives an ExistsError naming the key it
// belongs to, whatever that key's status. Only a key that was known by its serial
// or its tag alone, or whose FIDO side was reset since, may be enrolled again, and
// stays the key it was.
func EnrollKey(tx Tx, act Act, e Enrollment) (Key, error) {
	act, err := act.check()
	if err != nil {
		return Key{}, fmt.Errorf("enroll: %w", err)
	}
	if e, err = e.check(); err != nil {
		return Key{}, fmt.Errorf("enroll: %w", err)
	}
	before, err := e.refuseDuplicates(tx)
	if err != nil {
		return Key{}, fmt.Errorf("enroll: %w", err)
	}
	k, err := e.insert(tx, act, before)
	if err != nil {
		return Key{}, fmt.Errorf("enroll: %w", err)
	}
	return k, nil
}

// CheckEnrollment says before the ceremony what EnrollKey would refuse after
// it: a field that breaks a rule of form, a serial or tag that is taken, a place
// that is full or would take two people.
func CheckEnrollment(tx Tx, e Enrollment) error {
	e, err := e.normalize()
	var before Key
	if err == nil {
		before, err = e.refuseDuplicates(tx)
	}
	if err == nil && e.Place != "" {
		err = e.checkPlace(tx, before)
	}
	if err != nil {
		return fmt.Errorf("enroll: %w", err)
	}
	return nil
}

// check brings every field into its one form and holds the claims against
// each other: nothing is recorded as proved that the statements do not bear.
func (e Enrollment) check() (Enrollment, error) {
	e, err := e.normalize()
	if err != nil {
		return e, err
	}
	if e.Serial == "" && e.Credential == nil {
		return e, invalid("key", "shows no serial and has no identity credential: nothing tells it from another")
	}
	if c := e.Credential; c != nil {
		checked, err := c.check()
		if err != nil {
			return e, err
		}
		e.Credential = &checked
	}
	if e.FIDO.Status == "" {
		e.FIDO.Status = hw.StatusAbsent
	}
	return e, e.checkStatements()
}

// normalize brings the texts into their one form.
func (e Enrollment) normalize() (Enrollment, error) {
	var errs [3]error
	e.Serial, errs[0] = NormalizeSerial(e.Serial)
	e.Tag, errs[1] = NormalizeTag(e.Tag)
	if e.Place != "" {
		e.Place, errs[2] = NormalizePlace(e.Place)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return e, err
	}
	var err error
	if e.Order, err = line("order", e.Order, maxName); err != nil {
		return e, err
	}
	e.Product = claimed(e.Product, maxName)
	return e, nil
}

func (c NewCredential) check() (NewCredential, error) {
	var err error
	if c.RPID, err = required("credential: relying party ID", c.RPID, maxRPID); err != nil {
		return c, err
	}
	if n := len(c.ID); n == 0 || n > maxCredentialID {
		return c, invalid("credential: ID", "has %d bytes, not 1 to %d", n, maxCredentialID)
	}
	if n := len(c.PublicKey); n == 0 || n > maxPublicKey {
		return c, invalid("credential: public key", "has %d bytes, not 1 to %d", n, maxPublicKey)
	}
	if c.Silent == "" {
		c.Silent = SilentUnknown
	}
	if !c.Silent.known() {
		return c, invalid("credential: silent", "is none of yes, no, needs_pin, unknown")
	}
	return c, nil
}

func (e Enrollment) checkStatements() error {
	if !knownStatus(e.FIDO.Status) {
		return invalid("FIDO statement", "has an unknown status")
	}
	if e.FIDO.Status == hw.StatusVerified {
		c := e.Credential
		switch {
		case e.Evidence.FIDO == nil:
			return invalid("FIDO statement", "is verified without evidence")
		case c == nil, !bytes.Equal(c.ID, e.FIDO.CredentialID), !bytes.Equal(c.PublicKey, e.FIDO.PublicKey):
			return invalid("identity credential", "is not the attested one")
		}
	}
	if len(e.PIV) > maxSlots {
		return invalid("PIV statements", "are more than %d", maxSlots)
	}
	for _, s := range e.PIV {
		if !knownStatus(s.Status) {
			return invalid("PIV statement", "has an unknown status")
		}
		if s.Status != hw.StatusVerified {
			continue
		}
		if e.Evidence.PIV == nil {
			return invalid("PIV statement", "is verified without evidence")
		}
		if serial, err := NormalizeSerial(s.Serial); err != nil || serial != "" && e.Serial != "" && serial != e.Serial {
			return fmt.Errorf("serial %s read, another one attested in PIV slot %02x: %w", e.Serial, s.Slot, hw.ErrSerialsDisagree)
		}
	}
	return nil
}

// refuseDuplicates returns the key that is enrolled again, the zero Key for a
// new one.
func (e Enrollment) refuseDuplicates(tx Tx) (before Key, err error) {
	if e.Serial != "" {
		same, err := tx.KeysBySerial(e.Serial)
		if err != nil {
			return Key{}, err
		}
		for _, k := range same {
			if k.USBVendor != e.USBVendor && k.USBVendor != 0 && e.USBVendor != 0 {
				continue
			}
			again, err := e.mayFollow(tx, k)
			if err != nil {
				return Key{}, err
			}
			if !again {
				return Key{}, &ExistsError{What: "serial", Value: e.Serial, Owner: k.Label()}
			}
			if k.Seal != "" {
				return Key{}, k.refuse()
			}
			before = k
		}
	}
	if e.Tag != "" {
		k, err := tx.KeyByTag(e.Tag)
		if ok, err := found(err); err != nil {
			return Key{}, err
		} else if ok && k.ID != before.ID {
			// A key that was declared by its tag alone shows by it which one it is.
			known := before.ID == "" && k.Serial == "" && k.Type == TypeKey && !k.Attested() && k.Status == StatusDeclared
			switch {
			case !known:
				return Key{}, &ExistsError{What: "tag", Value: e.Tag, Owner: k.Label()}
			case k.Seal != "":
				return Key{}, k.refuse()
			}
			before = k
		}
	}
	if e.Credential != nil {
		c, err := tx.CredentialByID(e.Credential.ID)
		if ok, err := found(err); err != nil {
			return Key{}, err
		} else if ok {
			k, err := tx.KeyByID(c.KeyID)
			if err != nil {
				return Key{}, err
			}
			return Key{}, &ExistsError{What: "identity credential", Owner: k.Label()}
		}
	}
	return before, nil
}

// mayFollow says whether the key of this serial may be enrolled as the one that
// is recorded: it was known by its serial alone until now, or its FIDO side was
// reset since.
func (e Enrollment) mayFollow(tx Tx, k Key) (bool, error) {
	switch k.Status {
	case StatusExpected, StatusReceived, StatusDeclared:
		return k.Type == TypeKey, nil
	}
	reset, err := wasReset(tx, k.ID)
	return reset && k.Status.Usable() && k.AAGUID == e.AAGUID, err
}

// checkPlace says whether the key can be put where the enrollment says, or above
// what is made for it there: a place may be full, and no key goes into or out of
// a place that takes two people.
func (e Enrollment) checkPlace(tx Tx, before Key) error {
	at, err := nearest(tx, e.Place)
	if err != nil || at.Path == before.Place && before.Status.Resting() {
		return err
	}
	if at.ID != "" {
		if _, err := room(tx, at.ID, before); err != nil {
			return err
		}
	}
	ids := []string{at.ID}
	if before.Status.Resting() {
		ids = append(ids, before.PlaceID)
	}
	return alone(tx, ids...)
}

// insert writes a new key, or the one from before over.
func (e Enrollment) insert(tx Tx, act Act, before Key) (Key, error) {
	evidence, err := EncodeEvidence(e.Evidence)
	if err != nil {
		return Key{}, err
	}
	statements, err := encodeStatements(e.FIDO, e.PIV)
	if err != nil {
		return Key{}, err
	}
	if e.Order, err = orderNumber(tx, e.Order); err != nil {
		return Key{}, err
	}
	k := Key{
		ID: before.ID, Serial: e.Serial, Tag: cmp.Or(e.Tag, before.Tag), Type: TypeKey,
		Custody: Custody{Status: StatusEnrolled, PlaceID: before.PlaceID, HolderID: before.HolderID, Since: act.At},
		Place:   before.Place, Holder: before.Holder, Order: cmp.Or(before.Order, e.Order),
		USBVendor: e.USBVendor, USBProduct: e.USBProduct, Product: e.Product,
		Firmware: e.Firmware, FormFactor: e.FormFactor, AAGUID: e.AAGUID,
		Attestation: Summarize(e.FIDO, e.PIV), EnrolledAt: act.At, EnrolledBy: act.Actor,
		AddedAt: before.AddedAt, AddedBy: before.AddedBy,
	}
	if k.AddedAt.IsZero() {
		k.AddedAt, k.AddedBy = act.At, act.Actor
	}
	if e.Place != "" {
		if err := e.checkPlace(tx, before); err != nil {
			return Key{}, err
		}
		p, err := EnsurePlace(tx, act, e.Place)
		if err != nil {
			return Key{}, err
		}
		k.PlaceID, k.Place = p.ID, p.Path
	}
	sum := Hash(sha256.Sum256(evidence))
	if k.ID != "" {
		err = tx.UpdateKey(k)
	} else if k.ID, err = newID(tx, "K", func(id string) (bool, error) {
		_, err := tx.KeyByID(id)
		return found(err)
	}, []byte(FormatTime(act.At)), []byte(k.Serial), sum[:]); err == nil {
		err = tx.InsertKey(k)
	}
	if err != nil {
		return Key{}, err
	}
	if c := e.Credential; c != nil {
		err := tx.InsertCredential(Credential{
			KeyID: k.ID, RPID: c.RPID, ID: c.ID, PublicKey: c.PublicKey, Silent: c.Silent, AAGUID: k.AAGUID, At: act.At,
		})
		if err != nil {
			return Key{}, err
		}
	}
	event, err := record(tx, act, KindKeyEnrolled, k.ID, enrolledPayload(k, e.Credential, sum, statements))
	if err != nil {
		return Key{}, err
	}
	return k, tx.InsertRecord(Record{
		KeyID: k.ID, Event: event.Seq, At: act.At, Evidence: string(evidence), SHA256: sum, Statements: string(statements),
	})
}

// enrolledJSON is the payload of key.enrolled: all that the key's rows hold
// but the evidence itself, which is there by its hash.
type enrolledJSON struct {
	Serial         *string         `json:"serial"`
	Tag            *string         `json:"tag"`
	Status         Status          `json:"status"`
	Place          *string         `json:"place"`
	Order          *string         `json:"order"`
	Holder         *string         `json:"holder"`
	USBVendor      uint16          `json:"usb_vendor"`
	USBProduct     uint16          `json:"usb_product"`
	Product        *string         `json:"product"`
	Firmware       *string         `json:"firmware"`
	FormFactor     byte            `json:"form_factor"`
	AAGUID         *string         `json:"aaguid"`
	Credential     *credentialJSON `json:"credential"`
	EvidenceSHA256 string          `json:"evidence_sha256"`
	Statements     json.RawMessage `json:"statements"`
}

type credentialJSON struct {
	RPID      string `json:"rp_id"`
	ID        string `json:"id"`
	PublicKey string `json:"public_key"`
	Silent    Silent `json:"silent"`
}

func enrolledPayload(k Key, c *NewCredential, sum Hash, statements []byte) enrolledJSON {
	p := enrolledJSON{
		Serial: null(k.Serial), Tag: null(k.Tag), Status: k.Status, Place: null(k.PlaceID), Order: null(k.Order), Holder: null(k.HolderID),
		USBVendor: k.USBVendor, USBProduct: k.USBProduct, Product: null(k.Product),
		Firmware: null(FormatVersion(k.Firmware)), FormFactor: byte(k.FormFactor), AAGUID: null(FormatAAGUID(k.AAGUID)),
		EvidenceSHA256: sum.String(), Statements: statements,
	}
	if c != nil {
		p.Credential = &credentialJSON{c.RPID, hex.EncodeToString(c.ID), hex.EncodeToString(c.PublicKey), c.Silent}
	}
	return p
}
