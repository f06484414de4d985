package exchange

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"
)

// Read reads a table of the schema. What the form of the file is, is seen in
// its first bytes. A file that does not fit gives Problems, one with a secret
// ErrSecret, and anything that is no table ErrFile; nothing is returned then.
func Read(r io.Reader, s Schema, opts Options) (Table, error) {
	limited := &shortReader{r: r, left: maxFile + 1, tooLong: badFile("larger than %d MiB", maxFile>>20)}
	in := bufio.NewReaderSize(limited, 4096)
	start, err := in.Peek(512)
	if marksUTF16(start) { // what spreadsheets call Unicode text
		in = bufio.NewReaderSize(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(in), 4096)
		start, err = in.Peek(512)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return Table{}, readError(err, 0)
	}
	form, err := formOf(start)
	if err != nil {
		return Table{}, err
	}
	if opts.Sheet != "" && form != XLSX {
		return Table{}, badFile("only a workbook has sheets")
	}
	switch form {
	case XLSX:
		return readXLSX(in, s, opts)
	case JSON:
		return readJSON(in, s, opts)
	default:
		return readCSV(in, s, opts)
	}
}

// byteOrderMark is U+FEFF in UTF-8, which some programs put before a text.
var byteOrderMark = []byte("\xef\xbb\xbf")

// marksUTF16 says whether a text begins with U+FEFF in UTF-16.
func marksUTF16(start []byte) bool {
	return bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff"))
}

func formOf(start []byte) (Format, error) {
	text := bytes.TrimLeft(bytes.TrimPrefix(start, byteOrderMark), " \t\r\n")
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return XLSX, nil
	case bytes.HasPrefix(start, []byte("\xd0\xcf\x11\xe0")):
		return "", badFile("this is a workbook of the old form, or one with a password; save it as XLSX without a password")
	case len(start) > 1 && (start[0] == 0) != (start[1] == 0):
		return "", badFile("this is UTF-16 and does not say so; save it as CSV UTF-8")
	case len(text) == 0:
		return "", badFile("it is empty")
	case text[0] == '{', text[0] == '[':
		return JSON, nil
	}
	return CSV, nil
}

// readError takes the words of encoding/csv without what it may quote; above is how
// many lines it did not see.
func readError(err error, above int) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return badFile("line %d: %v", parse.Line+above, parse.Err)
	}
	if errors.Is(err, ErrFile) {
		return err
	}
	return fmt.Errorf("read: %w", err)
}
