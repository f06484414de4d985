package main

import (
	"time"

	"hwmfa/hw/attest"
	"hwmfa/inventory"
)

// metadataJSON is FIDO metadata as trust list and trust update show it.
type metadataJSON struct {
	Number      int64  `json:"no"`
	NextUpdate  string `json:"next_update"`
	Expired     bool   `json:"expired"`
	ExpiredDays int    `json:"expired_days"`
	Models      int    `json:"models"`
	SHA256      string `json:"sha256"`
	Signer      string `json:"signer"`
}

func metadataToJSON(m *attest.Metadata, now time.Time) *metadataJSON {
	if m == nil {
		return nil
	}
	return &metadataJSON{
		m.Number, m.NextUpdate.Format(time.DateOnly), m.Expired(now), m.Age(now), m.Models, inventory.Hash(m.SHA256).String(), m.Signer,
	}
}

// trustUpdateJSON is the schema hwmfa.trust-update/v1: what all sources came to
// together, and what became of each.
type trustUpdateJSON struct {
	Schema   string            `json:"schema"`
	Changed  bool              `json:"changed"`
	Metadata *metadataJSON     `json:"metadata"`
	Added    []addedAnchor     `json:"added"`
	Known    int               `json:"known"`
	Sources  []trustSourceJSON `json:"sources"`
}

type trustSourceJSON struct {
	From    string  `json:"from"`
	Changed bool    `json:"changed"`
	Error   *string `json:"error"`
}

type addedAnchor struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

func trustUpdateReport(taken []trustTaken, now time.Time) trustUpdateJSON {
	j := trustUpdateJSON{Schema: "hwmfa.trust-update/v1", Added: []addedAnchor{}, Sources: []trustSourceJSON{}}
	for _, t := range taken {
		source := trustSourceJSON{From: t.from}
		if t.err != nil {
			text := t.err.Error()
			source.Error = &text
		} else {
			source.Changed = !t.done.Unchanged
			j.Changed = j.Changed || source.Changed
			j.Known += t.done.Known
			j.Added = append(j.Added, addedAnchors(t.done.Added)...)
			if t.done.Metadata != nil {
				j.Metadata = metadataToJSON(t.done.Metadata, now)
			}
		}
		j.Sources = append(j.Sources, source)
	}
	return j
}

func addedAnchors(added []inventory.Anchor) []addedAnchor {
	list := []addedAnchor{}
	for _, x := range added {
		list = append(list, addedAnchor{x.Name, x.SHA256.String()})
	}
	return list
}
