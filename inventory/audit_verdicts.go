package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
)

// AuditVerdict is what of the finding on one account a later run is compared
// with.
type AuditVerdict struct {
	AccountID string
	Name      string // "" not known
	Level2    string // pass, fail, unknown or not_applicable, as Level1
	Level1    string
	Assurance string // of a pass; "" none
	// NotRequired: its tier does not demand Level 2.
	NotRequired       bool
	Reasons, Warnings []string
	// Devices are the serials of root's devices, sorted; nil: none could be seen.
	Devices []string
}

// AuditVerdicts are the verdicts of one run on their way into the journal. They
// are kept as they will be stored, some hundred bytes each. The zero value is
// that of a run without accounts.
type AuditVerdicts struct {
	rows           bytes.Buffer
	index          map[string]int
	kinds          []json.RawMessage
	n              int
	last           string
	level2, level1 AuditCounts
}

// Bounds on what AWS says of one account, in devices and bytes. Root may have
// eight devices.
const (
	maxAuditDevices = 16
	maxAuditSerial  = 256
)

// verdictKind is the part of a verdict that thousands of accounts share. The
// fields of this and of the next are in the order of their names.
type verdictKind struct {
	Assurance   *string  `json:"assurance"`
	Level1      string   `json:"level1"`
	Level2      string   `json:"level2"`
	NotRequired bool     `json:"not_required"`
	Reasons     []string `json:"reasons"`
	Warnings    []string `json:"warnings"`
}

// verdictRow is the part that is an account's own.
type verdictRow struct {
	Devices []string `json:"devices"`
	ID      string   `json:"id"`
	Name    *string  `json:"name"`
	Verdict int      `json:"verdict"` // the place of its kind in the list, from 0
}

// Add takes in the next verdict. Accounts come in the order of their IDs, each
// once. Names and serials come from AWS: they are cut and cleaned.
func (a *AuditVerdicts) Add(v AuditVerdict) error {
	if err := CheckAccountID(v.AccountID); err != nil {
		return fmt.Errorf("verdict: %w", err)
	}
	if v.AccountID <= a.last {
		return fmt.Errorf("verdict on %s: %w", v.AccountID, invalid("account", "is out of order"))
	}
	for _, s := range []*string{&v.Level2, &v.Level1} {
		of := &a.level2
		if s == &v.Level1 {
			of = &a.level1
		}
		if err := of.add(*s); err != nil {
			return fmt.Errorf("verdict on %s: %w", v.AccountID, err)
		}
	}
	kind, err := encodeJSON(verdictKind{
		Assurance: null(v.Assurance), Level1: v.Level1, Level2: v.Level2, NotRequired: v.NotRequired,
		Reasons: words(v.Reasons), Warnings: words(v.Warnings),
	})
	if err != nil {
		return fmt.Errorf("verdict on %s: %w", v.AccountID, err)
	}
	at, known := a.index[string(kind)]
	if !known {
		if a.index == nil {
			a.index = map[string]int{}
		}
		at = len(a.kinds)
		a.index[string(kind)], a.kinds = at, append(a.kinds, kind)
	}
	row, err := encodeJSON(verdictRow{
		Devices: bounded(v.Devices, maxAuditDevices, maxAuditSerial), ID: v.AccountID, Name: null(claimed(v.Name, maxName)), Verdict: at,
	})
	if err != nil {
		return fmt.Errorf("verdict on %s: %w", v.AccountID, err)
	}
	if a.n > 0 {
		a.rows.WriteByte(',')
	}
	a.rows.Write(row)
	a.n, a.last = a.n+1, v.AccountID
	return nil
}

// words is a list of our own words, sorted, never null.
func words(list []string) []string {
	return slices.AppendSeq([]string{}, slices.Values(slices.Compact(slices.Sorted(slices.Values(list)))))
}

// auditJSON is what an event says of its run beside the accounts, and the row of
// the run.
type auditJSON struct {
	Benchmark  *string         `json:"benchmark"`
	Caller     auditCallerJSON `json:"caller"`
	Finished   string          `json:"finished"`
	Incomplete *string         `json:"incomplete"`
	Level1     AuditCounts     `json:"level1"`
	Level2     AuditCounts     `json:"level2"`
	PacketHead *string         `json:"packet_head"`
	Require    *string         `json:"require"`
	Scope      auditScopeJSON  `json:"scope"`
	Started    string          `json:"started"`
}

type auditCallerJSON struct {
	Account *string `json:"account"`
	ARN     *string `json:"arn"`
}

type auditScopeJSON struct {
	Account      *string  `json:"account"`
	Audited      int      `json:"audited"`
	Excluded     *int     `json:"excluded"`
	Filters      []string `json:"filters"`
	Listed       *int     `json:"listed"`
	Organization *string  `json:"organization"`
}

// Head is what a run says of itself, as JSON: what the store keeps of it.
func (r AuditRun) Head() (string, error) {
	b, err := canonicalJSON(auditPayload(r))
	return string(b), err
}

