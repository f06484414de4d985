package label

import (
	"bytes"
	"errors"
	"flag"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the files of testdata")

func TestFormats(t *testing.T) {
	for _, f := range Formats() {
		t.Run(f.Name+" lies within its sheet, and its labels beside each other", func(t *testing.T) {
			x, y := f.corner(0)
			lastX, lastY := f.corner(f.PerSheet() - 1)
			if x < 3 || y < 3 || lastX+f.W > f.SheetW-3 || lastY+f.H > f.SheetH-3 {
				t.Errorf("from %.2f, %.2f to %.2f, %.2f", x, y, lastX+f.W, lastY+f.H)
			}
			if f.PitchX < f.W || f.PitchY < f.H {
				t.Error("labels lie on each other")
			}
			if got, ok := FindFormat(f.Name); !ok || got != f || f.Source == "" {
				t.Errorf("found %+v", got)
			}
		})
	}
	if _, ok := FindFormat("a4"); ok {
		t.Error("found paper that there is not")
	}
}

// text is the code as rows of # and spaces, which zbar was seen to read.
func (m matrix) text() string {
	var b strings.Builder
	for _, row := range m {
		for _, dark := range row {
			b.WriteByte(map[bool]byte{true: '#', false: '.'}[dark])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func picture(t *testing.T, paper string, l Label) []byte {
	t.Helper()
	f, ok := FindFormat(paper)
	if !ok {
		t.Fatal(paper)
	}
	var b bytes.Buffer
	if err := WritePNG(&b, f, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// modules reads a code of n modules back from a picture. The code begins at the
// picture's leftmost dark dot, with a line of seven modules.
func modules(t *testing.T, file []byte, n int) matrix {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	dark := func(x, y int) bool { r, _, _, _ := img.At(x, y).RGBA(); return r == 0 }
	left, top := -1, -1
	for x := 0; left < 0; x++ {
		for y := range img.Bounds().Dy() {
			if dark(x, y) {
				left, top = x, y
				break
			}
		}
	}
	size := 0
	for dark(left+size, top) {
		size++
	}
	if size /= 7; size < minModule {
		t.Fatalf("a module has %d dots", size)
	}
	m := make(matrix, n)
	for row := range m {
		for column := range n {
			m[row] = append(m[row], dark(left+column*size+size/2, top+row*size+size/2))
		}
	}
	return m
}

func TestWritePNG_codes(t *testing.T) {
	tests := []struct {
		name, paper string
		label       Label
		file        string // of the code, as zbarimg reads it
		reads       string
	}{
		{"serial and tag on the smallest label", "avery-l4731", Label{[]string{"YK-17", "12345678"}, []string{"12345678,YK-17"}}, "serial_tag", "12345678,YK-17"},
		{"a tag alone", "a4-65", Label{[]string{"YK-18"}, []string{",YK-18"}}, "tag", ",YK-18"},
		{"a place", "avery-l7160", Label{[]string{"Berlin", "safe 1"}, []string{"place:Berlin/safe 1"}}, "place", "place:Berlin/safe 1"},
		{"the ID where the rest is too long for the label", "avery-l4731",
			Label{[]string{strings.Repeat("X", 64), "1"}, []string{"12345678," + strings.Repeat("X", 64), "K-7Q2M4XRD"}}, "id", "K-7Q2M4XRD"},
		{"the long text where it fits", "avery-l7160",
			Label{[]string{strings.Repeat("X", 64), "1"}, []string{"12345678," + strings.Repeat("X", 64), "K-7Q2M4XRD"}}, "long", "12345678," + strings.Repeat("X", 64)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := picture(t, tt.paper, tt.label)
			golden := filepath.Join("testdata", tt.file+".txt")
			if *update {
				m, err := encode(tt.reads)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, []byte(m.text()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got := modules(t, file, bytes.Count(want, []byte("\n"))).text(); got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			zbar, err := exec.LookPath("zbarimg")
			if err != nil {
				t.Skip("zbarimg is not installed: only the modules were compared")
			}
			name := filepath.Join(t.TempDir(), "label.png")
			if err := os.WriteFile(name, file, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := exec.CommandContext(t.Context(), zbar, "--quiet", "--raw", name).Output()
			if err != nil || strings.TrimSpace(string(got)) != tt.reads {
				t.Errorf("zbar reads %q, %v", got, err)
			}
		})
	}
}

func TestLabel_tooSmall(t *testing.T) {
	f, _ := FindFormat("avery-l4731")
	for name, codes := range map[string][]string{
		"a code that cannot be read":          {"place:" + strings.Repeat("safe", 30)},
		"more than any code of ours may hold": {strings.Repeat("1", 5000)},
		"no code":                             nil,
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WritePNG(&b, f, Label{Codes: codes}); !errors.Is(err, ErrTooSmall) || b.Len() > 0 {
				t.Errorf("got %v and %d bytes", err, b.Len())
			}
			if err := WritePDF(t.Context(), &b, f, []Label{{Codes: codes}}, 0, time.Time{}); !errors.Is(err, ErrTooSmall) || b.Len() > 0 {
				t.Errorf("got %v and %d bytes", err, b.Len())
			}
		})
	}
}

// probe is a canvas that finds what leaves its label.
type probe struct {
	pdfLike canvas
	t       *testing.T
	w, h    float64
}

func (p probe) rect(x, y, w, h float64) {
	if x < 0 || y < 0 || x+w > p.w || y+h > p.h {
		p.t.Errorf("a module at %.2f, %.2f", x, y)
	}
}

func (p probe) width(em float64, bold bool, s string) float64 { return p.pdfLike.width(em, bold, s) }

func (p probe) text(x, y, em float64, bold bool, s string) {
	if x < 0 || y < 0 || x+p.width(em, bold, s) > p.w || y+em > p.h+0.001 {
		p.t.Errorf("%q at %.2f, %.2f is %.2f wide and %.2f high", s, x, y, p.width(em, bold, s), em)
	}
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' && c < 0xa1 {
			p.t.Errorf("%q holds %#x", s, c)
		}
	}
}

func FuzzDraw(f *testing.F) {
	f.Add("YK-17", "12345678")
	f.Add("\x1b[2J\u202e\n\x00\xff", strings.Repeat("W", 1000))
	f.Add("Zürich", "") // Latin-1
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, paper := range Formats()[:2] { // the smallest labels; laying one out takes milliseconds
			c := probe{pngCanvas{}, t, paper.W, paper.H}
			if err := draw(c, Label{[]string{first, second, first}, []string{"K-7Q2M4XRD"}}, 0, 0, paper.W, paper.H); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestWritePDF(t *testing.T) {
	f, _ := FindFormat("avery-5160")
	labels := make([]Label, 32)
	for i := range labels {
		labels[i] = Label{[]string{"YK-(17)\\"}, []string{"1,YK"}}
	}
	write := func(skip int) string {
		var b bytes.Buffer
		if err := WritePDF(t.Context(), &b, f, labels, skip, time.Unix(1_800_000_000, 0)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for skip, sheets := range map[int]string{0: "/Count 2", 28: "/Count 2", 29: "/Count 3"} {
		if doc := write(skip); !strings.Contains(doc, sheets) || !strings.Contains(doc, "/MediaBox [0 0 612.00 792.00]") {
			t.Errorf("skip %d: no %s pages of Letter", skip, sheets)
		}
	}
	if write(3) != write(3) {
		t.Error("the same labels at the same time make different files")
	}
}
