package inventory

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
)

// KindAuditRecorded is the event of one run of the audit. It holds the verdict on
// every account; the row of the run holds the rest.
const KindAuditRecorded = "audit.recorded"

// AuditRun is one run of the audit.
type AuditRun struct {
	ID    string // "AR-7Q2M4XRD"
	Event int64  // holds the verdicts
	At    time.Time
	By    string
	// Started and Finished are when AWS was first and last asked.
	Started, Finished time.Time
	// CallerAccount and CallerARN are who AWS said was asking; "" not known.
	CallerAccount, CallerARN string
	Scope                    AuditScope
	// Listed is how many accounts AWS listed, Excluded how many of them were left
	// out on purpose; nil: not known, or nothing was listed.
	Listed, Excluded *int
	Audited          int
	// Incomplete says why the run is not all of its scope; "" it is.
	Incomplete string
	// Benchmark is the version that was judged by, Require the weakest assurance
	// that could pass; "" the newest, any.
	Benchmark, Require string
	Level2, Level1     AuditCounts
	// PacketHead is the head of the packet of evidence; nil: none was made.
	PacketHead *string
}

// AuditScope is what a run was asked to look at.
type AuditScope struct {
	// Account is the account whose own root user was looked at, Organization the
	// ID of the organization; "" where it was the other, or is not known.
	Account, Organization string
	// Filters are what narrowed it down, each a flag with its value.
	Filters []string
}

// AuditCounts say how many accounts have each status.
type AuditCounts struct {
	Pass          int `json:"pass"`
	Fail          int `json:"fail"`
	Unknown       int `json:"unknown"`
	NotApplicable int `json:"not_applicable"`
}

// add counts one status.
func (c *AuditCounts) add(status string) error {
	of := map[string]*int{"pass": &c.Pass, "fail": &c.Fail, "unknown": &c.Unknown, "not_applicable": &c.NotApplicable}[status]
	if of == nil {
		return invalid("status", "is none that is known")
	}
	*of++
	return nil
}

// Complete says whether the run saw all of its scope.
func (r AuditRun) Complete() bool { return r.Incomplete == "" }

// Key is one text for one scope, whatever the order of its filters.
func (s AuditScope) Key() string {
	return longHash(append([]string{s.Account, s.Organization}, bounded(s.Filters, maxFilters, maxFilter)...)...).String()
}

// Comparable says whether a difference between two runs is one of the accounts:
// both looked at the same scope, and judged by the same rules.
func (r AuditRun) Comparable(other AuditRun) bool {
	return r.Scope.Key() == other.Scope.Key() && r.Benchmark == other.Benchmark && r.Require == other.Require
}

// PreviousAudit finds the last complete run before a run that it can be compared
// with; the run itself need not be recorded yet. ErrNotFound: there is none.
func PreviousAudit(tx Tx, r AuditRun) (AuditRun, error) {
	all, err := tx.ListAuditRuns(r.Scope.Key())
	if err != nil {
		return AuditRun{}, fmt.Errorf("previous audit: %w", err)
	}
	for _, old := range slices.Backward(all) {
		if (r.Event == 0 || old.Event < r.Event) && old.Complete() && old.Comparable(r) {
			return old, nil
		}
	}
	return AuditRun{}, fmt.Errorf("previous audit: %w", ErrNotFound)
}

// FirstAuditSince finds the first complete run that ended at a time or later and
// that a run can be compared with, before that run. ErrNotFound: there is none.
func FirstAuditSince(tx Tx, r AuditRun, since time.Time) (AuditRun, error) {
	all, err := tx.ListAuditRuns(r.Scope.Key())
	if err != nil {
		return AuditRun{}, fmt.Errorf("audits since %s: %w", FormatTime(since), err)
	}
	for _, old := range all {
		if old.Event < r.Event && !old.Finished.Before(since) && old.Complete() && old.Comparable(r) {
			return old, nil
		}
	}
	return AuditRun{}, fmt.Errorf("an audit since %s: %w", since.UTC().Format(time.RFC3339), ErrNotFound)
}

// AuditRuns lists every run, the oldest first.
func AuditRuns(tx Tx) ([]AuditRun, error) { return tx.ListAuditRuns("") }

// FindAudit returns the run with this ID, in any letter case.
func FindAudit(tx Tx, id string) (AuditRun, error) {
	r, err := tx.AuditRunByID(strings.ToUpper(id))
	if err != nil {
		return AuditRun{}, fmt.Errorf("audit run %s: %w", Code(id), err)
	}
	return r, nil
}

