package inventory

import "time"

// Custody is where a key is and who has it: the part of a key that moves change.
type Custody struct {
	Status Status
	// PlaceID is where it lies or, when it is away, belongs: of a key in a
	// parcel the place that it was sent to. "" nowhere.
	PlaceID  string
	HolderID string    // the person who has it, or had it last; "" nobody
	Seal     string    // the number of its bag; "" none
	Shipment string    // the parcel it is in; "" none
	Due      time.Time // when it has to be back, or there; zero: no date is given
	Since    time.Time // of the event that made it so
	Reason   string    // why, as was said then; "" nothing was said
	Ticket   string    // the reference given then; "" none
}

// Overdue says whether the key should have been back, or there, by now.
func (c Custody) Overdue(now time.Time) bool { return !c.Due.IsZero() && c.Due.Before(now) }

// custodyJSON is the payload of every move: what the custody of the key is
// from then on, and why.
type custodyJSON struct {
	From     Status   `json:"from"`
	Status   Status   `json:"status"`
	Place    *string  `json:"place"`
	Holder   *string  `json:"holder"`
	Seal     *string  `json:"seal"`
	Shipment *string  `json:"shipment"`
	Due      *string  `json:"due"`
	Reason   *string  `json:"reason"`
	Ticket   *string  `json:"ticket"`
	Witness  *Witness `json:"witness"`
	Proved   *bool    `json:"proved"`
}

func custodyPayload(from Status, c Custody, w *Witness, proved *bool) custodyJSON {
	return custodyJSON{
		From: from, Status: c.Status, Place: null(c.PlaceID), Holder: null(c.HolderID), Seal: null(c.Seal),
		Shipment: null(c.Shipment), Due: nullTime(c.Due), Reason: null(c.Reason), Ticket: null(c.Ticket), Witness: w, Proved: proved,
	}
}

// custody reads back what custodyPayload wrote.
func (c custodyJSON) custody(at time.Time) (Custody, error) {
	due, err := timeOf(c.Due)
	return Custody{
		Status: c.Status, PlaceID: text(c.Place), HolderID: text(c.Holder), Seal: text(c.Seal),
		Shipment: text(c.Shipment), Due: due, Since: at, Reason: text(c.Reason), Ticket: text(c.Ticket),
	}, err
}

// standing says in words how a key stands: "checked_out since 2026-03-01 11:00, with Ada".
func (k Key) standing() string {
	if k.Since.IsZero() {
		return string(k.Status)
	}
	s := string(k.Status) + " since " + k.Since.UTC().Format("2006-01-02 15:04")
	if k.Holder != "" {
		s += ", with " + k.Holder
	}
	return s
}
