// Package packet keeps what an audit rests on in a folder, so that anybody can look at it, and decide again, without AWS:
// every raw answer, the inventory's state, the policy, the report, and a manifest with the hash of each of them.
//
// A folder is written while the audit runs and is a packet only when its manifest says that it is finished; what was
// interrupted can be continued. Reading trusts nothing: every file is held against the manifest first.
package packet

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Schema names the JSON of a manifest; those of all versions begin with schemaFamily.
const (
	Schema       = "hwmfa.packet/v1"
	schemaFamily = "hwmfa.packet/"
)

// The files of a packet. Beside them stands one for each account, below accountFolder.
const (
	manifestFile   = "manifest.json"
	sumFile        = "manifest.sha256"
	populationFile = "population.jsonl"
	accountFolder  = "accounts"
	spoolFile      = "accounts" + partial

	// Inventory is what the inventory said, Policy the policy in force, Report the report as decided then.
	Inventory = "inventory.json"
	Policy    = "policy.yaml"
	Report    = "report.json"
	// Supplied is the folder of what others had asked AWS for.
	Supplied = "supplied"
)

// Manifest says what a packet is and what belongs to it.
type Manifest struct {
	Schema  string  `json:"schema"`
	Program Program `json:"program"`
	// StartedAt is when the collection began, ResumedAt when it was taken up again.
	StartedAt time.Time   `json:"started_at"`
	ResumedAt []time.Time `json:"resumed_at"`
	// FinishedAt is null while the collection is not finished.
	FinishedAt *time.Time `json:"finished_at"`
	// Callers are whose credentials collected: one, or one of each profile; and others of the same account that resumed it.
	Callers []Caller `json:"callers"`
	// Options are those that decide what is collected; whoever resumes has to give the same.
	Options json.RawMessage `json:"options"`
	// Rules are those that the report was decided by, beside Policy.
	Rules json.RawMessage `json:"rules"`
	// JournalHead is the last event of the inventory's journal when it was read; null without an inventory.
	JournalHead *string `json:"journal_head"`
	// Accounts and Exchanges count what was collected.
	Accounts  int `json:"accounts"`
	Exchanges int `json:"exchanges"`
	// Files are all the others, in order of their names.
	Files []File `json:"files"`
}

// Program is the build that wrote a packet.
type Program struct {
	Version  string  `json:"version"`
	Commit   *string `json:"commit"`
	Modified *bool   `json:"modified"`
	Go       string  `json:"go"`
	Platform string  `json:"platform"`
}

// Caller is whose credentials collected.
type Caller struct {
	Profile   *string `json:"profile"` // null where none was named
	AccountID string  `json:"account_id"`
	ARN       string  `json:"arn"`
	// OrganizationID is null outside an organization, and where it was not asked.
	OrganizationID *string `json:"organization_id"`
}

// File is one file of a packet.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // lower-case hexadecimal
}

// ErrOptions says that a collection was begun with other options than it is to be resumed with.
var ErrOptions = errors.New("the options are not those it was begun with")

// sameOptions names the first options that differ, each with what it was and what it is to be.
func sameOptions(was, is json.RawMessage) error {
	var before, now map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(was, &before), json.Unmarshal(is, &now)); err != nil {
		return fmt.Errorf("compare options: %w", err)
	}
	names := maps.Clone(before)
	maps.Copy(names, now)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := string(compact(before[name])), string(compact(now[name]))
		if a != b {
			errs = append(errs, fmt.Errorf("%w: %s was %.200s and is %.200s", ErrOptions, name, a, b))
		}
	}
	return errors.Join(errs...)
}

// compact is a JSON value without spaces; a member that is not there is null.
func compact(value json.RawMessage) []byte {
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return []byte("null")
	}
	doc, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return doc
}
