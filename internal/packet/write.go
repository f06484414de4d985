package packet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
)

const (
	fileMode   fs.FileMode = 0o600
	folderMode fs.FileMode = 0o700

	// partial ends the name of a file that is still being written.
	partial = ".part"
)

var (
	// ErrNotEmpty says that a folder for a new packet holds something already.
	ErrNotEmpty = errors.New("the folder is not empty")
	// ErrNotBegun says that a folder holds nothing that could be resumed.
	ErrNotBegun = errors.New("no audit was begun here")
	// ErrFinished says that a folder holds a packet that is finished.
	ErrFinished = errors.New("the audit is finished")
	// ErrInUse says that another process writes to the folder.
	ErrInUse = errors.New("another audit is writing to it")
)

// Writer writes a packet. It is an awsapi.Recorder.
type Writer struct {
	dir      string
	made     bool // by this Writer, or by one that began
	lock     io.Closer
	manifest Manifest

	disk  sync.Mutex // guards spool
	spool *spool

	mu         sync.Mutex
	err        error // the first one; nothing is written after it
	population *part
	parts      map[string]*part // of accounts that are not finished
	files      map[string]File  // by name, but for those of accounts
	// there are the accounts that Finish was told of: one that was finished earlier, and has left the organization since, is no
	// part of what is reported.
	there map[string]struct{}
	// asked counts the exchanges that are about no account.
	asked int
}

// Create begins a packet in a folder that is new or empty. m gives program, time and options.
func Create(dir string, m Manifest) (*Writer, error) {
	made, err := makeFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("make a folder for the evidence: %w", err)
	}
	// Before the look whether it is empty: of two that find it so, one would write over the other.
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("evidence in %s: %w", dir, err)
	}
	w := &Writer{dir: dir, made: made, lock: lock, manifest: m, parts: map[string]*part{}, files: map[string]File{}, there: map[string]struct{}{}}
	if err := w.create(); err != nil {
		return nil, errors.Join(fmt.Errorf("evidence in %s: %w", dir, err), lock.Close())
	}
	return w, nil
}

// makeFolder makes a folder, and those above it; made is false where it is there already.
func makeFolder(dir string) (made bool, err error) {
	if err := os.MkdirAll(filepath.Dir(dir), folderMode); err != nil {
		return false, err
	}
	err = os.Mkdir(dir, folderMode)
	if errors.Is(err, fs.ErrExist) {
		return false, os.MkdirAll(dir, folderMode) // which it says where it is no folder
	}
	return err == nil, err
}

func (w *Writer) create() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return ErrNotEmpty
	}
	if err := os.Chmod(w.dir, folderMode); err != nil {
		return err
	}
	w.manifest.Schema = Schema
	w.manifest.ResumedAt, w.manifest.Callers, w.manifest.Files = []time.Time{}, []Caller{}, []File{}
	if err := w.writeManifest(); err != nil {
		return err
	}
	return errors.Join(w.openSpool(), w.openPopulation())
}

