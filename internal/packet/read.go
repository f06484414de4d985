package packet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"hwmfa/iamcheck/awsapi"
)

const (
	// maxManifest bounds a manifest, in bytes: ten thousand accounts take about two million.
	maxManifest = 256 << 20
	// maxPacketFile bounds any other file, in bytes.
	maxPacketFile = 1 << 30
	// maxRecorded bounds what was recorded of an account, or of none, in bytes, all of which is in memory at a time: an account
	// with a hundred thousand virtual devices takes about 50 million.
	maxRecorded = 256 << 20
)

var (
	// ErrDamaged says that a packet is not what its manifest says.
	ErrDamaged = errors.New("the evidence was changed")
	// ErrUnfinished says that the collection was interrupted.
	ErrUnfinished = errors.New("the audit is not finished")
	// ErrVersion says that a packet was written by another version of the program, in a form that is not known here.
	ErrVersion = errors.New("the evidence has another form")
)

// Damage names what is not as the manifest says, in order of the names.
type Damage struct{ Files []string }

func (d *Damage) Error() string {
	var b strings.Builder
	for i, f := range d.Files {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(ErrDamaged.Error() + ": " + f)
	}
	return b.String()
}

// Is makes errors.Is(err, ErrDamaged) hold.
func (d *Damage) Is(target error) bool { return target == ErrDamaged }

// Packet is a finished packet, every file of which was found to be what the manifest says.
type Packet struct {
	root     *os.Root
	manifest Manifest
	head     string
	files    map[string]File
}

// Open checks a packet wholly: nothing may be changed, missing, cut off or added. A Damage names what is.
func Open(dir string) (*Packet, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open evidence: %w", err)
	}
	p := &Packet{root: root, files: map[string]File{}}
	if err := p.check(); err != nil {
		return nil, errors.Join(fmt.Errorf("evidence in %s: %w", dir, err), root.Close())
	}
	return p, nil
}

// Close gives the folder up.
func (p *Packet) Close() error { return p.root.Close() }

// Manifest says what the packet is.
func (p *Packet) Manifest() Manifest { return p.manifest }

// Head is the SHA-256 of the manifest, in hexadecimal.
func (p *Packet) Head() string { return p.head }

func (p *Packet) check() error {
	data, err := readBounded(p.root.FS(), manifestFile, maxManifest)
	if err != nil {
		return err
	}
	p.head = headOf(data)
	said, err := readBounded(p.root.FS(), sumFile, 1000)
	if errors.Is(err, fs.ErrNotExist) {
		if m, err := parseManifest(data); err == nil && m.FinishedAt == nil {
			return ErrUnfinished
		}
	}
	if err != nil {
		return err
	}
	if string(said) != p.head+"  "+manifestFile+"\n" {
		return &Damage{[]string{manifestFile + " does not have the SHA-256 that " + sumFile + " says"}}
	}
	if p.manifest, err = parseManifest(data); err != nil {
		return err
	}
	if p.manifest.FinishedAt == nil {
		return ErrUnfinished
	}
	for _, f := range p.manifest.Files {
		if _, again := p.files[f.Name]; again || !fs.ValidPath(f.Name) {
			return &Damage{[]string{fmt.Sprintf("%s lists %q twice, or it is no name", manifestFile, f.Name)}}
		}
		p.files[f.Name] = f
	}
	wrong, err := p.strangers()
	if err != nil {
		return err
	}
	if wrong = append(wrong, p.checkFiles()...); wrong != nil {
		slices.Sort(wrong)
		return &Damage{wrong}
	}
	return nil
}

// headOf is the SHA-256 of a manifest, in lower-case hexadecimal.
func headOf(manifest []byte) string {
	sum := sha256.Sum256(manifest)
	return hex.EncodeToString(sum[:])
}

// strangers are the files and folders that the manifest does not know.
func (p *Packet) strangers() ([]string, error) {
	var wrong []string
	folders := map[string]bool{accountFolder: true}
	for name := range p.files {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	err := fs.WalkDir(p.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		_, known := p.files[name]
		switch {
		case name == "." || name == manifestFile || name == sumFile || entry.IsDir() && folders[name]:
		case besideManifest(name) && entry.Type().IsRegular():
		case !known:
			wrong = append(wrong, name+" was added")
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.Type().IsRegular():
			wrong = append(wrong, name+" is no file")
			delete(p.files, name)
			if entry.IsDir() {
				return fs.SkipDir
			}
		}
		return nil
	})
	return wrong, err
}

