// Package label draws labels for keys: a few lines of text and a QR code, on
// sheets of label paper as PDF, or as a picture. It is given texts and knows
// nothing of keys; what it is given may be hostile, and never leaves its label.
package label

// Format is label paper: how many labels a sheet has, and where. The sheet's
// margins are equal on opposite sides. All in millimetres.
type Format struct {
	Name          string // as --paper takes it
	About         string // for people
	Source        string // where the measures come from
	SheetW        float64
	SheetH        float64
	W, H          float64 // of a label
	PitchX        float64 // from the left edge of a label to that of the next
	PitchY        float64
	Columns, Rows int
}

// Sheets, in millimetres: ISO 216, ANSI/ASME Y14.1 (8.5 by 11 inches).
const (
	a4W, a4H         = 210, 297
	letterW, letterH = 215.9, 279.4
)

// Where measures come from.
const (
	fromSellers = "sellers' descriptions of this number; margins by centring"
	fromGlabels = "glabels-qt, templates/avery-iso-templates.xml"
	fromUS      = "glabels, templates/avery-us-templates.xml"
)

var formats = []Format{
	{"avery-l4731", "A4, 189 labels of 25.4 x 10 mm, which fit on a key", fromSellers, a4W, a4H, 25.4, 10, 27.9, 10, 7, 27},
	{"avery-l4732", "A4, 80 labels of 35.6 x 16.9 mm", fromGlabels, a4W, a4H, 35.6, 16.9, 38.1, 16.9, 5, 16},
	{"a4-65", "A4, 65 labels of 38.1 x 21.2 mm (Avery L7651 and others)", fromGlabels, a4W, a4H, 38.1, 21.2, 40.6, 21.2, 5, 13},
	{"avery-l7160", "A4, 21 labels of 63.5 x 38.1 mm", fromGlabels, a4W, a4H, 63.5, 38.1, 66.04, 38.1, 3, 7},
	{"avery-5167", "Letter, 80 labels of 1 3/4 x 1/2 in", fromUS, letterW, letterH, 44.45, 12.7, 52.3875, 12.7, 4, 20},
	{"avery-5160", "Letter, 30 labels of 2 5/8 x 1 in", fromUS, letterW, letterH, 66.675, 25.4, 69.85, 25.4, 3, 10},
}

// Formats lists the paper that there is, in the order in which it is offered.
func Formats() []Format { return append([]Format(nil), formats...) }

// FindFormat returns the paper of this name.
func FindFormat(name string) (Format, bool) {
	for _, f := range formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// PerSheet is how many labels a sheet has.
func (f Format) PerSheet() int { return f.Columns * f.Rows }

// corner is where the label of this number on a sheet is, row by row from 0.
func (f Format) corner(i int) (x, y float64) {
	left := (f.SheetW - f.PitchX*float64(f.Columns-1) - f.W) / 2
	top := (f.SheetH - f.PitchY*float64(f.Rows-1) - f.H) / 2
	return left + f.PitchX*float64(i%f.Columns), top + f.PitchY*float64(i/f.Columns)
}
