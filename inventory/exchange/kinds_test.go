package exchange_test

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

// ids are what every inventory gives out itself.
var ids = regexp.MustCompile(`\b[KPUA]-[0-9A-Z]{8}\b`)

// full is an inventory with entries of every kind.
func full(t *testing.T) inventory.Store {
	t.Helper()
	s := open(t)
	mustLoad(t, s, "places", "path,capacity,two_people\nBerlin/Safe 1,10,no\nZürich,,\nZürich/Tresor,0,\n")
	mustLoad(t, s, "people", "name,email,login,site,left\nAda,ada@example.com,ada,Berlin,\nBob =1+1,,,,\nEve,eve@example.com,,,2026-01-01\n")
	mustLoad(t, s, "keys", "serial,tag,type,product,order,place,battery_end,status\n"+
		"0012345678,YK-1,,YubiKey 5 NFC,PO-1,Berlin/Safe 1,,\n"+
		"T-900,,totp_token,\"Token, \"\"six\"\" digits\",,Berlin,2029-12-31,\n"+
		",TAG/2,,,,Zürich/Tresor,,\n"+
		"87654321,,,,PO-2,,,expected\n")
	mustLoad(t, s, "accounts", "account,name,tier\n1234-5678-9012,'-Payments,gold\n000000000001,,\n")
	mustLoad(t, s, "bindings", "account,tag,device name\n123456789012,TAG/2,'+root.1\n")
	mustLoad(t, s, "artifacts", "kind,label,accounts,place,openers,seal,tag,replica of\n"+
		"vault_copy,Vault A,1234-5678-9012; 000000000001,Berlin,Bob =1+1; ADA@example.com,S-1,,\n"+
		"vault_copy,A copy of it,,Zürich,,,,vault a\n"+
		"pin_envelope,\"PIN, \"\"YK-1\"\"\",,,,,YK-1,\n")
	mustLoad(t, s, "custody", "serial,place,holder,status,since,seal\nT-900,Berlin,ada@example.com,in_use,2025-01-01,\n12345678,Berlin/Safe 1,,,2025-02-02,B-0007\n")
	return s
}

// withoutIDs is the lines of a table without what another inventory numbers in
// its own way, and therefore also orders so.
func withoutIDs(table string) []string {
	lines := strings.Split(ids.ReplaceAllString(table, "ID"), "\n")
	slices.Sort(lines)
	return lines
}

// What goes out in one format comes into an empty inventory, and goes out of
// that one just the same.
func TestRoundTrip(t *testing.T) {
	from := full(t)
	for _, f := range exchange.Formats() {
		t.Run(string(f), func(t *testing.T) {
			to := open(t)
			for _, k := range exchange.Kinds() {
				mustLoad(t, to, k.Name, export(t, from, k, f))
			}
			for _, k := range exchange.Kinds() {
				want, got := withoutIDs(export(t, from, k, exchange.CSV)), withoutIDs(export(t, to, k, exchange.CSV))
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got\n%s\nwant\n%s", k.Name, got, want)
				}
				if len(want) < 3 { // header, row, and what follows the last newline
					t.Errorf("%s: there is nothing to carry", k.Name)
				}
			}
			before := head(t, to)
			for _, s := range []inventory.Store{from, to} {
				for _, k := range exchange.Kinds() {
					p, err := load(s, k, export(t, from, k, f))
					if err != nil || p.Differs() {
						t.Errorf("%s: a second time it comes to %v, %v", k.Name, words(p), err)
					}
				}
			}
			if after := head(t, to); after != before {
				t.Errorf("importing the same wrote events: %v, then %v", before, after)
			}
		})
	}
}

