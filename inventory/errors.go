package inventory

import (
	"errors"
	"fmt"
	"strings"
)

// Facts that callers act on.
var (
	// ErrNotFound: the inventory holds nothing by that name.
	ErrNotFound = errors.New("not in the inventory")
	// ErrExists: it is already there; ExistsError says which entry it is.
	ErrExists = errors.New("already in the inventory")
	// ErrAmbiguous: several entries answer to the name.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrInvalid: an input breaks a rule of form; InvalidError names the field.
	ErrInvalid = errors.New("invalid")
	// ErrStatus: the key's status does not allow this.
	ErrStatus = errors.New("not allowed in this status")
	// ErrLimit: AWS allows no more of these.
	ErrLimit = errors.New("limit reached")
	// ErrStale: what is to be recorded is older than what was recorded before.
	ErrStale = errors.New("older than what was recorded before")
	// ErrReadOnly: a write was tried in a View, or in an inventory opened for reading.
	ErrReadOnly = errors.New("inventory is open for reading only")
	// ErrDamaged: what the store returned cannot have been written by this program.
	ErrDamaged = errors.New("inventory is damaged")
	// ErrJournal: the journal's chain of hashes is broken; JournalError says where.
	ErrJournal = errors.New("journal is broken")
)

// InvalidError names the field of an input that breaks a rule of form. It
// quotes nothing of the value but what is safe to print.
type InvalidError struct {
	Field   string
	Problem string
}

func (e *InvalidError) Error() string { return e.Field + " " + e.Problem }

// Is makes errors.Is(err, ErrInvalid) hold.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

func invalid(field, format string, args ...any) error {
	return &InvalidError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// ExistsError says what is already in the inventory and which key has it.
type ExistsError struct {
	What  string // serial, tag, credential, device name, binding, anchor
	Value string // "" where it is not for printing (a credential ID)
	Owner string // the entry that has it, as people name it: "K-7Q2M4XRD (tag YK-1)"
}

func (e *ExistsError) Error() string {
	what := e.What
	if e.Value != "" {
		what += " " + e.Value
	}
	return fmt.Sprintf("%s is already recorded for %s", what, e.Owner)
}

// Is makes errors.Is(err, ErrExists) hold.
func (e *ExistsError) Is(target error) bool { return target == ErrExists }

// AmbiguousError lists the entries that a reference could mean.
type AmbiguousError struct {
	Ref        string
	Candidates []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q could mean %s", e.Ref, strings.Join(e.Candidates, " or "))
}

// Is makes errors.Is(err, ErrAmbiguous) hold.
func (e *AmbiguousError) Is(target error) bool { return target == ErrAmbiguous }
