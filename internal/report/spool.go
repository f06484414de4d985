package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
)

// Spool keeps findings in a file of its own until all are there, so that a report in the order of accounts takes no memory
// for them. The file has no name once it is open: it ends with the process.
type Spool struct {
	file *os.File
	out  *bufio.Writer
	size int64
	at   []position
	// shared is what only the whole run can tell of an account's recovery; nil, or nil for an account, is nothing.
	shared func(account string) *iamcheck.Recovery
}

// position is where a finding stands in the file.
type position struct {
	account string
	offset  int64
	length  int
}

// NewSpool opens a spool in the folder for temporary files. shared, unless nil, says of an account what goes before what else is
// found of its recovery: only the whole run can tell it, so that it is asked for when findings are handed over.
func NewSpool(shared func(account string) *iamcheck.Recovery) (*Spool, error) {
	file, err := os.CreateTemp("", "hwmfa-audit-")
	if err != nil {
		return nil, fmt.Errorf("make a file for findings: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("make a file for findings: %w", err), file.Close())
	}
	return &Spool{file: file, out: bufio.NewWriterSize(file, 1<<16), shared: shared}, nil
}

// Add keeps one finding.
func (s *Spool) Add(f iamcheck.Finding) error {
	doc, err := term.MarshalJSONLine(f)
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
	findings, stop := make(chan iamcheck.Finding, ahead), make(chan struct{})
	var failed error
	go func() {
		defer close(findings)
		failed = s.docs(func(doc []byte) error {
			var f iamcheck.Finding
			if err := json.Unmarshal(doc, &f); err != nil {
				return fmt.Errorf("read a finding again: %w", err)
			}
			select {
			case findings <- f:
				return nil
			case <-stop:
				return errStopped
			}
		})
	}()
	var err error
	for f := range findings {
		if err != nil {
			continue // until the reader has seen that it is to stop
		}
		if err = each(f); err != nil {
			close(stop)
		}
	}
	if errors.Is(failed, errStopped) {
		failed = nil
	}
	return errors.Join(err, failed)
}

// ahead is how many findings are read before they are asked for: reading one takes as long as writing it.
const ahead = 16

var errStopped = errors.New("nobody wants more findings")

// Write hands the findings to a writer, in the order of their accounts.
func (s *Spool) Write(w Writer) error {
	if w, ok := w.(docWriter); ok {
		return s.docs(w.doc)
	}
	return s.Each(w.Finding)
}

// docs hands over the findings as they are kept, in the order of their accounts; each is good until the next.
func (s *Spool) docs(each func([]byte) error) error {
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("keep findings: %w", err)
	}
	slices.SortStableFunc(s.at, func(a, b position) int { return cmp.Compare(a.account, b.account) })
	var kept []byte
	for _, p := range s.at {
		kept = slices.Grow(kept[:0], p.length)[:p.length]
		_, err := io.ReadFull(io.NewSectionReader(s.file, p.offset, int64(p.length)), kept)
		doc := kept
		if err == nil {
			doc, err = s.complete(p.account, kept)
		}
		if err != nil {
			return fmt.Errorf("read the finding on %s again: %w", p.account, err)
		}
		if err := each(doc); err != nil {
			return err
		}
	}
	return nil
}

// recoveryList begins the list of what is found of an account's recovery. No string can hold it: a quote in one is escaped.
var recoveryList = []byte(`"recovery":[`)

// complete puts into a finding what only the whole run can tell. Where its list is empty there is nothing to tell: the account
// has no address.
func (s *Spool) complete(account string, doc []byte) ([]byte, error) {
	if s.shared == nil {
		return doc, nil
	}
	shared := s.shared(account)
	before, after, listed := bytes.Cut(doc, recoveryList)
	if shared == nil || !listed || bytes.HasPrefix(after, []byte("]")) {
		return doc, nil
	}
	first, err := term.MarshalJSONLine(shared)
	return slices.Concat(before, recoveryList, first, []byte(","), after), err
}

// Close drops the findings.
func (s *Spool) Close() error {
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close the file for findings: %w", err)
	}
	return nil
}
