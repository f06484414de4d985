package inventory

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of events about people.
const (
	KindPersonSaved = "person.saved"
	KindPersonLeft  = "person.left"
)

// Person is somebody who can hold keys, open places and artifacts, or be a witness.
type Person struct {
	ID    string // "U-…"
	Name  string
	Email string // unique whatever its letter case; "" none
	// Login is the name by which the system or the database knows the person,
	// as it stands in the journal; unique; "" none.
	Login  string
	Site   string    // the path of the site they work at; "" none
	LeftAt time.Time // zero: still there
}

// Label names the person for people.
func (p Person) Label() string {
	if p.Email != "" {
		return p.Name + " <" + p.Email + ">"
	}
	return p.Name
}

func (p Person) check() (Person, error) {
	var err error
	if p.Name, err = required("name", p.Name, maxName); err != nil {
		return p, err
	}
	if p.Email, err = line("e-mail", p.Email, maxEmail); err != nil {
		return p, err
	}
	if user, domain, ok := strings.Cut(p.Email, "@"); p.Email != "" && (!ok || user == "" || domain == "" || strings.ContainsAny(p.Email, " <>,;")) {
		return p, invalid("e-mail", "is not an address")
	}
	if p.Login, err = exactLine("login", p.Login, maxName); err != nil {
		return p, err
	}
	if p.Site != "" {
		if p.Site, err = NormalizePlace(p.Site); err != nil {
			return p, err
		}
	}
	return p, nil
}

// SavePerson records a person, a new one where the ID is "", or what changed
// of one. An e-mail address or login that another has gives an ExistsError.
// Nothing changed is no event. Whether somebody left is for PersonLeaves.
func SavePerson(tx Tx, act Act, p Person) (Person, error) {
	act, err := act.check()
	if err == nil {
		p, err = p.check()
	}
	if err != nil {
		return Person{}, fmt.Errorf("save person: %w", err)
	}
	all, err := tx.ListPeople()
	if err != nil {
		return Person{}, fmt.Errorf("save person: %w", err)
	}
	var old Person
	for _, o := range all {
		switch {
		case o.ID == p.ID:
			old = o
		case p.Email != "" && Fold(o.Email) == Fold(p.Email):
			return Person{}, fmt.Errorf("save person: %w", &ExistsError{What: "e-mail", Value: p.Email, Owner: o.ID + " (" + o.Name + ")"})
		case p.Login != "" && o.Login == p.Login:
			return Person{}, fmt.Errorf("save person: %w", &ExistsError{What: "login", Value: p.Login, Owner: o.ID + " (" + o.Name + ")"})
		}
	}
	if p.ID != "" && old.ID == "" {
		return Person{}, fmt.Errorf("save person: %s: %w", p.ID, ErrNotFound)
	}
	p.LeftAt = old.LeftAt
	if p == old {
		return p, nil
	}
	if p.ID == "" {
		if p.ID, err = newID(tx, "U", func(id string) (bool, error) {
			_, err := tx.PersonByID(id)
			return found(err)
		}, []byte(p.Name), []byte(p.Email)); err != nil {
			return Person{}, fmt.Errorf("save person: %w", err)
		}
	}
	if err := tx.PutPerson(p); err != nil {
		return Person{}, fmt.Errorf("save person %s: %w", p.Name, err)
	}
	_, err = record(tx, act, KindPersonSaved, p.ID, personPayload(p))
	return p, err
}

type personJSON struct {
	Name  string  `json:"name"`
	Email *string `json:"email"`
	Login *string `json:"login"`
	Site  *string `json:"site"`
}

func personPayload(p Person) personJSON {
	return personJSON{p.Name, null(p.Email), null(p.Login), null(p.Site)}
}

// MarkLeft records that a person has left: no key is handed to them again.
// PersonLeaves ends with it what they may open.
func MarkLeft(tx Tx, act Act, personID string) (Person, error) {
	act, err := act.check()
	if err != nil {
		return Person{}, fmt.Errorf("leave: %w", err)
	}
	p, err := tx.PersonByID(personID)
	if err != nil {
		return Person{}, fmt.Errorf("leave: person %s: %w", personID, err)
	}
	if !p.LeftAt.IsZero() {
		return Person{}, fmt.Errorf("%s left on %s already: %w", p.Name, p.LeftAt.Format(time.DateOnly), ErrStatus)
	}
	p.LeftAt = act.At
	if err := tx.PutPerson(p); err != nil {
		return Person{}, fmt.Errorf("leave: %w", err)
	}
	_, err = record(tx, act, KindPersonLeft, p.ID, struct{}{})
	return p, err
}

// People lists everybody, by name.
func People(tx Tx) ([]Person, error) { return tx.ListPeople() }

// FindPerson returns the person that ref names: by ID, e-mail address, login or
// name, in any letter case. Several give an AmbiguousError, none ErrNotFound.
func FindPerson(tx Tx, ref string) (Person, error) {
	typed := Fold(strings.Trim(ref, " "))
	ref, err := required("person", ref, maxEmail)
	if err != nil {
		return Person{}, err
	}
	all, err := tx.ListPeople()
	if err != nil {
		return Person{}, fmt.Errorf("find person: %w", err)
	}
	var hits []Person
	for _, p := range all {
		same := Fold(ref)
		if same == Fold(p.ID) || same == Fold(p.Email) || typed == Fold(p.Login) || same == Fold(p.Name) {
			hits = append(hits, p)
		}
	}
	switch len(hits) {
	case 0:
		return Person{}, fmt.Errorf("person %q: %w", ref, ErrNotFound)
	case 1:
		return hits[0], nil
	}
	ambiguous := &AmbiguousError{Ref: ref}
	for _, p := range hits {
		ambiguous.Candidates = append(ambiguous.Candidates, p.ID+" ("+p.Label()+")")
	}
	return Person{}, ambiguous
}

// Namesakes lists the others who have a person's name, in any letter case.
func Namesakes(tx Tx, p Person) ([]Person, error) {
	all, err := tx.ListPeople()
	if err != nil {
		return nil, fmt.Errorf("find namesakes: %w", err)
	}
	return slices.DeleteFunc(all, func(o Person) bool { return o.ID == p.ID || Fold(o.Name) != Fold(p.Name) }), nil
}
