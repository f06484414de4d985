package packet

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"os"
	"sync"
)

// part is a file that is being written.
type part struct {
	mu   sync.Mutex
	file *os.File
	sum  hash.Hash
	size int64
}

func newPart(path string) (*part, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, fileMode)
	if err != nil {
		return nil, err
	}
	return &part{file: file, sum: sha256.New()}, nil
}

func (p *part) write(doc []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.Write(doc)
	return err
}

// Write is for one writer at a time.
func (p *part) Write(doc []byte) (int, error) {
	n, err := p.file.Write(doc)
	p.sum.Write(doc[:n])
	p.size += int64(n)
	return n, err
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
