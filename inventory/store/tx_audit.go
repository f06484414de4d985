package store

import (
	"fmt"
	"time"

	"hwmfa/inventory"
)

const selectAuditRuns = "SELECT id, event, at, actor, scope, head FROM audit_runs "

func scanAuditRun(r row) (inventory.AuditRun, error) {
	var id, by, scope, head string
	var event int64
	var at time.Time
	if err := r.Scan(&id, &event, timeColumn{&at}, &by, &scope, &head); err != nil {
		return inventory.AuditRun{}, err
	}
	run, err := inventory.AuditOfHead(head)
	if err == nil && run.Scope.Key() != scope {
		err = fmt.Errorf("%w: its scope is not that of its row", inventory.ErrDamaged)
	}
	if err != nil {
		return inventory.AuditRun{}, fmt.Errorf("audit run %s: %w", inventory.Code(id), err)
	}
	run.ID, run.Event, run.At, run.By = id, event, at, by
	return run, nil
}

func (t *tx) InsertAuditRun(r inventory.AuditRun) error {
	head, err := r.Head()
	if err != nil {
		return err
	}
	return t.exec("INSERT INTO audit_runs (id, event, at, actor, scope, head) VALUES (?, ?, ?, ?, ?, ?)",
		r.ID, r.Event, inventory.FormatTime(r.At), r.By, r.Scope.Key(), head)
}

func (t *tx) AuditRunByID(id string) (inventory.AuditRun, error) {
	return one(t, scanAuditRun, selectAuditRuns+"WHERE id = ?", id)
}

func (t *tx) ListAuditRuns(scope string) ([]inventory.AuditRun, error) {
	return list(t, scanAuditRun, selectAuditRuns+"WHERE ? IN ('', scope) ORDER BY event", scope)
}
