package store

import (
	"path/filepath"
	"testing"

	"hwmfa/inventory/store/storetest"
)

// databases are an empty one of each kind.
func databases(t *testing.T, test func(t *testing.T, d storetest.Database)) {
	t.Run("SQLite", func(t *testing.T) {
		test(t, storetest.Database{URL: URL(filepath.Join(t.TempDir(), "inventory.db")), Open: Open})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		test(t, storetest.Database{URL: postgres.Get(t).Database(t), Open: Open})
	})
}

// TestContest: of many processes that check out one key, one gets it.
func TestContest(t *testing.T) {
	const rounds = 200
	databases(t, func(t *testing.T, d storetest.Database) {
		processes := 8
		if isPostgres(d.URL) {
			processes = 16
		}
		storetest.Contest(t, d, processes, rounds)
	})
}

// TestKill: what is acknowledged outlives the process that wrote it.
func TestKill(t *testing.T) {
	databases(t, func(t *testing.T, d storetest.Database) { storetest.Kill(t, d, 100) })
}
