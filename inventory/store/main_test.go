package store

import (
	"os"
	"path/filepath"
	"testing"

	"hwmfa/inventory"
	"hwmfa/inventory/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m, Open)) }

// TestConformance runs over SQLite what every database has to pass.
func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Database {
		return storetest.Database{
			URL:  URL(filepath.Join(t.TempDir(), "inventory.db")),
			Open: Open,
		}
	})
}

// opened is a new inventory and the path of its file.
func opened(t *testing.T) (inventory.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inventory.db")
	s, err := Open(t.Context(), URL(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, path
}
