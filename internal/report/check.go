package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
)

// check is one thing judged about one account, as formats want it that know findings and no accounts. All its texts are
// printable.
type check struct {
	// slug names what is judged, whatever the version of the benchmark; with the account it names the finding for good, so that
	// importing it again updates it.
	slug string
	// title says what is demanded.
	title string
	// account, name and partition are whose finding it is; the last two are "" where they are not known.
	account, name, partition string
	status                   iamcheck.Status
	severity                 string
	// eased is the severity while the control is not met, where somebody decided that it is less than the control's; "" is the
	// control's.
	eased   string
	reasons []because
	advice  iamcheck.Advice
	// number is the control's in the benchmark, and related what other frameworks call it; the recovery path has neither.
	number  string
	related []string
	// fields are what no format has a place for, by name.
	fields map[string]string
}

// informational is the severity of what nobody has to do anything about.
const informational = "informational"

// because is a reason, with what it means.
type because struct{ code, text string }

// id names the finding for good.
func (c check) id() string { return "hwmfa/" + c.account + "/" + c.slug }

// What Security Hub and OCSF say of these words decides them. Low is what needs nothing done on its own, or what the user is to
// decide on: a level that is not demanded of the account. Medium has to be mended, but not at once: by the day on which an
// exception ends.
const (
	notDemanded = "low"
	excepted    = "medium"
)

// shownSeverity is that of the control while it is not met or not known to be, unless somebody decided to live with that.
func (c check) shownSeverity() string {
	if c.status.Open() {
		return cmp.Or(c.eased, c.severity)
	}
	return informational
}

// describe says the finding in a paragraph.
func (c check) describe() string {
	texts := make([]string, 0, len(c.reasons))
	for _, r := range c.reasons {
		texts = append(texts, r.text)
	}
	said := "Account " + c.account
	if c.name != "" {
		said += " (" + c.name + ")"
	}
	said += ": " + c.title + ": " + string(c.status)
	if len(texts) > 0 {
		said += ": " + strings.Join(texts, "; ")
	}
	return said + "."
}

// source is what the checks of all accounts have in common.
type source struct {
	Head
	related map[iamcheck.Control][]string
}

func newSource(h Head) source {
	s := source{h, map[iamcheck.Control][]string{}}
	for _, c := range []iamcheck.Control{iamcheck.HardwareMFA, iamcheck.RootMFA} {
		s.related[c] = []string{standard(h.Benchmark) + "/" + h.Benchmark.Control(c).ID}
		for _, m := range iamcheck.MappingsOf(c) {
			s.related[c] = append(s.related[c], m.RelatedAs)
		}
	}
	return s
}

// checks are the two controls on one account, and the looks at the ways around root's MFA, which are findings of their own.
// What is only informational there, such as that root has a password, would be a finding on nearly every account that nobody
// has to do anything about: it is left to the formats that have a place for facts.
func (s source) checks(f iamcheck.Finding) []check {
	hardware := s.control(f, iamcheck.HardwareMFA, f.Level2.Status, f.Level2.Reasons)
	for _, w := range f.Level2.Warnings {
		if hardware.advice.Remedy == "" {
			hardware.advice = w.Advice()
		}
	}
	if f.Level2.Exception != nil {
		hardware.eased = excepted
	}
	if f.Level2.NotRequired {
		hardware.eased = notDemanded
		hardware.because("not_required", "not required: the account's tier does not demand it")
	}
	if e := f.Level2.Exception; e != nil {
		until := e.Expires.UTC().Format(time.DateOnly)
		hardware.because("exception", "exception until "+until+": "+e.Text())
		hardware.field("exception_expires", until)
	}
	if e := f.Level2.ExpiredException; e != nil {
		expired := e.Expires.UTC().Format(time.DateOnly)
		hardware.because("exception_expired", "an exception expired on "+expired+" and counts no more: "+e.Text())
		hardware.field("exception_expired", expired)
	}
	if t := f.Level2.Tier; t != nil {
		hardware.field("tier", text(t.Name))
	}
	hardware.field("assurance", text(f.Level2.Assurance))
	hardware.field("literal", string(f.Level2.Literal))
	hardware.field("warnings", words(f.Level2.Warnings))
	hardware.field("root_devices", serials(f.RootDevices))
	hardware.field("not_required", strconv.FormatBool(f.Level2.NotRequired))
	hardware.field("details", details(f.Level2.Details))
	hardware.field("suggestions", suggestions(f.RootDevices))
	list := []check{hardware, s.control(f, iamcheck.RootMFA, f.Level1.Status, f.Level1.Reasons)}
	for _, r := range f.Recovery {
		if r.Severity == informational {
			continue
		}
		c := s.bare(f, "recovery/"+string(r.Finding), r.Finding.Advice().Text, recoveryStatus[r.Status], r.Severity)
		if c.status != iamcheck.Pass {
			c.because(string(r.Finding), r.Text)
			c.advice = r.Finding.Advice()
		}
		list = append(list, c)
	}
	return list
}

