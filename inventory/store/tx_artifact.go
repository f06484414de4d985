package store

import (
	"fmt"

	"hwmfa/inventory"
)

const selectArtifacts = `SELECT a.id, a.kind, a.label, a.key_id, a.place_id, p.path, a.seal, a.replica_of, a.retired_at
	FROM artifacts a LEFT JOIN places p ON p.id = a.place_id `

func scanArtifact(r row) (inventory.Artifact, error) {
	var a inventory.Artifact
	err := r.Scan(&a.ID, &a.Kind, &a.Label, textColumn{&a.KeyID}, textColumn{&a.PlaceID}, textColumn{&a.Place},
		textColumn{&a.Seal}, textColumn{&a.ReplicaOf}, maybeTime{&a.RetiredAt})
	return a, err
}

func (t *tx) PutArtifact(a inventory.Artifact) error {
	err := t.exec(`INSERT INTO artifacts (id, kind, label, key_id, place_id, seal, replica_of, retired_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, label = excluded.label, key_id = excluded.key_id, place_id = excluded.place_id,
		seal = excluded.seal, replica_of = excluded.replica_of, retired_at = excluded.retired_at`,
		a.ID, string(a.Kind), a.Label, null(a.KeyID), null(a.PlaceID), null(a.Seal), null(a.ReplicaOf), nullTime(a.RetiredAt))
	if err != nil {
		return err
	}
	for _, of := range []struct {
		table, column string
		ids           []string
	}{{"artifact_accounts", "account_id", a.Accounts}, {"artifact_openers", "person_id", a.Openers}} {
		if _, err := t.sql.ExecContext(t.ctx, t.dialect.rebind("DELETE FROM "+of.table+" WHERE artifact_id = ?"), a.ID); err != nil {
			return mapped(err)
		}
		for _, id := range of.ids {
			if err := t.exec("INSERT INTO "+of.table+" (artifact_id, "+of.column+") VALUES (?, ?)", a.ID, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) ArtifactByID(id string) (inventory.Artifact, error) {
	a, err := one(t, scanArtifact, selectArtifacts+"WHERE a.id = ?", id)
	if err != nil {
		return a, err
	}
	all := []inventory.Artifact{a}
	err = t.refer(all, "WHERE artifact_id = ? ", id)
	return all[0], err
}

func (t *tx) ListArtifacts() ([]inventory.Artifact, error) {
	all, err := list(t, scanArtifact, selectArtifacts+"ORDER BY a.label, a.id")
	if err != nil {
		return nil, err
	}
	return all, t.refer(all, "")
}

// refer reads the accounts and people of artifacts, with one query each.
func (t *tx) refer(all []inventory.Artifact, where string, args ...any) error {
	at := make(map[string]*inventory.Artifact, len(all))
	for i := range all {
		at[all[i].ID] = &all[i]
	}
	type pair struct{ artifact, id string }
	scan := func(r row) (p pair, err error) {
		if err = r.Scan(&p.artifact, &p.id); err == nil && at[p.artifact] == nil {
			err = fmt.Errorf("%s is of artifact %s, which is not there: %w", p.id, p.artifact, inventory.ErrDamaged)
		}
		return p, err
	}
	err := each(t, scan, func(p pair) error {
		at[p.artifact].Accounts = append(at[p.artifact].Accounts, p.id)
		return nil
	}, "SELECT artifact_id, account_id FROM artifact_accounts "+where+"ORDER BY artifact_id, account_id", args...)
	if err != nil {
		return err
	}
	return each(t, scan, func(p pair) error {
		at[p.artifact].Openers = append(at[p.artifact].Openers, p.id)
		return nil
	}, "SELECT artifact_id, person_id FROM artifact_openers "+where+"ORDER BY artifact_id, person_id", args...)
}
