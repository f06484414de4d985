package packet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ValidName reports whether a file of a packet can be called so.
func ValidName(name string) bool {
	return fs.ValidPath(name) && utf8.ValidString(name) && len(name) < 400 && !strings.ContainsFunc(name, unicode.IsControl) &&
		!strings.HasSuffix(name, partial)
}

// Put writes one of the files beside the accounts: Inventory, Policy, Report, or one in a folder of its own.
func (w *Writer) Put(name string, write func(io.Writer) error) error {
	if !ValidName(name) {
		return w.fail(fmt.Errorf("%.400q is no name of a file", name))
	}
	if err := os.MkdirAll(filepath.Dir(w.path(name)), folderMode); err != nil {
		return w.fail(err)
	}
	f, err := w.writeFile(name, write)
	if err != nil {
		return w.fail(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files[name] = f
	return w.err
}

// writeFile writes a file in one go and says what it is.
func (w *Writer) writeFile(name string, write func(io.Writer) error) (File, error) {
	p, err := newPart(w.path(name))
	if err != nil {
		return File{}, err
	}
	err = write(p)
	f, closing := p.finish(name)
	return f, errors.Join(err, closing)
}

// Ending is what is known of a collection when it is over.
type Ending struct {
	At time.Time
	// Rules are those that the report was decided by.
	Rules any
	// JournalHead is nil without an inventory.
	JournalHead *string
	// Accounts is how many were audited.
	Accounts int
}

// Seal finishes the packet: every file is on the disk before the manifest that vouches for it. It returns the packet's head,
// the SHA-256 of its manifest, which vouches for the rest.
func (w *Writer) Seal(ctx context.Context, end Ending) (head string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return "", w.err
	}
	if head, err = w.seal(ctx, end); err != nil {
		return "", w.broke(err)
	}
	return head, nil
}

func (w *Writer) seal(ctx context.Context, end Ending) (string, error) {
	population, err := w.population.finish(populationFile)
	if err != nil {
		return "", err
	}
	w.files[populationFile] = population
	if err := w.dropParts(); err != nil {
		return "", err
	}
	exchanges, err := w.putAccounts(ctx)
	if err != nil {
		return "", err
	}
	m := w.manifest
	m.Files = make([]File, 0, len(w.files))
	for name, f := range w.files {
		if err := errors.Join(context.Cause(ctx), syncFile(w.path(name))); err != nil {
			return "", err
		}
		m.Files = append(m.Files, f)
	}
	if m.Rules, err = json.Marshal(end.Rules); err != nil {
		return "", fmt.Errorf("encode rules: %w", err)
	}
	at := end.At.UTC()
	m.FinishedAt, m.JournalHead, m.Accounts, m.Exchanges = &at, end.JournalHead, end.Accounts, w.asked+exchanges
	doc, err := manifestText(m)
	if err != nil {
		return "", err
	}
	head := headOf(doc)
	// The manifest comes last: until it is there, the packet is one that can be resumed.
	if err := w.replace(sumFile, []byte(head+"  "+manifestFile+"\n")); err != nil {
		return "", err
	}
	if err := errors.Join(syncFile(w.path(accountFolder)), w.dropSpool(), w.replace(manifestFile, doc), syncFile(w.dir)); err != nil {
		return "", err
	}
	w.manifest = m
	return head, nil
}

// putAccounts gives each account a file of its own, for people, and counts the exchanges in them.
func (w *Writer) putAccounts(ctx context.Context) (exchanges int, err error) {
	w.disk.Lock()
	defer w.disk.Unlock()
	if err := os.Mkdir(w.path(accountFolder), folderMode); err != nil {
		return 0, err
	}
	for _, id := range w.spool.accounts() {
		if _, there := w.there[id]; !there {
			continue
		}
		data, _, err := w.spool.read(id)
		if err != nil {
			return 0, err
		}
		f, err := w.writeFile(accountName(id), func(out io.Writer) error {
			_, err := out.Write(data)
			return err
		})
		if err := errors.Join(err, context.Cause(ctx)); err != nil {
			return 0, err
		}
		w.files[f.Name] = f
		exchanges += bytes.Count(data, []byte("\n"))
	}
	return exchanges, nil
}

// dropSpool removes what the accounts' own files have.
func (w *Writer) dropSpool() error {
	return errors.Join(w.spool.file.Close(), os.Remove(w.path(spoolFile)))
}

// syncFile has a file, or the names in a folder, on the disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// dropParts removes the files of accounts that were not finished.
func (w *Writer) dropParts() error {
	var errs []error
	for account, p := range w.parts {
		delete(w.parts, account)
		errs = append(errs, p.discard())
	}
	return errors.Join(errs...)
}

// Close ends the writing. A packet that is not sealed stays as it is, and can be resumed.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.dropParts()
	for _, file := range []*os.File{w.population.file, w.spool.file} {
		if closing := file.Close(); !errors.Is(closing, os.ErrClosed) {
			err = errors.Join(err, closing)
		}
	}
	if err = errors.Join(err, w.lock.Close()); err != nil {
		return fmt.Errorf("close the evidence in %s: %w", w.dir, err)
	}
	return nil
}

// Remove drops the packet with all that is in it, and closes it. A folder that was there before stays, and so does a link to
// one.
func (w *Writer) Remove() error {
	err := empty(w.dir)
	if err == nil && w.made {
		err = os.Remove(w.dir)
	}
	return errors.Join(err, w.Close())
}