func TestPlan(t *testing.T) {
	const key = "K (tag YK-1, serial 12345678)"
	tests := []struct {
		name, kind, file string
		want             []string
	}{
		{"a new key", "keys", "serial,place,status\n1,Bonn,in_use\n", []string{"line 2 create 1: serial=>1 place=>Bonn (makes the place Bonn) (comes in unattested, not as in_use: hwmfa enroll attests it)"}},
		{"a key with another tag", "keys", "serial,tag\n12345678,YK-9\n", []string{"line 2 change " + key + ": tag=YK-1>YK-9"}},
		{"a key found by its tag", "keys", "tag,product\nyk-1,YubiKey 5 NFC\n", []string{"line 2 change " + key + ": tag=YK-1>yk-1"}},
		{"what keys do not bring", "keys", "serial,place,status,holder,product,order\n12345678,Bonn,lost,Ada,X,Y\n", []string{"line 2 same " + key + ": (status stays received) (place stays Berlin/Safe 1) (holder stays none) (product stays YubiKey 5 NFC) (order stays PO-1)"}},
		{"a tag that another key has", "keys", "serial,tag\n87654321,YK-1\n", []string{"line 2 conflict K (serial 87654321): (the tag is that of " + key + ")"}},
		{"a new key with a tag that is taken", "keys", "serial,tag\n1,YK-1\n", []string{"line 2 conflict " + key + ": (the tag is that of " + key + ")"}},
		{"a key of another type", "keys", "serial,type\n12345678,totp_token\n", []string{"line 2 conflict " + key + ": (the inventory has it as a security_key)"}},
		{"a row that names no key", "keys", "serial,product\n,X\n", []string{"line 2 conflict a key: (the row names no key: neither key_id, serial nor tag)"}},
		{"one key in two rows", "keys", "serial,tag\n12345678,\n,YK-1\n", []string{"line 2 same " + key + ":", "line 3 conflict " + key + ": (is the same as in line 2)"}},
		{"a place with another rule", "places", "path,capacity,two people\nberlin/safe 1,5,yes\n", []string{"line 2 change Berlin/Safe 1: capacity=10>5 two_people=false>true"}},
		{"a person with another name", "people", "name,email\nAda L.,ADA@example.com\n", []string{"line 2 change Ada <ada@example.com>: name=Ada>Ada L. email=ada@example.com>ADA@example.com"}},
		{"a person found by name", "people", "name,login\nBob =1+1,bob\n", []string{"line 2 change Bob =1+1: login=>bob"}},
		{"another person of the same name", "people", "name,email\nAda,ada@example.org\n", []string{"line 2 create Ada: name=>Ada email=>ada@example.org"}},
		{"one person in two rows", "people", "name,email\nNew,\nnew,\n", []string{"line 2 create New: name=>New", "line 3 conflict new: (is the same as in line 2)"}},
		{"a person who has left", "people", "name,left\nBob =1+1,2026-05-01\n", []string{"line 2 change Bob =1+1: left_at=>2026-05-01T00:00:00Z (is recorded as having left on the day of the import)"}},
		{"an account with another tier", "accounts", "account id,tier\n123456789012,silver\n", []string{"line 2 change 123456789012: tier=gold>silver"}},
		{"a binding of no key", "bindings", "account,key,device\n123456789012,,x\n", []string{"line 2 conflict 123456789012 a key: (the row names no key: neither key_id, serial nor tag)"}},
		{"a binding under another name", "bindings", "account,tag,device name\n123456789012,tag/2,root-2\n", []string{"line 2 change 123456789012 K (tag TAG/2): device_name=+root.1>root-2"}},
		{"a binding of a key that is not there", "bindings", "account,serial,device name\n123456789012,9,root\n", []string{"line 2 conflict 123456789012 9: (there is no such key; import keys first)"}},
		{"one binding in two rows", "bindings", "account,serial,tag,device name\n000000000001,12345678,,a\n000000000001,,YK-1,b\n", []string{"line 2 create 000000000001 " + key + ": device_name=>a", "line 3 conflict 000000000001 " + key + ": (is the same as in line 2)"}},
		{"a key somewhere else", "custody", "tag,place\nTAG/2,Berlin\n", []string{"line 2 change K (tag TAG/2): place=Zürich/Tresor>Berlin"}},
		{"a key that somebody has", "custody", "serial,place,holder\nT-900,Zürich,\n", []string{"line 2 conflict K (serial T-900): (Ada has it; hwmfa checkin puts it back)"}},
		{"a key that somebody else has", "custody", "serial,holder\nT-900,Bob =1+1\n", []string{"line 2 conflict K (serial T-900): (Ada has it; hwmfa checkin puts it back first)"}},
		{"a key that is lost is with nobody", "custody", "serial,place,holder,status\nT-900,Berlin,Bob =1+1,lost\n", []string{"line 2 same K (serial T-900): (status stays in_use)"}},
		{"a key that is retired goes nowhere", "custody", "tag,place,status\nTAG/2,Berlin,Retired\n", []string{"line 2 same K (tag TAG/2): (status stays declared)"}},
		{"a key that lies somewhere and is with somebody", "custody", "tag,holder,status\nTAG/2,Ada,in_safe\n", []string{"line 2 conflict K (tag TAG/2): (a key that is in_safe is with nobody, and the row names a holder)"}},
		{"a holder nobody knows", "custody", "serial,holder\nT-900,Zoe\n", []string{"line 2 conflict K (serial T-900): (holder: there is no such person; import people first)"}},
		{"another bag", "custody", "tag,seal\nYK-1,B-8\n", []string{"line 2 conflict " + key + ": (it is in bag B-0007; hwmfa seal open takes it out)"}},
		{"an artifact elsewhere, of other people", "artifacts", "kind,label,place,openers,accounts\nvault_copy,vault a,Zürich,bob =1+1,000000000001\n", []string{"line 2 change K (Vault A): label=Vault A>vault a accounts=000000000001; 123456789012>000000000001 place=Berlin>Zürich openers=Bob =1+1; ada@example.com>Bob =1+1"}},
		{"an artifact as it is", "artifacts", "kind,label,place,openers,accounts\nvault_copy,Vault A,BERLIN,ada@example.com;bob =1+1,123456789012;000000000001\n", []string{"line 2 same K (Vault A):"}},
		{"an artifact of nobody", "artifacts", "kind,label,openers\nvault_copy,New,Zoe\n", []string{"line 2 conflict New: (openers: there is no such person; import people first)"}},
		{"an artifact of a key that is not there", "artifacts", "kind,label,serial\npin_envelope,New,9\n", []string{"line 2 conflict New: (there is no such key; import keys first)"}},
		{"an artifact that is retired", "artifacts", "kind,label,retired at\nvault_copy,Old,2025-01-01\n", []string{"line 2 same Old: (is retired and does not come in)"}},
		{"one artifact in two rows", "artifacts", "kind,label\nvault_copy,New\nvault_copy,new\n", []string{"line 2 create New: kind=>vault_copy label=>New", "line 3 conflict new: (is the same as in line 2)"}},
		{"custody of a key that is not there", "custody", "serial,place\n9,Berlin\n", []string{"line 2 conflict 9: (there is no such key; import keys first)"}},
	}
	s := full(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := kind(t, tt.kind)
			table, err := exchange.Read(strings.NewReader(tt.file), k.Schema, exchange.Options{Now: act.At})
			if err != nil {
				t.Fatal(err)
			}
			var p exchange.Plan
			before := head(t, s)
			if err := s.View(context.Background(), func(tx inventory.Tx) (err error) {
				p, err = k.Plan(tx, table)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if got := words(p); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if head(t, s) != before {
				t.Error("planning wrote something")
			}
		})
	}
}

