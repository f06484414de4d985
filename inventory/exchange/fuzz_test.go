package exchange

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode"
)

// holds is the law of reading: a table, or one of the three errors; what is in
// the table is one printable line, and survives being written and read again.
func holds(t *testing.T, data []byte, f Format) {
	got, err := Read(bytes.NewReader(data), sample, Options{IgnoreUnknown: true, Now: now})
	var p *Problems
	if err != nil {
		if !errors.Is(err, ErrFile) && !errors.Is(err, ErrSecret) && !errors.As(err, &p) {
			t.Fatalf("an error of no kind: %v", err)
		}
		return
	}
	rows := make([][]string, len(got.Records))
	for i, r := range got.Records {
		for _, v := range r.values {
			if len(v) > maxCell || strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%s holds %q", r.Where, v)
			}
		}
		rows[i] = r.values
	}
	var b bytes.Buffer
	if err := Write(&b, f, sample, rows); err != nil {
		t.Fatal(err)
	}
	again, err := Read(&b, sample, Options{Now: now})
	if err != nil {
		t.Fatalf("what was written cannot be read: %v", err)
	}
	if !reflect.DeepEqual(lines(got), lines(again)) {
		t.Errorf("%q became %q", lines(got), lines(again))
	}
}

func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{
		"serial,tag,since\n1,a,2026-01-02\n", "\xef\xbb\xbfSerial No.;tag\r\n\"1\";\"a\"\"b\"\r\n", "serial\ttag\n1\t'=a\n2\t''=b\n",
		"serial,x\n1,\"a\nb\"\n", "serial\n1.2E+07\n", "serial,tag\n1,=1\n", "s\x00e\x00", "serial,secret\n1,x\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if form, err := formOf(data); err == nil && form == CSV {
			holds(t, data, CSV)
		}
	})
}

func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{
		`[{"serial":"1","tag":null,"since":"2026-01-02"}]`, `{"schema":"hwmfa.export-samples/v1","samples":[{"serial":1.5e1}]}`,
		`[{"serial":"1","x":{"y":[1,{"z":true}]}}]`, `[{"serial":"\ud800","tag":"=a"}]`, `[{"serial":"1","serial":"2"}]`, `[]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if form, err := formOf(data); err == nil && form == JSON {
			holds(t, data, JSON)
		}
	})
}

// FuzzReadXLSX fuzzes the XML within a workbook, and the archive itself.
func FuzzReadXLSX(f *testing.F) {
	const strs = `<sst><si><t>a</t></si><si><r><t>b</t></r><rPh><t>c</t></rPh></si></sst>`
	f.Add(header+`<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="s"><v>1</v></c><c r="C2"><v>46024.25</v></c></row>`, strs, "rId1", []byte(nil))
	f.Add(header+`<row><c><v>1.5E7</v></c><c t="inlineStr"><is><t>_x0041_</t></is></c></row>`, ``, "rId1", []byte(nil))
	f.Add(header+`<row><c><f>1</f></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c></row>`, ``, "rId2", []byte(nil))
	f.Add(``, ``, ``, book(f, header, nil))
	f.Fuzz(func(t *testing.T, rows, shared, rel string, archive []byte) {
		if len(archive) > 0 {
			holds(t, append([]byte("PK\x03\x04"), bytes.TrimPrefix(archive, []byte("PK\x03\x04"))...), XLSX)
			return
		}
		holds(t, book(t, rows, map[string]string{
			"xl/sharedStrings.xml":       shared,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="` + rel + `" Target="worksheets/sheet1.xml"/></Relationships>`,
		}), XLSX)
	})
}

// FuzzText carries any text through the two spellings that have to be exact.
func FuzzText(f *testing.F) {
	for _, s := range []string{"=1", "'=1", "＝1", "'＠x", "\ufeffx", "''", "-", "_x0041_", "_x005F_x0041_x0042_", "_x_x0041_", "__x0041__"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if back, err := unguard(Guard(s)); err != nil || back != s {
			t.Errorf("%q came back as %q, %v", s, back, err)
		}
		if g := Guard(s); strings.IndexAny(g, "=+-@\t\r＝＋－＠") == 0 {
			t.Errorf("%q is not safe", g)
		}
		if back := unescapeText(escapeText(s)); back != s {
			t.Errorf("%q came back as %q through %q", s, back, escapeText(s))
		}
	})
}
