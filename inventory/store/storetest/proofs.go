package storetest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"hwmfa/inventory"
)

// answer is a key's answer with the credential of the n-th enrollment.
func answer(n int) inventory.Answer {
	return inventory.Answer{
		CredentialID: enrollment(n).Credential.ID, Challenge: bytes.Repeat([]byte{0xc5}, 32),
		AuthData: bytes.Repeat([]byte{0xad}, 37), Signature: []byte{0x30, 0x51}, Method: inventory.MethodSilent,
	}
}

func prove(a inventory.Act, keyID string, with inventory.Answer) func(tx inventory.Tx) error {
	return func(tx inventory.Tx) error {
		_, err := inventory.ProveKey(tx, a, keyID, with)
		return err
	}
}

func testProof(t *testing.T, d Database) {
	s := d.store(t)
	one, two := enroll(t, s, act(1), enrollment(1)), enroll(t, s, act(1), enrollment(2))
	tests := []struct {
		name string
		want error
		key  string
		edit func(a *inventory.Answer)
	}{
		{"a credential that is not there", inventory.ErrNotFound, one.ID, func(a *inventory.Answer) { a.CredentialID = []byte("nobody's") }},
		{"the credential of another key", inventory.ErrInvalid, two.ID, func(*inventory.Answer) {}},
		{"a key that is not there", inventory.ErrInvalid, "K-00000000", func(*inventory.Answer) {}},
		{"a challenge of 31 bytes", inventory.ErrInvalid, one.ID, func(a *inventory.Answer) { a.Challenge = a.Challenge[1:] }},
		{"a challenge of zeros", inventory.ErrInvalid, one.ID, func(a *inventory.Answer) { a.Challenge = make([]byte, 32) }},
		{"no authenticator data", inventory.ErrInvalid, one.ID, func(a *inventory.Answer) { a.AuthData = nil }},
		{"authenticator data without end", inventory.ErrInvalid, one.ID, func(a *inventory.Answer) { a.AuthData = make([]byte, 1<<16) }},
		{"no signature", inventory.ErrInvalid, one.ID, func(a *inventory.Answer) { a.Signature = nil }},
		{"a signature without end", inventory.ErrInvalid, one.ID, func(a *inventory.Answer) { a.Signature = make([]byte, 1<<16) }},
		{"a made-up method", inventory.ErrInvalid, one.ID, func(a *inventory.Answer) { a.Method = "telepathy" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := answer(1)
			tt.edit(&a)
			refused(t, s, tt.want, prove(act(2), tt.key, a))
		})
	}
	// A lost key that turns up proves to be itself, and stays lost on paper.
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.MoveKey(tx, act(3), inventory.Move{Verb: inventory.VerbLose, KeyID: two.ID, Reason: "gone"}, nil)
		return err
	})
	update(t, s, prove(act(4), one.ID, answer(1)))
	update(t, s, prove(act(5), two.ID, answer(2)))
	again := answer(1)
	again.Method = inventory.MethodTouch
	update(t, s, prove(act(6), one.ID, again))

	view(t, s, inventory.VerifyProofs)
	view(t, d.store(t), func(tx inventory.Tx) error {
		all, err := inventory.Proofs(tx)
		if err != nil {
			return err
		}
		head, err := inventory.VerifyJournal(tx)
		want := []inventory.Proof{
			{KeyID: two.ID, Event: head.Seq - 1, At: one.EnrolledAt.Add(4 * 60e9), Method: inventory.MethodSilent},
			{KeyID: one.ID, Event: head.Seq, At: one.EnrolledAt.Add(5 * 60e9), Method: inventory.MethodTouch},
		}
		if !reflect.DeepEqual(all, want) {
			t.Errorf("proofs\n%+v, want\n%+v", all, want)
		}
		events, err2 := tx.EventsAbout(one.ID)
		if err2 != nil {
			return err2
		}
		last := events[len(events)-1]
		if last.Kind != inventory.KindKeyProved || last.Seq != head.Seq || !strings.Contains(last.Payload, hex.EncodeToString(again.Challenge)) ||
			!strings.Contains(last.Payload, hex.EncodeToString(again.Signature)) {
			t.Errorf("event %+v does not hold the answer", last)
		}
		return err
	})
	update(t, s, func(tx inventory.Tx) error {
		err := inventory.DoubtKey(tx, act(7), two.ID, "fido_reset")
		return errors.Join(err, inventory.DoubtKey(tx, act(8), two.ID, "fido_reset")) // the second time nothing is left to doubt
	})
	view(t, s, func(tx inventory.Tx) error {
		all, err := inventory.Proofs(tx)
		if len(all) != 1 || all[0].KeyID != one.ID {
			t.Errorf("proofs after a doubt: %+v", all)
		}
		return errors.Join(err, inventory.VerifyProofs(tx))
	})
	// A proof that the journal does not know, and one of another time.
	for _, forged := range []inventory.Proof{
		{KeyID: one.ID, Event: 1, At: one.EnrolledAt, Method: inventory.MethodTouch},
		{KeyID: one.ID, Event: 3, At: one.EnrolledAt.Add(9 * 60e9), Method: inventory.MethodTouch},
	} {
		err := s.Update(t.Context(), func(tx inventory.Tx) error {
			if err := tx.PutProof(forged); err != nil {
				return err
			}
			return inventory.VerifyProofs(tx)
		})
		if !errors.Is(err, inventory.ErrDamaged) || !strings.Contains(err.Error(), one.ID) {
			t.Errorf("a forged proof: %v, want %v naming %s", err, inventory.ErrDamaged, one.ID)
		}
	}
}
