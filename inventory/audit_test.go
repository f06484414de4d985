package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// journalTx is a transaction on a journal of one event, and on nothing else.
type journalTx struct {
	Tx
	event Event
}

func (t journalTx) EventByNumber(int64) (Event, error) { return t.event, nil }

// eventOf is an event of a run with this payload, as if it had been written.
func eventOf(payload string) (journalTx, AuditRun) {
	e := Event{Seq: 7, Time: time.Unix(1.8e9, 0), Actor: "anna", Kind: KindAuditRecorded, Subject: "AR-1", Payload: payload}
	e.Hash = e.Digest()
	return journalTx{event: e}, AuditRun{ID: "AR-1", Event: 7}
}

func readAll(payload string) (all []AuditVerdict, err error) {
	tx, r := eventOf(payload)
	of, err := ReadAudit(tx, r)
	if err != nil {
		return nil, err
	}
	for v, err := range of {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

func aRun() AuditRun {
	return AuditRun{Started: time.Unix(1.8e9, 0), Finished: time.Unix(1.8e9, 0), Scope: AuditScope{Organization: "o-1"}}
}

// TestPayloadIsCanonical: the body that is put together from parts is what
// writing it as a whole would give.
func TestPayloadIsCanonical(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		v := &AuditVerdicts{}
		for i := range n {
			err := v.Add(AuditVerdict{
				AccountID: fmt.Sprintf("%012d", i+1), Name: "a<b>&\u2028\"", Level2: "pass", Level1: "fail", Assurance: "named",
				Reasons: []string{"b", "a", "b"}, Devices: []string{"z", "y"},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		payload, err := v.payload(aRun())
		if err != nil {
			t.Fatal(err)
		}
		var tree any
		d := json.NewDecoder(strings.NewReader(payload))
		d.UseNumber()
		if err := d.Decode(&tree); err != nil {
			t.Fatalf("%v in %s", err, payload)
		}
		want, err := canonicalJSON(tree)
		if err != nil || string(want) != payload {
			t.Errorf("got  %s\nwant %s, %v", payload, want, err)
		}
		all, err := readAll(payload)
		if err != nil || len(all) != n {
			t.Errorf("read %d of %d, %v", len(all), n, err)
		}
		if n > 0 && !reflect.DeepEqual([2][]string{all[0].Reasons, all[0].Devices}, [2][]string{{"a", "b"}, {"y", "z"}}) {
			t.Errorf("lists are not sorted: %+v", all[0])
		}
	}
}

func TestVerdictsAreRefusedOutOfOrder(t *testing.T) {
	good := AuditVerdict{AccountID: "200000000000", Level2: "pass", Level1: "pass"}
	for name, spoil := range map[string]func(*AuditVerdict){
		"the account before":       func(v *AuditVerdict) { v.AccountID = "100000000000" },
		"the same account again":   func(*AuditVerdict) {},
		"what is no account":       func(v *AuditVerdict) { v.AccountID = "3" },
		"a status that is none":    func(v *AuditVerdict) { v.AccountID, v.Level2 = "300000000000", "passed" },
		"no status of level 1":     func(v *AuditVerdict) { v.AccountID, v.Level1 = "300000000000", "" },
		"an account with a letter": func(v *AuditVerdict) { v.AccountID = "30000000000x" },
	} {
		t.Run(name, func(t *testing.T) {
			v := &AuditVerdicts{}
			if err := v.Add(good); err != nil {
				t.Fatal(err)
			}
			bad := good
			spoil(&bad)
			if err := v.Add(bad); !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestTenThousandAccounts: what a run takes in the journal.
func TestTenThousandAccounts(t *testing.T) {
	v := &AuditVerdicts{}
	for i := range 10_000 {
		err := v.Add(AuditVerdict{
			AccountID: fmt.Sprintf("%012d", 200000000000+i), Name: fmt.Sprintf("account-%d", i), Level2: "pass", Level1: "pass", Assurance: "certified",
			Reasons: []string{"root_device_list"}, Devices: []string{fmt.Sprintf("u2f/root/key-%d-EXAMPLEID0123456789ABCD", i)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	payload, err := v.payload(aRun())
	if err != nil || len(payload) > 1_300_000 || len(payload) < 500_000 {
		t.Errorf("%d bytes, %v", len(payload), err)
	}
	all, err := readAll(payload)
	if err != nil || len(all) != 10_000 {
		t.Errorf("read %d, %v", len(all), err)
	}
}

// TestHostileAccounts: what AWS says of one account stays within bounds, and
// two answers beyond them are still told apart.
func TestHostileAccounts(t *testing.T) {
	of := func(last string) AuditVerdict {
		devices := []string{strings.Repeat("x", 10_000), "a\x1b[2Jb", last}
		for i := range 100_000 {
			devices = append(devices, fmt.Sprint("mfa/", i))
		}
		return AuditVerdict{AccountID: "100000000000", Name: strings.Repeat("n\n", 9999), Level2: "fail", Level1: "pass", Devices: devices}
	}
	payloads := map[string]bool{}
	for _, last := range []string{"zz1", "zz2"} {
		v := &AuditVerdicts{}
		if err := v.Add(of(last)); err != nil {
			t.Fatal(err)
		}
		payload, err := v.payload(aRun())
		if err != nil || len(payload) > 3000 || strings.Contains(payload, "\\u001b") {
			t.Errorf("%d bytes, %v", len(payload), err)
		}
		payloads[payload] = true
	}
	if len(payloads) != 2 {
		t.Error("two lists that differ far behind are one")
	}
}

func TestBoundedListStaysAsItIs(t *testing.T) {
	var long []string
	for i := range 40 {
		long = append(long, fmt.Sprintf("%02d%s", i, strings.Repeat("é", 30)))
	}
	once := bounded(long, 5, 40)
	if again := bounded(once, 5, 40); !reflect.DeepEqual(again, once) || len(once) != 6 {
		t.Errorf("got %q\nand %q", once, again)
	}
	for _, s := range once {
		if len(s) > 40 {
			t.Errorf("%q is %d bytes", s, len(s))
		}
	}
	if bounded(nil, 1, 1) != nil || bounded([]string{}, 1, 1) == nil {
		t.Error("none and not known are one")
	}
}

// TestReadDamagedAudit: an event that somebody wrote into the journal around the
// program is refused, wherever it is wrong.
func TestReadDamagedAudit(t *testing.T) {
	const kinds = `],"verdicts":[{"assurance":null,"level1":"pass","level2":"pass","not_required":false,"reasons":[],"warnings":[]}]}`
	row := func(id string, kind int) string {
		return fmt.Sprintf(`{"devices":null,"id":%q,"name":null,"verdict":%d}`, id, kind)
	}
	one, two := row("100000000000", 0), row("200000000000", 0)
	if all, err := readAll(`{"accounts":[` + one + "," + two + kinds); err != nil || len(all) != 2 {
		t.Fatalf("got %v, %v", all, err)
	}
	for name, payload := range map[string]string{
		"not an object":          `[]`,
		"no accounts":            `{"verdicts":[]}`,
		"accounts that are none": `{"accounts":{}}`,
		"accounts twice":         `{"accounts":[` + one + "," + one + kinds,
		"accounts out of order":  `{"accounts":[` + two + "," + one + kinds,
		"what is no account":     `{"accounts":[` + row("x", 0) + kinds,
		"a kind there is not":    `{"accounts":[` + row("100000000000", 1) + kinds,
		"a negative kind":        `{"accounts":[` + row("100000000000", -1) + kinds,
		"a row of another type":  `{"accounts":[1` + kinds,
	} {
		t.Run(name, func(t *testing.T) {
			if all, err := readAll(payload); !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, %v", all, err)
			}
		})
	}
	t.Run("a hash that is not its own", func(t *testing.T) {
		tx, r := eventOf(`{"accounts":[` + one + kinds)
		tx.event.Payload = strings.Replace(tx.event.Payload, `"pass"`, `"fail"`, 1)
		if _, err := ReadAudit(tx, r); !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v", err)
		}
	})
}

// FuzzReadAudit: whatever is in the journal, reading it ends, in order or in
// ErrDamaged.
func FuzzReadAudit(f *testing.F) {
	f.Add(`{"accounts":[{"devices":null,"id":"100000000000","name":null,"verdict":0}],"verdicts":[{"level1":"pass"}]}`)
	f.Add(`{"accounts":[{}]}`)
	f.Fuzz(func(t *testing.T, payload string) {
		all, err := readAll(payload)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v", err)
		}
		for i, v := range all {
			if CheckAccountID(v.AccountID) != nil || i > 0 && v.AccountID <= all[i-1].AccountID {
				t.Errorf("account %d is %q", i, v.AccountID)
			}
		}
	})
}
