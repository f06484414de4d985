package doctor

import "time"

const (
	mendClock = "sudo timedatectl set-ntp true"
	// sane is how long after it was built the program expects to be run.
	sane = 20 * 365 * 24 * time.Hour
	// slack is by how much the clocks of two machines may differ.
	slack = 5 * time.Minute
)

// clocks judges the machine's clock by what must lie in the past, and by the
// kernel's own word on whether it is kept.
func clocks(f Facts) []Finding {
	past := []struct {
		at   time.Time
		what string
	}{{f.Built, "this program was built"}}
	if i := f.Inventory; i != nil {
		past = append(past, struct {
			at   time.Time
			what string
		}{i.LastEvent, "the inventory was last changed"})
		if i.Metadata != nil {
			past = append(past, struct {
				at   time.Time
				what string
			}{i.Metadata.AddedAt, "the FIDO metadata was fetched"})
		}
	}
	day := f.Now.UTC().Format(time.DateOnly)
	for _, p := range past {
		if !p.at.IsZero() && f.Now.Add(slack).Before(p.at) {
			return one(idClock, Fail, "the clock says "+day+", which is before "+p.what+" ("+p.at.UTC().Format(time.DateOnly)+")", mendClock)
		}
	}
	if !f.Built.IsZero() && f.Now.After(f.Built.Add(sane)) {
		return one(idClock, Fail, "the clock says "+day+", which is more than twenty years after this program was built", mendClock)
	}
	all := one(idClock, OK, "it says "+f.Now.UTC().Format(time.RFC3339), "")
	switch {
	case f.Synchronized == nil:
		return append(all, Finding{ID: idClockSynchronized, Status: Skip, Text: "the system does not say whether a time server keeps the clock"})
	case !*f.Synchronized:
		return append(all, Finding{idClockSynchronized, Warn, "no time server keeps the clock: what the journal says of times rests on it", mendClock})
	}
	return append(all, Finding{ID: idClockSynchronized, Status: OK, Text: "a time server keeps the clock"})
}

// coreDumps judges whether a crash could leave a PIN in a file.
func coreDumps(f Facts) []Finding {
	switch {
	case f.CoreDumps == nil:
		return nil
	case *f.CoreDumps:
		return one(idCoreDumps, Fail, "a crash of this program would write its memory, a PIN among it, to a file", "ulimit -c 0")
	}
	return one(idCoreDumps, OK, "a crash leaves no file", "")
}
