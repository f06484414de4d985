package policy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func figures(perAccount, perKey, perCustodian int) Policy {
	p := Default()
	p.KeysPerAccount, p.AccountsPerKey, p.KeysPerCustodian = perAccount, perKey, perCustodian
	return p
}

func avoidable(accounts int) Policy {
	p := Default()
	p.AvoidableAccounts = accounts
	return p
}

func delivered() Policy {
	p := Default()
	p.RequireDelivery = true
	return p
}

func TestRead(t *testing.T) {
	tests := []struct {
		name string
		file string
		want Policy
		err  string // part of the error, "" for none
	}{
		{"an empty file is the default", "", Default(), ""},
		{"a file of comments is the default", "# nothing yet\n", Default(), ""},
		{"what is not mentioned keeps its default", "accounts_per_key: 3\n", figures(2, 3, 20), ""},
		{"every threshold can be set", "keys_per_account: 3\naccounts_per_key: 4\nkeys_per_custodian: 5\n", figures(3, 4, 5), ""},
		{"a misspelt name is refused", "keys_per_acount: 3\n", Policy{}, "field keys_per_acount not found"},
		{"a name given twice is refused", "accounts_per_key: 3\naccounts_per_key: 4\n", Policy{}, "already defined"},
		{"a key can be wanted to be on a delivery list", "require_delivery: true\n", delivered(), ""},
		{"a word that is no yes or no is refused", "require_delivery: often\n", Policy{}, "cannot unmarshal"},
		{"zero keys for an account is refused", "keys_per_account: 0\n", Policy{}, "keys_per_account is 0, want 1 to 8"},
		{"more keys than AWS allows is refused", "keys_per_account: 9\n", Policy{}, "keys_per_account is 9, want 1 to 8"},
		{"no account may be avoidable, or some", "avoidable_accounts: 3\n", avoidable(3), ""},
		{"fewer than none is refused", "avoidable_accounts: -1\n", Policy{}, "avoidable_accounts is -1, want 0 to"},
		{"a negative figure is refused", "keys_per_custodian: -1\n", Policy{}, "keys_per_custodian is -1"},
		{"a word for a number is refused", "accounts_per_key: many\n", Policy{}, "cannot unmarshal"},
		{"a list is refused", "- 1\n", Policy{}, "cannot unmarshal"},
		{"a second document is refused", "accounts_per_key: 3\n---\naccounts_per_key: 4\n", Policy{}, "more than one"},
		{"a huge file is refused", strings.Repeat("#", maxFile+1), Policy{}, "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Read(strings.NewReader(tt.file))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Run("no path is the default", func(t *testing.T) {
		if got, err := Load(""); err != nil || !reflect.DeepEqual(got, Default()) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("a path that leads nowhere is an error", func(t *testing.T) {
		if _, err := Load(filepath.Join(t.TempDir(), "policy.yaml")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want fs.ErrNotExist", err)
		}
	})
	t.Run("an error names the file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "policy.yaml")
		if err := os.WriteFile(path, []byte("x: 1"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want the path in it", err)
		}
	})
}

// Whatever is accepted is within its bounds, and can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add("keys_per_account: 3\naccounts_per_key: 4\nkeys_per_custodian: 5\n")
	f.Add("")
	f.Add("&a [*a, *a]")
	f.Add("custody: {spares: [{model: 'YubiKey*', level: 2}], campaigns: [{name: x, model: '[', deadline: 2026-12-31}]}")
	f.Add("enrollment: {firmware: {action: warn, minimum: 5.7.0}, advisories: {any: refuse}}")
	f.Fuzz(func(t *testing.T, file string) {
		p, err := Read(strings.NewReader(file))
		if err != nil {
			return
		}
		if p.check() != nil {
			t.Errorf("accepted %+v", p)
		}
		sameAgain(t, p)
	})
}
