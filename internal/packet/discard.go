package packet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Discard removes a folder that a Writer began, unless another process writes to it. Where there is none nothing is done.
func Discard(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, manifestFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return fmt.Errorf("drop the evidence in %s: %w", dir, err)
	}
	if err := errors.Join(os.RemoveAll(dir), lock.Close()); err != nil {
		return fmt.Errorf("drop the evidence in %s: %w", dir, err)
	}
	return nil
}
