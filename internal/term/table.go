package term

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Cell is one cell of a table: foreign text and the colour we give it.
type Cell struct {
	Text   string
	Colour Colour
}

// Plain makes uncoloured cells.
func Plain(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i] = Cell{Text: t}
	}
	return cells
}

// Table prints rows in aligned columns, two spaces apart, no lines drawn. Widths
// are those of the terminal's cells, so wide characters and colours do not shift
// a column. Rows are collected by Row and printed by Streams.Table; or, where they
// are too many to be kept, measured first and printed one by one.
type Table struct {
	header []string
	limits []int
	widths []int
	gives  []give
	drops  []int
	rows   [][]Cell
}

// give is a column that may become narrower, and how narrow at least.
type give struct{ column, least int }

// gap is how many cells lie between two columns.
const gap = 2

// NewTable begins a table with these column titles.
func NewTable(header ...string) *Table {
	t := &Table{header: header, limits: make([]int, len(header)), widths: make([]int, len(header))}
	for i, title := range header {
		t.widths[i] = len(title)
	}
	return t
}

// Limit cuts the texts of one column (from 0) to at most width cells, an
// ellipsis marking the cut. It comes before the rows.
func (t *Table) Limit(column, width int) *Table {
	t.limits[column] = width
	return t
}

// Give lets one column (from 0) become as narrow as least cells on a terminal
// that is too narrow for the table. Columns give in the order of the calls. What
// is written to a file or a pipe keeps its width.
func (t *Table) Give(column, least int) *Table {
	t.gives = append(t.gives, give{column, max(least, len(t.header[column]))})
	return t
}

// Drop lets columns (from 0) be left out, in this order, on a terminal that is too
// narrow for the table even after columns have given.
func (t *Table) Drop(columns ...int) *Table {
	t.drops = append(t.drops, columns...)
	return t
}

// Row adds one row; an empty text is shown as "-".
func (t *Table) Row(cells ...Cell) {
	t.Measure(cells...)
	t.rows = append(t.rows, cells)
}

// Measure makes room for a row that is printed later, and keeps nothing of it.
func (t *Table) Measure(cells ...Cell) {
	for i, c := range cells {
		t.widths[i] = max(t.widths[i], cellsOf(shown(c, t.limits[i])))
	}
}

// Table prints t to standard output.
func (s *Streams) Table(t *Table) error {
	if _, err := fmt.Fprintln(s.Out, s.render(t, s.width)); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// render lays t out for a terminal of so many columns; 0 is none.
func (s *Streams) render(t *Table, width int) string {
	l := t.fit(width)
	lines := []string{s.line(l, t.titles())}
	for _, cells := range t.rows {
		lines = append(lines, s.line(l, cells))
	}
	return strings.Join(lines, "\n")
}

// Rows prints the rows of a table one by one.
type Rows struct {
	s      *Streams
	layout layout
}

// Rows prints the titles of a table, below which come the rows that were measured.
func (s *Streams) Rows(t *Table) (*Rows, error) {
	r := &Rows{s, t.fit(s.width)}
	return r, r.Row(t.titles()...)
}

// Row prints one row.
func (r *Rows) Row(cells ...Cell) error {
	if _, err := fmt.Fprintln(r.s.Out, r.s.line(r.layout, cells)); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

func (t *Table) titles() []Cell {
	titles := make([]Cell, len(t.header))
	for i, title := range t.header {
		titles[i].Text = strings.ToUpper(title)
	}
	return titles
}

// line is one row.
func (s *Streams) line(l layout, cells []Cell) string {
	var line strings.Builder
	spaces := 0 // owed to the next cell, so that no line ends with any
	for i, c := range cells {
		if l.widths[i] == 0 {
			continue
		}
		said := shown(c, l.limits[i])
		line.WriteString(strings.Repeat(" ", spaces) + s.Paint(c.Colour, said))
		spaces = max(0, l.widths[i]-cellsOf(said)) + gap
	}
	return line.String()
}

// shown is the text of a cell, cut to a limit unless that is 0.
func shown(c Cell, limit int) string {
	shown := Escape(c.Text)
	if shown == "" {
		shown = "-"
	}
	if limit > 0 && cellsOf(shown) > limit {
		shown = text.Snip(shown, limit, "…")
	}
	return shown
}

// cellsOf is how many cells of a terminal an escaped text takes: of plain ASCII,
// which most of a hundred thousand rows are, one for each byte.
func cellsOf(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return text.StringWidth(s)
		}
	}
	return len(s)
}

// layout is how wide columns are and what is cut to that; a column of no width is
// left out.
type layout struct{ limits, widths []int }

// fit is the layout on a terminal of so many columns, 0 for none, as far as the
// columns give and drop.
func (t *Table) fit(width int) layout {
	l := layout{slices.Clone(t.limits), slices.Clone(t.widths)}
	over := -gap - width
	for _, w := range l.widths {
		over += w + gap
	}
	if width == 0 {
		return l
	}
	for _, g := range t.gives {
		if less := min(over, l.widths[g.column]-g.least); less > 0 {
			l.widths[g.column] -= less
			l.limits[g.column] = l.widths[g.column]
			over -= less
		}
	}
	for _, column := range t.drops {
		if over > 0 {
			over -= l.widths[column] + gap
			l.widths[column] = 0
		}
	}
	// What was given for nothing comes back, but for what was dropped.
	for _, g := range slices.Backward(t.gives) {
		if slices.Contains(t.drops, g.column) && l.widths[g.column] == 0 {
			continue
		}
		if more := min(-over, t.widths[g.column]-l.widths[g.column]); more > 0 {
			l.widths[g.column] += more
			l.limits[g.column] = l.widths[g.column]
			over += more
		}
	}
	return l
}
