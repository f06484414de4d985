package inventory

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrWitness: this person, login or key cannot be the second one.
var ErrWitness = errors.New("cannot be the witness")

// Witness is the second person of a move and how that person confirmed it:
// with a login of their own, or with a key that is theirs and answered a
// challenge. ConfirmRequest and KeyWitness make one; no other counts.
type Witness struct {
	Login  *string `json:"login"`  // the login that confirmed it
	Key    *string `json:"key"`    // the ID of the key that answered
	Person *string `json:"person"` // the person whose key it is
	Proof  *int64  `json:"proof"`  // the event that holds the answer
	// Request is the event in which the first person asked for it, and AskedBy
	// is that person's login.
	Request *int64  `json:"request"`
	AskedBy *string `json:"asked_by"`

	confirmed bool
}

// needsWitness says ErrNeedsWitness where the move takes two people and there
// is only one: it goes into or out of a place that demands it, opens a sealed
// bag, or disposes of a key that was not proved to be empty. To have been lost or
// in a broken bag is no way out of such a place for one alone.
func (b *moving) needsWitness(m Move, before Custody, after Key) error {
	if w := b.witness; w != nil {
		switch {
		case !w.confirmed:
			return fmt.Errorf("witness: %w", ErrNeedsWitness)
		case w.Key != nil && *w.Key == m.KeyID:
			return fmt.Errorf("%s is to be moved itself: %w", after.Label(), ErrWitness)
		}
		return nil
	}
	var out, in bool
	switch m.Verb {
	case VerbUnseal:
		return fmt.Errorf("seal %s: %w", before.Seal, ErrNeedsWitness)
	case VerbReceive:
		in = true
	case VerbBreak, VerbLose, VerbFind, VerbCompromise, VerbRetire:
		return nil // what has happened is written down by whoever learns of it
	case VerbDispose:
		gone, err := emptied(b.tx, after)
		if err != nil {
			return err
		}
		if !gone {
			return fmt.Errorf("%s was not proved to be empty: %w", after.Label(), ErrNeedsWitness)
		}
		out = true
	default:
		out, in = before.Status.Resting() || before.Status == StatusFound, after.Status.Resting()
	}
	var ids []string
	if before.Status == StatusFound {
		from, err := missingFrom(b.tx, m.KeyID)
		if err != nil {
			return err
		}
		ids = append(ids, from)
	}
	if out {
		ids = append(ids, before.PlaceID)
	}
	if in {
		ids = append(ids, after.PlaceID)
	}
	return alone(b.tx, ids...)
}

// missingFrom returns the place where a key lay that was lost or in a broken
// bag, "" for one that was with somebody, or on its way.
func missingFrom(tx Tx, keyID string) (placeID string, err error) {
	events, err := tx.EventsAbout(keyID)
	if err != nil {
		return "", fmt.Errorf("events of %s: %w", keyID, err)
	}
	for _, e := range slices.Backward(events) {
		if !isMove(e.Kind) {
			continue
		}
		var c custodyJSON
		if err := json.Unmarshal([]byte(e.Payload), &c); err != nil {
			return "", fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
		}
		if !c.From.Resting() {
			continue
		}
		if e.Kind == steps[VerbLose].kind || e.Kind == steps[VerbBreak].kind {
			return text(c.Place), nil
		}
		return "", nil
	}
	return "", nil
}

// KeyWitness takes a key's proof, which the actor has recorded just now, as the
// word of a second person: the one who has that key, and who is not the actor;
// nor may it be the actor alone who says that they have it.
// Only the last event of the journal is taken, an answer that was given with a
// touch.
func KeyWitness(tx Tx, act Act, p Proof) (*Witness, error) {
	act, err := act.check()
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	k, err := tx.KeyByID(p.KeyID)
	if err != nil {
		return nil, fmt.Errorf("witness %s: %w", p.KeyID, err)
	}
	if err := touchedNow(tx, act, p); err != nil {
		return nil, fmt.Errorf("witness %s: %w", k.Label(), err)
	}
	if k.Status != StatusInUse && k.Status != StatusCheckedOut || k.HolderID == "" {
		return nil, fmt.Errorf("%s is %s, with nobody whose word it would be: %w", k.Label(), k.standing(), ErrWitness)
	}
	holder, err := tx.PersonByID(k.HolderID)
	if err != nil {
		return nil, fmt.Errorf("witness: person %s: %w", k.HolderID, err)
	}
	if !holder.LeftAt.IsZero() {
		return nil, fmt.Errorf("%s has left: %w", holder.Name, ErrWitness)
	}
	actor, err := personOf(tx, act.Actor)
	if err != nil {
		return nil, err
	}
	had, err := loginsOf(tx, holder.ID)
	switch {
	case err != nil:
		return nil, err
	case actor.ID == "":
		return nil, fmt.Errorf("no person has the login %s, so that nothing tells whether %s is theirs: %w", LoginOf(act.Actor), k.Label(), ErrWitness)
	case actor.ID == holder.ID:
		return nil, fmt.Errorf("%s is with %s, who is the first person already: %w", k.Label(), holder.Name, ErrWitness)
	case slices.Contains(had, Fold(LoginOf(act.Actor))):
		return nil, fmt.Errorf("%s is with %s, whose login %s was: %w", k.Label(), holder.Name, LoginOf(act.Actor), ErrWitness)
	}
	alone, err := handedBy(tx, k)
	if err != nil {
		return nil, err
	}
	if alone != "" && Fold(LoginOf(alone)) == Fold(LoginOf(act.Actor)) {
		return nil, fmt.Errorf("%s was handed to %s by %s alone, whose word it is then: %w", k.Label(), holder.Name, alone, ErrWitness)
	}
	return &Witness{Key: &k.ID, Person: &holder.ID, Proof: &p.Event, confirmed: true}, nil
}

