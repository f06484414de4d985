package label

import (
	"errors"
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// ErrTooSmall: a label is too small for a code that a scanner can read.
var ErrTooSmall = errors.New("the label is too small for its code")

// Label is what one label says.
type Label struct {
	// Lines are shown one below the other, the first one bold.
	Lines []string
	// Codes are texts for the QR code, the best first: the first one that can be
	// printed large enough is.
	Codes []string
}

// How things are drawn, in millimetres.
const (
	dot     = 25.4 / 600 // of a printer and of a picture: 600 an inch
	pad     = 1.0        // kept clear around text
	maxEm   = 4.5        // size of letters
	minEm   = 1.8        // about 5 points; what is wider then is cut
	leading = 1.15       // from line to line, in sizes of letters

	minModule = 6 // dots: 0.254 mm, what a hand scanner resolves
	quiet     = 4 // modules kept clear around a code, ISO/IEC 18004 §5.3.8
	maxText   = 256
)

// matrix is a QR code: rows of modules, true for a dark one.
type matrix [][]bool

// encode makes the QR code of a text. Level M mends 15 % of it, which is what a
// label that keys rub against needs.
func encode(text string) (matrix, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("encode a QR code: %w", err)
	}
	n := code.Bounds().Dx()
	m := make(matrix, n)
	for y := range m {
		m[y] = make([]bool, n)
		for x := range m[y] {
			r, _, _, _ := code.At(x, y).RGBA()
			m[y][x] = r == 0
		}
	}
	return m, nil
}

// code is the first of a label's codes that fits into a square of this side,
// and the size of its modules in dots.
func (l Label) code(side float64) (matrix, int, error) {
	for _, text := range l.Codes {
		if len(text) > maxText {
			continue
		}
		m, err := encode(text)
		if err != nil {
			return nil, 0, err
		}
		// A thousandth of a dot is what adding up millimetres may lose.
		if module := int(side/dot/float64(len(m)+2*quiet) + 0.001); module >= minModule {
			return m, module, nil
		}
	}
	return nil, 0, fmt.Errorf("%s: %w", strings.Join(l.Codes, " or "), ErrTooSmall)
}

// canvas is what labels are drawn on, in millimetres from the top left.
type canvas interface {
	rect(x, y, w, h float64)
	// text writes Latin-1, with its letters' top at y.
	text(x, y, em float64, bold bool, s string)
	width(em float64, bold bool, s string) float64
}

// draw puts a label of this size at a place.
func draw(c canvas, l Label, x, y, w, h float64) error {
	side := min(h, w/2)
	m, module, err := l.code(side)
	if err != nil {
		return err
	}
	size := float64(module) * dot
	edge := (side - size*float64(len(m))) / 2
	m.draw(c, x+edge, y+(h-size*float64(len(m)))/2, size)

	room := w - side - pad
	em := min(maxEm, (h-2*pad)/leading/float64(max(1, len(l.Lines))))
	top := y + (h-em*(leading*float64(len(l.Lines)-1)+1))/2
	for i, s := range l.Lines {
		s, fit := fit(c, s, em, room, i == 0)
		c.text(x+side, top+float64(i)*em*leading+(em-fit)/2, fit, i == 0, s)
	}
	return nil
}

// draw draws the dark modules, those beside each other in one piece, so that no
// light shines between them.
func (m matrix) draw(c canvas, x, y, size float64) {
	for row, modules := range m {
		for from := 0; from < len(modules); from++ {
			to := from
			for to < len(modules) && modules[to] {
				to++
			}
			if to > from {
				c.rect(x+float64(from)*size, y+float64(row)*size, float64(to-from)*size, size)
				from = to
			}
		}
	}
}

// fit makes a text printable and finds the size in which it is no wider than
// there is room; what does not fit in the smallest is cut.
func fit(c canvas, s string, em, room float64, bold bool) (string, float64) {
	s = printable(s)
	for ; em > minEm; em -= 0.1 {
		if c.width(em, bold, s) <= room {
			return s, em
		}
	}
	cut := s
	for n := len(s); n > 0 && c.width(minEm, bold, cut) > room; n-- {
		cut = s[:n-1] + "..."
	}
	return cut, minEm
}

// printable makes a text fit for a font of Latin-1, a byte for each character: it
// has a ? for whatever is none, or is not printable.
func printable(s string) string {
	var b []byte
	for _, r := range s {
		if r < ' ' || r > '~' && r < 0xa1 || r == 0xad || r > 0xff {
			r = '?'
		}
		if b = append(b, byte(r)); len(b) == maxText {
			break
		}
	}
	return string(b)
}
