package awsapi

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"hwmfa/iamcheck"
)

// counting answers iam:GetAccountSummary with these counters and nothing else.
type counting struct {
	iamClient
	counters map[string]int32
}

func (c counting) GetAccountSummary(context.Context, *iam.GetAccountSummaryInput, ...func(*iam.Options)) (*iam.GetAccountSummaryOutput, error) {
	return &iam.GetAccountSummaryOutput{SummaryMap: c.counters}, nil
}

func TestTheRolesCountersReplaceRootsOnlyWhereTheyAreBetter(t *testing.T) {
	whole := map[string]int32{"AccountMFAEnabled": 1, "AccountPasswordPresent": 1, "AccountAccessKeysPresent": 0, "AccountSigningCertificatesPresent": 0}
	one := 1
	partly := &iamcheck.Summary{MFAEnabled: &one}
	for _, tt := range []struct {
		name          string
		first         *iamcheck.Summary
		role          map[string]int32
		mfa, password bool
	}{
		{"all of them are better than some", partly, whole, true, true},
		{"others of them are not", partly, map[string]int32{"AccountPasswordPresent": 1}, true, false},
		{"some of them are better than none", nil, map[string]int32{"AccountPasswordPresent": 1}, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &collector{clients: &clients{iam: counting{counters: tt.role}}}
			f := iamcheck.Facts{Summary: tt.first}
			c.summaryAgain(context.Background(), &session{by: iamcheck.ByRole}, &f)
			if (f.Summary.MFAEnabled != nil) != tt.mfa || (f.Summary.PasswordPresent != nil) != tt.password {
				t.Errorf("got %+v", *f.Summary)
			}
		})
	}
}
