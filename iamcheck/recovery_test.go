package iamcheck

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// recoveryWords are what a finding says of the recovery path, as FINDING:STATUS, without what is ok.
func recoveryWords(f Finding) string {
	var list []string
	for _, r := range f.Recovery {
		if r.Status != RecoveryOK {
			list = append(list, strings.TrimPrefix(string(r.Finding), "root_")+":"+string(r.Status))
		}
	}
	return strings.Join(list, " ")
}

func TestRecovery(t *testing.T) {
	rules := EmailRules{Domains: []string{"Example.com", "example.org"}, GroupPattern: "AWS-root*@*"}
	const usual = "password_present:finding password_recoverable:finding"
	none := func(f *Facts) {
		*f = Facts{AccountID: here, Partition: "aws", Membership: Member, CentralRemoval: yes(), Email: f.Email,
			Summary: &Summary{number(0), number(0), number(0), number(0)},
			Root:    RootList{Reading: Complete}, Credentials: Credentials{Absent, Absent, Absent}}
	}
	tests := []struct {
		name   string
		email  string
		change func(*Facts)
		want   string
	}{
		{"all well", "aws-root@example.com", nil, usual},
		{"a domain in other letters", "AWS-Root@EXAMPLE.ORG", nil, usual},
		{"a foreign domain", "aws-root@example.net", nil, "email_foreign_domain:finding " + usual},
		{"a domain below the own one is another", "aws-root@mail.example.com", nil, "email_foreign_domain:finding " + usual},
		{"a domain that only ends like it", "aws-root@notexample.com", nil, "email_foreign_domain:finding " + usual},
		{"a person's address", "ada@example.com", nil, "email_personal:finding " + usual},
		{"a plus-address of a group mailbox", "aws-root+payments@example.com", nil, "email_plus_address:finding " + usual},
		{"a plus with nothing before it is no tag", "+x@example.com", nil, "email_personal:finding " + usual},
		{"no address", "", nil, "email_unknown:unknown " + usual},
		{"what is none", "root", nil, "email_unknown:unknown " + usual},
		{"an address without an end", "root@", nil, "email_unknown:unknown " + usual},
		{"an address without a beginning", "@example.com", nil, "email_unknown:unknown " + usual},
		{"an address that is far too long", strings.Repeat("a", 400) + "@example.com", nil, "email_unknown:unknown " + usual},
		{"access keys by the counter", "aws-root@example.com", func(f *Facts) { f.Summary.AccessKeysPresent = number(1) }, "access_keys_present:finding " + usual},
		{"access keys by the session alone", "aws-root@example.com", func(f *Facts) { f.Credentials.AccessKeys = Present }, "access_keys_present:finding " + usual},
		{"signing certificates", "aws-root@example.com", func(f *Facts) { f.Summary.CertificatesPresent = number(1) }, "signing_certificates_present:finding " + usual},
		{"no summary", "aws-root@example.com", func(f *Facts) { f.Summary = nil },
			"access_keys_present:unknown signing_certificates_present:unknown password_present:unknown password_recoverable:unknown"},
		{"a negative counter is none", "aws-root@example.com", func(f *Facts) { f.Summary.AccessKeysPresent = number(-1) }, "access_keys_present:unknown " + usual},
		{"removed centrally", "aws-root@example.com", none, ""},
		{"no password, and nobody removed it", "aws-root@example.com", func(f *Facts) { none(f); off := false; f.CentralRemoval = &off }, "password_recoverable:finding"},
		{"no password in the management account", "aws-root@example.com", func(f *Facts) { none(f); f.Membership = Management }, "password_recoverable:finding"},
		{"no password, and the organization unknown", "aws-root@example.com", func(f *Facts) { none(f); f.CentralRemoval = nil }, "password_recoverable:unknown"},
		{"answers about another account", "aws-root@example.com", func(f *Facts) {
			f.Summary.AccessKeysPresent = number(1)
			f.Root.Devices = []Device{{Serial: "arn:aws:iam::999999999999:u2f/root/x-EXAMPLE"}}
		}, "access_keys_present:unknown signing_certificates_present:unknown password_present:unknown password_recoverable:unknown"},
		{"a partition of which nobody knows what root can do there", "aws-root@example.com", func(f *Facts) {
			f.Partition, f.Membership, f.Root, f.Certifications = "aws-iso", Management, RootList{}, nil
		}, "password_present:finding password_recoverable:unknown"},
		{"a closed account", "ada@example.net", func(f *Facts) { f.State = "CLOSED" }, ""},
		{"GovCloud: credentials only", "ada@example.net", func(f *Facts) {
			f.Partition, f.Root, f.Certifications, f.Summary.AccessKeysPresent = "aws-us-gov", RootList{}, nil, number(1)
		}, "access_keys_present:finding"},
		{"China has no root", "ada@example.net", func(f *Facts) { f.Partition = "aws-cn" }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := hardwareFacts()
			f.Email = tt.email
			if tt.change != nil {
				tt.change(&f)
			}
			got := Evaluate(f, nil, Options{Email: rules})
			if recoveryWords(got) != tt.want {
				t.Errorf("got %q, want %q", recoveryWords(got), tt.want)
			}
			for _, r := range got.Recovery {
				if r.Text == "" || r.Severity == "" || strings.Contains(tt.email, "@") && strings.Contains(strings.ToLower(r.Text), strings.ToLower(tt.email)) {
					t.Errorf("it says nothing, or the address: %+v", r)
				}
			}
			if bare := Evaluate(f, nil, Options{}); strings.Contains(recoveryWords(bare), "foreign") || strings.Contains(recoveryWords(bare), "personal") {
				t.Errorf("without rules: %q", recoveryWords(bare))
			}
		})
	}
}

