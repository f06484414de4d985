package supplied

import (
	"fmt"
	"maps"
	"slices"

	"hwmfa/iamcheck"
)

// Merge adds what is supplied about an account to what AWS answered about it. An answer of AWS's wins; where the two do not
// agree, the finding names it as a call that is contradicted.
func Merge(live iamcheck.Facts, s Account) iamcheck.Facts {
	if s.Facts.Partition == "" || live.Partition != "" && live.Partition != s.Facts.Partition {
		live.Calls = append(slices.Clone(live.Calls), s.Facts.Calls...)
		if s.Facts.Partition != "" {
			live.Calls = append(live.Calls, contradicted(identity, "supplied from partition "+s.Facts.Partition+": nothing of it is used"))
		}
		return live
	}
	m := &merging{Facts: live}
	m.Calls = append(slices.Clone(live.Calls), slices.DeleteFunc(slices.Clone(s.Facts.Calls), func(c iamcheck.Call) bool {
		return c.Action == string(credentials)
	})...)
	m.Partition = s.Facts.Partition
	m.summary(s.Facts.Summary)
	m.ownDevices(s.Facts.Root)
	m.virtualDevices(s.Facts.Virtual)
	m.certifications(s.Facts.Certifications)
	s.Report.check(&m.Facts)
	return m.Facts
}

type merging struct{ iamcheck.Facts }

func contradicted(k kind, why string) iamcheck.Call {
	return call(k, iamcheck.ByCaller, iamcheck.Contradicted, why)
}

func (m *merging) disagree(k kind, format string, args ...any) {
	m.Calls = append(m.Calls, contradicted(k, fmt.Sprintf(format, args...)))
}

func (m *merging) summary(s *iamcheck.Summary) {
	if s == nil {
		return
	}
	if m.Summary == nil {
		m.Summary = s
		return
	}
	whole := *m.Summary
	for _, c := range []struct {
		name   string
		is     **int
		theirs *int
	}{
		{"AccountMFAEnabled", &whole.MFAEnabled, s.MFAEnabled},
		{"AccountPasswordPresent", &whole.PasswordPresent, s.PasswordPresent},
		{"AccountAccessKeysPresent", &whole.AccessKeysPresent, s.AccessKeysPresent},
		{"AccountSigningCertificatesPresent", &whole.CertificatesPresent, s.CertificatesPresent},
	} {
		switch {
		case *c.is == nil:
			*c.is = c.theirs
		case c.theirs != nil && **c.is != *c.theirs:
			m.disagree(summary, "supplied with %s %d; AWS answers %d", c.name, *c.theirs, **c.is)
		}
	}
	m.Summary = &whole
}

func (m *merging) ownDevices(s iamcheck.RootList) {
	serials := func(l iamcheck.RootList) []string {
		var list []string
		for _, d := range l.Devices {
			list = append(list, d.Serial)
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	ours, theirs := serials(m.Root), serials(s)
	if m.better(ownList, m.Root.Reading, s.Reading, ours, theirs) {
		m.Root = s
	}
}

// virtualDevices compares what both lists keep: of AWS's answer that is what a rule looks at.
func (m *merging) virtualDevices(s iamcheck.VirtualList) {
	telling := func(l iamcheck.VirtualList) []string {
		var list []string
		for _, d := range l.Devices {
			if d.Owner == iamcheck.RootARN(m.Partition, m.AccountID) || d.Serial == iamcheck.CustomarySerial(m.Partition, m.AccountID) {
				list = append(list, d.Serial+" of "+d.Owner)
			}
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	if m.better(virtualList, m.Virtual.Reading, s.Reading, telling(m.Virtual), telling(s)) {
		m.Virtual = s
	}
}

// better reports whether the supplied list is to be taken: it is there, AWS's is not complete, and it holds all that AWS's does.
func (m *merging) better(k kind, ours, theirs iamcheck.Reading, mine, supplied []string) bool {
	if theirs == iamcheck.Unread {
		return false
	}
	notIn := func(list []string) func(string) bool {
		return func(d string) bool { return !slices.Contains(list, d) }
	}
	lacking, more := slices.ContainsFunc(mine, notIn(supplied)), slices.ContainsFunc(supplied, notIn(mine))
	switch {
	case ours == iamcheck.Unread:
		return true
	case lacking && theirs == iamcheck.Complete, more && ours == iamcheck.Complete:
		m.disagree(k, "supplied with %d devices of root's; AWS lists %d that are not all the same", len(supplied), len(mine))
		return false
	}
	return ours == iamcheck.Partial && theirs == iamcheck.Complete
}

func (m *merging) certifications(s map[string]map[string]string) {
	all := maps.Clone(m.Certifications)
	for serial, levels := range s {
		was, asked := all[serial]
		switch {
		case !asked && all == nil:
			all = map[string]map[string]string{serial: levels}
		case !asked:
			all[serial] = levels
		case !maps.Equal(was, levels):
			m.disagree(device, "supplied with other certifications of %.200q than AWS answers", serial)
		}
	}
	m.Certifications = all
}
