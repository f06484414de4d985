package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// errFileExists: a file is in the way, and nothing allows replacing it.
var errFileExists = errors.New("the file exists")

// writeFile makes a file of mode 0600 that is there as a whole or not at all.
// It takes the place of another one only by force, and never of what is not a
// file, such as a device.
func writeFile(path string, content []byte, force bool) error {
	if err := putFile(path, content, force); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func putFile(path string, content []byte, force bool) (err error) {
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return errors.New("this is no file")
	case err == nil && !force:
		return errFileExists
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	// Where all goes well, the name is gone already.
	defer func() {
		if gone := os.Remove(f.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if !force {
		// A link fails where somebody else was quicker; renaming would not. Some
		// file systems (FAT) know no links.
		err := os.Link(f.Name(), path)
		if err == nil {
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			return errFileExists
		}
	}
	return os.Rename(f.Name(), path)
}
