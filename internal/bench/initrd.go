package bench

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// initScript is the first program of the initial file system.
//
//go:embed init.sh
var initScript string

// initrd returns the initial file system for the kernel in dir: busybox, the
// modules and initScript. It is kept beside the kernel under a name that
// changes with the script.
func initrd(ctx context.Context, dir string) (string, error) {
	sum := sha256.Sum256([]byte(initScript))
	path := filepath.Join(dir, "initrd-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	tmp, err := os.MkdirTemp(dir, "initrd.new-")
	if err != nil {
		return "", fmt.Errorf("making the initial file system: %w", err)
	}
	defer os.RemoveAll(tmp)
	tree := filepath.Join(tmp, "tree")
	if err := fill(tree, dir); err != nil {
		return "", fmt.Errorf("making the initial file system: %w", err)
	}
	archive := filepath.Join(tmp, "archive")
	if err := pack(ctx, tree, archive); err != nil {
		return "", fmt.Errorf("making the initial file system: %w", err)
	}
	if err := os.Rename(archive, path); err != nil {
		return "", fmt.Errorf("making the initial file system: %w", err)
	}
	return path, nil
}

// fill lays out the tree. The kernel makes the device nodes itself (devtmpfs),
// so none is needed here, and no root to make them.
func fill(tree, dir string) error {
	for _, d := range []string{"bin", "proc", "sys", "dev", "host", "rw", "root"} {
		if err := os.MkdirAll(filepath.Join(tree, d), 0o755); err != nil {
			return err
		}
	}
	if err := os.CopyFS(filepath.Join(tree, "lib"), os.DirFS(filepath.Join(dir, "lib"))); err != nil {
		return err
	}
	busybox, err := lookup("busybox")
	if err != nil {
		return err
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tree, "bin", "busybox"), program, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(tree, "init"), []byte(initScript), 0o755)
}

// pack writes the tree as the cpio archive that the kernel unpacks.
func pack(ctx context.Context, tree, archive string) error {
	var names strings.Builder
	err := filepath.WalkDir(tree, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(tree, path)
		names.WriteString(rel + "\n")
		return err
	})
	if err != nil {
		return err
	}
	cpio, err := lookup("cpio")
	if err != nil {
		return err
	}
	out, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer out.Close()
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, cpio, "--quiet", "-o", "-H", "newc", "-R", "0:0")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = tree, strings.NewReader(names.String()), out, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running cpio: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return out.Close()
}
