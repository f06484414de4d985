package term

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// pageWidth is how many columns a line of prose may take, as our tables do.
const pageWidth = 100

// Paragraph writes a result of foreign or long text, escaped, in lines that fit
// a page, or the terminal where that is narrower: the first is indented by so many columns and the others by two more.
// A word that is too long for any line is broken.
func (s *Streams) Paragraph(indent int, prose string) error {
	room := max(s.pageWidth()-indent-2, 1)
	var lines []string
	line := ""
	for _, word := range strings.Fields(Escape(prose)) {
		if line != "" {
			word = " " + word
		}
		if line != "" && fits(line+word, room) < len(line+word) {
			lines = append(lines, line)
			line, word = "", word[1:]
		}
		line += word
		for n := fits(line, room); n < len(line); n = fits(line, room) {
			lines = append(lines, line[:n])
			line = line[n:]
		}
	}
	lines = append(lines, line)
	margin := strings.Repeat(" ", indent)
	return s.Print(margin + strings.Join(lines, "\n"+margin+"  ") + "\n")
}

// pageWidth is how many columns a line of prose may take here.
func (s *Streams) pageWidth() int {
	if s.width > 0 {
		return min(s.width, pageWidth)
	}
	return pageWidth
}

// fits is how many bytes of text fit into so many columns.
func fits(line string, columns int) int {
	for i, r := range line {
		if columns -= text.RuneWidth(r); columns < 0 {
			return i
		}
	}
	return len(line)
}
