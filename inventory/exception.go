package inventory

import (
	"errors"
	"fmt"
	"time"
)

// Kinds of events about exceptions; their subject is the account.
const (
	KindExceptionAdded = "exception.added"
	KindExceptionEnded = "exception.ended"
)

// Exception is a documented decision to live without Level 2 on one account
// for a time.
type Exception struct {
	AccountID  string
	OwnerID    string // the person who answers for the risk
	Owner      string // their name
	ApproverID string // the person who approved it
	Approver   string // their name
	Reason     string
	Control    string    // what is done instead
	Expires    time.Time // from then on it counts no more
	At         time.Time
	By         string
}

// Expired says whether the exception counts no more.
func (e Exception) Expired(now time.Time) bool { return !now.Before(e.Expires) }

// ErrSamePerson: what takes two people was to be done by one.
var ErrSamePerson = errors.New("this takes two different people")

// AddException records an exception for an account, which is made on first
// use. Owner and approver are two people who have not left, and the approver
// is not who records it: ErrSamePerson. It expires after the act, and at most
// longest days later. An account has one exception at a time: another gives an
// ExistsError until the one before has expired or was ended. At and By come
// from the act.
func AddException(tx Tx, act Act, e Exception, longest int) (Exception, error) {
	e, err := addException(tx, act, e, longest)
	if err != nil {
		return Exception{}, fmt.Errorf("exception: %w", err)
	}
	return e, nil
}

func addException(tx Tx, act Act, e Exception, longest int) (Exception, error) {
	act, err := act.check()
	if err != nil {
		return e, err
	}
	if e, err = e.check(act, longest); err != nil {
		return e, err
	}
	owner, err := tx.PersonByID(e.OwnerID)
	if err != nil {
		return e, fmt.Errorf("owner %s: %w", e.OwnerID, err)
	}
	approver, err := tx.PersonByID(e.ApproverID)
	if err != nil {
		return e, fmt.Errorf("approver %s: %w", e.ApproverID, err)
	}
	if err := errors.Join(owner.present(), approver.present()); err != nil {
		return e, err
	}
	actor, err := personOf(tx, act.Actor)
	if err != nil {
		return e, err
	}
	switch {
	case owner.ID == approver.ID:
		return e, fmt.Errorf("%s is its owner and its approver: %w", owner.Name, ErrSamePerson)
	case approver.ID == actor.ID:
		return e, fmt.Errorf("%s records it and is its approver: %w", approver.Name, ErrSamePerson)
	}
	e.Owner, e.Approver, e.At, e.By = owner.Name, approver.Name, act.At, act.Actor
	list, err := tx.ListExceptions(e.AccountID)
	if err != nil {
		return e, err
	}
	if len(list) > 0 && !list[0].Expired(act.At) {
		return e, &ExistsError{What: "exception until " + list[0].Expires.Format(time.DateOnly), Owner: "account " + e.AccountID}
	}
	if err := ensureAccount(tx, act, e.AccountID); err != nil {
		return e, err
	}
	if err := tx.PutException(e); err != nil {
		return e, fmt.Errorf("account %s: %w", e.AccountID, err)
	}
	_, err = record(tx, act, KindExceptionAdded, e.AccountID, exceptionPayload(e))
	return e, err
}

func (e Exception) check(act Act, longest int) (Exception, error) {
	if err := CheckAccountID(e.AccountID); err != nil {
		return e, err
	}
	var err error
	if e.Reason, err = required("reason", e.Reason, maxReason); err != nil {
		return e, err
	}
	if e.Control, err = required("compensating control", e.Control, maxReason); err != nil {
		return e, err
	}
	e.Expires = e.Expires.UTC().Truncate(time.Second)
	switch {
	case !e.Expires.After(act.At):
		return e, invalid("expiry", "is not in the future")
	case e.Expires.After(act.At.Truncate(24*time.Hour).AddDate(0, 0, longest+1)): // the last day counts whole
		return e, invalid("expiry", "is more than %d days away", longest)
	}
	return e, nil
}

// EndException ends the exception of an account, expired or not, and returns
// what it was. Without one it gives ErrNotFound.
func EndException(tx Tx, act Act, accountID string) (Exception, error) {
	act, err := act.check()
	if err == nil {
		err = CheckAccountID(accountID)
	}
	if err != nil {
		return Exception{}, fmt.Errorf("end exception: %w", err)
	}
	list, err := tx.ListExceptions(accountID)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err == nil {
		err = tx.DeleteException(accountID)
	}
	if err != nil {
		return Exception{}, fmt.Errorf("exception of account %s: %w", accountID, err)
	}
	_, err = record(tx, act, KindExceptionEnded, accountID, exceptionPayload(list[0]))
	return list[0], err
}

// Exceptions lists every exception, expired ones too, by account.
func Exceptions(tx Tx) ([]Exception, error) { return tx.ListExceptions("") }

type exceptionJSON struct {
	Owner    string `json:"owner"`
	Approver string `json:"approver"`
	Reason   string `json:"reason"`
	Control  string `json:"control"`
	Expires  string `json:"expires"`
}

func exceptionPayload(e Exception) exceptionJSON {
	return exceptionJSON{e.OwnerID, e.ApproverID, e.Reason, e.Control, FormatTime(e.Expires)}
}

// present gives ErrStatus for somebody who has left.
func (p Person) present() error {
	if p.LeftAt.IsZero() {
		return nil
	}
	return fmt.Errorf("%s left on %s: %w", p.Name, p.LeftAt.Format(time.DateOnly), ErrStatus)
}
