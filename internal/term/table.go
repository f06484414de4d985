package term

import (
	"fmt"

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
	rows   [][]Cell
}

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

// Row adds one row; an empty text is shown as "-".
func (t *Table) Row(cells ...Cell) { t.rows = append(t.rows, cells) }

// Table prints t to standard output.
func (s *Streams) Table(t *Table) error {
	w := table.NewWriter()
	w.SetStyle(plainStyle())
	w.SuppressTrailingSpaces()
	w.AppendHeader(toRow(len(t.header), func(i int) string { return t.header[i] }))
	for _, cells := range t.rows {
		w.AppendRow(toRow(len(cells), func(i int) string {
			shown := Escape(cells[i].Text)
			if shown == "" {
				shown = "-"
			}
			if limit := t.limits[i]; limit > 0 {
				shown = text.Snip(shown, limit, "…")
			}
			return s.Paint(cells[i].Colour, shown)
		}))
	}
	if _, err := fmt.Fprintln(s.Out, w.Render()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
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
	style.Box.PaddingRight = "  "
	style.Format.Header = text.FormatUpper
	return style
}
