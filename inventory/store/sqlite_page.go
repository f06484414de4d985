package store

import (
	"encoding/binary"
	"errors"
	"strings"

	"hwmfa/inventory"
)

// The section numbers are those of the SQLite file format,
// https://www.sqlite.org/fileformat2.html.

// Pages of a table's b-tree (§1.6).
const (
	interiorPage = 0x05
	leafPage     = 0x0d
)

// maxDepth is more than the levels of a b-tree that has a page for each number.
const maxDepth = 20

// errUnusual: a page holds something else than this program has SQLite write.
// What it means is for SQLite to say.
var errUnusual = errors.New("a page is not as expected")

// eventPages reads the rows of the table events from the pages of its b-tree:
// that takes less than half of the time that SQLite takes to hand over rows. It
// reads on only while each row is the next event and in the form in which this
// program has it written, so that whatever the pages hold, it comes to an end.
type eventPages struct {
	usable int   // bytes of a page; what follows is reserved (§1.3.4)
	last   int64 // the row that was read last; the next one is to be one more
	// fetch calls fn with each of the pages, in that order.
	fetch func(pages []uint32, fn func(page string) error) error
	// long reads a row that does not fit into its page.
	long  func(row int64) (inventory.RawEvent, error)
	batch batch
}

// usable is how many bytes are used of each page of a file that begins with this
// one (§1.3), and whose text is UTF-8.
func usable(first string) (int, error) {
	const reserved, encoding, utf8 = 20, 56, 1
	if len(first) < headerLength || uint32At(first, encoding) != utf8 || len(first)-int(first[reserved]) < 480 {
		return 0, errUnusual
	}
	return len(first) - int(first[reserved]), nil
}

// read reads the rows of a page and of all below it.
func (p *eventPages) read(page string, depth int) error {
	const interiorHeader, leafHeader = 12, 8 // §1.6
	if len(page) < p.usable || depth > maxDepth {
		return errUnusual
	}
	page = page[:p.usable]
	header := leafHeader
	if page[0] == interiorPage {
		header = interiorHeader
	} else if page[0] != leafPage {
		return errUnusual
	}
	cells := int(uint16At(page, 3))
	if cells == 0 || header+6*cells > len(page) { // with its pointer a cell takes 6 bytes at least
		return errUnusual
	}
	pointers := page[header : header+2*cells]
	if page[0] == interiorPage {
		return p.interior(page, pointers, depth)
	}
	return p.leaf(page, pointers)
}

// interior reads the pages below one. Each cell is a page and the last row that
// is below it, and the header ends with one more page.
func (p *eventPages) interior(page, pointers string, depth int) error {
	var below []uint32
	var lasts []int64
	for ; pointers != ""; pointers = pointers[2:] {
		cell := page[min(int(uint16At(pointers, 0)), len(page)):]
		if len(cell) < 5 {
			return errUnusual
		}
		last, n := varint(cell[4:])
		if n == 0 {
			return errUnusual
		}
		below, lasts = append(below, uint32At(cell, 0)), append(lasts, int64(last))
	}
	return p.fetch(append(below, uint32At(page, 8)), func(page string) error {
		if err := p.read(page, depth+1); err != nil {
			return err
		}
		if len(lasts) > 0 && lasts[0] != p.last {
			return errUnusual
		}
		lasts = lasts[min(1, len(lasts)):]
		return nil
	})
}

// leaf reads the rows of a page. Each cell is the length of a record, a row ID
// and the record.
func (p *eventPages) leaf(page, pointers string) error {
	longest := p.usable - 35 // what is longer goes on in other pages (§1.6)
	for ; pointers != ""; pointers = pointers[2:] {
		cell := page[min(int(uint16At(pointers, 0)), len(page)):]
		size, n := varint(cell)
		row, m := varint(cell[n:])
		if n == 0 || m == 0 || int64(row) != p.last+1 {
			return errUnusual
		}
		var e inventory.RawEvent
		record := cell[n+m:]
		if size > uint64(longest) {
			var err error
			if e, err = p.long(int64(row)); err != nil {
				return err
			}
		} else if size > uint64(len(record)) || !unpack(record[:size], &e) {
			return errUnusual
		}
		if e.Seq != int64(row) {
			return errUnusual
		}
		p.last++
		if err := p.batch.add(e); err != nil {
			return err
		}
	}
	return nil
}

// unpack takes apart a record (§2.1): a header with its own length and the
// type of each column, then the columns. It is not ok where a column is not of
// the type that this program writes, and where split would say that it is not.
func unpack(record string, e *inventory.RawEvent) (ok bool) {
	length, n := varint(record)
	if n == 0 || length < uint64(n) || length > uint64(len(record)) {
		return false
	}
	types, columns := record[n:length], record[length:]
	seq, n := varint(types)
	const widths = "\x00\x01\x02\x03\x04\x06\x08" // of an integer by its type, in bytes
	switch {
	case n == 1 && seq == 9: // the number 1
		e.Seq = 1
	case n == 1 && seq > 0 && seq < uint64(len(widths)):
		width := int(widths[seq])
		if len(columns) < width || columns[0] > 0x7f { // cut off or negative
			return false
		}
		for i := range width {
			e.Seq = e.Seq<<8 | int64(columns[i])
		}
		columns = columns[width:]
	default:
		return false
	}
	types = types[n:]
	if strings.Contains(columns, fieldEnd) {
		return false
	}
	for _, to := range [...]*string{&e.Time, &e.Actor, &e.Kind, &e.Subject, &e.Payload, &e.PrevHash, &e.Hash} {
		kind, n := varint(types)
		length := (kind - 13) / 2
		if kind < 13 || kind%2 == 0 || length > uint64(len(columns)) { // text is odd
			return false
		}
		*to, columns, types = columns[:length], columns[length:], types[n:]
	}
	return types == "" && columns == ""
}

// varint reads a number of 1 to 9 bytes (§1.6); n is how many, 0 where it is cut off.
func varint(s string) (v uint64, n int) {
	for n < len(s) && n < 8 {
		b := s[n]
		n++
		v = v<<7 | uint64(b&0x7f)
		if b < 0x80 {
			return v, n
		}
	}
	if n == 8 && len(s) > 8 {
		return v<<8 | uint64(s[8]), 9
	}
	return 0, 0
}

func uint16At(s string, at int) uint16 { return binary.BigEndian.Uint16([]byte(s[at : at+2])) }
func uint32At(s string, at int) uint32 { return binary.BigEndian.Uint32([]byte(s[at : at+4])) }
