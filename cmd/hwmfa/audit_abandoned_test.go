package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/internal/packet"
)

func TestAuditsThatNobodyGoesOnWithAreBounded(t *testing.T) {
	state := t.TempDir()
	folder := filepath.Join(state, "hwmfa", "audits")
	a := newApp(nil)
	a.getenv = func(name string) string { return map[string]string{"XDG_STATE_HOME": state}[name] }
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	a.now = func() time.Time { return now }
	m := packet.Manifest{Options: json.RawMessage(`{"org":true}`)}
	interrupted := func(name string, age time.Duration) {
		dir := filepath.Join(folder, name)
		w, err := packet.Create(dir, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"manifest.json", "accounts.part"} {
			if err := os.Chtimes(filepath.Join(dir, file), now.Add(-age), now.Add(-age)); err != nil {
				t.Fatal(err)
			}
		}
	}
	day := 24 * time.Hour
	interrupted("00000000000000aa", 29*day)
	interrupted("00000000000000bb", 31*day)
	interrupted("somebody-named-it", 400*day)
	if err := os.MkdirAll(filepath.Join(folder, "00000000000000cc", "letters"), 0o700); err != nil {
		t.Fatal(err)
	}
	begin := func() {
		w, err := a.keepToResume(m, false)
		if err != nil || w == nil {
			t.Fatal(w, err)
		}
		t.Cleanup(func() { _ = w.Close() }) // the folders are all that is looked at
	}
	begin()
	left := func() string {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(slices.DeleteFunc(names, func(n string) bool { return n == folderOf(m) }), " ")
	}
	if got, want := left(), "00000000000000aa 00000000000000cc somebody-named-it"; got != want {
		t.Errorf("left are %s, want %s", got, want)
	}
	for i := range 20 {
		interrupted(fmt.Sprintf("%016x", i), time.Duration(20-i)*time.Hour)
	}
	m.Options = json.RawMessage(`{"org":false}`)
	begin()
	mine := 0
	for name := range strings.SplitSeq(left(), " ") {
		if resumeName.MatchString(name) && name != "00000000000000cc" {
			mine++
		}
	}
	if mine > resumeMost {
		t.Errorf("%d are left of audits that were interrupted, at most %d are to be: %s", mine, resumeMost, left())
	}
	if !strings.Contains(left(), fmt.Sprintf("%016x", 19)) || strings.Contains(left(), fmt.Sprintf("%016x", 0)) {
		t.Errorf("it is not the newest that are left: %s", left())
	}
}
