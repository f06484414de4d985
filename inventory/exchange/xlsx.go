package exchange

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Bounds on what is unpacked of an XLSX. Only four of its files are: what else
// it holds stays packed, however large it says it is.
const (
	maxSheet      = 256 << 20 // bytes of a sheet, read as a stream
	maxStrings    = 64 << 20  // bytes of the table of strings, kept in memory
	maxIndex      = 1 << 20   // bytes of the workbook's list of sheets
	maxEntries    = 4096      // files in the archive
	maxTag        = 128 << 10 // bytes from one "<" to the next: a cell holds 32,767 characters
	maxTextsKept  = 2 << 20   // entries of the table of strings
	maxNested     = 256       // elements within each other; a parser keeps every one that is open
	maxSheetsSeen = 256
)

// workbook is an XLSX (ECMA-376) of which nothing is unpacked yet.
type workbook struct{ files map[string]*zip.File }

// readXLSX reads one sheet of a workbook. It is our own reader, because those
// that we know drop the kind of a cell, do not say which one is a formula when
// they read row by row, and take a sheet that breaks off in the middle for one
// that ends there.
func readXLSX(in io.Reader, s Schema, opts Options) (Table, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return Table{}, readError(err, 0)
	}
	w, err := openWorkbook(data)
	if err != nil {
		return Table{}, err
	}
	b, err := newBuilder(XLSX, "row", s, opts)
	if err != nil {
		return Table{}, err
	}
	name, date1904, err := w.sheet(opts.Sheet)
	if err != nil {
		return Table{}, err
	}
	b.date1904 = date1904
	texts, err := w.texts()
	if err != nil {
		return Table{}, err
	}
	if err := w.rows(name, texts, b); err != nil {
		return Table{}, err
	}
	return b.done()
}

func openWorkbook(data []byte) (*workbook, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, badFile("the archive that an XLSX is, is damaged")
	}
	if len(archive.File) > maxEntries {
		return nil, badFile("the archive holds more than %d files", maxEntries)
	}
	w := &workbook{files: map[string]*zip.File{}}
	for _, f := range archive.File {
		name := strings.ToLower(strings.TrimPrefix(f.Name, "/"))
		if w.files[name] != nil {
			return nil, badFile("the archive holds a file twice")
		}
		w.files[name] = f
	}
	return w, nil
}

// decode unpacks a file of the archive, no more than limit bytes of it, and
// hands its elements to visit; visit may read on. A file that is not there has
// none.
func (w *workbook) decode(name string, limit int64, visit func(*elements, xml.Token) error) (err error) {
	f := w.files[strings.ToLower(name)]
	if f == nil {
		return nil
	}
	tooLarge := badFile("%s unpacks to more than %d MiB", path.Base(name), limit>>20)
	if f.UncompressedSize64 > uint64(limit) {
		return tooLarge
	}
	unpacked, err := f.Open()
	if err != nil {
		return badFile("%s in the archive is packed in a way that is not known", path.Base(name))
	}
	defer func() { err = errors.Join(err, unpacked.Close()) }()
	tags := &boundedReader{
		r: &shortReader{r: unpacked, left: limit + 1, tooLong: tooLarge}, limit: maxTag,
		boundary: func(c byte) bool { return c == '<' },
		tooLong:  badFile("a text in %s is longer than %d KiB", path.Base(name), maxTag>>10),
	}
	d := &elements{Decoder: xml.NewDecoder(tags), name: path.Base(name)}
	for {
		t, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil:
			err = visit(d, t)
		}
		if err != nil {
			return d.say(err)
		}
	}
}

// elements reads a file of the archive element by element.
type elements struct {
	*xml.Decoder
	name  string
	depth int // how many are open
}

// Token is the decoder's, as long as elements do not go too deep into each other.
func (d *elements) Token() (xml.Token, error) {
	t, err := d.Decoder.Token()
	switch t.(type) {
	case xml.StartElement:
		d.depth++
	case xml.EndElement:
		d.depth--
	}
	if d.depth > maxNested {
		return nil, badFile("%s has more than %d elements within each other", d.name, maxNested)
	}
	return t, err
}

