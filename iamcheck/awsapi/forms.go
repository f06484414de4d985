package awsapi

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"hwmfa/iamcheck"
)

// The forms that AWS takes, by the API references of IAM, STS and Organizations. What does not have them is refused in every
// account, once for each. Each is compiled for the first text that is held against it: most commands hold none.
var (
	roleForm       = onUse(`^/?([\x21-\x7e]+/)?[\w+=,.@-]{1,64}$`)
	externalIDForm = onUse(`^[\w+=,.@:/-]+$`)
	sessionForm    = onUse(`^[\w+=,.@-]{2,64}$`)
	tagForm        = onUse(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)
)

// onUse compiles a pattern when it is first asked for.
func onUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

const (
	// maxRolePath bounds the path of a role, with its slashes.
	maxRolePath = 512
	// MaxSessionTags is how many tags a session can have.
	MaxSessionTags = 50
)

// IsRoleName reports whether a role can be called so: a name, with its path where it has one. An ARN is none: the role is one
// in every account.
func IsRoleName(s string) bool {
	return roleForm().MatchString(s) && !strings.HasPrefix(s, "arn:") && !strings.Contains(s, "//") && strings.LastIndexByte(s, '/') < maxRolePath
}

// IsExternalID reports whether a role can be assumed with it.
func IsExternalID(s string) bool {
	return len(s) >= 2 && len(s) <= 1224 && externalIDForm().MatchString(s)
}

// IsSessionName reports whether a session can be called so.
func IsSessionName(s string) bool { return sessionForm().MatchString(s) }

// IsTag reports whether an account, or a session, can have such a tag.
func IsTag(t iamcheck.Tag) bool {
	key, value := utf8.RuneCountInString(t.Key), utf8.RuneCountInString(t.Value)
	return key >= 1 && key <= 128 && value <= 256 && tagForm().MatchString(t.Key) && tagForm().MatchString(t.Value)
}

// CheckSessionTags says why a session cannot have these tags together.
func CheckSessionTags(tags []iamcheck.Tag) error {
	if len(tags) > MaxSessionTags {
		return fmt.Errorf("%d tags: a session has at most %d", len(tags), MaxSessionTags)
	}
	keys := map[string]bool{}
	for _, t := range tags {
		key := strings.ToLower(t.Key)
		switch {
		case strings.HasPrefix(key, "aws:"):
			return fmt.Errorf("the key %q: those that begin with aws: are for AWS alone", t.Key)
		case keys[key]:
			return fmt.Errorf("the key %q twice: letter case makes no other key", t.Key)
		}
		keys[key] = true
	}
	return nil
}
