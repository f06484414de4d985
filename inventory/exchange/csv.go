package exchange

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// readCSV reads records as they come: what is in memory of the file itself is
// one record.
func readCSV(in *bufio.Reader, s Schema, opts Options) (Table, error) {
	b, err := newBuilder(CSV, "line", s, opts)
	if err != nil {
		return Table{}, err
	}
	if start, _ := in.Peek(len(byteOrderMark)); bytes.Equal(start, byteOrderMark) {
		if _, err := in.Discard(len(byteOrderMark)); err != nil {
			return Table{}, fmt.Errorf("read: %w", err)
		}
	}
	above, comma, err := skipSeparatorLine(in)
	if err != nil {
		return Table{}, err
	}
	line, _ := in.Peek(in.Size()) // as much of the header as there is in one go
	if endsInReturns(line) {
		return Table{}, badFile("its lines end in carriage returns alone; save it as CSV UTF-8")
	}
	records := csv.NewReader(boundRecords(in))
	if records.Comma = comma; comma == 0 {
		records.Comma = separator(line)
	}
	records.FieldsPerRecord = -1
	records.ReuseRecord = true
	width := -1
	for {
		fields, err := records.Read()
		switch {
		case errors.Is(err, io.EOF) && width < 0:
			return Table{}, badFile("it has no header")
		case errors.Is(err, io.EOF):
			return b.done()
		case err != nil:
			return Table{}, readError(err, above)
		}
		row, _ := records.FieldPos(0)
		row += above
		if width < 0 {
			width = len(fields)
			if err := b.header(row, fields); err != nil {
				return Table{}, err
			}
			continue
		}
		if len(fields) != width {
			b.problem(row, "", "has %d cells, and the header has %d", len(fields), width)
			continue // which cell is missing, or one too many, cannot be known
		}
		if err := b.row(row, csvCells(fields)); err != nil {
			return Table{}, err
		}
	}
}

// skipSeparatorLine takes a first line such as "sep=;", by which a file tells
// spreadsheets what is between its cells, and says how many lines it took.
func skipSeparatorLine(in *bufio.Reader) (lines int, comma rune, err error) {
	start, _ := in.Peek(len("sep=;\r\n"))
	said, rest, there := bytes.Cut(start, []byte("\n"))
	said = bytes.TrimSuffix(said, []byte("\r"))
	if !there || len(said) != len("sep=;") || !bytes.EqualFold(said[:4], []byte("sep=")) || !bytes.ContainsAny(said[4:], ",;\t|") {
		return 0, 0, nil
	}
	if _, err := in.Discard(len(start) - len(rest)); err != nil {
		return 0, 0, fmt.Errorf("read: %w", err)
	}
	return 1, rune(said[4]), nil
}

// endsInReturns says whether the first line ends with a carriage return and no
// line feed, as some programs still write on a Macintosh.
func endsInReturns(start []byte) bool {
	quoted := false
	for i, c := range start {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && !quoted:
			return false
		case c == '\r' && !quoted:
			return i+1 < len(start) && start[i+1] != '\n'
		}
	}
	return false
}

func csvCells(fields []string) []cell {
	cells := make([]cell, len(fields))
	for i, f := range fields {
		cells[i] = cell{column: i, text: f, kind: kindCSV}
	}
	return cells
}

// boundRecords ends a CSV at a record that is too long. Quotes are only
// counted: where they do not pair, encoding/csv refuses the record anyway.
func boundRecords(in io.Reader) io.Reader {
	quoted, line := false, 1
	bound := &boundedReader{r: in, limit: maxRecord}
	bound.boundary = func(c byte) bool {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' {
			line++
		}
		return c == '\n' && !quoted
	}
	bound.tooLong = lazyError(func() string {
		return fmt.Sprintf("the record up to line %d is longer than %d KiB", line, maxRecord>>10)
	})
	return bound
}

// lazyError is an ErrFile whose words are known when it happens.
type lazyError func() string

func (e lazyError) Error() string        { return badFile("%s", e()).Error() }
func (e lazyError) Is(target error) bool { return target == ErrFile }

// separator is the one of comma, semicolon and tab that the first line has
// most of, outside of quotes.
func separator(start []byte) rune {
	counts := map[byte]int{}
	quoted := false
	for _, c := range start {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{';', '\t'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return rune(best)
}
