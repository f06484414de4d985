package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hwmfa/iamcheck"
)

var at = time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)

func finding(id, name string, status iamcheck.Status, reasons ...iamcheck.Reason) iamcheck.Finding {
	f := iamcheck.Finding{AccountID: id, Name: &name}
	f.Level2.Status, f.Level2.Reasons = status, reasons
	f.Level1.Status = iamcheck.Pass
	return f
}

func message(findings ...iamcheck.Finding) Message {
	var d Digest
	for _, f := range findings {
		d.Add(f, f.Level2.Status != iamcheck.Pass, false)
	}
	return d.Message(at)
}

func TestMessageSaysWhatNeedsAttention(t *testing.T) {
	m := message(
		finding("111111111111", "payments", iamcheck.Pass),
		finding("222222222222", "data lake", iamcheck.Fail, iamcheck.NoMFA),
	)
	want := `hwmfa audit: 1 of 2 accounts need attention
2026-03-02T09:30:00Z
level 2: 1 pass, 1 fail, 0 unknown, 0 not_applicable
level 1: 2 pass, 0 fail, 0 unknown, 0 not_applicable
222222222222 fail data lake: no_mfa
`
	if m.Text != want || !strings.HasPrefix(m.Text, m.Title+"\n") {
		t.Errorf("got %q\n%s", m.Title, m.Text)
	}
}

func TestMessageSaysWhatIsNew(t *testing.T) {
	d := Digest{Compared: true}
	d.Add(finding("111111111111", "old", iamcheck.Fail, iamcheck.NoMFA), true, false)
	d.Add(finding("222222222222", "fresh", iamcheck.Fail, iamcheck.NoMFA), true, true)
	d.Add(finding("333333333333", "weaker", iamcheck.Pass), false, true)
	m := d.Message(at)
	if m.Title != "hwmfa audit: 2 of 3 accounts need attention, 2 new" || strings.Contains(m.Text, "old") ||
		!strings.HasSuffix(m.Text, "\n222222222222 fail fresh: no_mfa\n333333333333 pass weaker\n") {
		t.Errorf("got %q\n%s", m.Title, m.Text)
	}
}

func TestMessageSaysWhatIsMissing(t *testing.T) {
	d := Digest{Incomplete: true}
	if m := d.Message(at); m.Title != "hwmfa audit: 0 of 0 accounts need attention, and not all were audited" {
		t.Errorf("got %q", m.Title)
	}
}

func TestMessageHoldsNothingButWords(t *testing.T) {
	for _, name := range []string{
		"<!channel> @here <https://evil.example|look>", "*bold* _x_ `y`", "ada.lovelace@example.com", "a\nb\x1b[31m\u202e", strings.Repeat("ü", 5000), "",
	} {
		f := finding("222222222222", name, iamcheck.Fail, iamcheck.NoMFA)
		f.RootDevices = []iamcheck.RootDevice{{Serial: "GAHT12345678"}}
		m := message(f)
		lines := strings.Split(strings.TrimSuffix(m.Text, "\n"), "\n")
		last := lines[len(lines)-1]
		switch {
		case len(lines) != 5, utf8.RuneCountInString(last) > maxLine:
			t.Errorf("%q: %d lines, the last of %d", name, len(lines), utf8.RuneCountInString(last))
		case strings.ContainsAny(last, "@<>*`|\x1b\u202e"), strings.Contains(m.Text, "GAHT"), strings.Contains(m.Text, "example.com"):
			t.Errorf("%q: %s", name, last)
		case !strings.HasPrefix(last, "222222222222 fail"):
			t.Errorf("%q: %s", name, last)
		}
	}
}

func TestMessageIsBounded(t *testing.T) {
	var many []iamcheck.Finding
	for i := range 10_000 {
		many = append(many, finding(fmt.Sprintf("%012d", i), strings.Repeat("n", 60), iamcheck.Fail, iamcheck.NoMFA, iamcheck.VirtualRootDevice))
	}
	m := message(many...)
	if n := utf8.RuneCountInString(m.Text); n > 2000 {
		t.Errorf("%d characters", n)
	}
	if !strings.Contains(m.Title, "10000 of 10000") || !strings.HasSuffix(m.Text, "more\n") {
		t.Errorf("%s", m.Text)
	}
	named := strings.Count(m.Text, " fail ")
	if named == 0 || !strings.Contains(m.Text, fmt.Sprintf("and %d more", 10_000-named)) {
		t.Errorf("%d are named in\n%s", named, m.Text)
	}
}
