package supplied

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"

	"hwmfa/iamcheck"
)

// Report is what a credential report says of root. It may be four hours old, so that it decides nothing: it is held against
// what does.
type Report struct {
	// MFA is whether root has MFA; AccessKeys whether one of its keys is active. nil is not known.
	MFA, AccessKeys *bool
}

// reportBegins is how a credential report begins.
const reportBegins = "user,arn,user_creation_time,"

func isReport(data []byte) bool { return bytes.HasPrefix(data, []byte(reportBegins)) }

// report finds root's line in the credential reports.
func (a *answers) report() *Report {
	var found *Report
	for _, n := range a.of[credentials] {
		text, isText := n.object["csv"].(string)
		if !isText {
			content, _ := n.text("Content")
			decoded, err := base64.StdEncoding.DecodeString(content)
			if err != nil || !isReport(decoded) {
				a.skip(n.file, "its Content is no credential report in base64")
				continue
			}
			text = string(decoded)
		}
		r, err := rootLine(text, a.account)
		switch {
		case err != nil:
			a.skip(n.file, "%v", err)
		case found != nil:
			a.skip(n.file, "a second credential report")
		default:
			found = r
		}
	}
	return found
}

// rootLine reads the line of root, which has to be that of the account.
func rootLine(text, account string) (*Report, error) {
	rows := csv.NewReader(bytes.NewReader([]byte(text)))
	rows.ReuseRecord = true
	first, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("it is no CSV: %w", err)
	}
	header := slices.Clone(first)
	if !slices.Contains(header, "mfa_active") {
		return nil, errors.New("it has no column mfa_active: columns were left out of it")
	}
	at := func(row []string, name string) string {
		if i := slices.Index(header, name); i >= 0 && i < len(row) {
			return row[i]
		}
		return ""
	}
	for {
		row, err := rows.Read()
		if err != nil {
			return nil, fmt.Errorf("it has no line for root: %w", err)
		}
		if at(row, "user") != "<root_account>" {
			continue
		}
		arn := at(row, "arn")
		partition, owner, ok := arnAccount(arn)
		if !ok || owner != account || arn != iamcheck.RootARN(partition, owner) {
			return nil, fmt.Errorf("it is about %.80q, not about root of %s", arn, account)
		}
		r := &Report{MFA: truth(at(row, "mfa_active"))}
		a, b := truth(at(row, "access_key_1_active")), truth(at(row, "access_key_2_active"))
		if a != nil && b != nil {
			either := *a || *b
			r.AccessKeys = &either
		}
		return r, nil
	}
}

func truth(word string) *bool {
	is := word == "true"
	if !is && word != "false" {
		return nil
	}
	return &is
}

// check holds the report against the account summary.
func (r *Report) check(f *iamcheck.Facts) {
	if r == nil {
		return
	}
	why := ""
	if s := f.Summary; s != nil {
		if r.MFA != nil && s.MFAEnabled != nil && *r.MFA != (*s.MFAEnabled == 1) {
			why = "the credential report and the account summary do not agree on whether root has MFA"
		}
		if r.AccessKeys != nil && s.AccessKeysPresent != nil && *r.AccessKeys && *s.AccessKeysPresent == 0 {
			why = "the credential report shows an access key of root's, and the account summary none"
		}
	}
	if why != "" {
		f.Calls = append(f.Calls, call(credentials, iamcheck.ByCaller, iamcheck.Contradicted, why))
		return
	}
	f.Calls = append(f.Calls, call(credentials, iamcheck.ByCaller, iamcheck.OK, ""))
}
