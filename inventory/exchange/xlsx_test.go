package exchange

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// book packs a workbook whose one sheet has these rows; parts replaces its
// files or adds to them.
func book(tb testing.TB, rows string, parts map[string]string) []byte {
	tb.Helper()
	files := map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="http://r"><workbookPr/><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`,
	}
	maps.Copy(files, parts)
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := archive.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, files[name]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

const header = `<row r="1"><c r="A1" t="inlineStr"><is><t>serial</t></is></c><c r="B1" t="inlineStr"><is><t>tag</t></is></c><c r="C1" t="inlineStr"><is><t>since</t></is></c></row>`

func TestReadXLSX(t *testing.T) {
	shared := map[string]string{"xl/sharedStrings.xml": `<sst><si><t>plain</t></si><si><r><rPr><b/></rPr><t>ri</t></r><r><t>ch</t></r><rPh sb="0"><t>hint</t></rPh></si><si><t>a_x0020_b_x005F_x0041_</t></si></sst>`}
	tests := []struct {
		name, rows string
		parts      map[string]string
		opts       Options
		want       []string
	}{
		{"texts of the table", header + `<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="s"><v>0</v></c></row><row r="3"><c r="A3"><v>2</v></c><c r="B3" t="s"><v>1</v></c></row><row r="4"><c r="A4"><v>3</v></c><c r="B4" t="s"><v>2</v></c></row>`, shared, Options{}, []string{"1|plain|", "2|rich|", "3|a b_x0041_|"}},
		{"numbers in every spelling", header + `<row><c><v>12345678</v></c></row><row><c t="n"><v>1.2345679E7</v></c></row><row><c><v>70000000.0</v></c></row><row><c><v>123456789012345</v></c></row>`, nil, Options{}, []string{"12345678||", "12345679||", "70000000||", "123456789012345||"}},
		{"days", header + `<row r="2"><c r="A2"><v>1</v></c><c r="C2"><v>46024</v></c></row><row r="3"><c r="A3"><v>2</v></c><c r="C3"><v>46024.5</v></c></row><row r="4"><c r="A4"><v>3</v></c><c r="C4" t="d"><v>2026-01-02T12:00:00</v></c></row>`, nil, Options{}, []string{"1||2026-01-02T00:00:00Z", "2||2026-01-02T12:00:00Z", "3||2026-01-02T12:00:00Z"}},
		{"days counted from 1904", header + `<row r="2"><c r="A2"><v>1</v></c><c r="C2"><v>44562</v></c></row>`, map[string]string{"xl/workbook.xml": `<workbook xmlns:r="http://r"><workbookPr date1904="1"/><sheets><sheet name="S" r:id="rId1"/></sheets></workbook>`}, Options{}, []string{"1||2026-01-02T00:00:00Z"}},
		{"rows above the header that are empty, and gaps", `<row r="1"/><row r="2"><c r="A2"/></row>` + strings.NewReplacer(`r="1"`, `r="3"`, `1" t`, `3" t`).Replace(header) + `<row r="9"><c r="A9"><v>1</v></c></row>`, nil, Options{}, []string{"1||"}},
		{"a formula and an error in a column that is left out", `<row><c t="str"><v>serial</v></c><c t="str"><v>x</v></c></row><row><c><v>1</v></c><c><f>1+1</f><v>2</v></c></row><row><c><v>2</v></c><c t="e"><v>#N/A</v></c></row>`, nil, Options{IgnoreUnknown: true}, []string{"1||", "2||"}},
		{"a text that reads like a formula is one", header + `<row><c><v>1</v></c><c t="inlineStr"><is><t>=1+1</t></is></c></row>`, nil, Options{}, []string{"1|=1+1|"}},
		{"a sheet by its name", "", map[string]string{
			"xl/workbook.xml":            `<workbook xmlns:r="http://r"><sheets><sheet name="Cover" r:id="a"/><sheet name="List" r:id="b"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Target="worksheets/sheet1.xml"/><Relationship Id="b" Target="/xl/worksheets/sheet2.xml"/></Relationships>`,
			"xl/worksheets/sheet2.xml":   `<worksheet><sheetData>` + header + `<row><c><v>1</v></c></row></sheetData></worksheet>`,
		}, Options{Sheet: "List"}, []string{"1||"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Read(bytes.NewReader(book(t, tt.rows, tt.parts)), sample, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(lines(got), tt.want) {
				t.Errorf("got %q, want %q", lines(got), tt.want)
			}
		})
	}
}

