package store

import "hwmfa/inventory"

const selectPeople = "SELECT id, name, email, login, site, left_at FROM people "

func scanPerson(r row) (inventory.Person, error) {
	var p inventory.Person
	err := r.Scan(&p.ID, &p.Name, textColumn{&p.Email}, textColumn{&p.Login}, textColumn{&p.Site}, maybeTime{&p.LeftAt})
	return p, err
}

func (t *tx) PutPerson(p inventory.Person) error {
	return t.exec(`INSERT INTO people (id, name, email, email_folded, login, site, left_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, email_folded = excluded.email_folded,
		login = excluded.login, site = excluded.site, left_at = excluded.left_at`,
		p.ID, p.Name, null(p.Email), null(inventory.Fold(p.Email)), null(p.Login), null(p.Site), nullTime(p.LeftAt))
}

func (t *tx) PersonByID(id string) (inventory.Person, error) {
	return one(t, scanPerson, selectPeople+"WHERE id = ?", id)
}

func (t *tx) ListPeople() ([]inventory.Person, error) {
	return list(t, scanPerson, selectPeople+"ORDER BY name, id")
}
