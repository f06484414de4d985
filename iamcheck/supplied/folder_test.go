package supplied

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnAccountsFilesTakeBoundedMemory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, id), 0o700); err != nil {
		t.Fatal(err)
	}
	const size = 48 << 20
	for i := range 4 {
		path := filepath.Join(dir, id, fmt.Sprint(i))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil { // with a hole in it
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, id, "small"), []byte(rootID), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := f.Files(id)
	if err != nil || len(files) != 5 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	total := 0
	for i, file := range files {
		total += len(file.Data)
		if refused := i == 2 || i == 3; (file.Wrong != "") != refused || refused && !strings.Contains(file.Wrong, "larger than") {
			t.Errorf("%s: %q", file.Name, file.Wrong)
		}
	}
	if total > MaxAccount {
		t.Errorf("%d bytes in memory, at most %d are to be", total, MaxAccount)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
