package iamcheck

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
)

// maxFirst is how many accounts are named of those that a finding on the recovery path, or a mailbox, concerns.
const maxFirst = 5

// maxMailboxes is how many shared mailboxes the summary names.
const maxMailboxes = 10

// RecoverySum sums the recovery path up as findings come, and knows at the end which accounts share a mailbox. It keeps a
// digest of each mailbox instead of the address, and of the accounts that have it a count and a few.
type RecoverySum struct {
	boxes map[mailbox]*holders
	// of is the mailbox of each account, to say at the end how many share it.
	of     map[string]*holders
	totals map[RecoveryName]*RecoveryTotal
	// whole: every account of the organization was added.
	whole bool
}

// mailbox is the beginning of a digest of an address without its plus-tag.
type mailbox [16]byte

// holders are the accounts that have one mailbox.
type holders struct {
	accounts int
	first    []string
}

// NewRecoverySum is the sum of no findings.
func NewRecoverySum() *RecoverySum {
	s := &RecoverySum{boxes: map[mailbox]*holders{}, of: map[string]*holders{}, totals: map[RecoveryName]*RecoveryTotal{}}
	for _, name := range RecoveryNames() {
		s.totals[name] = &RecoveryTotal{Finding: name, First: []string{}}
	}
	return s
}

// Add counts one finding. address is root's, "" where it is unknown.
func (s *RecoverySum) Add(f Finding, address string) {
	for _, r := range f.Recovery {
		s.totals[r.Finding].count(f.AccountID, r.Status)
	}
	a, ok := parseEmail(address)
	if !ok || s.of[f.AccountID] != nil || !slices.ContainsFunc(f.Recovery, func(r Recovery) bool { return r.Finding == RootEmailPlusAddress }) {
		return
	}
	digest := sha256.Sum256([]byte(a.mailbox))
	box := mailbox(digest[:])
	if s.boxes[box] == nil {
		s.boxes[box] = &holders{}
	}
	h := s.boxes[box]
	h.accounts++
	h.first = keepFirst(h.first, f.AccountID)
	s.of[f.AccountID] = h
}

// End says that every finding was added, and whether they are those on every account of an organization: else an account that
// was not looked at may share a mailbox that seems to be one account's.
func (s *RecoverySum) End(whole bool) { s.whole = whole }

// Shared is what only the whole run can tell of an account: whether others have the same mailbox. It is called after End, and
// goes before what else is found of the account's recovery; nil where the mailbox is unknown.
func (s *RecoverySum) Shared(account string) *Recovery {
	h := s.of[account]
	if h == nil {
		return nil
	}
	r := Recovery{RootEmailShared, RecoveryOK, "medium", "no other account of the organization has root's mailbox"}
	switch {
	case !s.whole && h.accounts == 1:
		r.Status, r.Text = RecoveryUnknown, "no other account that was audited has root's mailbox, and not all of the organization were"
	case h.accounts > 1:
		r.Status = RecoveryFinding
		r.Text = fmt.Sprintf("root's mailbox is that of %d of the accounts that were audited: whoever reads it can begin a recovery of each", h.accounts)
	}
	return &r
}

// Totals are the counts, in the order of RecoveryNames.
func (s *RecoverySum) Totals() RecoveryTotals {
	shared := RecoveryTotal{Finding: RootEmailShared, First: []string{}}
	boxes := []SharedMailbox{}
	for _, h := range s.boxes {
		switch {
		case h.accounts == 1 && s.whole:
			shared.OK++
			continue
		case h.accounts == 1:
			shared.Unknown++
			continue
		}
		shared.Findings += h.accounts
		for _, account := range h.first {
			shared.First = keepFirst(shared.First, account)
		}
		boxes = append(boxes, SharedMailbox{h.accounts, slices.Clone(h.first)})
	}
	slices.SortFunc(boxes, func(a, b SharedMailbox) int {
		return cmp.Or(cmp.Compare(b.Accounts, a.Accounts), slices.Compare(a.First, b.First))
	})
	t := RecoveryTotals{Findings: []RecoveryTotal{}, SharedMailboxes: boxes[:min(len(boxes), maxMailboxes)]}
	for _, name := range RecoveryNames() {
		total := *s.totals[name]
		if name == RootEmailShared {
			total = shared
		}
		total.First = slices.Clone(total.First)
		t.Findings = append(t.Findings, total)
	}
	return t
}

func (t *RecoveryTotal) count(account string, status RecoveryStatus) {
	switch status {
	case RecoveryOK:
		t.OK++
	case RecoveryUnknown:
		t.Unknown++
	case RecoveryFinding:
		t.Findings++
		t.First = keepFirst(t.First, account)
	}
}

// keepFirst keeps the first few accounts in order, whatever order they come in.
func keepFirst(first []string, account string) []string {
	i, known := slices.BinarySearch(first, account)
	if known || i == maxFirst {
		return first
	}
	first = slices.Insert(first, i, account)
	return first[:min(len(first), maxFirst)]
}
