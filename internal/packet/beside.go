package packet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// What may stand beside a manifest that vouches for everything else: a signature of its bytes, and a time stamp of them. They
// are no part of the packet, whose head is the same with and without them.
const (
	Signature = "manifest.sig"
	Timestamp = "manifest.tsr"
)

// maxBeside bounds such a file, in bytes.
const maxBeside = 1 << 20

func besideManifest(name string) bool { return slices.Contains([]string{Signature, Timestamp}, name) }

// ManifestText is the manifest as it is in its file: what is signed and stamped. It is held against the head once more.
func (p *Packet) ManifestText() ([]byte, error) {
	text, err := readBounded(p.root.FS(), manifestFile, maxManifest)
	if err == nil && headOf(text) != p.head {
		err = &Damage{[]string{manifestFile + " was changed"}}
	}
	return text, err
}

// Beside reads a signature or a time stamp; fs.ErrNotExist where the packet has none. It is not checked.
func (p *Packet) Beside(name string) ([]byte, error) {
	if !besideManifest(name) {
		return nil, fmt.Errorf("evidence: %s: %w", name, fs.ErrNotExist)
	}
	return readBounded(p.root.FS(), name, maxBeside)
}

// PutBeside writes a signature or a time stamp that is not there yet: fs.ErrExist where one is.
func (p *Packet) PutBeside(name string, doc []byte) (err error) {
	if !besideManifest(name) || len(doc) > maxBeside {
		return fmt.Errorf("evidence: %s: %w", name, fs.ErrInvalid)
	}
	f, err := p.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	if _, err = f.Write(doc); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("evidence: %s: %w", filepath.Base(name), err), p.root.Remove(name))
	}
	return nil
}
