package policy

import (
	"fmt"
	"path"
	"strings"
)

// RootEmail is what is asked of the e-mail addresses of root users. What is not
// written is not looked at.
type RootEmail struct {
	// Domains are the organization's own, in any letter case; one below another
	// is another.
	Domains []string `yaml:"domains"`
	// GroupPattern is what the address of a group mailbox looks like, as
	// path.Match takes it, in any letter case.
	GroupPattern string `yaml:"group_pattern"`
}

func (r RootEmail) check() error {
	if len(r.Domains) > maxEntries {
		return fmt.Errorf("root_email.domains has %d entries, at most %d", len(r.Domains), maxEntries)
	}
	for _, d := range r.Domains {
		if d == "" || len(d) > 253 || strings.ContainsAny(d, "@*/ ") || strings.HasPrefix(d, ".") || strings.HasSuffix(d, ".") {
			return fmt.Errorf("root_email.domains names %q, want a domain, as in example.com", d)
		}
	}
	if _, err := path.Match(r.GroupPattern, ""); err != nil || len(r.GroupPattern) > 320 {
		return fmt.Errorf("root_email.group_pattern %q is no pattern", r.GroupPattern)
	}
	return nil
}
