package exchange

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// maxSheetCells bounds the cells of a sheet that hold something.
const maxSheetCells = 16 << 20

// sheetReader walks a sheet row by row.
type sheetReader struct {
	d         *elements
	texts     []string
	b         *builder
	row       int
	cellsSeen int
	hasHeader bool
}

func (w *workbook) rows(file string, texts []string, b *builder) error {
	s := sheetReader{texts: texts, b: b}
	err := w.decode(file, maxSheet, func(d *elements, t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "row" {
			s.d = d
			return s.readRow(e)
		}
		return nil
	})
	if err == nil && !s.hasHeader {
		err = badFile("the sheet has no header")
	}
	return err
}

func (s *sheetReader) readRow(e xml.StartElement) error {
	row := s.row + 1
	if r := attr(e, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n < row || n > 1<<20 {
			return badFile("the sheet's rows are out of order after row %d", s.row)
		}
		row = n
	}
	s.row = row
	var cells []cell
	last := -1
	for {
		t, err := s.d.Token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return s.put(cells) // children are read to their end
		case xml.StartElement:
			if t.Name.Local != "c" {
				if err := s.d.Skip(); err != nil {
					return err
				}
				continue
			}
			column, err := s.columnOf(t, last)
			if err != nil {
				return err
			}
			last = column
			c, err := s.readCell(t)
			if err != nil {
				return err
			}
			if c.text == "" && c.kind != kindFormula {
				continue
			}
			if s.cellsSeen++; s.cellsSeen > maxSheetCells || column >= maxColumns {
				return badFile("row %d: the sheet has cells beyond column %s, or too many", row, letter(maxColumns-1))
			}
			c.column = column
			cells = append(cells, c)
		}
	}
}

// columnOf reads where a cell stands: after the one before, where it does not
// say so.
func (s *sheetReader) columnOf(e xml.StartElement, last int) (int, error) {
	ref := attr(e, "r")
	if ref == "" {
		return last + 1, nil
	}
	letters := strings.TrimRight(ref, "0123456789")
	column := 0
	for _, r := range letters {
		if r < 'A' || r > 'Z' || len(letters) > 3 {
			return 0, badFile("row %d has a cell that says nonsense about where it stands", s.row)
		}
		column = column*26 + int(r-'A') + 1
	}
	if column-1 <= last || ref[len(letters):] != strconv.Itoa(s.row) {
		return 0, badFile("row %d has a cell that is out of order", s.row)
	}
	return column - 1, nil
}

// readCell reads a cell whose start has been read.
func (s *sheetReader) readCell(e xml.StartElement) (cell, error) {
	var v, inline string
	formula := false
	for {
		t, err := s.d.Token()
		if err != nil {
			return cell{}, err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return s.cell(attr(e, "t"), v, inline, formula)
		case xml.StartElement:
			switch t.Name.Local {
			case "v":
				v, err = readText(s.d, true)
			case "is":
				inline, err = readText(s.d, false)
			case "f":
				formula = true
				err = s.d.Skip()
			default:
				err = s.d.Skip()
			}
			if err != nil {
				return cell{}, err
			}
		}
	}
}

// cell gives a cell's content its kind (ECMA-376 §18.18.11).
func (s *sheetReader) cell(kind, v, inline string, formula bool) (cell, error) {
	c := cell{text: v}
	switch kind {
	case "s":
		i, err := strconv.Atoi(v)
		if err != nil || i < 0 || i >= len(s.texts) {
			return cell{}, badFile("row %d refers to a string that is not there", s.row)
		}
		c.text = s.texts[i]
	case "inlineStr":
		c.text = inline
	case "str", "d":
	case "b":
		c.text = map[string]string{"0": "false", "1": "true"}[v]
	case "e":
		c.kind = kindFault
	case "", "n":
		c.kind = kindSheetNumber
	default:
		return cell{}, badFile("row %d has a cell of a kind that is not known", s.row)
	}
	if formula {
		c.kind = kindFormula
	}
	return c, nil
}

// put hands a row over: the first that holds something is the header.
func (s *sheetReader) put(cells []cell) error {
	if len(cells) == 0 {
		return nil
	}
	if s.hasHeader {
		return s.b.row(s.row, cells)
	}
	s.hasHeader = true
	names := make([]string, cells[len(cells)-1].column+1)
	for _, c := range cells {
		if c.kind == kindFormula || c.kind == kindFault {
			return badFile("%s%d in the header is a formula", letter(c.column), s.row)
		}
		names[c.column] = c.text
	}
	return s.b.header(s.row, names)
}

// escapedText is a character that XML cannot hold, as spreadsheets write it
// into texts: _x000D_ (ECMA-376 §22.9.2.19, ST_Xstring).
var escapedText = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

func unescapeText(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escapedText.ReplaceAllStringFunc(s, func(e string) string {
		n, err := strconv.ParseUint(e[2:6], 16, 16)
		if err != nil || utf16.IsSurrogate(rune(n)) {
			return e
		}
		return string(rune(n))
	})
}

// escapeText is the other way round: every underscore that begins what reads
// like an escape is written as one.
func escapeText(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] == '_' && escapedText.MatchString(s[i:min(i+7, len(s))]) {
			b.WriteString("_x005F_")
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
