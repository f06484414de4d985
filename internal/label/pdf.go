package label

import (
	"context"
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// points of a millimetre.
const points = 72 / 25.4

// WritePDF writes sheets of labels, the first ones of the first sheet left free
// as they are used already. The time goes into the document.
func WritePDF(ctx context.Context, w io.Writer, f Format, labels []Label, skip int, at time.Time) error {
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: f.SheetW, Ht: f.SheetH}})
	doc.SetMargins(0, 0, 0)
	doc.SetAutoPageBreak(false, 0)
	doc.SetCatalogSort(true)
	doc.SetCreationDate(at.UTC())
	doc.SetModificationDate(at.UTC())
	doc.SetProducer("hwmfa", false)
	doc.SetTitle("Labels", false)
	for i, l := range labels {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("write PDF: %w", err)
		}
		at := (skip + i) % f.PerSheet()
		if i == 0 || at == 0 {
			doc.AddPage()
		}
		x, y := f.corner(at)
		if err := draw(pdfCanvas{doc}, l, x, y, f.W, f.H); err != nil {
			return err
		}
	}
	if err := doc.Output(w); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

// pdfCanvas writes in Helvetica, which every reader of PDF has.
type pdfCanvas struct{ doc *fpdf.Fpdf }

func (c pdfCanvas) rect(x, y, w, h float64) { c.doc.Rect(x, y, w, h, "F") }

func (c pdfCanvas) font(em float64, bold bool) {
	style := ""
	if bold {
		style = "B"
	}
	c.doc.SetFont("Helvetica", style, em*points)
}

func (c pdfCanvas) text(x, y, em float64, bold bool, s string) {
	c.font(em, bold)
	c.doc.Text(x, y+em*0.8, s) // the baseline
}

func (c pdfCanvas) width(em float64, bold bool, s string) float64 {
	c.font(em, bold)
	return c.doc.GetStringWidth(s)
}
