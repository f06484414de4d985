package exchange

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// texts is a schema of one needed and two free columns, for round trips.
var texts = Schema{Name: "hwmfa.export-texts/v1", List: "texts", Columns: []Column{{Name: "id", Required: true}, {Name: "a"}, {Name: "b"}}}

// awkward is what is hard to carry through one of the formats.
var awkward = [][]string{
	{"1", "", ""},
	{"2", "=1+1", "'=1+1"},
	{"3", "+49", "-1"},
	{"4", "@x", "''@x"},
	{"5", "'", "''"},
	{"6", `"quoted", and; so`, `back\slash`},
	{"7", "Zürich 東京 🔑", "<b>&amp;</b>"},
	{"8", "_x0041_", "_x005F_x0041_x0042_"},
	{"0012", "00012345678", "1.2345678E+07"},
	{"10", "12345678901234567890", "TRUE"},
	{"11", "2026-01-02", "#N/A"},
	{"12", "null", `{"a":1}`},
	{"13", "[", "\\."},
	{"14", ",", ";"},
}

func TestWrite_roundTrip(t *testing.T) {
	for _, f := range Formats() {
		t.Run(string(f), func(t *testing.T) {
			for _, rows := range [][][]string{awkward, awkward[:1], nil} {
				var b, again bytes.Buffer
				if err := Write(&b, f, texts, rows); err != nil {
					t.Fatal(err)
				}
				if err := Write(&again, f, texts, rows); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
					t.Errorf("written twice it is not the same, %v", err)
				}
				got, err := Read(&b, texts, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if got.Format != f || len(got.Records) != len(rows) {
					t.Fatalf("%d rows as %s came back", len(got.Records), got.Format)
				}
				for i, r := range got.Records {
					if !reflect.DeepEqual(r.values, rows[i]) {
						t.Errorf("got %q, want %q", r.values, rows[i])
					}
				}
			}
		})
	}
}

func TestWrite(t *testing.T) {
	rows := [][]string{{"1", "=cmd|' /C calc'!A0", ""}, {"2", "a,b", "\tx"}}
	tests := []struct {
		format Format
		want   string
	}{
		{CSV, "id,a,b\n1,'=cmd|' /C calc'!A0,\n2,\"a,b\",'\tx\n"},
		{JSON, `{
  "schema": "hwmfa.export-texts/v1",
  "texts": [
    {"id": "1", "a": "=cmd|' /C calc'!A0", "b": null},
    {"id": "2", "a": "a,b", "b": "\tx"}
  ]
}
`},
	}
	for _, tt := range tests {
		t.Run(string(tt.format), func(t *testing.T) {
			var b bytes.Buffer
			if err := Write(&b, tt.format, texts, rows); err != nil {
				t.Fatal(err)
			}
			if b.String() != tt.want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), tt.want)
			}
			if tt.format == JSON && !json.Valid(b.Bytes()) {
				t.Error("it is not valid JSON")
			}
		})
	}
	t.Run("a row that does not fit", func(t *testing.T) {
		if err := Write(&bytes.Buffer{}, CSV, texts, [][]string{{"1"}}); err == nil {
			t.Error("it was written")
		}
	})
	t.Run("a format that is none", func(t *testing.T) {
		if err := Write(&bytes.Buffer{}, "ods", texts, nil); err == nil {
			t.Error("it was written")
		}
	})
}

// full is a disk without space.
type full struct{ space int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.space {
		return 0, errNoSpace
	}
	f.space -= len(p)
	return len(p), nil
}

var errNoSpace = &Problems{List: []Problem{{Fault: "no space"}}}

func TestWrite_aDiskThatIsFull(t *testing.T) {
	rows := make([][]string, 1000)
	for i := range rows {
		rows[i] = []string{strings.Repeat("x", i%7+1), strings.Repeat("random text ", i%11), "b"}
	}
	for _, f := range Formats() {
		if err := Write(&full{space: 100}, f, texts, rows); err == nil {
			t.Errorf("%s: the error was lost", f)
		}
	}
}

// What we write, the library that Go programs use reads alike, as text and
// never as a formula.
func TestWriteXLSX_excelizeReadsIt(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, XLSX, texts, awkward); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range awkward {
		for j, want := range row {
			cell, err := excelize.CoordinatesToCellName(j+1, i+2)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.GetCellValue("texts", cell)
			if err != nil || got != want {
				t.Errorf("%s: got %q, %v; want %q", cell, got, err, want)
			}
			if formula, err := f.GetCellFormula("texts", cell); err != nil || formula != "" {
				t.Errorf("%s is the formula %q, %v", cell, formula, err)
			}
			if kind, err := f.GetCellType("texts", cell); err != nil || want != "" && kind != excelize.CellTypeInlineString {
				t.Errorf("%s is of type %v, %v", cell, kind, err)
			}
		}
	}
	style, err := f.GetCellStyle("texts", "A2")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := f.GetStyle(style); err != nil || s.NumFmt != 49 {
		t.Errorf("the cells are not of the format text: %+v, %v", s, err)
	}
}