// recoveryStatus is the verdict that formats know for what became of a look at the recovery path.
var recoveryStatus = map[iamcheck.RecoveryStatus]iamcheck.Status{
	iamcheck.RecoveryOK: iamcheck.Pass, iamcheck.RecoveryFinding: iamcheck.Fail, iamcheck.RecoveryUnknown: iamcheck.Unknown,
}

// bare is a check without reasons, numbers and advice.
func (s source) bare(f iamcheck.Finding, slug, title string, status iamcheck.Status, severity string) check {
	title = cmp.Or(title, slug)
	c := check{
		slug: slug, title: strings.ToUpper(title[:1]) + title[1:], account: shown(f.AccountID), name: shown(text(f.Name)), partition: shown(text(f.Partition)),
		status: status, severity: severity, fields: map[string]string{},
	}
	c.field("account_id", f.AccountID)
	c.field("program", s.Program)
	return c
}

// control is the check of one control.
func (s source) control(f iamcheck.Finding, control iamcheck.Control, status iamcheck.Status, reasons []iamcheck.Reason) check {
	c := s.bare(f, string(control), control.Title(), status, iamcheck.Severity)
	c.number = s.Benchmark.Control(control).ID
	if status != iamcheck.Pass {
		for _, r := range reasons {
			c.because(string(r), r.Advice().Text)
			if c.advice.Remedy == "" {
				c.advice = r.Advice()
			}
		}
	}
	if status == iamcheck.Unknown {
		for _, call := range f.Calls {
			if call.Failed() {
				c.because(string(call.Outcome), call.Action+": "+text(call.Error))
			}
		}
	}
	c.related = s.related[control]
	c.field("benchmark", s.Benchmark.Version)
	c.field("control", c.number)
	return c
}

// because adds a reason.
func (c *check) because(code, said string) {
	c.reasons = append(c.reasons, because{code, clip(cmp.Or(shown(said), code), 512)})
}

// field adds what no format has a place for, unless there is nothing to say.
func (c *check) field(name, value string) {
	if value = shown(value); value != "" {
		c.fields[name] = clip(value, 2048)
	}
}

// shown is a foreign text as other programs may show it: printable, and "" where it is nothing but spaces, which Security Hub
// takes for no text.
func shown(s string) string { return strings.TrimSpace(term.Escape(s)) }

// standard is how Security Hub writes a version of the benchmark.
func standard(b iamcheck.Benchmark) string { return "CIS AWS Foundations Benchmark v" + b.Version }

// clip cuts a text to at most so many UTF-16 units, the strictest way to count characters.
func clip(s string, limit int) string {
	n, cut := 0, 0
	for i, r := range s {
		if n < limit {
			cut = i
		}
		if n += max(1, utf16.RuneLen(r)); n > limit {
			return s[:cut] + "…"
		}
	}
	return s
}

// stableUUID is a UUID of our own making (RFC 9562, version 8) that is the same for the same words.
func stableUUID(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	id := sum[:16]
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	h := hex.EncodeToString(id)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
