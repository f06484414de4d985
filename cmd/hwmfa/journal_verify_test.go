package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"hwmfa/inventory"
)

func TestJournalVerifyReport_note(t *testing.T) {
	broken := &inventory.JournalError{Seq: 7, Fault: inventory.FaultAltered, Detail: "its content does not give its hash"}
	tests := []struct {
		name     string
		errs     []error
		problems []string
		err      bool
	}{
		{"nothing wrong", []error{nil, nil}, nil, false},
		{"a broken chain is a finding", []error{broken, nil}, []string{"journal event 7 is altered: its content does not give its hash"}, false},
		{"every damaged record is a line", []error{nil, errors.Join(inventory.ErrDamaged, inventory.ErrDamaged)},
			[]string{"inventory is damaged", "inventory is damaged"}, false},
		{"a broken chain is said once, however many checks come to it", []error{broken, errors.Join(inventory.ErrDamaged, fmt.Errorf("verify state: %w", broken))},
			[]string{"journal event 7 is altered: its content does not give its hash", "inventory is damaged"}, false},
		{"a disk that fails is no finding", []error{errors.New("input/output error")}, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r journalVerifyReport
			if err := r.note(tt.errs...); (err != nil) != tt.err {
				t.Errorf("got error %v", err)
			}
			if strings.Join(r.Problems, "|") != strings.Join(tt.problems, "|") {
				t.Errorf("got %q, want %q", r.Problems, tt.problems)
			}
		})
	}
}

func TestParseHead(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	got, err := parseHead("42:" + hash)
	if err != nil || got.Seq != 42 || got.String() != "42:"+hash {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := parseHead(""); err != nil || got.Seq != 0 {
		t.Errorf("nothing given: got %v, %v", got, err)
	}
	for _, s := range []string{"42", "42:", ":" + hash, "0:" + hash, "-1:" + hash, "x:" + hash, "42:" + hash[2:], "42:" + strings.ToUpper(hash)} {
		if got, err := parseHead(s); err == nil {
			t.Errorf("%q gives %v, want an error", s, got)
		}
	}
}
