package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"hwmfa/inventory"
	"hwmfa/inventory/store/pgtest"
	"hwmfa/inventory/store/storetest"
)

// postgres is the server of this package's tests.
var postgres pgtest.Shared

func TestMain(m *testing.M) {
	status := storetest.Main(m, Open)
	if err := postgres.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// TestConformance runs over each database what every one has to pass.
func TestConformance(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Database {
			return storetest.Database{
				URL:  URL(filepath.Join(t.TempDir(), "inventory.db")),
				Open: Open,
			}
		})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		server := postgres.Get(t)
		storetest.Run(t, func(t *testing.T) storetest.Database {
			url := server.Database(t)
			return storetest.Database{URL: url, Open: Open, As: func(t *testing.T, login string) string {
				server.Login(t, login, pgtest.Owner)
				return pgtest.As(t, url, login)
			}}
		})
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
