package policy

import (
	"reflect"
	"strings"
	"testing"
)

func TestRootEmail(t *testing.T) {
	p, err := Read(strings.NewReader("root_email: {domains: [example.com, example.org], group_pattern: 'aws-root*@*'}"))
	want := RootEmail{Domains: []string{"example.com", "example.org"}, GroupPattern: "aws-root*@*"}
	if err != nil || !reflect.DeepEqual(p.RootEmail, want) {
		t.Errorf("got %+v, %v", p.RootEmail, err)
	}
	if got := Default().RootEmail; got.Domains != nil || got.GroupPattern != "" {
		t.Errorf("asks for something by itself: %+v", got)
	}
	for name, text := range map[string]string{
		"an address for a domain":   "root_email: {domains: [root@example.com]}",
		"a pattern for a domain":    "root_email: {domains: ['*.example.com']}",
		"an empty domain":           "root_email: {domains: ['']}",
		"a domain that ends in dot": "root_email: {domains: [example.com.]}",
		"a pattern that is none":    "root_email: {group_pattern: '[a'}",
		"a misspelt name":           "root_email: {domain: [example.com]}",
		"too many domains":          "root_email: {domains: [" + strings.Repeat("a.example,", maxEntries+1) + "]}",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
