package label

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
)

// WritePNG draws one label as a picture of 600 dots an inch, for label printers.
func WritePNG(w io.Writer, f Format, l Label) error {
	img := image.NewPaletted(image.Rect(0, 0, dots(f.W), dots(f.H)), color.Palette{color.White, color.Black})
	if err := draw(pngCanvas{img}, l, 0, 0, f.W, f.H); err != nil {
		return err
	}
	if err := png.Encode(w, img); err != nil {
		return fmt.Errorf("write PNG: %w", err)
	}
	return nil
}

func dots(mm float64) int { return int(math.Round(mm / dot)) }

type pngCanvas struct{ img *image.Paletted }

// rect rounds its size by itself, so that equal modules stay equal.
func (c pngCanvas) rect(x, y, w, h float64) {
	c.fill(dots(x), dots(y), dots(w), dots(h))
}

func (c pngCanvas) fill(x, y, w, h int) {
	area := image.Rect(x, y, x+w, y+h).Intersect(c.img.Rect)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			c.img.SetColorIndex(x, y, 1)
		}
	}
}

// pixel is how many dots a dot of the font takes: letters are seven high, which
// is seven tenths of their size.
func pixel(em float64) int { return max(1, int(em/dot/10)) }

func (c pngCanvas) width(em float64, bold bool, s string) float64 {
	return float64(len(s)*advance*pixel(em)) * dot
}

func (c pngCanvas) text(x, y, em float64, bold bool, s string) {
	size := pixel(em)
	left, top := dots(x), dots(y+em*0.1)
	wide := size
	if bold {
		wide += max(1, size/3)
	}
	for i := range len(s) {
		for column, bits := range glyph(s[i]) {
			for row := range 8 {
				if bits>>row&1 == 1 {
					c.fill(left+(i*advance+column)*size, top+row*size, wide, size)
				}
			}
		}
	}
}
