package exchange

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// xlsxParts are the files of a workbook beside its one sheet. The only style is
// "text" (number format 49): what is typed into a cell later stays as it was
// typed, leading zeros included.
var xlsxParts = []struct{ name, content string }{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`},
	{"xl/styles.xml", `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<fonts count="1"><font/></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>` +
		`<cellXfs count="2"><xf/><xf numFmtId="49" applyNumberFormat="1"/></cellXfs></styleSheet>`},
}

// writeXLSX writes a workbook of one sheet, named as the schema's list, in
// which every cell is text: a spreadsheet computes none of it.
func writeXLSX(w io.Writer, s Schema, rows [][]string) error {
	archive := zip.NewWriter(w)
	for _, part := range xlsxParts {
		if err := writePart(archive, part.name, part.content); err != nil {
			return err
		}
	}
	book := `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="` + escapeXML(s.List) + `" sheetId="1" r:id="rId1"/></sheets></workbook>`
	if err := writePart(archive, "xl/workbook.xml", book); err != nil {
		return err
	}
	sheet, err := archive.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	if err := writeSheet(sheet, s, rows); err != nil {
		return err
	}
	return archive.Close()
}

func writePart(archive *zip.Writer, name, content string) error {
	part, err := archive.Create(name) // no time: the same rows, the same bytes
	if err != nil {
		return err
	}
	_, err = io.WriteString(part, xml.Header+content)
	return err
}

func writeSheet(w io.Writer, s Schema, rows [][]string) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `%s<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`+
		`<cols><col min="1" max="%d" width="20" style="1"/></cols><sheetData>`, xml.Header, len(s.Columns))
	writeSheetRow(out, 1, s.names())
	for i, row := range rows {
		writeSheetRow(out, i+2, row)
	}
	out.WriteString(`</sheetData></worksheet>`)
	return out.Flush() // which gives the first error of all
}

func writeSheetRow(out *bufio.Writer, number int, cells []string) {
	fmt.Fprintf(out, `<row r="%d">`, number)
	for i, text := range cells {
		if text != "" {
			fmt.Fprintf(out, `<c r="%s%d" s="1" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, letter(i), number, escapeXML(escapeText(text)))
		}
	}
	out.WriteString(`</row>`)
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
