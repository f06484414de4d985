package report_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
	"hwmfa/internal/term"
	"hwmfa/inventory/exchange"
)

// FuzzNames puts one text wherever a foreign one can stand. Whatever it is, each format can be read back, holds nothing that
// a terminal or a page obeys, and begins no formula; Security Hub and OCSF take it.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{
		"payments", "", "Evil\x1b[2J\u202etxt", "=cmd|' /C calc'!A0", "'=1", "@SUM(1)", "\ttab", "a\r\nb,\"c\"", "<script>alert(1)</script>", "\xff\xfe",
		"\u0085\u2028\u2066", strings.Repeat("𝔘", 600), "+1-1", "  ", "arn:aws:iam::1:u2f/root/\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		finding := virtual()
		finding.Name = &name
		finding.Level2.Exception.Reason, finding.Level2.Exception.Owner = name, name
		finding.Level2.Tier.Name, finding.Level2.Details[0].Text = &name, name
		finding.RootDevices[0].Serial = name
		finding.RootDevices[0].Suggestions = []iamcheck.Suggestion{{Text: name}}
		finding.Recovery[0].Text = name
		finding.Level2.Status = iamcheck.Unknown
		finding.Calls = []iamcheck.Call{{Action: "iam:ListMFADevices", Outcome: iamcheck.Malformed, Error: &name}}
		for _, format := range report.Formats() {
			out := written(t, format, head(), finding)
			if !utf8.ValidString(out) {
				t.Errorf("%s: not UTF-8", format)
			}
			for _, r := range out {
				if r != '\n' && !unicode.IsPrint(r) && (r != '\r' || format != report.FormatCSV) {
					t.Errorf("%s: %U is in %q", format, r, out)
				}
			}
			switch format {
			case report.FormatCSV:
				row := rows(t, out)[1]
				if row[1] != exchange.Guard(term.Escape(name)) {
					t.Errorf("%q is named %q", name, row[1])
				}
				for _, cell := range row {
					if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
						t.Errorf("%q begins like a formula", cell)
					}
				}
			case report.FormatASFF:
				for _, got := range asff(t, out) {
					checkASFF(t, got)
				}
				unobeyed(t, out)
			case report.FormatOCSF:
				ocsf(t, out)
				unobeyed(t, out)
			case report.FormatJSON, report.FormatJSONL:
				for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
					var doc any
					if err := dec.Decode(&doc); err != nil {
						t.Fatalf("%s: %v", format, err)
					}
				}
			}
		}
	})
}

// unobeyed reports a text in JSON that is not printable even after it was read.
func unobeyed(t *testing.T, out string) {
	t.Helper()
	texts := 0
	defer func() {
		if texts == 0 {
			t.Error("no text was read")
		}
	}()
	for dec := json.NewDecoder(strings.NewReader(out)); ; texts++ {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, is := token.(string); is && s != term.Escape(s) {
			t.Errorf("%q is not printable", s)
		}
	}
}