// What guards root against whoever has its mailbox is said as far as it was seen.
func TestRecoverableSaysWhatGuards(t *testing.T) {
	for _, tt := range []struct {
		name           string
		change         func(*Facts)
		severity, says string
	}{
		{"MFA", func(*Facts) {}, "medium", "MFA is what is left to pass"},
		{"no MFA", func(f *Facts) { f.Summary.MFAEnabled, f.Root.Devices = number(0), nil }, "high", "there is no MFA to pass"},
		{"nobody could look", func(f *Facts) { f.Summary.MFAEnabled, f.Root, f.Virtual = nil, RootList{}, VirtualList{} }, "medium", "whether there is MFA to pass could not be seen"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := hardwareFacts()
			tt.change(&f)
			list := Evaluate(f, nil, Options{}).Recovery
			got := list[len(list)-1]
			if got.Finding != RootRecoverable || got.Status != RecoveryFinding || got.Severity != tt.severity || !strings.HasSuffix(got.Text, tt.says) {
				t.Errorf("got %+v, want %s, ending in %q", got, tt.severity, tt.says)
			}
		})
	}
}

func TestSharedMailboxes(t *testing.T) {
	addresses := map[string]string{
		"100000000001": "aws+one@example.com", "100000000002": "AWS+two@Example.com", "100000000003": "aws@example.com",
		"100000000004": "a.w.s@example.com", "100000000005": "aws@example.org", "100000000006": "", "100000000007": "aws@example.org",
		"100000000008": "gone@example.org",
	}
	sum := NewRecoverySum()
	for account, address := range addresses {
		facts := Facts{AccountID: account, Partition: "aws", Email: address}
		if account == "100000000008" {
			facts.State = "CLOSED"
		}
		f := Evaluate(facts, nil, Options{})
		sum.Add(f, address)
		sum.Add(f, address) // an account that comes twice shares nothing with itself
	}
	// Where some accounts were left out, one that seems to be alone is unknown.
	sum.End(false)
	if alone := sum.Shared("100000000004"); alone == nil || alone.Finding != RootEmailShared || alone.Status != RecoveryUnknown {
		t.Errorf("in a part of the organization: %+v", alone)
	}
	for _, r := range sum.Totals().Findings {
		if r.Finding == RootEmailShared && (r.OK != 0 || r.Unknown != 1 || r.Findings != 5) {
			t.Errorf("in a part of the organization: %+v", r)
		}
	}
	sum.End(true)
	for account, want := range map[string]string{
		"100000000001": "root_email_shared_address finding 3", "100000000002": "root_email_shared_address finding 3", "100000000003": "root_email_shared_address finding 3",
		"100000000004": "root_email_shared_address ok", "100000000005": "root_email_shared_address finding 2", "100000000006": "none", "100000000008": "none",
	} {
		got := "none"
		if r := sum.Shared(account); r != nil {
			got = fmt.Sprintf("%s %s", r.Finding, r.Status)
			if r.Status == RecoveryFinding {
				got += " " + strings.Fields(strings.TrimPrefix(r.Text, "root's mailbox is that of "))[0]
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", account, got, want)
		}
	}
	totals := sum.Totals()
	if got, want := fmt.Sprint(totals.SharedMailboxes), "[{3 [100000000001 100000000002 100000000003]} {2 [100000000005 100000000007]}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, r := range totals.Findings {
		if r.Finding == RootEmailShared && (r.OK != 1 || r.Findings != 5 || len(r.First) != maxFirst) {
			t.Errorf("got %+v", r)
		}
	}
}

// The sum is the same whatever order accounts come in.
func TestTheRecoverySumKnowsNoOrder(t *testing.T) {
	var want string
	for range 5 {
		sum := NewRecoverySum()
		for _, i := range rand.Perm(200) {
			facts := Facts{AccountID: fmt.Sprintf("%012d", i), Partition: "aws", Email: fmt.Sprintf("box%d+x@example.com", i%7)}
			sum.Add(Evaluate(facts, nil, Options{}), facts.Email)
		}
		got := fmt.Sprintf("%+v", sum.Totals())
		if want == "" {
			want = got
		}
		if got != want {
			t.Fatalf("got\n%s\nand\n%s", got, want)
		}
	}
}

// FuzzEmail holds what is true of any address.
func FuzzEmail(f *testing.F) {
	f.Add("aws+root@example.com", "aws*@*")
	f.Add("@+@", "[")
	f.Fuzz(func(t *testing.T, address, pattern string) {
		a, ok := parseEmail(address)
		if !ok {
			return
		}
		if again, ok := parseEmail(a.mailbox); !ok || again.mailbox != a.mailbox || again.plus {
			t.Errorf("the mailbox of %q is %q, and that has another", address, a.mailbox)
		}
		a.matches(pattern)
		if a.domain == "" || !strings.HasSuffix(a.whole, "@"+a.domain) {
			t.Errorf("%q is at %q", address, a.domain)
		}
	})
}
