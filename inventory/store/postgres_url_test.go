package store

import (
	"errors"
	"strings"
	"testing"
)

func TestParsePostgres(t *testing.T) {
	for _, name := range []string{"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGSSLMODE", "PGSERVICE", "PGSSLROOTCERT"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	tests := []struct {
		name, url string
		why       string // "" where it is taken
		verified  bool   // the server's name is checked
	}{
		{"a socket", "postgres://anna@/inventory?host=/run/postgresql", "", false},
		{"the other scheme", "postgresql://anna@/inventory?host=/run/postgresql", "", false},
		{"this machine by name", "postgres://anna@localhost/inventory", "", false},
		{"this machine by number", "postgres://anna@127.0.0.1:5433/inventory?sslmode=disable", "", false},
		{"this machine by IPv6", "postgres://anna@[::1]/inventory", "", false},
		{"a server is verified", "postgres://anna:s3cret@db.example.com/inventory", "", true},
		{"a server, said so", "postgres://anna@db.example.com/inventory?sslmode=verify-full", "", true},
		{"a server that is only encrypted", "postgres://anna@db.example.com/inventory?sslmode=require", "", false},
		{"a server without encryption", "postgres://anna:s3cret@db.example.com/inventory?sslmode=disable", "sslmode=verify-full", false},
		{"a server with encryption as it likes", "postgres://anna:s3cret@db.example.com/inventory?sslmode=prefer", "sslmode=verify-full", false},
		{"one of two servers is far", "postgres://anna:s3cret@localhost,db.example.com/inventory?sslmode=disable", "sslmode=verify-full", false},
		{"no database", "postgres://anna:s3cret@localhost", "names no database", false},
		{"a setting that changes statements", "postgres://anna:s3cret@localhost/inventory?options=-csearch_path%3Dx", "options", false},
		{"a search path", "postgres://anna:s3cret@localhost/inventory?search_path=x", "search_path", false},
		{"a port that is none", "postgres://anna:s3cret@localhost:0x/inventory", "", false},
		{"a password with a slash", "postgres://anna:s3cret/x@localhost/inventory", "cannot be parsed", false},
		{"a sslmode that is none", "postgres://anna:s3cret@localhost/inventory?sslmode=s3cret", "sslmode is invalid", false},
		{"a certificate that is not there", "postgres://anna:s3cret@db.example.com/inventory?sslrootcert=/nonesuch", "/nonesuch", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := parsePostgres(tt.url)
			if tt.name == "a port that is none" {
				tt.why = "cannot be parsed"
			}
			if tt.why != "" {
				if !errors.Is(err, ErrUnsupportedURL) || !strings.Contains(err.Error(), tt.why) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("got %v, want %v and %q", err, ErrUnsupportedURL, tt.why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			verified := cfg.TLSConfig != nil && !cfg.TLSConfig.InsecureSkipVerify && cfg.TLSConfig.ServerName != ""
			if verified != tt.verified {
				t.Errorf("verified is %v, want %v", verified, tt.verified)
			}
			if cfg.RuntimeParams["search_path"] != "hwmfa, pg_temp" {
				t.Errorf("search_path is %q", cfg.RuntimeParams["search_path"])
			}
			if name, err := Describe(tt.url); err != nil || strings.Contains(name, "s3cret") || !strings.Contains(name, "inventory") {
				t.Errorf("it is called %q, %v", name, err)
			}
			if got, want := HasPassword(tt.url), strings.Contains(tt.url, "s3cret"); got != want {
				t.Errorf("has a password: %v, want %v", got, want)
			}
		})
	}
	t.Run("the environment's sslmode counts", func(t *testing.T) {
		t.Setenv("PGSSLMODE", "disable")
		if _, err := parsePostgres("postgres://anna@db.example.com/inventory"); !errors.Is(err, ErrUnsupportedURL) {
			t.Errorf("got %v, want %v", err, ErrUnsupportedURL)
		}
	})
}

// FuzzPostgresURL: no URL may panic, have its password shown, or lead over a
// network without encryption.
func FuzzPostgresURL(f *testing.F) {
	f.Add("anna", "s3cret-password", "db.example.com:5432/inventory?sslmode=require")
	f.Add("a@b", "s3cret/password", "localhost,[::1]:1/x?sslmode=prefer")
	f.Add("", "pass%zzword", "/x?host=/tmp&port=1,2")
	f.Fuzz(func(t *testing.T, user, password, rest string) {
		cfg, err := parsePostgres("postgres://" + user + ":" + password + "@" + rest)
		if err != nil {
			if len(password) > 8 && strings.Contains(err.Error(), password) && !strings.Contains(user+rest, password) {
				t.Errorf("%q shows the password", err)
			}
			return
		}
		if !encrypted(&cfg.Config) {
			t.Errorf("%q goes unencrypted", rest)
		}
	})
}

func TestNumbered(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1":                            "SELECT 1",
		"a = ? AND b IN (?, ?)":               "a = $1 AND b IN ($2, $3)",
		"a = '?' AND b = ?":                   "a = '?' AND b = $1",
		"a = 'it''s ?' AND ü = ? AND c = '?'": "a = 'it''s ?' AND ü = $1 AND c = '?'",
	} {
		if got := numbered(query); got != want {
			t.Errorf("%q becomes %q, want %q", query, got, want)
		}
	}
}
