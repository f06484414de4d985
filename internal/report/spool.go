package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"hwmfa/iamcheck"
)

// Spool keeps findings in a file of its own until all are there, so that a report in the order of accounts takes no memory
// for them. The file has no name once it is open: it ends with the process.
type Spool struct {
	file *os.File
	out  *bufio.Writer
	size int64
	at   []position
	last func(*iamcheck.Finding)
}

// position is where a finding stands in the file.
type position struct {
	account string
	offset  int64
	length  int
}

// NewSpool opens a spool in the folder for temporary files. last, unless nil, puts into each finding that is handed over what
// only the whole run can tell.
func NewSpool(last func(*iamcheck.Finding)) (*Spool, error) {
	file, err := os.CreateTemp("", "hwmfa-audit-")
	if err != nil {
		return nil, fmt.Errorf("make a file for findings: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("make a file for findings: %w", err), file.Close())
	}
	return &Spool{file: file, out: bufio.NewWriterSize(file, 1<<16), last: last}, nil
}

// Add keeps one finding.
func (s *Spool) Add(f iamcheck.Finding) error {
	doc, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("keep the finding on %s: %w", f.AccountID, err)
	}
	if _, err := s.out.Write(doc); err != nil {
		return fmt.Errorf("keep the finding on %s: %w", f.AccountID, err)
	}
	s.at = append(s.at, position{f.AccountID, s.size, len(doc)})
	s.size += int64(len(doc))
	return nil
}

// Len is how many findings there are.
func (s *Spool) Len() int { return len(s.at) }

// Each hands over the findings in the order of their accounts. Who made a call is not kept. It may be called again.
func (s *Spool) Each(each func(iamcheck.Finding) error) error {
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("keep findings: %w", err)
	}
	slices.SortStableFunc(s.at, func(a, b position) int { return cmp.Compare(a.account, b.account) })
	findings, stop := make(chan iamcheck.Finding, ahead), make(chan struct{})
	var failed error
	go func() {
		defer close(findings)
		failed = s.read(findings, stop)
	}()
	var err error
	for f := range findings {
		if err != nil {
			continue // until the reader has seen that it is to stop
		}
		if s.last != nil {
			s.last(&f)
		}
		if err = each(f); err != nil {
			close(stop)
		}
	}
	return errors.Join(err, failed)
}

// ahead is how many findings are read before they are asked for: reading one takes as long as writing it.
const ahead = 16

// read reads the findings until there are no more, or it is to stop.
func (s *Spool) read(into chan<- iamcheck.Finding, stop <-chan struct{}) error {
	var doc []byte
	for _, p := range s.at {
		doc = slices.Grow(doc[:0], p.length)[:p.length]
		if _, err := io.ReadFull(io.NewSectionReader(s.file, p.offset, int64(p.length)), doc); err != nil {
			return fmt.Errorf("read the finding on %s again: %w", p.account, err)
		}
		var f iamcheck.Finding
		if err := json.Unmarshal(doc, &f); err != nil {
			return fmt.Errorf("read the finding on %s again: %w", p.account, err)
		}
		select {
		case into <- f:
		case <-stop:
			return nil
		}
	}
	return nil
}

// Close drops the findings.
func (s *Spool) Close() error {
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close the file for findings: %w", err)
	}
	return nil
}