// checkFiles holds every file against the manifest, several at a time.
func (p *Packet) checkFiles() []string {
	names := make(chan string)
	var wrong []string
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			through := make([]byte, 64<<10)
			for name := range names {
				if err := p.checkFile(name, through); err != nil {
					mu.Lock()
					wrong = append(wrong, err.Error())
					mu.Unlock()
				}
			}
		})
	}
	for name := range p.files {
		names <- name
	}
	close(names)
	workers.Wait()
	return wrong
}

// open opens a file of the packet, which must be as long as the manifest says. Its errors begin with its name.
func (p *Packet) open(name string) (*os.File, File, error) {
	want := p.files[name]
	if want.Size < 0 || want.Size > maxPacketFile {
		return nil, want, fmt.Errorf("%s is said to have %d bytes", name, want.Size)
	}
	file, err := p.root.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, want, fmt.Errorf("%s is missing", name)
	case err != nil:
		return nil, want, fmt.Errorf("%s: %w", name, err)
	}
	info, err := file.Stat()
	if err == nil && info.Size() != want.Size {
		err = fmt.Errorf("%s has %d bytes instead of %d", name, info.Size(), want.Size)
	}
	if err != nil {
		return nil, want, errors.Join(err, file.Close())
	}
	return file, want, nil
}

// checkFile holds a file against the manifest, through a buffer: what it takes does not grow with the file.
func (p *Packet) checkFile(name string, through []byte) error {
	file, want, err := p.open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, io.LimitReader(file, want.Size), through)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case n != want.Size || hex.EncodeToString(sum.Sum(nil)) != want.SHA256:
		return fmt.Errorf("%s was changed", name)
	}
	return nil
}

// read is a file of the packet, which must be what the manifest says. Its errors begin with its name.
func (p *Packet) read(name string) ([]byte, error) {
	file, want, err := p.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := make([]byte, want.Size)
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want.SHA256 {
		return nil, fmt.Errorf("%s was changed", name)
	}
	return data, nil
}

// Read is a file beside the accounts; fs.ErrNotExist where the packet has none of this name.
func (p *Packet) Read(name string) ([]byte, error) {
	if _, ok := p.files[name]; !ok {
		return nil, fmt.Errorf("evidence: %s: %w", name, fs.ErrNotExist)
	}
	data, err := p.read(name)
	if err != nil {
		return nil, &Damage{[]string{err.Error()}}
	}
	return data, nil
}

// Recorded is what was recorded of an account, "" of none; see awsapi.Recorded. The file is held against the manifest once
// more, because it may have been changed since Open.
func (p *Packet) Recorded(account string) ([]awsapi.Exchange, bool, error) {
	name := populationFile
	if account != "" {
		name = accountName(account)
	}
	f, ok := p.files[name]
	if !ok {
		return nil, false, nil
	}
	if f.Size > maxRecorded {
		return nil, false, &Damage{[]string{fmt.Sprintf("%s has %d bytes, more than an audit keeps", name, f.Size)}}
	}
	data, err := p.Read(name)
	if err != nil {
		return nil, false, err
	}
	exchanges, err := decode(data)
	if err != nil {
		return nil, false, fmt.Errorf("evidence: %s: %w", name, err)
	}
	return exchanges, true, nil
}

// readBounded reads a file of up to so many bytes.
func readBounded(folder fs.FS, name string, most int64) ([]byte, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, &Damage{[]string{fmt.Sprintf("%s is no file of up to %d bytes", path.Base(name), most)}}
	}
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, &Damage{[]string{fmt.Sprintf("%s is larger than %d bytes", path.Base(name), most)}}
	}
	return data, nil
}

// parseManifest reads a manifest, and nothing that only looks like one.
func parseManifest(data []byte) (Manifest, error) {
	var m Manifest
	// First, because another version may have other members.
	var of struct {
		Schema string `json:"schema"`
	}
	if json.Unmarshal(data, &of) == nil && of.Schema != Schema && strings.HasPrefix(of.Schema, schemaFamily) {
		return Manifest{}, fmt.Errorf("%w: %.40q, and not %s", ErrVersion, of.Schema, Schema)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Manifest{}, &Damage{[]string{fmt.Sprintf("%s: %v", manifestFile, err)}}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Manifest{}, &Damage{[]string{manifestFile + " goes on after its end"}}
	}
	if m.Schema != Schema {
		return Manifest{}, &Damage{[]string{fmt.Sprintf("%s has the schema %.40q, not %s", manifestFile, m.Schema, Schema)}}
	}
	return m, nil
}