// Resume goes on with a packet that was not finished; m is what Create would be given now. The population is read anew, and
// the accounts that were finished stay.
func Resume(dir string, m Manifest) (*Writer, error) {
	if _, err := os.Stat(filepath.Join(dir, manifestFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("evidence in %s: %w", dir, ErrNotBegun)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("evidence in %s: %w", dir, err)
	}
	w := &Writer{dir: dir, made: true, lock: lock, parts: map[string]*part{}, files: map[string]File{}, there: map[string]struct{}{}}
	if err := w.resume(m); err != nil {
		return nil, errors.Join(fmt.Errorf("evidence in %s: %w", dir, err), lock.Close())
	}
	return w, nil
}

func (w *Writer) resume(now Manifest) error {
	data, err := readBounded(os.DirFS(w.dir), manifestFile, maxManifest)
	if err != nil {
		return err
	}
	if w.manifest, err = parseManifest(data); err != nil {
		return err
	}
	if w.manifest.FinishedAt != nil {
		return ErrFinished
	}
	if err := sameOptions(w.manifest.Options, now.Options); err != nil {
		return err
	}
	w.manifest.ResumedAt = append(w.manifest.ResumedAt, now.StartedAt)
	w.manifest.Program = now.Program
	if err := w.clear(); err != nil {
		return err
	}
	if err := w.openSpool(); err != nil {
		return err
	}
	if err := w.writeManifest(); err != nil {
		return err
	}
	return w.openPopulation()
}

// openSpool takes up the accounts that are finished.
func (w *Writer) openSpool() (err error) {
	w.spool, err = openSpool(w.path(spoolFile), func(data []byte) error {
		_, err := decode(data)
		return err
	})
	return err
}

func (w *Writer) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

// Dir is the packet's folder.
func (w *Writer) Dir() string { return w.dir }

// StartedAt is when the collection was begun.
func (w *Writer) StartedAt() time.Time { return w.manifest.StartedAt }

// Accounts is how many accounts are finished.
func (w *Writer) Accounts() int {
	w.disk.Lock()
	defer w.disk.Unlock()
	return len(w.spool.at)
}

// Recorded is what was recorded of an account that is finished; see awsapi.Recorded.
func (w *Writer) Recorded(account string) ([]awsapi.Exchange, bool, error) {
	w.disk.Lock()
	data, ok, err := w.spool.read(account)
	w.disk.Unlock()
	if !ok || err != nil {
		return nil, false, err
	}
	exchanges, err := decode(data)
	if err != nil {
		return nil, false, fmt.Errorf("evidence of account %s: %w", account, err)
	}
	return exchanges, true, nil
}

func accountName(id string) string { return accountFolder + "/" + id + ".jsonl" }

// Begin takes down who calls. A collection is resumed by the same account, in the same organization.
func (w *Writer) Begin(c awsapi.Caller) error {
	is := Caller{Profile: orNull(c.Profile), AccountID: c.AccountID, ARN: c.ARN, OrganizationID: orNull(c.OrganizationID)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	i := slices.IndexFunc(w.manifest.Callers, func(was Caller) bool { return deref(was.Profile) == c.Profile })
	again := slices.ContainsFunc(w.manifest.Callers, func(was Caller) bool { return deref(was.Profile) == c.Profile && was.ARN == c.ARN })
	switch {
	case i < 0:
		w.manifest.Callers = append(w.manifest.Callers, is)
	case w.manifest.Callers[i].AccountID != c.AccountID:
		return fmt.Errorf("%w: the caller's account was %s and is %s", ErrOptions, w.manifest.Callers[i].AccountID, c.AccountID)
	case deref(w.manifest.Callers[i].OrganizationID) != c.OrganizationID:
		return fmt.Errorf("%w: the organization was %q and is %q", ErrOptions, deref(w.manifest.Callers[i].OrganizationID), c.OrganizationID)
	case !again:
		// What is there already was asked by somebody else of the account, who may have seen more or less.
		w.manifest.Callers = append(w.manifest.Callers, is)
	}
	if err := w.writeManifest(); err != nil {
		return w.broke(err)
	}
	return nil
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Record appends an exchange to what is known of its account.
func (w *Writer) Record(x awsapi.Exchange) error {
	doc, err := encode(x)
	if err != nil {
		return w.fail(err)
	}
	p, err := w.partOf(x.Account)
	if err != nil {
		return w.fail(err)
	}
	if err := p.write(doc); err != nil {
		return w.fail(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if x.Account == "" {
		w.asked++
	}
	return w.err
}

// fail keeps the first error: nothing is written after it, because nobody could say what is missing.
func (w *Writer) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broke(err)
}

// broke is fail for those who have the lock.
func (w *Writer) broke(err error) error {
	if w.err == nil {
		w.err = fmt.Errorf("write evidence to %s: %w", w.dir, err)
	}
	return w.err
}

func (w *Writer) partOf(account string) (*part, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return nil, w.err
	}
	if account == "" {
		return w.population, nil
	}
	if !iamcheck.IsAccountID(account) {
		return nil, fmt.Errorf("%q is no account ID", account)
	}
	p := w.parts[account]
	if p == nil {
		p = laterPart(w.path(account + partial))
		w.parts[account] = p
	}
	return p, nil
}

// Finish keeps an account as finished. One of which nothing new was asked stays as it is.
func (w *Writer) Finish(account string) error {
	w.disk.Lock()
	_, done := w.spool.at[account]
	w.disk.Unlock()
	w.mu.Lock()
	_, asked := w.parts[account]
	w.there[account] = struct{}{}
	err := w.err
	w.mu.Unlock()
	if err != nil || done && !asked {
		return err
	}
	p, err := w.partOf(account)
	if err != nil {
		return w.fail(err)
	}
	w.disk.Lock()
	err = w.spool.add(account, p)
	w.disk.Unlock()
	if err != nil {
		return w.fail(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.parts, account)
	return nil
}

func (w *Writer) openPopulation() (err error) {
	w.population, err = newPart(w.path(populationFile))
	return err
}

// writeManifest puts the manifest in its place in one step.
func (w *Writer) writeManifest() error {
	doc, err := manifestText(w.manifest)
	if err != nil {
		return err
	}
	return w.replace(manifestFile, doc)
}

// manifestText is a manifest as it is stored: indented, for people.
func manifestText(m Manifest) ([]byte, error) {
	slices.SortFunc(m.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	doc, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return append(doc, '\n'), nil
}

// replace writes a whole file under another name, has it on the disk, and gives it its name.
func (w *Writer) replace(name string, doc []byte) error {
	p, err := newPart(w.path(name) + partial)
	if err != nil {
		return err
	}
	_, err = p.Write(doc)
	if err == nil {
		err = p.file.Sync()
	}
	if err = errors.Join(err, p.file.Close()); err != nil {
		return err
	}
	return os.Rename(p.path, w.path(name))
}