// handedBy returns the one who says that the key is with whom it is, "" where a
// second person said so too.
func handedBy(tx Tx, k Key) (actor string, err error) {
	events, err := tx.EventsAbout(k.ID)
	if err != nil {
		return "", fmt.Errorf("events of %s: %w", k.ID, err)
	}
	for _, e := range slices.Backward(events) {
		if e.Kind != steps[VerbCheckOut].kind {
			continue
		}
		var c custodyJSON
		if err := json.Unmarshal([]byte(e.Payload), &c); err != nil {
			return "", fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
		}
		if c.Witness != nil {
			return "", nil
		}
		return e.Actor, nil
	}
	return "", fmt.Errorf("%s was handed to nobody: %w", k.Label(), ErrDamaged)
}

// touchedNow holds a proof to be the last event of the journal, of this act, and
// signed by the key as given with a touch (WebAuthn §6.1: bit 0 of the flags,
// after the 32 bytes of the hash).
func touchedNow(tx Tx, act Act, p Proof) error {
	last, err := tx.LastEvent()
	if err != nil {
		return err
	}
	if last.Seq != p.Event || last.Kind != KindKeyProved || last.Subject != p.KeyID || last.Actor != act.Actor || !last.Time.Equal(act.At) {
		return fmt.Errorf("its proof is not of this moment: %w", ErrWitness)
	}
	var answer struct {
		AuthData string `json:"auth_data"`
	}
	if err := json.Unmarshal([]byte(last.Payload), &answer); err != nil {
		return fmt.Errorf("event %d: %w: %w", last.Seq, ErrDamaged, err)
	}
	data, err := hex.DecodeString(answer.AuthData)
	if err != nil || len(data) <= 32 || data[32]&1 == 0 {
		return fmt.Errorf("it answered without a touch: %w", ErrWitness)
	}
	return nil
}

// LoginOf is the login behind the name of an actor: somebody who became root
// stands in the journal as "anna as root", and is anna.
func LoginOf(actor string) string {
	login, _, _ := strings.Cut(actor, " as ")
	return login
}

// personOf returns the person whose login an actor is, the zero Person where
// there is none.
func personOf(tx Tx, actor string) (Person, error) {
	all, err := tx.ListPeople()
	if err != nil {
		return Person{}, fmt.Errorf("people: %w", err)
	}
	for _, p := range all {
		if p.Login != "" && Fold(p.Login) == Fold(LoginOf(actor)) {
			return p, nil
		}
	}
	return Person{}, nil
}

// loginsOf lists the logins that a person has or ever had, folded: one that was
// taken off a person or given to another makes nobody a second person.
func loginsOf(tx Tx, personID string) ([]string, error) {
	events, err := tx.EventsAbout(personID)
	if err != nil {
		return nil, fmt.Errorf("events of %s: %w", personID, err)
	}
	var all []string
	for _, e := range events {
		if e.Kind != KindPersonSaved {
			continue
		}
		var p personJSON
		if err := json.Unmarshal([]byte(e.Payload), &p); err != nil {
			return nil, fmt.Errorf("event %d: %w: %w", e.Seq, ErrDamaged, err)
		}
		if p.Login != nil {
			all = append(all, Fold(*p.Login))
		}
	}
	return all, nil
}

// secondLogin refuses a login that is the first one's, or is or was of the same
// person, or of somebody who left; and a first one of somebody who left.
func secondLogin(tx Tx, first, second string) error {
	one, two := Fold(LoginOf(first)), Fold(LoginOf(second))
	if one == two {
		return fmt.Errorf("%s asked for it: %w", second, ErrWitness)
	}
	now, err := personOf(tx, second)
	if err != nil {
		return err
	}
	people, err := tx.ListPeople()
	if err != nil {
		return fmt.Errorf("people: %w", err)
	}
	for _, p := range people {
		had, err := loginsOf(tx, p.ID)
		if err != nil {
			return err
		}
		first, second := slices.Contains(had, one), slices.Contains(had, two)
		switch {
		case first && second:
			return fmt.Errorf("%s and %s are or were both logins of %s: %w", one, two, p.Name, ErrWitness)
		case second && !p.LeftAt.IsZero() && (now.ID == "" || now.ID == p.ID):
			return fmt.Errorf("%s has left: %w", p.Name, ErrWitness)
		case !p.LeftAt.IsZero() && Fold(p.Login) == one:
			return fmt.Errorf("%s, who asked for it, has left: %w", p.Name, ErrOver)
		}
	}
	return nil
}
