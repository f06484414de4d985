package iamcheck

import "slices"

// warnings are what an auditor should see beside the verdict, in the order of this function. Accounts that rule 1 decides
// were not asked, so that nothing unreadable is said of them.
func warnings(e *evidence, m matches, details []Detail) []Warning {
	f := e.facts
	found := []Warning{}
	add := func(is bool, w Warning) {
		if is && !slices.Contains(found, w) {
			found = append(found, w)
		}
	}
	govCloud := f.Partition == "aws-us-gov"
	add(govCloud, CommercialAccountInScope)
	add(rootKeys(f) && !e.foreign, RootAccessKeysPresent)

	if Auditable(f.Partition, f.State) {
		add(!summaryWhole(f.Summary), SummaryUnreadable)
		add(e.rootDenied(), DeniedBySCPWarning)
		if !govCloud {
			add(e.ownReading == Complete && len(e.own) == 1 && !e.foreign, SingleDevice)
			add(e.ownReading != Complete, RootListNotRead)
			add(e.virtualReading != Complete, VirtualListUnreadable)
			add(certificationsMissing(e) && !e.foreign, CertificationsUnreadable)
		}
	}
	for _, d := range f.Virtual.Devices {
		if d.Serial == CustomarySerial(f.Partition, f.AccountID) {
			add(d.Owner == "", AbandonedVirtualDevice)
			add(d.Owner != "" && d.Owner != RootARN(f.Partition, f.AccountID), RootNameHeldByUser)
		}
	}
	for _, d := range details {
		add(true, d.Warning)
	}
	return found
}

// rootKeys reports whether root has access keys, by either source.
func rootKeys(f Facts) bool {
	s := f.Summary
	return f.Credentials.AccessKeys == Present || s != nil && s.AccessKeysPresent != nil && *s.AccessKeysPresent > 0
}

// summaryWhole reports whether all four counters were sent, with values they can have.
func summaryWhole(s *Summary) bool {
	if flagCounter(s) == nil {
		return false
	}
	for _, n := range []*int{s.PasswordPresent, s.AccessKeysPresent, s.CertificatesPresent} {
		if n == nil || *n < 0 {
			return false
		}
	}
	return true
}

// certificationsMissing reports whether a FIDO device of root's own list was not asked about, or the question failed.
func certificationsMissing(e *evidence) bool {
	return slices.ContainsFunc(e.own, func(d ownDevice) bool {
		_, read := e.facts.Certifications[d.Serial]
		return d.known && d.serial.Kind == FIDO && !read
	})
}
