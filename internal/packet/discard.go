package packet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Discard removes a folder that a Writer began, unless another process writes to it, or the packet is finished. Where there is
// no folder, or one that no Writer made, nothing is done.
func Discard(dir string) error {
	if err := discard(dir); err != nil {
		return fmt.Errorf("drop the evidence in %s: %w", dir, err)
	}
	return nil
}

func discard(dir string) error {
	if begun, err := isBegun(dir); !begun {
		return err
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	data, err := readBounded(os.DirFS(dir), manifestFile, maxManifest)
	if err == nil {
		if m, err := parseManifest(data); err == nil && m.FinishedAt != nil {
			return ErrFinished
		}
	}
	return errors.Join(empty(dir), os.Remove(dir))
}

// isBegun reports whether a folder is one that a Writer began. One that was killed before it had written a manifest leaves files
// that were being written, and nothing else.
func isBegun(dir string) (bool, error) {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := os.Lstat(filepath.Join(dir, manifestFile)); !errors.Is(err, fs.ErrNotExist) {
		return err == nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), partial) {
			return false, nil
		}
	}
	return true, nil
}

// empty removes everything in a folder, the manifest last: until it is gone, another try knows whose folder it is.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != manifestFile {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
		}
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(dir, manifestFile))
}

// LastWritten is when a folder that a Writer began was last begun, gone on with, or added to; the zero time where it is none.
func LastWritten(dir string) time.Time {
	var last time.Time
	for _, name := range []string{manifestFile, spoolFile} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	if last.IsZero() {
		if begun, err := isBegun(dir); begun && err == nil {
			if info, err := os.Lstat(dir); err == nil {
				last = info.ModTime()
			}
		}
	}
	return last
}
