package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/term"
)

// scopeOptions say which accounts to audit, and as whom.
type scopeOptions struct {
	org                           bool
	accounts, units, tags, tiers  []string
	exclude, profiles             []string
	roleName, externalID, session string
	sessionTags                   []string
	workers                       int
}

func (o *scopeOptions) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.org, "org", false, "audit every account of the organization")
	f.StringArrayVar(&o.accounts, "account", nil, "of the organization, `ACCOUNT` alone; may be repeated")
	f.StringArrayVar(&o.units, "ou", nil, "of the organization, the accounts in `UNIT` (ou-…) and below it; may be repeated")
	f.StringArrayVar(&o.tags, "tag", nil, "of the organization, the accounts tagged `KEY=VALUE`; of one key any, of several all")
	f.StringArrayVar(&o.tiers, "tier", nil, "of the organization, the accounts of tier `NAME`; may be repeated")
	f.StringArrayVar(&o.exclude, "exclude", nil, "leave account or unit `ID` out; may be repeated")
	f.StringArrayVar(&o.profiles, "profile", nil, "AWS profile `NAME`; repeated, without --org, the account of each")
	f.StringVar(&o.roleName, "role-name", "", "`ROLE` to assume in member accounts, with its path where it has one")
	f.StringVar(&o.externalID, "external-id", "", "external `ID` to assume the role with")
	f.StringVar(&o.session, "session-name", "", "`NAME` of the role's sessions in CloudTrail (hwmfa-audit)")
	f.StringArrayVar(&o.sessionTags, "session-tag", nil, "tag `KEY=VALUE` of the role's sessions; may be repeated")
	f.IntVar(&o.workers, "workers", awsapi.DefaultWorkers, fmt.Sprintf("read `N` accounts at a time, at most %d", awsapi.MaxWorkers))
}

// collect is what AWS is asked, as far as the command line says it. An error is
// one of usage.
func (o *scopeOptions) collect() (awsapi.Options, error) {
	what := awsapi.Options{
		Org: o.org, Profiles: o.profiles, RoleName: o.roleName, ExternalID: o.externalID, SessionName: o.session, Workers: o.workers,
		Filter: iamcheck.Filter{Accounts: o.accounts, Units: o.units, Tiers: o.tiers, Exclude: o.exclude},
	}
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, id := range o.accounts {
		if !iamcheck.IsAccountID(id) {
			wrong("--account %q: an account ID is twelve digits", id)
		}
	}
	for _, id := range o.units {
		if !iamcheck.IsUnitID(id) {
			wrong("--ou %q: want the ID of a unit, such as ou-ab12-11111111, or of the root, such as r-ab12", id)
		}
	}
	for _, id := range o.exclude {
		if !iamcheck.IsAccountID(id) && !iamcheck.IsUnitID(id) {
			wrong("--exclude %q: want the ID of an account or of a unit", id)
		}
	}
	if slices.Contains(o.tiers, "") {
		wrong("--tier is empty")
	}
	what.Filter.Tags = tagsOf("--tag", o.tags, &errs)
	what.SessionTags = tagsOf("--session-tag", o.sessionTags, &errs)
	if o.workers < 1 || o.workers > awsapi.MaxWorkers {
		wrong("--workers %d: want 1 to %d", o.workers, awsapi.MaxWorkers)
	}
	switch terms := what.Filter.Terms(); {
	case !o.org && len(terms) > 0:
		word := terms[0].Filter
		wrong("--%s %s is for the accounts of an organization: add --org", word, terms[0].Value)
	case o.org && len(o.profiles) > 1:
		wrong("%d profiles with --org: one organization is audited at a time, with one profile", len(o.profiles))
	}
	for i, p := range o.profiles {
		if p == "" || slices.Contains(o.profiles[:i], p) {
			wrong("--profile %q is empty, or named twice", p)
		}
	}
	return what, errors.Join(append(errs, o.checkRole(what.SessionTags))...)
}