// A row that the inventory's rules refuse leaves nothing of the others.
func TestApply_allOrNothing(t *testing.T) {
	tests := []struct {
		name, kind, file, want string
	}{
		{"a tag given twice", "keys", "serial,tag\n1,NEW\n2,YK-7\n3,K-7Q2M4XRD\n", `line 4, column "tag" (B): tag reads like the ID of a key`},
		{"a full place", "keys", "serial,place\n1,Full\n2,Full\n3,Full\n", "line 4: 3: declare: Full holds 2 of 2 keys"},
		{"nine devices", "bindings", "account,serial,device name\n" + rows("000000000001,%d,root%d\n", 9), "line 10: 000000000001"},
		{"a tier of capitals", "accounts", "account,tier\n000000000002,fine\n000000000003,Gold\n", "line 3: 000000000003: save account: tier may hold lower-case"},
		{"a key nobody attested, handed out", "custody", "tag,place,holder\nTAG/2,Berlin,Ada\n", "is declared"},
		{"a copy of a copy", "artifacts", "kind,label,replica of\nvault_copy,One more,A copy of it\n", "replica is of the same kind"},
		{"a copy of nothing", "artifacts", "kind,label,replica of\nvault_copy,One more,Nothing\n", "not in the inventory"},
		{"an envelope of no key", "artifacts", "kind,label\npin_envelope,PIN\n", "key is for PIN envelopes"},
		{"a place that takes two people", "custody", "tag,place\nTAG/2,Two\n", "takes two people"},
		{"an address that is none", "people", "name,email\nNew,new@example.com\nWrong,x\n", "line 3: Wrong: save person: e-mail is not an address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := full(t)
			mustLoad(t, s, "places", "path,capacity,two people\nFull,2,\nTwo,,yes\n")
			if strings.HasPrefix(tt.name, "nine") {
				mustLoad(t, s, "keys", "serial\n"+rows("%[1]d\n", 9))
			}
			before := head(t, s)
			k := kind(t, tt.kind)
			_, err := load(s, k, tt.file)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
			var problems *exchange.Problems
			if !errors.Is(err, exchange.ErrConflict) && !errors.As(err, &problems) {
				t.Errorf("it is no conflict: %v", err)
			}
			if head(t, s) != before {
				t.Error("something of it was written")
			}
		})
	}
}

