package inventory

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// VerifyState holds the rows that answers are given from against what the
// events of the journal come to, and names each that differs, is gone or was
// put there by nobody. The journal itself is for VerifyJournal, stored evidence
// for VerifyRecords, proofs for VerifyProofs.
func VerifyState(tx Tx) error {
	want := projection{rows: map[string]string{}, keys: map[string]projectedKey{}}
	if err := tx.EachEvent(1, want.apply); err != nil {
		return fmt.Errorf("verify state: %w", err)
	}
	if err := want.finish(); err != nil {
		return fmt.Errorf("verify state: %w", err)
	}
	have, err := stateRows(tx)
	if err != nil {
		return fmt.Errorf("verify state: %w", err)
	}
	var bad []error
	for _, name := range slices.Sorted(maps.Keys(want.rows)) {
		row, there := have[name]
		switch {
		case !there:
			bad = append(bad, fmt.Errorf("%s is gone: %w", name, ErrDamaged))
		case row != want.rows[name]:
			bad = append(bad, fmt.Errorf("%s is not what the journal recorded: %w", name, ErrDamaged))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, known := want.rows[name]; !known {
			bad = append(bad, fmt.Errorf("%s is not of the journal: %w", name, ErrDamaged))
		}
	}
	return errors.Join(bad...)
}

// projection is the state that events come to: what rows there are, by a name
// for people, and what each holds.
type projection struct {
	rows map[string]string
	keys map[string]projectedKey
}

type projectedKey struct {
	enrolledJSON
	enrolled Event
}

func (p projection) apply(e Event) error {
	var err error
	switch e.Kind {
	case KindPlaceMade:
		p.rows[placeRow(e.Subject)] = e.Payload
	case KindAccountSaved:
		p.rows[accountRow(e.Subject)] = e.Payload
	case KindAnchorAdded:
		p.rows[anchorRow(e.Subject)] = dated(e.Payload, e.Time, e.Actor)
	case KindAnchorRemoved:
		delete(p.rows, anchorRow(e.Subject))
	case KindBindingAdded, KindBindingRemoved:
		var b struct {
			Account string `json:"account"`
		}
		err = json.Unmarshal([]byte(e.Payload), &b)
		if e.Kind == KindBindingAdded {
			p.rows[bindingRow(e.Subject, b.Account)] = dated(e.Payload, e.Time, e.Actor)
		} else {
			delete(p.rows, bindingRow(e.Subject, b.Account))
		}
	case KindKeyEnrolled:
		k := projectedKey{enrolled: e}
		err = json.Unmarshal([]byte(e.Payload), &k.enrolledJSON)
		p.keys[e.Subject] = k
		if c := k.Credential; c != nil {
			p.rows[credentialRow(e.Subject, e.Time)] = fmt.Sprint(*c)
		}
	case KindKeyStatus:
		var s struct {
			To Status `json:"to"`
		}
		err = json.Unmarshal([]byte(e.Payload), &s)
		k := p.keys[e.Subject]
		k.Status = s.To
		p.keys[e.Subject] = k
	}
	if err != nil {
		return fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
	}
	return nil
}

// finish writes down the keys, whose rows more than one event makes.
func (p projection) finish() error {
	for id, k := range p.keys {
		if k.enrolled.Seq == 0 {
			return fmt.Errorf("key %s was never enrolled: %w", id, ErrDamaged)
		}
		fido, piv, err := decodeStatements(k.Statements)
		if err != nil {
			return fmt.Errorf("event %d: %w", k.enrolled.Seq, err)
		}
		content, err := keyContent(k.enrolledJSON, Summarize(fido, piv))
		if err != nil {
			return err
		}
		p.rows[keyRow(id)] = dated(content, k.enrolled.Time, k.enrolled.Actor)
	}
	return nil
}

// stateRows is what the store holds, in the form of a projection.
func stateRows(tx Tx) (map[string]string, error) {
	rows := map[string]string{}
	keys, err1 := tx.ListKeys(KeyFilter{})
	credentials, err2 := tx.ListCredentials("")
	places, err3 := tx.ListPlaces()
	anchors, err4 := tx.ListAnchors()
	accounts, err5 := tx.ListAccounts()
	bindings, err6 := tx.ListBindings("", "")
	errs := []error{err1, err2, err3, err4, err5, err6}
	put := func(name string, payload any, at time.Time, by string) {
		content, err := canonicalJSON(payload)
		errs = append(errs, err)
		rows[name] = string(content)
		if by != "" {
			rows[name] = dated(string(content), at, by)
		}
	}
	for _, k := range keys {
		content, err := keyContent(enrolledPayload(k, nil, Hash{}, nil), k.Attestation)
		errs = append(errs, err)
		rows[keyRow(k.ID)] = dated(content, k.EnrolledAt, k.EnrolledBy)
	}
	for _, c := range credentials {
		rows[credentialRow(c.KeyID, c.At)] = fmt.Sprint(credentialJSON{c.RPID, hex.EncodeToString(c.ID), hex.EncodeToString(c.PublicKey), c.Silent})
	}
	for _, p := range places {
		put(placeRow(p.ID), placePayload(p), time.Time{}, "")
	}
	for _, a := range accounts {
		put(accountRow(a.ID), accountPayload(a), time.Time{}, "")
	}
	for _, a := range anchors {
		put(anchorRow(a.SHA256.String()), anchorPayload(a), a.At, a.By)
	}
	for _, b := range bindings {
		put(bindingRow(b.KeyID, b.AccountID), bindingPayload(b), b.At, b.By)
	}
	return rows, errors.Join(errs...)
}

// keyContent is what a key's own row holds of the payload of key.enrolled.
func keyContent(k enrolledJSON, proved Summary) (string, error) {
	k.Credential, k.EvidenceSHA256, k.Statements = nil, "", nil
	content, err := canonicalJSON(struct {
		Key    enrolledJSON
		Proved Summary
	}{k, proved})
	return string(content), err
}

func dated(content string, at time.Time, by string) string {
	return strings.Join([]string{content, FormatTime(at), by}, "\n")
}

func keyRow(id string) string     { return "key " + id }
func placeRow(id string) string   { return "place " + id }
func accountRow(id string) string { return "account " + id }
func anchorRow(sum string) string { return "anchor " + sum }

func bindingRow(key, account string) string {
	return "the binding of " + key + " to account " + account
}

func credentialRow(key string, at time.Time) string {
	return "the identity credential of " + key + " of " + FormatTime(at)
}
