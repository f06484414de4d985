package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// workplace is a folder in which one process makes an inventory, beside where it
// is to be. A lock that ends with the process says that it is in use.
type workplace struct {
	dir  string
	root *os.Root // the same folder, whatever has its name by now
	lock *os.File
}

// Names of workplaces, and of what is in one.
const (
	workPrefix, workSuffix = ".hwmfa-", ".new"
	workFile               = "inventory.db"
)

// Why a folder cannot be worked in.
var (
	errInUse  = errors.New("the folder is in use")
	errNoLock = errors.New("the folder cannot be locked")
)

// newWorkplace makes a folder that nobody else may look into, with an empty file.
// One that another process swept before it was locked is given up; where folders
// cannot be locked nobody sweeps.
func newWorkplace(dir string) (*workplace, error) {
	for range 100 {
		made, err := os.MkdirTemp(dir, workPrefix+"*"+workSuffix) // mode 0700
		if err != nil {
			return nil, err
		}
		w, err := openWorkplace(made)
		if errors.Is(err, errInUse) || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil && !errors.Is(err, errNoLock) {
			return nil, errors.Join(err, os.Remove(made))
		}
		f, err := w.root.OpenFile(workFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			w.remove()
			return nil, err
		}
		return w, nil
	}
	return nil, errInUse
}

// openWorkplace opens and locks a folder. errInUse: another process has it, or it
// is no folder any more; errNoLock comes with one that is open all the same.
func openWorkplace(dir string) (*workplace, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	w := &workplace{dir, root, f}
	locked := lockFolder(f)
	if locked != nil && !errors.Is(locked, errNoLock) {
		w.close()
		return nil, locked
	}
	have, err1 := f.Stat()
	named, err2 := os.Lstat(dir) // what a link leads to is nobody's workplace
	if err1 != nil || err2 != nil || !os.SameFile(have, named) {
		w.close()
		return nil, errInUse
	}
	return w, locked
}

// file is what is made there.
func (w *workplace) file() string { return filepath.Join(w.dir, workFile) }

// remove takes away what is made there and SQLite's files beside it. A folder
// with anything else in it stays.
func (w *workplace) remove() {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		w.root.Remove(workFile + suffix)
	}
	os.Remove(w.dir)
	w.close()
}

func (w *workplace) close() {
	w.lock.Close()
	w.root.Close()
}

// sweep removes the workplaces in a folder in which nobody works: their process
// was killed. What cannot be removed is in nobody's way.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), workPrefix) || !strings.HasSuffix(e.Name(), workSuffix) {
			continue
		}
		w, err := openWorkplace(filepath.Join(dir, e.Name()))
		switch {
		case err == nil:
			w.remove()
		case w != nil:
			w.close()
		}
	}
}
