package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// names lists what is in a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	target := filepath.Join(dir, "target")
	for _, step := range []struct {
		name    string
		prepare func() error
		path    string
		force   bool
		ok      bool
		want    string // what the file holds then
	}{
		{"a new file", func() error { return nil }, path, false, true, "new"},
		{"one that is there", func() error { return os.WriteFile(path, []byte("old"), 0o644) }, path, false, false, "old"},
		{"one that is to be replaced", func() error { return nil }, path, true, true, "new"},
		{"a link to another file", func() error {
			return errors.Join(os.Remove(path), os.WriteFile(target, []byte("kept"), 0o644), os.Symlink(target, path))
		}, path, true, false, "kept"},
		{"a link to nothing", func() error { return errors.Join(os.Remove(target), os.Symlink(target, path+"2")) }, path + "2", false, false, ""},
		{"a directory", func() error { return nil }, dir, true, false, ""},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := step.prepare(); err != nil {
				t.Fatal(err)
			}
			before := names(t, dir)
			if err := writeFile(step.path, []byte("new"), step.force); (err == nil) != step.ok {
				t.Fatalf("got error %v", err)
			}
			got, err := os.ReadFile(step.path)
			if string(got) != step.want || step.want != "" && err != nil {
				t.Errorf("it holds %q, %v; want %q", got, err, step.want)
			}
			if info, err := os.Lstat(step.path); step.ok && (err != nil || info.Mode().Perm() != 0o600) {
				t.Errorf("its mode is %v, %v", info.Mode(), err)
			}
			if !step.ok && names(t, dir) != before {
				t.Errorf("left behind: %s, before %s", names(t, dir), before)
			}
		})
	}
}

// Of many that make one file at once, one does; the others say that it exists.
func TestWriteFile_atOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	errs := make([]error, 16)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = writeFile(path, []byte{byte('a' + i)}, false) })
	}
	all.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Errorf("%d and %d both made it", won, i)
		case err == nil:
			won = i
		case !errors.Is(err, errFileExists):
			t.Errorf("%d: %v", i, err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || won < 0 || string(got) != string(rune('a'+won)) {
		t.Errorf("it holds %q, %v; %d won", got, err, won)
	}
	if left := names(t, dir); left != "out.csv" {
		t.Errorf("left behind: %s", left)
	}
}
