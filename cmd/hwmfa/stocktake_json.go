package main

import "hwmfa/inventory"

// stocktakeJSON is the schema hwmfa.stocktake/v1.
type stocktakeJSON struct {
	Schema     string   `json:"schema"`
	ID         string   `json:"id"`
	Status     string   `json:"status"` // open, closed
	Places     []string `json:"places"`
	Blind      bool     `json:"blind"`
	Population *int64   `json:"population"` // null: not to be shown yet
	SHA256     *string  `json:"population_sha256"`
	Sample     *struct {
		Seed string   `json:"seed"`
		Size int      `json:"size"`
		Keys []string `json:"keys"` // null: not to be shown yet
	} `json:"sample"`
	StartedAt string  `json:"started_at"`
	StartedBy string  `json:"started_by"`
	ClosedAt  *string `json:"closed_at"`
	ClosedBy  *string `json:"closed_by"`
	Event     *int64  `json:"event"` // which closed it
	// Report is null where nothing of it is to be shown yet; Counters then says
	// who counted how many.
	Report   *inventory.Report   `json:"report"`
	Counters []inventory.Counter `json:"counters"`
}

// stocktakeToJSON shows a stocktake and what it comes to; without a report that
// is not known.
func stocktakeToJSON(s inventory.Stocktake, r *inventory.Report) stocktakeJSON {
	j := stocktakeJSON{
		Schema: "hwmfa.stocktake/v1", ID: s.ID, Status: stocktakeStatus(s), Blind: s.Blind,
		StartedAt: inventory.FormatTime(s.At), StartedBy: s.By,
	}
	for _, p := range s.Places {
		j.Places = append(j.Places, p.Path)
	}
	if !hidden(s) {
		j.Population, j.SHA256, j.Report = &s.Population, null(s.SHA256.String()), r
	} else if r != nil {
		j.Counters = r.Counters
	}
	if s.Sample != nil {
		j.Sample = &struct {
			Seed string   `json:"seed"`
			Size int      `json:"size"`
			Keys []string `json:"keys"`
		}{Seed: s.Sample.Seed, Size: len(s.Sample.Keys)}
		if !hidden(s) {
			j.Sample.Keys = s.Sample.Keys
		}
	}
	if c := s.Closing; c != nil {
		j.ClosedAt, j.ClosedBy, j.Event = null(inventory.FormatTime(c.At)), &c.By, &c.Event
	}
	return j
}

func stocktakeStatus(s inventory.Stocktake) string {
	if s.Closing != nil {
		return "closed"
	}
	return "open"
}
