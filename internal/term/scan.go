package term

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Bounds on what a barcode scanner gives.
const (
	maxScan    = 512      // bytes of one line; a label holds far fewer
	maxScanned = 64 << 20 // bytes in all
	scansAhead = 256      // lines that are read before they are asked for
)

// ErrScan: what is read is no list of codes.
var ErrScan = errors.New("not a list of scanned codes")

// ScanFault is why a line is no code, a word.
type ScanFault string

// The faults of a line.
const (
	ScanOTP         ScanFault = "otp"         // a touched key typed a one-time password into it
	ScanTooLong     ScanFault = "too_long"    // no label holds so much
	ScanUnprintable ScanFault = "unprintable" // control characters, or no UTF-8
)

// Words says what is wrong with the line, for people.
func (f ScanFault) Words() string {
	switch f {
	case ScanOTP:
		return "that was a one-time password from a touched key; ignored"
	case ScanTooLong:
		return fmt.Sprintf("is longer than %d bytes", maxScan)
	case ScanUnprintable:
		return "contains control characters or is not valid UTF-8"
	}
	return ""
}

// Scan is one line from a barcode scanner, a file or a person; empty ones are
// left out.
type Scan struct {
	Line  int       // from 1, empty ones counted
	Text  string    // printable or spaces, without white space around it; "" with a fault
	Fault ScanFault // "" none
}

// Scanner reads lines as a barcode scanner types them, in bounded memory. The
// goroutine that reads stays behind where the scanner is given up before the
// input ends: a read cannot be taken back.
type Scanner struct {
	lines chan Scan
	err   error // set before lines is closed
}

// NewScanner begins to read.
func NewScanner(r io.Reader) *Scanner {
	s := &Scanner{lines: make(chan Scan, scansAhead)}
	go func() {
		s.err = s.read(r)
		close(s.lines)
	}()
	return s
}

// Batch waits for a line and returns it with those that have come meanwhile, at
// most limit: a person's scans one by one, a file in bulk. After the last it
// returns io.EOF.
func (s *Scanner) Batch(ctx context.Context, limit int) ([]Scan, error) {
	var batch []Scan
	if ctx.Err() != nil {
		return nil, fmt.Errorf("read codes: %w", ctx.Err())
	}
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("read codes: %w", ctx.Err())
	case first, ok := <-s.lines:
		if !ok {
			return nil, s.err
		}
		batch = append(batch, first)
	}
	for len(batch) < limit {
		select {
		case next, ok := <-s.lines:
			if !ok {
				return batch, nil // the next call says why
			}
			batch = append(batch, next)
		default:
			return batch, nil
		}
	}
	return batch, nil
}

// read ends with io.EOF where all is read.
func (s *Scanner) read(r io.Reader) error {
	in := bufio.NewReaderSize(r, maxScan+len("\r\n"))
	total, long := 0, false
	for line := 1; ; {
		text, err := in.ReadSlice('\n')
		if total += len(text); total > maxScanned {
			return fmt.Errorf("%w: more than %d MiB, in line %d", ErrScan, maxScanned>>20, line)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			long = true
			continue
		}
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if scan := parseScan(text, long); scan != (Scan{}) {
			scan.Line = line
			s.lines <- scan
		}
		switch {
		case errors.Is(err, io.EOF):
			return io.EOF
		case err != nil:
			return fmt.Errorf("read codes: %w", err)
		}
		line, long = line+1, false
	}
}

// parseScan reads one line; of a long one it is given the end.
func parseScan(line []byte, long bool) Scan {
	text := bytes.Trim(line, " \t\r\n")
	switch {
	case long || len(text) > maxScan:
		return Scan{Fault: ScanTooLong}
	case holdsOTP(text):
		return Scan{Fault: ScanOTP}
	case !utf8.Valid(text):
		return Scan{Fault: ScanUnprintable}
	}
	for _, r := range string(text) {
		if r != '\t' && !strconv.IsPrint(r) && !unicode.Is(unicode.Zs, r) { // spaces of every kind are copied along
			return Scan{Fault: ScanUnprintable}
		}
	}
	return Scan{Text: string(text)}
}

// holdsOTP says whether a key typed into the line, at whatever place: a scanner
// may have gone on behind it.
func holdsOTP(line []byte) bool {
	for end := otpLength; end <= len(line); end++ {
		if typedByKey(line[:end]) {
			return true
		}
	}
	return false
}
