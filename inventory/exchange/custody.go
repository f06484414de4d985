package exchange

import (
	"fmt"
	"time"

	"hwmfa/inventory"
)

// Custody carries where keys are and who has them. Importing is for an opening
// balance: it makes the moves that lead there, today; since when it was so goes
// into their reason, because a journal is not written backwards. What is overdue
// then is a fact like any other.
func Custody() Kind {
	return Kind{
		Name: "custody", About: "where a key is and who has it, since when",
		Schema: schema("custody", append(keyColumns(true),
			Column{Name: "status", Parse: parseWord("status", inventory.Status.Known)},
			Column{Name: "place", Aliases: []string{"location"}, Parse: inventory.NormalizePlace},
			Column{Name: "holder", Aliases: []string{"person"}},
			Column{Name: "holder_email", Aliases: []string{"email", "e_mail", "mail"}},
			Column{Name: "seal", Aliases: []string{"seal_no", "seal_number", "bag"}},
			Column{Name: "due", Time: true, Future: true},
			Column{Name: "since", Time: true},
		)...),
		rows: custodyRows, step: custodyStep,
		identity: func(r *register, row Record) string {
			k, _, _ := r.key(row)
			return k.ID
		},
	}
}

func custodyRows(tx inventory.Tx) ([][]string, error) {
	r, err := newRegister(tx)
	if err != nil {
		return nil, err
	}
	all, err := inventory.Keys(tx, inventory.KeyFilter{})
	rows := make([][]string, 0, len(all))
	for _, k := range all {
		rows = append(rows, []string{
			k.ID, k.Serial, k.Tag, string(k.Status), k.Place, k.Holder, r.personIDs[k.HolderID].Email, k.Seal,
			exportTime(k.Due), exportTime(k.Since),
		})
	}
	return rows, err
}

// custodyStep compares place, holder and seal, in this order, and collects the
// moves.
func custodyStep(r *register, row Record) Step {
	k, known, fault := r.key(row)
	s := Step{Name: rowName(row)}
	if known {
		s.Name = k.Label()
	}
	switch {
	case fault != "":
		s.conflict("%s", fault)
		return s
	case !known:
		s.conflict("there is no such key; import keys first")
		return s
	}
	status := inventory.Status(row.Text("status"))
	switch status {
	case inventory.StatusExpected, inventory.StatusInTransit, inventory.StatusLost, inventory.StatusFound, inventory.StatusCompromised, inventory.StatusRetired, inventory.StatusDisposed:
		// Its place and holder are the last that were known: nobody has it from there.
		s.leave("status", string(k.Status), string(status))
		return s
	}
	var moves []inventory.Move
	if m, ok := moveToPlace(r, &s, k, row); ok {
		moves = append(moves, m)
	}
	if m, ok := moveToHolder(r, &s, k, row); ok {
		moves = append(moves, m)
	}
	if seal := row.Text("seal"); s.set("seal", k.Seal, seal) {
		if k.Seal != "" {
			s.conflict("it is in bag %s; hwmfa seal open takes it out", k.Seal)
		}
		moves = append(moves, inventory.Move{Verb: inventory.VerbSeal, Seal: seal})
	}
	if len(s.Changes) == 0 && s.Conflict == "" {
		s.leave("status", string(k.Status), string(status))
	}
	reason := "imported"
	if since := row.Time("since"); !since.IsZero() {
		reason = fmt.Sprintf("imported: so since %s", since.Format(time.DateOnly))
	}
	s.do = func(tx inventory.Tx, act inventory.Act) error {
		for _, m := range moves {
			m.KeyID, m.Reason = k.ID, reason
			if m.Verb == inventory.VerbCheckIn || m.Verb == inventory.VerbMove {
				p, err := inventory.EnsurePlace(tx, act, row.Text("place"))
				if err != nil {
					return err
				}
				m.PlaceID = p.ID
			}
			if _, err := inventory.MoveKey(tx, act, m, nil); err != nil {
				return err
			}
		}
		return nil
	}
	return s
}

func moveToPlace(r *register, s *Step, k inventory.Key, row Record) (inventory.Move, bool) {
	path := row.Text("place")
	if !s.setFolded("place", k.Place, path) {
		return inventory.Move{}, false
	}
	if k.HolderID != "" {
		s.conflict("%s has it; hwmfa checkin puts it back", k.Holder)
	}
	r.newPlace(s, path)
	verb := inventory.VerbMove
	if k.Status == inventory.StatusEnrolled {
		verb = inventory.VerbCheckIn
	}
	return inventory.Move{Verb: verb}, true
}

func moveToHolder(r *register, s *Step, k inventory.Key, row Record) (inventory.Move, bool) {
	called := row.Text("holder_email")
	if called == "" {
		called = row.Text("holder")
	}
	if called == "" {
		return inventory.Move{}, false
	}
	p, fault := r.person(called)
	switch {
	case fault != "":
		s.conflict("holder: %s", fault)
		return inventory.Move{}, false
	case p.ID == k.HolderID:
		return inventory.Move{}, false
	case k.HolderID != "":
		s.conflict("%s has it; hwmfa checkin puts it back first", k.Holder)
		return inventory.Move{}, false
	}
	if status := inventory.Status(row.Text("status")); status.Resting() {
		s.conflict("a key that is %s is with nobody, and the row names a holder", status)
		return inventory.Move{}, false
	}
	due, since := row.Time("due"), row.Time("since")
	if !due.IsZero() && due.Before(since) {
		s.conflict("it would have been due before it was handed out")
		return inventory.Move{}, false
	}
	s.set("holder", k.Holder, p.Label())
	if !due.IsZero() && due.Before(r.now) {
		s.Notes = append(s.Notes, "overdue since "+exportDay(due))
	}
	return inventory.Move{
		Verb: inventory.VerbCheckOut, PersonID: p.ID, Until: due, Opening: true,
		Keep: row.Text("status") == string(inventory.StatusInUse),
	}, true
}
