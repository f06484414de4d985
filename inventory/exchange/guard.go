package exchange

import (
	"fmt"
	"io"
	"strings"
)

// formulaStart begins what spreadsheets compute, or take apart into cells, when
// they open a CSV; some take the full-width signs for the same.
const formulaStart = "=+-@\t\r＝＋－＠"

// Guard makes a text safe to be opened in a spreadsheet: one that begins like a
// formula gets an apostrophe in front, and so does one that begins with
// apostrophes and then like a formula, so that unguard gives exactly the text
// back.
func Guard(s string) string {
	if formulaAfterApostrophes(s) {
		return "'" + s
	}
	return s
}

// unguard takes back what Guard did. A text that begins like a formula without
// an apostrophe was not written by Guard: it is refused, because a spreadsheet
// would show something else than the file holds.
func unguard(s string) (string, error) {
	if !formulaAfterApostrophes(s) {
		return s, nil
	}
	if s[0] != '\'' {
		return "", fmt.Errorf("begins like a formula; if it is text, put ' in front")
	}
	return s[1:], nil
}

func formulaAfterApostrophes(s string) bool {
	rest := strings.TrimLeft(s, "'")
	return strings.IndexAny(rest, formulaStart) == 0
}

// boundedReader ends a stream in which more than limit bytes pass without a
// boundary: what reads it collects the bytes between two in memory.
type boundedReader struct {
	r     io.Reader
	limit int
	// boundary says whether a byte ends what is collected.
	boundary func(byte) bool
	tooLong  error
	since    int
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for i, c := range p[:n] {
		if b.boundary(c) {
			b.since = 0
			continue
		}
		if b.since++; b.since > b.limit {
			return i, b.tooLong
		}
	}
	return n, err
}

// shortReader ends a stream after limit bytes with an error, where
// io.LimitReader would make it look complete.
type shortReader struct {
	r       io.Reader
	left    int64
	tooLong error
}

func (s *shortReader) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, s.tooLong
	}
	if int64(len(p)) > s.left {
		p = p[:s.left]
	}
	n, err := s.r.Read(p)
	s.left -= int64(n)
	return n, err
}
