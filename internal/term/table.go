package term

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
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

// Table collects rows and prints them in aligned columns, two spaces apart,
// no lines drawn. Widths are those of the terminal's cells, so wide characters
// and colours do not shift a column.
type Table struct {
	header []string
	limits []int
	gives  []give
	rows   [][]Cell
}

// give is a column that may become narrower, and how narrow at least.
type give struct{ column, least int }

// gap is how many cells lie between two columns.
const gap = 2

// NewTable begins a table with these column titles.
func NewTable(header ...string) *Table {
	return &Table{header: header, limits: make([]int, len(header))}
}

// Limit cuts the texts of one column (from 0) to at most width cells, an
// ellipsis marking the cut.
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

// Row adds one row; an empty text is shown as "-".
func (t *Table) Row(cells ...Cell) { t.rows = append(t.rows, cells) }

// Table prints t to standard output.
func (s *Streams) Table(t *Table) error {
	if _, err := fmt.Fprintln(s.Out, s.render(t, s.width)); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// render lays t out for a terminal of so many columns; 0 is none.
func (s *Streams) render(t *Table, width int) string {
	w := table.NewWriter()
	w.SetStyle(plainStyle())
	w.SuppressTrailingSpaces()
	w.AppendHeader(toRow(len(t.header), func(i int) string { return t.header[i] }))
	limits := t.limits
	if width > 0 {
		limits = t.fit(width)
	}
	for _, cells := range t.rows {
		w.AppendRow(toRow(len(cells), func(i int) string {
			return s.Paint(cells[i].Colour, shown(cells[i], limits[i]))
		}))
	}
	return w.Render()
}

// shown is the text of a cell, cut to a limit unless that is 0.
func shown(c Cell, limit int) string {
	shown := Escape(c.Text)
	if shown == "" {
		shown = "-"
	}
	if limit > 0 {
		shown = text.Snip(shown, limit, "…")
	}
	return shown
}

// fit is the limits with which the table is no wider than width, as far as the
// columns give.
func (t *Table) fit(width int) []int {
	limits := slices.Clone(t.limits)
	widths := make([]int, len(t.header))
	over := -gap - width
	for i, title := range t.header {
		widths[i] = len(title)
		for _, cells := range t.rows {
			widths[i] = max(widths[i], text.StringWidth(shown(cells[i], limits[i])))
		}
		over += widths[i] + gap
	}
	for _, g := range t.gives {
		if less := min(over, widths[g.column]-g.least); less > 0 {
			limits[g.column] = widths[g.column] - less
			over -= less
		}
	}
	return limits
}

func toRow(n int, cell func(int) string) table.Row {
	row := make(table.Row, n)
	for i := range row {
		row[i] = cell(i)
	}
	return row
}

func plainStyle() table.Style {
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = strings.Repeat(" ", gap)
	style.Format.Header = text.FormatUpper
	return style
}
