package store

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hwmfa/inventory"
)

// TestDocumentedCheck runs the program that docs/journal.md prints for those
// who want to check a journal without us: it must agree with us.
func TestDocumentedCheck(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "journal.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```python\n")
	program, _, ok2 := strings.Cut(rest, "```")
	if !ok || !ok2 {
		t.Fatal("docs/journal.md prints no Python program")
	}
	path, _ := filled(t)
	s, err := OpenReadOnly(t.Context(), URL(path))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var head inventory.Head
	err = s.View(t.Context(), func(tx inventory.Tx) (err error) {
		head, err = inventory.VerifyJournal(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, "-c", program, path).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != head.String() || head.Seq == 0 {
		t.Errorf("it prints %q (%v), we say %s", got, err, head)
	}
	forge(t, path, 50)
	out, err = exec.CommandContext(t.Context(), python, "-c", program, path).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err == nil || got != "event 51 is wrong or missing" {
		t.Errorf("of a forged journal it says %q (%v)", got, err)
	}
}