// checkRole refuses what AWS would refuse in every account, and what nothing
// would be done with.
func (o *scopeOptions) checkRole(tags []iamcheck.Tag) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case o.roleName == "" && (o.externalID != "" || o.session != "" || o.sessionTags != nil):
		wrong("--external-id, --session-name and --session-tag are for sessions of the role that --role-name names")
	case o.roleName != "" && !o.org:
		wrong("--role-name is for the member accounts of an organization: add --org")
	case o.roleName != "" && !awsapi.IsRoleName(o.roleName):
		errs = append(errs, errRoleName(o.roleName))
	}
	if o.externalID != "" && !awsapi.IsExternalID(o.externalID) {
		wrong("--external-id: want 2 to 1224 letters, digits and _+=,.@:/-")
	}
	if o.session != "" && !awsapi.IsSessionName(o.session) {
		wrong("--session-name %q: want 2 to 64 letters, digits and _+=,.@-", o.session)
	}
	if err := awsapi.CheckSessionTags(tags); err != nil {
		wrong("--session-tag: %w", err)
	}
	return errors.Join(errs...)
}

// errRoleName says what a role can be called.
func errRoleName(name string) error {
	return fmt.Errorf("--role-name %q: want the role's name, 1 to 64 letters, digits and _+=,.@-, with its path where it has one, and no ARN", name)
}

// tagsOf takes KEY=VALUE apart, at the first =.
func tagsOf(flag string, pairs []string, errs *[]error) []iamcheck.Tag {
	var tags []iamcheck.Tag
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		tag := iamcheck.Tag{Key: key, Value: value}
		switch {
		case !ok || key == "":
			*errs = append(*errs, fmt.Errorf("%s %q: want KEY=VALUE", flag, pair))
		case !awsapi.IsTag(tag):
			*errs = append(*errs, fmt.Errorf("%s %q: a key has up to 128 and a value up to 256 letters, digits, spaces and _.:/=+-@", flag, pair))
		default:
			tags = append(tags, tag)
		}
	}
	return tags
}

// named is how many accounts a line names before it only counts them.
const named = 5

// printScope says which accounts the report is about; org: those of an
// organization were asked for.
func printScope(s *term.Streams, scope iamcheck.Scope, org bool) error {
	of := "of the credentials given"
	switch {
	case scope.ListedBy != nil && *scope.ListedBy == iamcheck.ListedBySupplied:
		of = "of which answers were supplied"
	case org && scope.Org == nil:
		of = "of an organization that AWS does not name"
	case org:
		of = "of organization " + *scope.Org
	}
	lines := []string{fmt.Sprintf("scope: %s %s found, %d audited", term.Count(scope.Listed, "account", "accounts"), of, scope.Audited)}
	if scope.Supplied > 0 {
		lines = append(lines, fmt.Sprintf("  beside them %s that AWS does not list, of which answers were supplied",
			term.Count(scope.Supplied, "account", "accounts")))
	}
	if n := scope.Missed(); n > 0 {
		lines = append(lines, fmt.Sprintf("  cut off: nobody has looked at %d of them", n))
	}
	if scope.ListedBy == nil {
		lines = append(lines, "  the accounts were not all found")
	}
	for _, t := range scope.Filters {
		if t.Filter != iamcheck.FilterExclude {
			lines = append(lines, fmt.Sprintf("  only --%s %s", t.Filter, t.Value))
		}
	}
	for _, x := range scope.Excluded {
		why := "by --exclude " + deref(x.Value)
		if x.Value == nil {
			why = "because no --" + string(x.Filter) + " is theirs"
		}
		ids := x.Accounts[:min(len(x.Accounts), named)]
		which := ""
		if len(ids) > 0 {
			which = ": " + strings.Join(ids, ", ")
		}
		if rest := x.Count - len(ids); rest > 0 {
			which += fmt.Sprintf(" and %d more", rest)
		}
		lines = append(lines, fmt.Sprintf("  left out: %d %s%s", x.Count, why, which))
	}
	if err := s.Print("\n"); err != nil {
		return err
	}
	for _, l := range lines {
		indent := len(l) - len(strings.TrimLeft(l, " "))
		if err := s.Paragraph(indent, strings.TrimSpace(l)); err != nil {
			return err
		}
	}
	return nil
}
