package doctor

import (
	"fmt"
	"slices"
	"strings"

	"hwmfa/iamcheck"
)

// ownCalls are those without which not even the caller's own account can be
// audited.
var ownCalls = []string{"sts:GetCallerIdentity", "iam:GetAccountSummary", "iam:ListVirtualMFADevices"}

const mendPolicy = "aws iam attach-role-policy --role-name ROLE --policy-arn arn:aws:iam::aws:policy/SecurityAudit"

// amazon judges which of the audit's calls AWS allows.
func amazon(f Facts) []Finding {
	if !f.AWSAsked {
		return one(idAWS, Skip, "not asked", "hwmfa doctor --aws")
	}
	a := f.AWS
	if a == nil {
		return nil
	}
	if a.Err != nil {
		return one(idAWSCredentials, Fail, strings.ReplaceAll(a.Err.Error(), "\n", " "), "aws sso login")
	}
	var own, other, allowed []string
	for _, c := range a.Calls {
		refused := fmt.Sprintf("%s: %s", c.Action, c.Outcome)
		switch {
		case c.Outcome == iamcheck.OK:
			allowed = append(allowed, c.Action)
		case slices.Contains(ownCalls, c.Action):
			own = append(own, refused)
		default:
			other = append(other, refused)
		}
	}
	var all []Finding
	if own != nil {
		all = append(all, Finding{idAWSDenied, Fail, "account " + a.AccountID + " cannot be audited: " + strings.Join(own, ", "), mendPolicy})
	}
	if other != nil {
		mend := mendPolicy
		if !slices.ContainsFunc(other, func(s string) bool { return !strings.HasPrefix(s, "sts:") }) {
			mend = "aws iam enable-organizations-root-sessions"
		}
		all = append(all, Finding{idAWSOrganization, Warn, "other accounts cannot be audited in full: " + strings.Join(other, ", "), mend})
	}
	if !a.Organization {
		all = append(all, Finding{ID: idAWSOrganization, Status: Skip, Text: "account " + a.AccountID + " is in no organization"})
	}
	if own == nil {
		all = append([]Finding{{ID: idAWS, Status: OK, Text: "account " + a.AccountID + " allows " + strings.Join(allowed, ", ")}}, all...)
	}
	return all
}
