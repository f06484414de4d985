package packet_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hwmfa/internal/packet"
)

func TestWhateverIsDoneToAPacketIsNamed(t *testing.T) {
	account := filepath.Join("accounts", "210000000001.jsonl")
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
		says  string
		is    error
	}{
		{"a file is removed", func(dir string) error { return os.Remove(filepath.Join(dir, account)) },
			"accounts/210000000001.jsonl is missing", packet.ErrDamaged},
		{"a file is renamed", func(dir string) error {
			return os.Rename(filepath.Join(dir, account), filepath.Join(dir, "accounts", "210000000099.jsonl"))
		}, "accounts/210000000099.jsonl was added", packet.ErrDamaged},
		{"a file is cut off", func(dir string) error { return os.Truncate(filepath.Join(dir, account), 100) },
			"accounts/210000000001.jsonl has 100 bytes instead of", packet.ErrDamaged},
		{"a file is emptied", func(dir string) error { return os.Truncate(filepath.Join(dir, "population.jsonl"), 0) },
			"population.jsonl has 0 bytes instead of", packet.ErrDamaged},
		{"a file goes on", func(dir string) error {
			data, err := os.ReadFile(filepath.Join(dir, "report.json"))
			return errors.Join(err, os.WriteFile(filepath.Join(dir, "report.json"), append(data, '\n'), 0o600))
		}, "report.json has 17 bytes instead of 16", packet.ErrDamaged},
		{"a file is added", func(dir string) error { return os.WriteFile(filepath.Join(dir, "accounts", "note.txt"), nil, 0o600) },
			"accounts/note.txt was added", packet.ErrDamaged},
		{"an empty folder is added", func(dir string) error { return os.Mkdir(filepath.Join(dir, "more"), 0o700) },
			"more was added", packet.ErrDamaged},
		{"two files change places", func(dir string) error {
			a, b := filepath.Join(dir, account), filepath.Join(dir, "accounts", "210000000002.jsonl")
			return errors.Join(os.Rename(a, a+".x"), os.Rename(b, a), os.Rename(a+".x", b))
		}, "accounts/210000000001.jsonl ", packet.ErrDamaged},
		{"a file becomes a link to the same bytes", func(dir string) error {
			data, err := os.ReadFile(filepath.Join(dir, account))
			out := filepath.Join(filepath.Dir(dir), "elsewhere")
			return errors.Join(err, os.WriteFile(out, data, 0o600), os.Remove(filepath.Join(dir, account)), os.Symlink(out, filepath.Join(dir, account)))
		}, "accounts/210000000001.jsonl is no file", packet.ErrDamaged},
		{"a file becomes a folder", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, account)), os.Mkdir(filepath.Join(dir, account), 0o700))
		}, "accounts/210000000001.jsonl is no file", packet.ErrDamaged},
		{"the manifest is gone", func(dir string) error { return os.Remove(filepath.Join(dir, "manifest.json")) },
			"manifest.json: no such file", os.ErrNotExist},
		{"the manifest's hash is gone", func(dir string) error { return os.Remove(filepath.Join(dir, "manifest.sha256")) },
			"manifest.sha256: no such file", os.ErrNotExist},
		{"the manifest is replaced by another packet's", func(dir string) error {
			data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
			data = []byte(strings.Replace(string(data), `"version": "devel"`, `"version": "other"`, 1))
			return errors.Join(err, os.WriteFile(filepath.Join(dir, "manifest.json"), data, 0o600))
		}, "manifest.json does not have the SHA-256", packet.ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _, _ := demoPacket(t)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			_, err := packet.Open(dir)
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestAManifestLeadsNowhereElse(t *testing.T) {
	for _, c := range []struct{ name, file, says string }{
		{"by dots", "../outside", "it is no name"},
		{"by an absolute path", "/etc/passwd", "it is no name"},
		{"with a size that cannot be", "report.json\", \"size\": -1, \"sha256\": \"", "is said to have -1 bytes"},
		{"with a size that is too much", "report.json\", \"size\": 99999999999, \"sha256\": \"", "is said to have 99999999999 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _, _ := demoPacket(t)
			data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
			if err != nil {
				t.Fatal(err)
			}
			text := string(data)
			i := strings.Index(text, `"name": "report.json"`)
			end := i + strings.Index(text[i:], "}")
			entry := `"name": "` + c.file + `"`
			if !strings.Contains(c.file, "size") {
				entry += `, "size": 1, "sha256": ""`
			}
			rewriteManifest(t, dir, text[:i]+entry+text[end:])
			if _, err := packet.Open(dir); !errors.Is(err, packet.ErrDamaged) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
	t.Run("with a member nobody knows", func(t *testing.T) {
		dir, _, _ := demoPacket(t)
		data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		rewriteManifest(t, dir, strings.Replace(string(data), `"schema"`, `"scheme": 1, "schema"`, 1))
		if _, err := packet.Open(dir); !errors.Is(err, packet.ErrDamaged) || !strings.Contains(err.Error(), "scheme") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("of another version, with a member nobody knows", func(t *testing.T) {
		dir, _, _ := demoPacket(t)
		data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		rewriteManifest(t, dir, strings.Replace(string(data), `"schema": "hwmfa.packet/v1"`, `"seals": [], "schema": "hwmfa.packet/v2"`, 1))
		if _, err := packet.Open(dir); !errors.Is(err, packet.ErrVersion) || errors.Is(err, packet.ErrDamaged) || !strings.Contains(err.Error(), "hwmfa.packet/v2") {
			t.Errorf("got %v", err)
		}
		if _, err := packet.Resume(dir, manifest(plain)); !errors.Is(err, packet.ErrVersion) {
			t.Errorf("got %v", err)
		}
	})
}
