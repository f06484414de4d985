package main

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/inventory"
)

func newJournalCommand(a *app) *cobra.Command {
	return newGroup("journal", "Read and check the journal of all changes",
		newJournalListCommand(a),
		newJournalVerifyCommand(a),
		newJournalHeadCommand(a),
	)
}

// eventJSON is one event of the journal. The payload is what was hashed.
type eventJSON struct {
	Seq      int64           `json:"seq"`
	Time     time.Time       `json:"time"`
	Actor    string          `json:"actor"`
	Kind     string          `json:"kind"`
	Subject  string          `json:"subject"`
	Payload  json.RawMessage `json:"payload"`
	PrevHash string          `json:"prev_hash"`
	Hash     string          `json:"hash"`
}

func eventToJSON(e inventory.Event) eventJSON {
	payload := json.RawMessage(e.Payload)
	if !json.Valid(payload) {
		// A damaged payload is still shown, as the text it is.
		payload, _ = json.Marshal(e.Payload)
	}
	return eventJSON{
		Seq: e.Seq, Time: e.Time.UTC(), Actor: e.Actor, Kind: e.Kind, Subject: e.Subject,
		Payload: payload, PrevHash: e.PrevHash.String(), Hash: e.Hash.String(),
	}
}
