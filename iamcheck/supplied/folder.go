package supplied

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"hwmfa/iamcheck"
)

const (
	// maxFile bounds a file, in bytes: a hundred thousand virtual devices take about 30 million.
	maxFile = 64 << 20
	// maxFiles bounds the files of an account: root has at most eight devices to be asked about.
	maxFiles = 200
)

// MaxAccount bounds the files of one account together, in bytes: all of them are in memory at a time.
const MaxAccount = 128 << 20

// File is one file of an account.
type File struct {
	Name string
	Data []byte
	// Wrong says why it could not be read; "" where it was.
	Wrong string
}

// ErrNothing says that a folder holds no account.
var ErrNothing = errors.New("no folder of an account, named by its twelve digits")

// Folder is a folder with one folder an account.
type Folder struct {
	root *os.Root
	// Accounts are the IDs of the accounts, in order; Strange is what is no account.
	Accounts, Strange []string
}

// Open looks what accounts a folder holds. Nothing outside of it is read, whatever links say.
func Open(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open supplied answers: %w", err)
	}
	f := &Folder{root: root}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read supplied answers: %w", err), root.Close())
	}
	for _, entry := range entries {
		if entry.IsDir() && iamcheck.IsAccountID(entry.Name()) {
			f.Accounts = append(f.Accounts, entry.Name())
		} else {
			f.Strange = append(f.Strange, entry.Name())
		}
	}
	if len(f.Accounts) == 0 {
		return nil, errors.Join(fmt.Errorf("supplied answers in %s: %w", dir, ErrNothing), root.Close())
	}
	return f, nil
}

// Close gives the folder up.
func (f *Folder) Close() error { return f.root.Close() }

// Files are the files of an account, in the order of their names.
func (f *Folder) Files(account string) ([]File, error) {
	if !slices.Contains(f.Accounts, account) {
		return nil, nil
	}
	entries, err := fs.ReadDir(f.root.FS(), account)
	if err != nil {
		return nil, fmt.Errorf("read supplied answers of %s: %w", account, err)
	}
	var files []File
	left := MaxAccount
	for i, entry := range entries {
		file := File{Name: entry.Name()}
		switch {
		case i >= maxFiles:
			return nil, fmt.Errorf("read supplied answers of %s: more than %d files", account, maxFiles)
		case !entry.Type().IsRegular():
			file.Wrong = "it is no file"
		default:
			if file.Data, file.Wrong, err = f.read(account+"/"+entry.Name(), min(maxFile, left)); err != nil {
				return nil, fmt.Errorf("read supplied answers of %s: %w", account, err)
			}
			left -= len(file.Data)
		}
		files = append(files, file)
	}
	return files, nil
}

func (f *Folder) read(name string, most int) (data []byte, wrong string, err error) {
	file, err := f.root.Open(name)
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, "", err
	case info.Size() > int64(most):
		return nil, fmt.Sprintf("it is larger than %d bytes, or the account's files are than %d", maxFile, MaxAccount), nil
	}
	// One that grows meanwhile is cut off, and then no whole answer.
	if data, err = io.ReadAll(io.LimitReader(file, info.Size())); err != nil {
		return nil, "", err
	}
	return data, "", nil
}