// RecordAudit records a run with its verdicts. Who asked, the filters and the
// reason come from AWS or a command line: they are cut and cleaned, not refused.
// ID, Event, At, By, Audited, Level2 and Level1 are set here.
func RecordAudit(tx Tx, act Act, r AuditRun, verdicts *AuditVerdicts) (AuditRun, error) {
	r, err := recordAudit(tx, act, r, verdicts)
	if err != nil {
		return AuditRun{}, fmt.Errorf("record audit: %w", err)
	}
	return r, nil
}

func recordAudit(tx Tx, act Act, r AuditRun, verdicts *AuditVerdicts) (AuditRun, error) {
	act, err := act.check()
	if err != nil {
		return r, err
	}
	r.At, r.By = act.At, act.Actor
	r.Audited, r.Level2, r.Level1 = verdicts.n, verdicts.level2, verdicts.level1
	if r, err = r.check(); err != nil {
		return r, err
	}
	if r.ID, err = newID(tx, "AR", func(id string) (bool, error) {
		_, err := tx.AuditRunByID(id)
		return found(err)
	}, []byte(FormatTime(r.Started)), []byte(act.Actor)); err != nil {
		return r, err
	}
	payload, err := verdicts.payload(r)
	if err != nil {
		return r, err
	}
	e, err := recordText(tx, act, KindAuditRecorded, r.ID, payload)
	if err != nil {
		return r, err
	}
	r.Event = e.Seq
	return r, tx.InsertAuditRun(r)
}

// Bounds on what a run says of itself. One that audits thousands of accounts by
// name is still told apart from others by the hash of the list.
const (
	maxARN     = 2048 // an ARN, as IAM bounds it
	maxFilters = 32
	maxFilter  = 256
	maxPacket  = 256
	maxVersion = 32
)

func (r AuditRun) check() (AuditRun, error) {
	for _, at := range []*time.Time{&r.Started, &r.Finished} {
		if y := at.UTC().Year(); y < 2000 || y > 9999 {
			return r, invalid("time", "is missing or out of range")
		}
		*at = at.UTC().Truncate(time.Microsecond)
	}
	if r.Finished.Before(r.Started) {
		return r, invalid("time", "ends before it begins")
	}
	for _, id := range []string{r.CallerAccount, r.Scope.Account} {
		if id != "" {
			if err := CheckAccountID(id); err != nil {
				return r, err
			}
		}
	}
	for _, n := range []*int{r.Listed, r.Excluded} {
		if n != nil && *n < 0 {
			return r, invalid("number of accounts", "is negative")
		}
	}
	r.CallerARN, r.Scope.Organization = claimed(r.CallerARN, maxARN), claimed(r.Scope.Organization, maxName)
	r.Scope.Filters = append([]string{}, bounded(r.Scope.Filters, maxFilters, maxFilter)...)
	if r.Incomplete != "" {
		// One line, and never the empty one that would say that it is complete.
		if r.Incomplete = claimed(strings.Join(strings.Fields(r.Incomplete), " "), maxReason); r.Incomplete == "" {
			r.Incomplete = "not said why"
		}
	}
	r.Benchmark, r.Require = claimed(r.Benchmark, maxVersion), claimed(r.Require, maxVersion)
	if r.PacketHead != nil {
		head, err := required("head of the packet", *r.PacketHead, maxPacket)
		if err != nil {
			return r, err
		}
		r.PacketHead = &head
	}
	return r, nil
}

// bounded is a list, cleaned, sorted, each once; instead of more than one entry
// too many it has what those are told apart by. A list that is bounded stays as
// it is.
func bounded(list []string, most, length int) []string {
	if list == nil {
		return nil
	}
	all := make([]string, 0, len(list))
	for _, s := range list {
		if short := claimed(s, length); short == s || len(s) <= length {
			all = append(all, short)
		} else {
			all = append(all, claimed(s, length-17)+" "+longHash(s).String()[:16])
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) <= most+1 {
		return all
	}
	rest := fmt.Sprintf("and %d more, SHA-256 %s", len(all)-most, longHash(all[most:]...).String()[:16])
	return append(all[:most:most], rest)
}

// longHash tells lists apart.
func longHash(list ...string) Hash {
	h := sha256.New()
	for _, s := range list {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return Hash(h.Sum(nil))
}
