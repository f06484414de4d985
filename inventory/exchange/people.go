package exchange

import (
	"hwmfa/inventory"
)

// People carries the people who can hold keys or open places.
func People() Kind {
	return Kind{
		Name: "people", About: "a person who can hold keys or open places",
		Schema: schema("people",
			Column{Name: "person_id", Aliases: []string{"id"}, Unique: true},
			Column{Name: "name", Aliases: []string{"full_name", "display_name", "displayname"}, Required: true},
			Column{Name: "email", Aliases: []string{"e_mail", "mail", "email_address", "e_mail_address"}, Unique: true},
			Column{Name: "login", Aliases: []string{"username", "user_name", "user"}, Unique: true},
			Column{Name: "site", Parse: inventory.NormalizePlace},
			Column{Name: "left_at", Aliases: []string{"left"}, Time: true},
		),
		rows: personRows, step: personStep,
		identity: func(r *register, row Record) string {
			if p, known, _ := r.personOf(row); known {
				return p.ID
			}
			return inventory.Fold("new " + row.Text("name") + "|" + row.Text("email") + "|" + row.Text("login"))
		},
	}
}

func personRows(tx inventory.Tx) ([][]string, error) {
	all, err := inventory.People(tx)
	rows := make([][]string, 0, len(all))
	for _, p := range all {
		rows = append(rows, []string{p.ID, p.Name, p.Email, p.Login, p.Site, exportTime(p.LeftAt)})
	}
	return rows, err
}

// personOf finds the person that a row is about: by ID, e-mail address, login,
// and by name only where the row gives neither of the three.
func (r *register) personOf(row Record) (p inventory.Person, known bool, fault string) {
	if p, known = r.personIDs[row.Text("person_id")]; known {
		return p, true, ""
	}
	email, login := inventory.Fold(row.Text("email")), inventory.Fold(row.Text("login"))
	for _, p := range r.persons[email] {
		if email != "" && inventory.Fold(p.Email) == email {
			return p, true, ""
		}
	}
	for _, p := range r.persons[login] {
		if login != "" && inventory.Fold(p.Login) == login {
			return p, true, ""
		}
	}
	name := inventory.Fold(row.Text("name"))
	var same []inventory.Person
	for _, p := range r.persons[name] {
		// Two people may have one name: what the row says beside it must not
		// contradict.
		if inventory.Fold(p.Name) == name && (email == "" || p.Email == "") && (login == "" || p.Login == "") {
			same = append(same, p)
		}
	}
	switch len(same) {
	case 0:
		return p, false, ""
	case 1:
		return same[0], true, ""
	}
	return p, false, "several people have this name; give the e-mail address"
}

func personStep(r *register, row Record) Step {
	old, known, fault := r.personOf(row)
	s := Step{Name: row.Text("name")}
	if fault != "" {
		s.conflict("%s", fault)
		return s
	}
	if known {
		s.Name = old.Label()
	} else {
		s.Action = ActionCreate
	}
	p := old
	for _, f := range []struct {
		name string
		to   *string
	}{{"name", &p.Name}, {"email", &p.Email}, {"login", &p.Login}, {"site", &p.Site}} {
		if s.set(f.name, *f.to, row.Text(f.name)) {
			*f.to = row.Text(f.name)
		}
	}
	leaves := old.LeftAt.IsZero() && row.Text("left_at") != ""
	if leaves {
		s.set("left_at", "", exportTime(row.Time("left_at")))
		s.Notes = append(s.Notes, "is recorded as having left on the day of the import")
	}
	s.do = func(tx inventory.Tx, act inventory.Act) error {
		saved, err := inventory.SavePerson(tx, act, p)
		if err == nil && leaves {
			_, err = inventory.MarkLeft(tx, act, saved.ID)
		}
		return err
	}
	return s
}
