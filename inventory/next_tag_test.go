package inventory_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

func TestNextTag(t *testing.T) {
	for _, tt := range []struct {
		name   string
		tags   []string
		serial string
		prefix string
		want   string
	}{
		{"the first", nil, "", "YK-", "YK-001"},
		{"after the highest, gaps left", []string{"YK-001", "YK-009"}, "", "YK-", "YK-010"},
		{"as wide as the highest", []string{"YK-001", "YK-0020"}, "", "YK-", "YK-0021"},
		{"narrow numbers count too", []string{"YK-7"}, "", "YK-", "YK-008"},
		{"beyond the width", []string{"YK-999"}, "", "YK-", "YK-1000"},
		{"letter case does not matter", []string{"yk-004"}, "", "YK-", "YK-005"},
		{"other prefixes and words do not count", []string{"AB-100", "YK-spare", "YK", "YK-1234567890"}, "", "YK-", "YK-001"},
		{"a key that has a tag keeps it", []string{"OLD-1"}, "1", "YK-", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := store.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "inventory.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			err = s.Update(t.Context(), func(tx inventory.Tx) error {
				for i, tag := range tt.tags {
					d := inventory.Declaration{Tag: tag}
					if i == 0 {
						d.Serial = "1"
					}
					if _, err := inventory.DeclareKey(tx, inventory.Act{Actor: "tester", At: time.Now()}, d); err != nil {
						return err
					}
				}
				got, err := inventory.NextTag(tx, inventory.Enrollment{Serial: tt.serial}, tt.prefix)
				if err == nil && got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	for prefix, ok := range map[string]bool{"YK-": true, "": true, "-": false, " YK": false, "K-": true, "a b": false} {
		if err := inventory.CheckTagPrefix(prefix); (err == nil) != ok || !ok && !errors.Is(err, inventory.ErrInvalid) {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
}
