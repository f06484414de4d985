package notify

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"hwmfa/iamcheck"
)

// Message is what is sent.
type Message struct {
	// Title is one line; Text begins with the same.
	Title, Text string
}

const (
	// maxAccounts is how many accounts a message names.
	maxAccounts = 15
	// maxLine bounds the line of an account, and maxText a text, in characters:
	// the strictest of the services takes 2000.
	maxLine = 100
	maxText = 1900
)

// Digest gathers what a message says of a run. It keeps no more than the
// message has room for.
type Digest struct {
	// Incomplete: not every account that should have been audited was.
	Incomplete bool
	// Compared: there is a run before this one, so that it is known what is new.
	Compared bool

	accounts, attention int
	listed              int // of those that the message is to name
	level2, level1      map[iamcheck.Status]int
	lines               []string
}

// Add counts an account, and keeps it for the message where it is new, or where
// nobody knows what is new, where it needs attention.
func (d *Digest) Add(f iamcheck.Finding, needsAttention, isNew bool) {
	if d.accounts == 0 {
		d.level2, d.level1 = map[iamcheck.Status]int{}, map[iamcheck.Status]int{}
	}
	d.accounts++
	d.level2[f.Level2.Status]++
	d.level1[f.Level1.Status]++
	if needsAttention {
		d.attention++
	}
	if !isNew && (d.Compared || !needsAttention) {
		return
	}
	d.listed++
	if len(d.lines) < maxAccounts {
		d.lines = append(d.lines, line(f))
	}
}

// line names an account and the reasons of its verdict. There are no e-mail
// addresses in it and no serials of devices, and nothing that a chat would take
// for markup or a summons.
func line(f iamcheck.Finding) string {
	verdict, reasons := f.Level2.Status, f.Level2.Reasons
	if f.Level2.NotRequired {
		verdict, reasons = f.Level1.Status, f.Level1.Reasons
	}
	var words []string
	for _, r := range reasons {
		words = append(words, string(r))
	}
	name := ""
	if f.Name != nil {
		name = plain(*f.Name)
	}
	text := []rune(strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", f.AccountID, verdict, name)), " "))
	if len(words) > 0 {
		text = append(text, []rune(": "+strings.Join(words, ", "))...)
	}
	if len(text) > maxLine {
		text = append(text[:maxLine-1], '…')
	}
	return string(text)
}

// plain keeps the letters, digits, spaces and dashes of a name that somebody
// typed into AWS; "" where an e-mail address may be in it.
func plain(name string) string {
	if strings.Contains(name, "@") {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == ' ' {
			return r
		}
		return ' '
	}, name)
}

// Message is the message of the whole run.
func (d *Digest) Message(at time.Time) Message {
	title := fmt.Sprintf("hwmfa audit: %d of %d accounts need attention", d.attention, d.accounts)
	if d.Compared {
		title += fmt.Sprintf(", %d new", d.listed)
	}
	if d.Incomplete {
		title += ", and not all were audited"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\nlevel 2: %s\nlevel 1: %s\n", title, at.UTC().Format(time.RFC3339), counts(d.level2), counts(d.level1))
	for i, l := range d.lines {
		if more := fmt.Sprintf("and %d more\n", d.listed-i); b.Len()+len(l)+1+len(more) > maxText {
			d.lines = d.lines[:i]
			break
		}
		b.WriteString(l + "\n")
	}
	if more := d.listed - len(d.lines); more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	return Message{Title: title, Text: b.String()}
}

func counts(of map[iamcheck.Status]int) string {
	var parts []string
	for _, s := range []iamcheck.Status{iamcheck.Pass, iamcheck.Fail, iamcheck.Unknown, iamcheck.NotApplicable} {
		parts = append(parts, fmt.Sprintf("%d %s", of[s], s))
	}
	return strings.Join(parts, ", ")
}