// Skip reads to the end of an element whose start has been read.
func (d *elements) Skip() error {
	for end := d.depth - 1; d.depth > end; {
		if _, err := d.Token(); err != nil {
			return err
		}
	}
	return nil
}

// say words an error without what encoding/xml may quote.
func (d *elements) say(err error) error {
	if errors.Is(err, ErrFile) || errors.Is(err, ErrSecret) {
		return err
	}
	return badFile("%s is damaged at byte %d", d.name, d.InputOffset())
}

// sheet finds the file of the sheet that is meant, and how the workbook counts
// days.
func (w *workbook) sheet(want string) (file string, date1904 bool, err error) {
	type sheet struct{ name, rel string }
	var sheets []sheet
	const book = "xl/workbook.xml"
	if w.files[book] == nil {
		return "", false, badFile("this archive is not a workbook")
	}
	err = w.decode(book, maxIndex, func(_ *elements, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		switch {
		case ok && e.Name.Local == "workbookPr":
			v := attr(e, "date1904")
			date1904 = v == "1" || v == "true"
		case ok && e.Name.Local == "sheet":
			sheets = append(sheets, sheet{attr(e, "name"), relation(e)})
		}
		return nil
	})
	if err != nil {
		return "", false, err
	}
	if len(sheets) == 0 || len(sheets) > maxSheetsSeen {
		return "", false, badFile("the workbook has %d sheets", len(sheets))
	}
	rel := ""
	var names []string
	for _, s := range sheets {
		names = append(names, fmt.Sprintf("%q", s.name))
		if s.name == want || want == "" && len(sheets) == 1 {
			rel = s.rel
		}
	}
	if rel == "" {
		return "", false, badFile("name one of the workbook's sheets: %s", strings.Join(names, ", "))
	}
	err = w.decode("xl/_rels/workbook.xml.rels", maxIndex, func(_ *elements, t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" && attr(e, "Id") == rel {
			file = attr(e, "Target")
		}
		return nil
	})
	if err != nil {
		return "", false, err
	}
	if !strings.HasPrefix(file, "/") {
		file = path.Join("xl", file)
	}
	file = strings.TrimPrefix(file, "/")
	if w.files[strings.ToLower(file)] == nil {
		return "", false, badFile("the sheet's file is not in the archive")
	}
	return file, date1904, nil
}

// attr is an element's attribute of no name space, "" where it has none.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// relation is the attribute r:id, whose name space is spelled in two ways
// (transitional and strict).
func relation(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Space != "" && a.Name.Local == "id" {
			return a.Value
		}
	}
	return ""
}

// texts reads the table of strings, to which cells refer by number.
func (w *workbook) texts() ([]string, error) {
	var texts []string
	err := w.decode("xl/sharedStrings.xml", maxStrings, func(d *elements, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "si" {
			return nil
		}
		if len(texts) == maxTextsKept {
			return badFile("it has more than %d strings", maxTextsKept)
		}
		text, err := readText(d, false)
		texts = append(texts, text)
		return err
	})
	return texts, err
}

// readText reads to the end of an element whose start has been read, and
// returns what is shown of it: its own characters where they are the text, and
// those of every t in it (runs of different fonts), without phonetic hints.
func readText(d *elements, own bool) (string, error) {
	var text strings.Builder
	inText := own
	for depth := 1; depth > 0; {
		t, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "rPh" {
				if err := d.Skip(); err != nil {
					return "", err
				}
				continue
			}
			depth++
			inText = t.Name.Local == "t"
		case xml.EndElement:
			depth--
			inText = false
		case xml.CharData:
			if inText && text.Len() <= maxRecord {
				text.Write(t) // what is beyond is refused as too long anyway
			}
		}
	}
	return unescapeText(text.String()), nil
}
