package inventory

import (
	"errors"
	"fmt"
	"strings"
)

// Declared is one declaration of a sitting and what it came to.
type Declared struct {
	Key Key
	Err error // the rule that refused it; nil: it is declared
}

// DeclareKeys records keys one after the other, as DeclareKey does. One that a
// rule refuses is told and the others go on: a drawer of labels that were
// scanned must not be lost because one of them was scanned twice.
func DeclareKeys(tx Tx, act Act, all []Declaration) ([]Declared, error) {
	done := make([]Declared, 0, len(all))
	for _, d := range all {
		k, err := declareKey(tx, act, d)
		if err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrExists) && !errors.Is(err, ErrFull) {
			return nil, fmt.Errorf("declare: %w", err)
		}
		done = append(done, Declared{k, err})
	}
	return done, nil
}

// CheckDeclaration says what DeclareKey would refuse of a declaration whatever
// the serial and tag of the key are.
func CheckDeclaration(d Declaration) error {
	d.Serial, d.Tag = "1", ""
	_, err := d.check()
	if err == nil && d.Place != "" {
		_, err = NormalizePlace(d.Place)
	}
	if err != nil {
		return fmt.Errorf("declare: %w", err)
	}
	return nil
}

// ParseLabel takes a scanned line apart: a serial, or a serial and a tag with a
// comma, semicolon or tab between them. One that begins with the sign has a tag
// alone.
func ParseLabel(text string) (serial, tag string) {
	i := strings.IndexAny(text, ",;\t")
	if i < 0 {
		return strings.TrimSpace(text), ""
	}
	return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:])
}

// LabelText is what the code of a key's label says, as ParseLabel and a
// stocktake read it back; the ID of a key that has neither serial nor tag.
func (k Key) LabelText() string {
	switch {
	case k.Serial == "" && k.Tag == "":
		return k.ID
	case k.Tag == "":
		return k.Serial
	}
	return k.Serial + "," + k.Tag
}
