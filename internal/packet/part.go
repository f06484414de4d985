package packet

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"slices"
	"sync"
)

// maxHeld is how much of an account waits in memory until it is complete, in bytes; most never need a file of their own.
const maxHeld = 256 << 10

// part is a file that is being written.
type part struct {
	path string

	mu   sync.Mutex
	file *os.File // nil until there is something to write
	held [][]byte
	sum  hash.Hash
	size int64
}

// newPart opens a file to write to.
func newPart(path string) (*part, error) {
	p := laterPart(path)
	return p, p.open()
}

// laterPart is a file that is opened when it is too long to wait in memory.
func laterPart(path string) *part { return &part{path: path, sum: sha256.New()} }

// open opens the file and writes what has waited for it.
func (p *part) open() (err error) {
	if p.file, err = os.OpenFile(p.path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, fileMode); err != nil {
		return err
	}
	_, err = p.file.Write(slices.Concat(p.held...))
	p.held = nil
	return err
}

func (p *part) write(doc []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.Write(doc)
	return err
}

// Write is for one writer at a time. What waits in memory is doc itself: it must not be changed later.
func (p *part) Write(doc []byte) (n int, err error) {
	if p.file == nil {
		p.held, n = append(p.held, doc), len(doc)
		if p.size+int64(n) > maxHeld {
			err = p.open()
		}
	} else {
		n, err = p.file.Write(doc)
	}
	p.sum.Write(doc[:n])
	p.size += int64(n)
	return n, err
}

// copyTo writes all that was written.
func (p *part) copyTo(out *bufio.Writer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, doc := range p.held {
		if _, err := out.Write(doc); err != nil {
			return err
		}
	}
	if p.file == nil {
		return nil
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(out, p.file)
	return err
}

// discard closes the file and removes it.
func (p *part) discard() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		return nil
	}
	return errors.Join(p.file.Close(), os.Remove(p.path))
}

// finish closes the file and says what it is.
func (p *part) finish(name string) (File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.file.Close(); err != nil {
		return File{}, err
	}
	return File{name, p.size, hex.EncodeToString(p.sum.Sum(nil))}, nil
}