func auditPayload(r AuditRun) auditJSON {
	return auditJSON{
		Benchmark: null(r.Benchmark), Caller: auditCallerJSON{null(r.CallerAccount), null(r.CallerARN)},
		Finished: FormatTime(r.Finished), Incomplete: null(r.Incomplete), Level1: r.Level1, Level2: r.Level2,
		PacketHead: r.PacketHead, Require: null(r.Require), Started: FormatTime(r.Started),
		Scope: auditScopeJSON{
			Account: null(r.Scope.Account), Audited: r.Audited, Excluded: r.Excluded, Filters: append([]string{}, r.Scope.Filters...),
			Listed: r.Listed, Organization: null(r.Scope.Organization),
		},
	}
}

// AuditOfHead is the run that Head wrote; ID, Event, At and By stand beside it.
func AuditOfHead(head string) (AuditRun, error) {
	var j auditJSON
	if err := decodeExact([]byte(head), &j); err != nil {
		return AuditRun{}, fmt.Errorf("audit run: %w: %w", ErrDamaged, err)
	}
	started, err1 := ParseTime(j.Started)
	finished, err2 := ParseTime(j.Finished)
	for _, err := range []error{err1, err2} {
		if err != nil {
			return AuditRun{}, fmt.Errorf("audit run: %w: %w", ErrDamaged, err)
		}
	}
	return AuditRun{
		Started: started, Finished: finished, CallerAccount: text(j.Caller.Account), CallerARN: text(j.Caller.ARN),
		Scope:  AuditScope{Account: text(j.Scope.Account), Organization: text(j.Scope.Organization), Filters: j.Scope.Filters},
		Listed: j.Scope.Listed, Excluded: j.Scope.Excluded, Audited: j.Scope.Audited, Incomplete: text(j.Incomplete),
		Benchmark: text(j.Benchmark), Require: text(j.Require), Level2: j.Level2, Level1: j.Level1, PacketHead: j.PacketHead,
	}, nil
}

// payload is the body of the event: the accounts, then the head of the run and
// the kinds of verdicts, which come after them by their names too.
func (a *AuditVerdicts) payload(r AuditRun) (string, error) {
	head, err := canonicalJSON(struct {
		auditJSON
		Verdicts []json.RawMessage `json:"verdicts"`
	}{auditPayload(r), append([]json.RawMessage{}, a.kinds...)})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.Grow(a.rows.Len() + len(head) + 16)
	b.WriteString(`{"accounts":[`)
	b.Write(a.rows.Bytes())
	b.WriteString(`],`)
	b.Write(head[1:])
	return b.String(), nil
}

// ReadAudit reads the verdicts of a run from its event, one at a time, in the
// order of the accounts; they may be read after the transaction has ended. An
// event that cannot be what this program wrote gives ErrDamaged, at once or in
// place of the verdict that is wrong, which is the last then.
func ReadAudit(tx Tx, r AuditRun) (iter.Seq2[AuditVerdict, error], error) {
	e, err := tx.EventByNumber(r.Event)
	if err != nil {
		return nil, fmt.Errorf("verdicts of %s: %w", r.ID, err)
	}
	if e.Kind != KindAuditRecorded || e.Subject != r.ID || e.Digest() != e.Hash {
		return nil, fmt.Errorf("verdicts of %s: event %d: %w", r.ID, r.Event, ErrDamaged)
	}
	var body struct {
		Accounts json.RawMessage `json:"accounts"`
		Verdicts []verdictKind   `json:"verdicts"`
	}
	if err := json.Unmarshal([]byte(e.Payload), &body); err != nil {
		return nil, fmt.Errorf("verdicts of %s: %w", r.ID, damagedEvent(r.Event, err))
	}
	return func(yield func(AuditVerdict, error) bool) {
		last := ""
		err := eachRow(body.Accounts, func(row verdictRow) (bool, error) {
			if CheckAccountID(row.ID) != nil || row.ID <= last || row.Verdict < 0 || row.Verdict >= len(body.Verdicts) {
				return false, fmt.Errorf("an account out of order")
			}
			last = row.ID
			return yield(verdictOf(row, body.Verdicts[row.Verdict]), nil), nil
		})
		if err != nil {
			yield(AuditVerdict{}, fmt.Errorf("verdicts of %s: %w", r.ID, damagedEvent(r.Event, err)))
		}
	}, nil
}

// eachRow decodes a list of rows one at a time, as long as fn wants more.
func eachRow(list []byte, fn func(verdictRow) (bool, error)) error {
	d := json.NewDecoder(bytes.NewReader(list))
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return fmt.Errorf("no list of accounts")
	}
	for d.More() {
		var row verdictRow
		if err := d.Decode(&row); err != nil {
			return err
		}
		if more, err := fn(row); err != nil || !more {
			return err
		}
	}
	_, err := d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func verdictOf(row verdictRow, kind verdictKind) AuditVerdict {
	return AuditVerdict{
		AccountID: row.ID, Name: text(row.Name), Level2: kind.Level2, Level1: kind.Level1, Assurance: text(kind.Assurance),
		NotRequired: kind.NotRequired, Reasons: kind.Reasons, Warnings: kind.Warnings, Devices: row.Devices,
	}
}

// auditState is what the events come to for one run.
func auditState(head, by string, seq int64, at time.Time) string {
	return dated(fmt.Sprint(seq, " ", head), at, by)
}