func TestReadXLSX_refuses(t *testing.T) {
	row := func(cells string) string { return header + `<row r="2">` + cells + `</row>` }
	tests := []struct {
		name, rows string
		parts      map[string]string
		want       string // its end
	}{
		{"a formula", row(`<c r="A2"><f>1+1</f><v>2</v></c>`), nil, `row 2, column "serial" (A): is a formula; put its value there`},
		{"a formula without a value", row(`<c r="A2"><v>1</v></c><c r="B2"><f>A2</f></c>`), nil, `row 2, column "tag" (B): is a formula; put its value there`},
		{"a formula in the header", `<row r="1"><c r="A1" t="str"><f>1</f><v>serial</v></c></row>`, nil, "A1 in the header is a formula"},
		{"an error", row(`<c r="A2" t="e"><v>#REF!</v></c>`), nil, `row 2, column "serial" (A): holds an error of the spreadsheet`},
		{"a number whose end is lost", row(`<c r="A2"><v>1.2345678901234568E+16</v></c>`), nil, `row 2, column "serial" (A): is a number of more than 15 digits, of which spreadsheets lose the last; write it as text`},
		{"a fraction", row(`<c r="A2"><v>5.1</v></c>`), nil, `row 2, column "serial" (A): is a fraction of a number; write it as text`},
		{"a day that never was", row(`<c r="A2"><v>1</v></c><c r="C2"><v>60</v></c>`), nil, `row 2, column "since" (C): is not a date`},
		{"a day that is no number", row(`<c r="A2"><v>1</v></c><c r="C2"><v>NaN</v></c>`), nil, `row 2, column "since" (C): is not a date`},
		{"a line break", row(`<c r="A2"><v>1</v></c><c r="B2" t="inlineStr"><is><t>a_x000D_b</t></is></c>`), nil, `row 2, column "tag" (B): contains a line break`},
		{"a cell beside the header", row(`<c r="A2"><v>1</v></c><c r="D2"><v>1</v></c>`), nil, "row 2, column D: the column has no name in the header"},
		{"a cell far to the right", row(`<c r="XFD2"><v>1</v></c>`), nil, "row 2: the sheet has cells beyond column IV, or too many"},
		{"a secret", row(`<c r="A2"><v>1</v></c><c r="B2" t="inlineStr"><is><t>otpauth</t></is></c><c r="C2" t="inlineStr"><is><r><t>otp</t></r><r><t>auth://x</t></r></is></c>`), nil, "row 2, column \"since\" (C) holds an otpauth URL; take it out of the file, and out of wherever the file came from"},
		{"cells out of order", row(`<c r="B2"><v>1</v></c><c r="A2"><v>1</v></c>`), nil, "row 2 has a cell that is out of order"},
		{"a cell of another row", row(`<c r="A7"><v>1</v></c>`), nil, "row 2 has a cell that is out of order"},
		{"a cell without letters", row(`<c r="2"><v>1</v></c>`), nil, "row 2 has a cell that is out of order"},
		{"a cell of letters enough to overflow", row(`<c r="ZZZZZZZZZZZZZZ2"><v>1</v></c>`), nil, "row 2 has a cell that says nonsense about where it stands"},
		{"rows out of order", row("") + `<row r="1"/>`, nil, "the sheet's rows are out of order after row 2"},
		{"a row beyond all", `<row r="2000000000"/>`, nil, "the sheet's rows are out of order after row 0"},
		{"a string that is not there", row(`<c r="A2" t="s"><v>7</v></c>`), nil, "row 2 refers to a string that is not there"},
		{"a string before the first", row(`<c r="A2" t="s"><v>-1</v></c>`), nil, "row 2 refers to a string that is not there"},
		{"a kind nobody knows", row(`<c r="A2" t="x"><v>7</v></c>`), nil, "row 2 has a cell of a kind that is not known"},
		{"no rows", "", nil, "the sheet has no header"},
		{"a sheet that breaks off", "", map[string]string{"xl/worksheets/sheet1.xml": `<worksheet><sheetData>` + row(`<c r="A2"><v>1</v></c>`)}, "sheet1.xml is damaged at byte 224"},
		{"an entity", "", map[string]string{"xl/worksheets/sheet1.xml": `<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData><row><c t="str"><v>&a;</v></c></row></sheetData></worksheet>`}, "sheet1.xml is damaged at byte 77"},
		{"several sheets", "", map[string]string{"xl/workbook.xml": `<workbook xmlns:r="http://r"><sheets><sheet name="a" r:id="rId1"/><sheet name="b" r:id="rId2"/></sheets></workbook>`}, `name one of the workbook's sheets: "a", "b"`},
		{"a sheet that is not there", "", map[string]string{"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="../../etc/passwd"/></Relationships>`}, "the sheet's file is not in the archive"},
		{"no sheets", "", map[string]string{"xl/workbook.xml": `<workbook/>`}, "the workbook has 0 sheets"},
		{"a file twice", header, map[string]string{"XL/workbook.xml": ""}, "the archive holds a file twice"},
		{"a text of a megabyte", row(`<c r="A2"><v>` + strings.Repeat("7", 1<<20) + `</v></c>`), nil, "a text in sheet1.xml is longer than 128 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Read(bytes.NewReader(book(t, tt.rows, tt.parts)), sample, Options{})
			if err == nil || len(got.Records) > 0 {
				t.Fatalf("got %d rows and error %v", len(got.Records), err)
			}
			if !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
	t.Run("an archive that is no workbook", func(t *testing.T) {
		var b bytes.Buffer
		archive := zip.NewWriter(&b)
		if _, err := archive.Create("readme.txt"); err != nil {
			t.Fatal(err)
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&b, sample, Options{}); err == nil || !strings.Contains(err.Error(), "not a workbook") {
			t.Errorf("got error %v", err)
		}
	})
}

// bomb packs elements of many MiB where a workbook has few; what it says about
// their size is a lie where says is not 0.
func bomb(tb testing.TB, name string, mib int, says uint64) []byte {
	tb.Helper()
	var alone bytes.Buffer
	inner := zip.NewWriter(&alone)
	w, err := inner.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	start := `<sst><si><t>`
	if strings.Contains(name, "sheet1") {
		start = `<worksheet><sheetData>`
	}
	block := bytes.Repeat([]byte("<a/>"), 1<<14)
	if _, err := io.WriteString(w, start); err != nil {
		tb.Fatal(err)
	}
	for range mib << 20 / len(block) {
		if _, err := w.Write(block); err != nil {
			tb.Fatal(err)
		}
	}
	if err := inner.Close(); err != nil {
		tb.Fatal(err)
	}
	packed, err := zip.NewReader(bytes.NewReader(alone.Bytes()), int64(alone.Len()))
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := packed.File[0].OpenRaw()
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	head := packed.File[0].FileHeader
	if says != 0 {
		head.UncompressedSize64 = says
	}
	part, err := archive.CreateRaw(&head)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.Copy(part, raw); err != nil {
		tb.Fatal(err)
	}
	for other, content := range map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="http://r"><sheets><sheet name="S" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet><sheetData>` + header + `<row><c><v>1</v></c></row></sheetData></worksheet>`,
	} {
		if other == name {
			continue
		}
		w, err := archive.Create(other)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestReadXLSX_aZIPBomb(t *testing.T) {
	tests := []struct {
		name, part string
		mib        int
		says       uint64
		want       string // "" the bomb is never unpacked
	}{
		{"a sheet", "xl/worksheets/sheet1.xml", 260, 0, "sheet1.xml unpacks to more than 256 MiB"},
		{"a sheet that says it is small", "xl/worksheets/sheet1.xml", 70, 1000, "sheet1.xml is damaged"},
		{"the strings", "xl/sharedStrings.xml", 70, 0, "sharedStrings.xml unpacks to more than 64 MiB"},
		{"a part that nobody reads", "xl/media/image1.png", 70, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := bomb(t, tt.part, tt.mib, tt.says)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := Read(bytes.NewReader(file), sample, Options{})
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
				t.Errorf("%d bytes of memory were taken for a file of %d", used, len(file))
			}
			if tt.want == "" {
				if err != nil || !reflect.DeepEqual(lines(got), []string{"1||"}) {
					t.Errorf("got %q, %v", lines(got), err)
				}
				return
			}
			if !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
		})
	}
}

// A parser keeps every element that is open: a few kilobytes of them packed are
// gigabytes of memory.
func TestReadXLSX_elementsWithinElements(t *testing.T) {
	deep := strings.Repeat("<a>", 1<<20)
	tests := []struct {
		name, rows string
		parts      map[string]string
		want       string
	}{
		{"of the sheet", deep, nil, "sheet1.xml has more than 256 elements within each other"},
		{"of a row", header + `<row r="2">` + deep, nil, "sheet1.xml has more than 256 elements within each other"},
		{"of a cell", header + `<row r="2"><c r="A2">` + deep, nil, "sheet1.xml has more than 256 elements within each other"},
		{"of a text", header + `<row r="2"><c r="A2" t="inlineStr"><is>` + deep, nil, "sheet1.xml has more than 256 elements within each other"},
		{"of a hint how to say a text", header, map[string]string{"xl/sharedStrings.xml": `<sst><si><rPh>` + deep}, "sharedStrings.xml has more than 256 elements within each other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := book(t, tt.rows, tt.parts)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Read(bytes.NewReader(file), sample, Options{})
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
				t.Errorf("%d bytes of memory were taken for a file of %d", used, len(file))
			}
			if !errors.Is(err, ErrFile) || !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
		})
	}
}

// What spreadsheets of the library that Go programs use hold, we read alike.
func TestReadXLSX_readsWhatExcelizeWrites(t *testing.T) {
	f := excelize.NewFile()
	for i, row := range [][]any{
		{"Serial No.", "tag", "since"},
		{12345678, "=text", "2026-01-02"},
		{"0012345679", "  Zürich & <b> ", now},
		{uint64(123456789012345), true, nil},
	} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&b, sample, Options{})
	want := []string{"12345678|=text|2026-01-02T00:00:00Z", "12345679|Zürich & <b>|2026-06-01T12:00:00Z", "123456789012345|true|"}
	if err != nil || !reflect.DeepEqual(lines(got), want) {
		t.Errorf("got %q, %v; want %q", lines(got), err, want)
	}
}
