package store

import (
	"errors"
	"strings"
	"testing"
)

func TestPath(t *testing.T) {
	tests := []struct {
		url  string
		want string // "" for ErrUnsupportedURL
	}{
		{"sqlite:///var/lib/hwmfa/inventory.db", "/var/lib/hwmfa/inventory.db"},
		{"sqlite:///a/../b.db", "/b.db"},
		{"sqlite:///a%20b%3Fc%23d%25.db", "/a b?c#d%.db"},
		{URL("/ä b?c#d%e&_pragma=x.db"), "/ä b?c#d%e&_pragma=x.db"},
		{"", ""},
		{"/var/lib/inventory.db", ""},
		{"sqlite:inventory.db", ""},
		{"sqlite://inventory.db", ""},
		{"sqlite://host/inventory.db", ""},
		{"sqlite://", ""},
		{"sqlite:///", ""},
		{"sqlite:///dir/", ""},
		{"sqlite:///a.db?mode=memory", ""},
		{"sqlite:///a.db?", ""},
		{"sqlite:///a.db#x", ""},
		{"sqlite:///a%00b", ""},
		{"sqlite:///a%zz", ""},
		{"postgres://user:secret@db/inventory", ""},
		{"file:///a.db", ""},
		{"SQLITE_x:///a.db", ""},
	}
	for _, tt := range tests {
		got, err := Path(tt.url)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("Path(%q) = %q, %v; want %q", tt.url, got, err, tt.want)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, ErrUnsupportedURL) || !strings.Contains(err.Error(), "sqlite:///") {
			t.Errorf("Path(%q): error %q does not say what is supported", tt.url, err)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("Path(%q): error %q shows the password", tt.url, err)
		}
	}
}
