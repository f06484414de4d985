package awsapi_test

import (
	"fmt"
	"strings"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
)

func TestOnlyWhatAWSTakesIsSent(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		name string
		is   func(string) bool
		yes  []string
		no   []string
	}{
		{"role", awsapi.IsRoleName,
			[]string{"a", "hwmfa-audit", "/hwmfa-audit", "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Audit_0123", long(64), "/" + long(500) + "/x"},
			[]string{"", "a b", "a\n", "/", "a/", "//a", "a//b", "ä", long(65), "arn:aws:iam::111122223333:role/a", "/" + long(512) + "/x", "a\x00b", "é/a", "a b/c"}},
		{"external ID", awsapi.IsExternalID,
			[]string{"ab", "8c1f:/=+,.@-_", long(1224)}, []string{"", "a", "a b", long(1225), "ab\n", "äb", "a*b"}},
		{"session", awsapi.IsSessionName,
			[]string{"ab", "auditor-2026", "ada@example.com", long(64)}, []string{"", "a", "a b", "a/b", "a:b", long(65), "ab\n"}},
		{"tag", func(s string) bool {
			key, value, _ := strings.Cut(s, "|")
			return awsapi.IsTag(iamcheck.Tag{Key: key, Value: value})
		},
			[]string{"env|", "env|prod", "Straße 5|ä ö", "aws:cloudformation:stack|x", strings.Repeat("ä", 128) + "|" + strings.Repeat("ä", 256)},
			[]string{"|x", "a\tb|x", "a|{}", "a|<b>", long(129) + "|", "a|" + long(257), "a|\xff"}},
	} {
		for _, s := range c.yes {
			if !c.is(s) {
				t.Errorf("%s %.80q is refused", c.name, s)
			}
		}
		for _, s := range c.no {
			if c.is(s) {
				t.Errorf("%s %.80q is taken", c.name, s)
			}
		}
	}
}

func TestTagsOfASession(t *testing.T) {
	var many []iamcheck.Tag
	for i := range awsapi.MaxSessionTags {
		many = append(many, iamcheck.Tag{Key: fmt.Sprint("k", i)})
	}
	for _, c := range []struct {
		name string
		tags []iamcheck.Tag
		ok   bool
	}{
		{"none", nil, true},
		{"as many as AWS takes", many, true},
		{"one more", append(many[:len(many):len(many)], iamcheck.Tag{Key: "x"}), false},
		{"one key twice", []iamcheck.Tag{{Key: "Team"}, {Key: "team"}}, false},
		{"one of AWS's", []iamcheck.Tag{{Key: "AWS:team"}}, false},
	} {
		if err := awsapi.CheckSessionTags(c.tags); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