func rows(form string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(form, "%[1]d", "%d"), "%d", string(rune('1'+i))))
	}
	return b.String()
}

// A plan has another name as soon as the inventory or the file leads to other
// steps, and keeps it where it does not.
func TestPlan_digest(t *testing.T) {
	s := full(t)
	k := kind(t, "keys")
	digest := func(file string) string {
		table, err := exchange.Read(strings.NewReader(file), k.Schema, exchange.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var p exchange.Plan
		if err := s.View(context.Background(), func(tx inventory.Tx) (err error) {
			p, err = k.Plan(tx, table)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	const file = "serial,tag\n12345678,YK-9\n"
	first := digest(file)
	if digest(strings.ReplaceAll(file, "\n", "\r\n")) != first {
		t.Error("the same steps have another name")
	}
	if digest("serial,tag\n12345678,YK-8\n") == first {
		t.Error("another file has the same name")
	}
	mustLoad(t, s, "accounts", "account\n000000000009\n")
	if digest(file) != first {
		t.Error("a change elsewhere gave it another name")
	}
	mustLoad(t, s, "keys", "serial,tag\n12345678,YK-10\n")
	if digest(file) == first {
		t.Error("a change of the same key did not give it another name")
	}
}

// Try says what Apply would refuse.
func TestPlan_try(t *testing.T) {
	s := full(t)
	k := kind(t, "accounts")
	table, err := exchange.Read(strings.NewReader("account,tier\n000000000003,Gold\n"), k.Schema, exchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	given := errors.New("given up")
	var p exchange.Plan
	err = s.Update(context.Background(), func(tx inventory.Tx) (err error) {
		if p, err = k.Plan(tx, table); err != nil {
			return err
		}
		if err := p.Try(tx, act); err != nil {
			return err
		}
		return given
	})
	if !errors.Is(err, given) || p.Count(exchange.ActionConflict) != 1 {
		t.Errorf("got %v, %v", words(p), err)
	}
}
