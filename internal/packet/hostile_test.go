package packet_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"hwmfa/iamcheck/awstest"
	"hwmfa/internal/packet"
)

// link makes a symbolic link in the place of what is there.
func link(t *testing.T, to, path string) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(path), os.Symlink(to, path)); err != nil {
		t.Fatal(err)
	}
}

func TestResumingTouchesNothingOutsideOfItsFolder(t *testing.T) {
	_, opts := demo(t)
	for _, c := range []struct {
		name string
		trap func(t *testing.T, dir, outside string)
	}{
		{"the accounts are a link to another folder", func(t *testing.T, dir, outside string) {
			link(t, outside, filepath.Join(dir, "accounts"))
		}},
		{"what is kept of accounts is a link to another file", func(t *testing.T, dir, outside string) {
			link(t, filepath.Join(outside, "diary"), filepath.Join(dir, "accounts.part"))
		}},
		{"what is kept of accounts is another name of another file", func(t *testing.T, dir, outside string) {
			path := filepath.Join(dir, "accounts.part")
			if err := errors.Join(os.RemoveAll(path), os.Link(filepath.Join(outside, "diary"), path)); err != nil {
				t.Fatal(err)
			}
		}},
		{"the population is a link to another file", func(t *testing.T, dir, outside string) {
			link(t, filepath.Join(outside, "diary"), filepath.Join(dir, "population.jsonl"))
		}},
		{"the population is another name of another file", func(t *testing.T, dir, outside string) {
			path := filepath.Join(dir, "population.jsonl")
			if err := errors.Join(os.RemoveAll(path), os.Link(filepath.Join(outside, "diary"), path)); err != nil {
				t.Fatal(err)
			}
		}},
		{"a file that is to be written is a link", func(t *testing.T, dir, outside string) {
			link(t, filepath.Join(outside, "diary"), filepath.Join(dir, "report.json"))
			link(t, filepath.Join(outside, "diary"), filepath.Join(dir, "manifest.json.part"))
		}},
		{"a folder that is to be written to is a link", func(t *testing.T, dir, outside string) {
			link(t, outside, filepath.Join(dir, "supplied"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, outside := interrupted(t, opts, 2), t.TempDir()
			put(t, filepath.Join(outside, "diary"), []byte("dear"))
			c.trap(t, dir, outside)
			if w, err := packet.Resume(dir, manifest(plain)); err == nil {
				err := w.Put("supplied/210000000001/a.json", func(out io.Writer) error {
					_, err := io.WriteString(out, "{}")
					return err
				})
				if err != nil {
					t.Error(err)
				}
				seal(t, w, 0)
				open(t, dir)
			}
			names, err := os.ReadDir(outside)
			if err != nil || len(names) != 1 {
				t.Errorf("outside there are %v, %v", names, err)
			}
			if text, err := os.ReadFile(filepath.Join(outside, "diary")); string(text) != "dear" {
				t.Errorf("outside it says %q, %v", text, err)
			}
		})
	}
}

func TestWhatAnEarlierTryLeftIsNoPartOfThePacket(t *testing.T) {
	_, opts := demo(t)
	dir := interrupted(t, opts, 2)
	for _, name := range []string{"supplied/210000000001/a.json", "report.json", "manifest.sha256.part"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, path, []byte("{}"))
	}
	w, err := packet.Resume(dir, manifest(plain))
	if err != nil {
		t.Fatal(err)
	}
	n := w.Accounts()
	for _, a := range awstest.Demo().Accounts { // which are all still there
		if _, done, err := w.Recorded(a.ID); err != nil {
			t.Fatal(err)
		} else if !done {
			continue
		}
		if err := w.Finish(a.ID); err != nil {
			t.Fatal(err)
		}
	}
	seal(t, w, n)
	if m := open(t, dir).Manifest(); n == 0 || len(m.Files) != n+4 {
		t.Errorf("%d accounts, and %v", n, m.Files)
	}
}

// forge puts another file in an account's place, of size and hash that the manifest is made to say.
func forge(t *testing.T, dir, account, size, hash string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`("accounts/` + account + `\.jsonl",\s+"size": )\d+(,\s+"sha256": ")[0-9a-f]+`)
	if !form.Match(text) {
		t.Fatal("the manifest has another form")
	}
	rewriteManifest(t, dir, string(form.ReplaceAll(text, []byte("${1}"+size+"${2}"+hash))))
}

// allocated is how many bytes are taken meanwhile.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestALargeFileWithNothingInItTakesLittleMemory(t *testing.T) {
	const size, account = 6 << 20, "210000000001"
	for name, line := range map[string]string{"empty lines": "\n", "empty objects": "{}\n"} {
		t.Run(name, func(t *testing.T) {
			dir, _, _ := demoPacket(t)
			data := []byte(strings.Repeat(line, size/len(line)))
			put(t, filepath.Join(dir, "accounts", account+".jsonl"), data)
			sum := sha256.Sum256(data)
			forge(t, dir, account, strconv.Itoa(len(data)), hex.EncodeToString(sum[:]))
			p := open(t, dir)
			if n := allocated(func() { _, _, _ = p.Recorded(account) }); n > 16*size {
				t.Errorf("%d bytes for a file of %d", n, size)
			}
		})
	}
}

func TestCheckingALargeFileTakesLittleMemory(t *testing.T) {
	const size, account = 256 << 20, "210000000001"
	dir, _, _ := demoPacket(t)
	if err := os.Truncate(filepath.Join(dir, "accounts", account+".jsonl"), size); err != nil {
		t.Fatal(err)
	}
	forge(t, dir, account, strconv.Itoa(size), strings.Repeat("ab", 32))
	n := allocated(func() {
		if _, err := packet.Open(dir); !errors.Is(err, packet.ErrDamaged) || !strings.Contains(err.Error(), account+".jsonl was changed") {
			t.Errorf("got %v", err)
		}
	})
	if n > size/8 {
		t.Errorf("%d bytes for a file of %d", n, size)
	}
}

// What nobody would have recorded is not taken into memory to find that out.
func TestWhatIsTooLargeToBeAnAnswerIsNotRead(t *testing.T) {
	const account = "210000000001"
	for _, c := range []struct {
		name string
		size int64
		says string
	}{
		{"a line", 65 << 20, "a line of"},
		{"a file", 257 << 20, "more than an audit keeps"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _, _ := demoPacket(t)
			path := filepath.Join(dir, "accounts", account+".jsonl")
			put(t, path, nil)
			if err := os.Truncate(path, c.size); err != nil { // with a hole in it
				t.Fatal(err)
			}
			sum := sha256.New()
			if _, err := io.Copy(sum, io.LimitReader(zeros{}, c.size)); err != nil {
				t.Fatal(err)
			}
			forge(t, dir, account, strconv.FormatInt(c.size, 10), hex.EncodeToString(sum.Sum(nil)))
			p := open(t, dir)
			n := allocated(func() {
				if _, _, err := p.Recorded(account); err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v, want %q", err, c.says)
				}
			})
			if n > uint64(c.size)*5/4 {
				t.Errorf("%d bytes for a file of %d", n, c.size)
			}
		})
	}
}

// zeros is an endless file of them.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
