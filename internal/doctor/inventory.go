package doctor

import (
	"fmt"
	"time"
)

// Inventory is what was found of it.
type Inventory struct {
	// None: there is none yet.
	None bool
	// Problem says why it cannot be read, "" where it can; Mend what to do.
	Problem, Mend string
	Events        int64
	LastEvent     time.Time // zero without events
	// Broken is the first thing that is wrong with the journal or with what
	// rests on it, "" where it is intact.
	Broken string
	// Metadata is the FIDO metadata that it holds, nil for none; MetadataFault
	// says why what it holds cannot be read.
	Metadata      *Metadata
	MetadataFault string
}

// Metadata is what is known of a FIDO metadata BLOB.
type Metadata struct {
	Number     int64
	NextUpdate time.Time
	AddedAt    time.Time
	Expired    int // for how many days it has been; 0 or less while it is not
}

const mendMetadata = "hwmfa trust update"

// inventories judges the inventory, and the metadata in it.
func inventories(f Facts) []Finding {
	i := f.Inventory
	switch {
	case i == nil:
		return nil
	case i.None:
		return one(idInventory, Skip, "there is none yet", "hwmfa enroll")
	case i.Problem != "":
		return one(idInventoryFault, Fail, i.Problem, i.Mend)
	}
	var all []Finding
	if i.Broken != "" {
		all = one(idInventoryJournal, Fail, i.Broken, "hwmfa journal verify")
	} else {
		all = one(idInventoryJournal, OK, fmt.Sprintf("%d events, intact", i.Events), "")
	}
	return append(all, metadata(*i, f.Now))
}

func metadata(i Inventory, now time.Time) Finding {
	m := i.Metadata
	switch {
	case i.MetadataFault != "":
		return Finding{idMetadata, Fail, i.MetadataFault, mendMetadata}
	case m == nil:
		return Finding{idMetadata, Warn, "the inventory has no FIDO metadata: models of other makers than Yubico cannot be judged", mendMetadata}
	case m.Expired > 0:
		return Finding{idMetadata, Warn, fmt.Sprintf("FIDO metadata no. %d expired %d days ago: what became known of models since is missing", m.Number, m.Expired), mendMetadata}
	}
	age := max(0, int(now.Sub(m.AddedAt)/(24*time.Hour)))
	return Finding{ID: idMetadata, Status: OK, Text: fmt.Sprintf("FIDO metadata no. %d, %d days old, good until %s", m.Number, age, m.NextUpdate.UTC().Format(time.DateOnly))}
}
