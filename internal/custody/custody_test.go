package custody

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func ago(days int) time.Time { return now.AddDate(0, 0, -days) }

const account = "111111111111"

// world is an inventory in which everything is as it should be, and what a
// test changes in it.
type world struct {
	Snapshot
	policy policy.Policy
}

func (w *world) key(id string) *inventory.Key {
	i := slices.IndexFunc(w.Keys, func(k inventory.Key) bool { return k.ID == id })
	return &w.Keys[i]
}

func (w *world) place(id string) *inventory.Place {
	i := slices.IndexFunc(w.Places, func(p inventory.Place) bool { return p.ID == id })
	return &w.Places[i]
}

// put lays a key into a place.
func (w *world) put(key, place string) {
	k := w.key(key)
	k.PlaceID, k.Place, k.HolderID, k.Status = place, w.place(place).Path, "", inventory.StatusInSafe
}

// hand gives a key to a person, so many days ago.
func (w *world) hand(key, person string, days int) *inventory.Key {
	k := w.key(key)
	k.HolderID, k.Status, k.Since = person, inventory.StatusCheckedOut, ago(days)
	return k
}

// keep adds an artifact.
func (w *world) keep(id string, kind inventory.ArtifactKind, place string, openers ...string) *inventory.Artifact {
	a := inventory.Artifact{ID: id, Kind: kind, Label: string(kind), Accounts: []string{account}, Openers: openers}
	if place != "" {
		a.PlaceID, a.Place = place, w.place(place).Path
	}
	w.Artifacts = append(w.Artifacts, a)
	return &w.Artifacts[len(w.Artifacts)-1]
}

func (w *world) grant(place, person string) {
	w.Access = append(w.Access, inventory.Access{PlaceID: place, PersonID: person})
}

// sound is two keys of one account in safes at two sites, a spare one, and
// people who have nothing.
func sound() *world {
	w := &world{policy: policy.Default()}
	for _, p := range []struct{ id, parent, path string }{
		{"berlin", "", "Berlin"}, {"b1", "berlin", "Berlin/Safe 1"}, {"b1a", "b1", "Berlin/Safe 1/A"}, {"b1b", "b1", "Berlin/Safe 1/B"},
		{"b2", "berlin", "Berlin/Safe 2"}, {"rome", "", "Rome"}, {"r1", "rome", "Rome/Safe 1"},
	} {
		w.Places = append(w.Places, inventory.Place{ID: p.id, ParentID: p.parent, Path: p.path})
	}
	for _, p := range []string{"ada", "ben"} {
		w.People = append(w.People, inventory.Person{ID: p, Name: strings.ToUpper(p[:1]) + p[1:]})
	}
	for _, id := range []string{"k1", "k2", "k3"} {
		w.Keys = append(w.Keys, inventory.Key{
			ID: id, Type: inventory.TypeKey, Product: "YubiKey 5C NFC", Firmware: hw.Version{Major: 5, Minor: 7, Patch: 4},
			Custody: inventory.Custody{Status: inventory.StatusInSafe, Since: ago(10)}, AddedAt: ago(400), EnrolledAt: ago(100),
		})
	}
	w.put("k1", "b1a")
	w.put("k2", "r1")
	w.put("k3", "b2")
	w.Accounts = []inventory.Account{{ID: account}}
	for _, k := range []string{"k1", "k2"} {
		w.Bindings = append(w.Bindings, inventory.Binding{AccountID: account, KeyID: k})
	}
	return w
}

func TestCheck(t *testing.T) {
	token := func(w *world, end time.Time) *inventory.Key {
		k := w.key("k3")
		k.Type, k.BatteryEnd, k.EnrolledAt = inventory.TypeToken, end, time.Time{}
		return k
	}
	campaign := func(w *world, edit func(*policy.Campaign)) {
		g := policy.Campaign{Name: "swap", Model: "YubiKey 5*", FirmwareBelow: policy.Version{5, 7, 5}, Deadline: policy.Date{Time: now.AddDate(0, 1, 0)}}
		if edit != nil {
			edit(&g)
		}
		w.policy.Custody.Campaigns = []policy.Campaign{g}
	}
	exception := func(w *world, expires time.Time) {
		w.Exceptions = []inventory.Exception{{AccountID: account, OwnerID: "ada", Owner: "Ada", ApproverID: "ben", Expires: expires}}
	}
	spares := func(w *world, pool policy.Spare) { w.policy.Custody.Spares = []policy.Spare{pool} }
	replicas := func(w *world, place string) *inventory.Artifact {
		w.policy.Custody.Replicas = []policy.Replica{{Kind: "vault_copy", OffSite: 1}}
		w.keep("a1", inventory.ArtifactVaultCopy, "b2")
		r := w.keep("a2", inventory.ArtifactVaultCopy, place)
		r.ReplicaOf = "a1"
		return r
	}
	for _, tt := range []struct {
		name string
		edit func(w *world)
		want string // the findings, "" none: severity rule keys|accounts|people|places|artifacts figure/threshold
	}{
		{"all is as it should be", func(*world) {}, ""},
		{"an empty inventory", func(w *world) { w.Snapshot = Snapshot{} }, ""},

		{"both keys at one site", func(w *world) { w.put("k2", "b2") }, "medium same_site k1,k2|111111111111||Berlin| 1/2"},
		{"letter case makes no other site", func(w *world) { w.put("k2", "r1"); w.key("k2").Place = "BERLIN/x" }, "medium same_site k1,k2|111111111111||Berlin| 1/2"},
		{"two sites are enough", func(w *world) { w.put("k1", "berlin"); w.put("k2", "rome") }, ""},
		{"three sites are wanted", func(w *world) { w.policy.Custody.SitesPerAccount = 3 }, "medium same_site k1,k2|111111111111||Berlin,Rome| 2/3"},
		{"one site is enough", func(w *world) { w.policy.Custody.SitesPerAccount = 1; w.put("k2", "b2") }, ""},
		{"one key is no spread and no finding", func(w *world) { w.Bindings = w.Bindings[:1] }, ""},
		{"a lost key is at no site", func(w *world) { w.key("k2").Status = inventory.StatusLost }, ""},
		{"nobody knows where one is", func(w *world) { w.put("k2", "b2"); w.key("k2").PlaceID, w.key("k2").Place = "", "" }, ""},
		{"one is with somebody at another site", func(w *world) { w.put("k2", "b2"); w.hand("k2", "ada", 1); w.People[0].Site = "Rome" }, ""},
		{"one is with somebody at the same site", func(w *world) { w.hand("k2", "ada", 1); w.People[0].Site = "Berlin/office" }, "medium same_site k1,k2|111111111111||Berlin| 1/2"},

		{"a vault copy in another safe", func(w *world) { w.keep("a1", inventory.ArtifactVaultCopy, "b2") }, ""},
		{"a vault copy in the slot", func(w *world) { w.keep("a1", inventory.ArtifactVaultCopy, "b1a") }, "high key_with_password k1|111111111111||Berlin/Safe 1/A|a1 1/0"},
		{"a vault copy in another slot of the safe", func(w *world) { w.keep("a1", inventory.ArtifactVaultCopy, "b1b") }, "high key_with_password k1|111111111111||Berlin/Safe 1/B|a1 1/0"},
		{"a printed sheet in the safe", func(w *world) { w.keep("a1", inventory.ArtifactPrintedSheet, "b1") }, "high key_with_password k1|111111111111||Berlin/Safe 1|a1 1/0"},
		{"a sheet at the site, in no safe", func(w *world) { w.keep("a1", inventory.ArtifactPrintedSheet, "berlin") }, ""},
		{"a sheet of another account", func(w *world) { w.keep("a1", inventory.ArtifactPrintedSheet, "b1").Accounts = []string{"2"} }, ""},
		{"a retired sheet", func(w *world) { w.keep("a1", inventory.ArtifactPrintedSheet, "b1").RetiredAt = ago(1) }, ""},
		{"the key is out", func(w *world) { w.keep("a1", inventory.ArtifactPrintedSheet, "b1"); w.hand("k1", "ada", 1) }, ""},
		{"neither lies anywhere", func(w *world) {
			w.keep("a1", inventory.ArtifactPrintedSheet, "")
			w.key("k1").PlaceID, w.key("k1").Place = "", ""
		}, ""},
		{"an MFA seed with a key is no password", func(w *world) { w.keep("a1", inventory.ArtifactSeedMedium, "b1") }, ""},

		{"a PIN with its key", func(w *world) { w.keep("a1", inventory.ArtifactPINEnvelope, "b1").KeyID = "k1" }, "medium key_with_pin k1|111111111111||Berlin/Safe 1,Berlin/Safe 1/A|a1 1/0"},
		{"a PIN with another key", func(w *world) { w.keep("a1", inventory.ArtifactPINEnvelope, "b1").KeyID = "k2" }, ""},
		{"a PIN in another safe", func(w *world) { w.keep("a1", inventory.ArtifactPINEnvelope, "b2").KeyID = "k1" }, ""},

		{"one person may open the password and has a key", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada", "ben")
			w.hand("k1", "ada", 1)
		}, "high one_person k1|111111111111|ada||a1 1/0"},
		{"one person may open the password and the safe of a key", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada")
			w.grant("rome", "ada")
		}, "high one_person k2|111111111111|ada||a1 1/0"},
		{"two people do", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada", "ben")
			w.grant("r1", "ada")
			w.grant("b1", "ben")
		}, "high one_person k1,k2|111111111111|ada,ben||a1 2/0"},
		{"the safe takes two", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada")
			w.grant("r1", "ada")
			w.place("rome").TwoPeople = true
		}, ""},
		{"the safe of the password takes two", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada")
			w.grant("r1", "ada")
			w.place("b2").TwoPeople = true
		}, ""},
		{"one opens the password, another the safe", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada")
			w.grant("r1", "ben")
		}, ""},
		{"a slot may be opened and the key lies in another", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada")
			w.grant("b1b", "ada")
		}, ""},
		{"the password is of another account", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada").Accounts = []string{"2"}
			w.grant("r1", "ada")
		}, ""},
		{"the key cannot be used any more", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada")
			w.grant("r1", "ada")
			w.key("k2").Status = inventory.StatusRetired
		}, ""},
		{"a password and an MFA seed", func(w *world) {
			w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada")
			w.keep("a2", inventory.ArtifactSeedMedium, "b2", "ada", "ben")
		}, "high one_person |111111111111|ada||a1,a2 1/0"},
		{"a password without a key", func(w *world) { w.keep("a1", inventory.ArtifactVaultCopy, "b2", "ada") }, ""},

		{"who has left has a key", func(w *world) { w.hand("k1", "ada", 1); w.People[0].LeftAt = ago(1) }, "high holder_left k1|111111111111|ada|| 1/0"},
		{"who has left had one that is lost", func(w *world) {
			w.hand("k1", "ada", 1).Status = inventory.StatusLost
			w.People[0].LeftAt = ago(1)
		}, ""},
		{"who has left has nothing", func(w *world) { w.People[0].LeftAt = ago(1) }, ""},

		{"a key is found", func(w *world) { w.key("k1").Status = inventory.StatusFound }, "high found_not_proved k1|111111111111||| 10/0"},
		{"a key is found and was proved before", func(w *world) {
			w.key("k1").Status = inventory.StatusFound
			w.Proofs = []inventory.Proof{{KeyID: "k1", At: ago(10)}}
		}, "high found_not_proved k1|111111111111||| 10/0"},
		{"a key is found and was proved since", func(w *world) {
			w.key("k1").Status = inventory.StatusFound
			w.Proofs = []inventory.Proof{{KeyID: "k1", At: ago(10).Add(time.Second)}}
		}, "low found_not_proved k1|111111111111||| 10/0"},

		{"a bag is found broken", func(w *world) {
			w.key("k1").Status, w.key("k2").Status, w.key("k2").Since = inventory.StatusFound, inventory.StatusFound, ago(2)
			w.Bags = []inventory.Bag{{Number: "A-1", State: inventory.BagBroken, EndedAt: ago(2)}, {Number: "A-2", State: inventory.BagOpened, EndedAt: ago(10)}}
			w.Proofs = []inventory.Proof{{KeyID: "k1", At: ago(1)}}
		}, "high seal_broken k2|111111111111||| 2/0\nlow found_not_proved k1|111111111111||| 10/0"},
		{"a bag was found broken, and its key is put away", func(w *world) {
			w.Bags = []inventory.Bag{{Number: "A-1", State: inventory.BagBroken, EndedAt: ago(10)}}
		}, ""},

		{"a key with somebody for as long as it may", func(w *world) { w.hand("k1", "ada", 30) }, ""},
		{"a key with somebody for longer", func(w *world) { w.hand("k1", "ada", 31) }, "medium with_person k1|111111111111|ada|| 31/30"},
		{"a key that somebody keeps", func(w *world) { w.hand("k3", "ada", 31).Status = inventory.StatusInUse }, "medium with_person k3||ada|| 31/30"},

		{"a key that has to be back now", func(w *world) { w.hand("k1", "ada", 1).Due = now }, ""},
		{"a key that had to be back", func(w *world) { w.hand("k1", "ada", 3).Due = ago(2) }, "medium overdue_checkout k1|111111111111|ada|| 2/0"},
		{"a parcel on its way", func(w *world) {
			k := w.key("k3")
			k.Status, k.Shipment, k.Due = inventory.StatusInTransit, "S-1", now.AddDate(0, 0, 1)
		}, ""},
		{"a parcel that should be there", func(w *world) {
			for _, id := range []string{"k1", "k3"} {
				k := w.key(id)
				k.Status, k.Shipment, k.Due = inventory.StatusInTransit, "S-1", ago(4)
			}
		}, "high overdue_shipment k1,k3|111111111111||| 4/0"},
		{"a parcel without a date", func(w *world) { k := w.key("k3"); k.Status, k.Shipment = inventory.StatusInTransit, "S-1" }, ""},

		{"a key proved as long ago as may be", func(w *world) { w.key("k1").EnrolledAt = ago(180) }, ""},
		{"a key proved too long ago", func(w *world) { w.key("k1").EnrolledAt = ago(181) }, "medium not_proved k1|111111111111||| 181/180"},
		{"a key enrolled long ago and proved since", func(w *world) {
			w.key("k1").EnrolledAt = ago(300)
			w.Proofs = []inventory.Proof{{KeyID: "k1", At: ago(5)}}
		}, ""},
		{"a key proved by a clock that ran ahead", func(w *world) {
			w.key("k1").EnrolledAt = ago(300)
			w.Proofs = []inventory.Proof{{KeyID: "k1", At: now.AddDate(9, 0, 0)}}
		}, "medium not_proved k1|111111111111||| 300/180"},
		{"a declared key that nobody plugs in", func(w *world) {
			k := w.key("k3")
			k.EnrolledAt, k.AddedAt, k.Status = time.Time{}, ago(200), inventory.StatusDeclared
		}, "medium not_proved k3|||| 200/180"},
		{"a lost key need not be proved", func(w *world) { w.key("k1").EnrolledAt, w.key("k1").Status = ago(300), inventory.StatusLost }, ""},
		{"a token cannot be plugged in", func(w *world) { token(w, time.Time{}) }, ""},

		{"a battery that ends later", func(w *world) { token(w, now.AddDate(0, 6, 1)) }, ""},
		{"a battery that ends within six months", func(w *world) { token(w, now.AddDate(0, 6, 0)) }, "medium battery_ends k3|||| 183/183"},
		{"a battery that has ended", func(w *world) { token(w, ago(3)) }, "high battery_ends k3|||| -3/183"},
		{"the battery of a retired token", func(w *world) { token(w, ago(3)).Status = inventory.StatusRetired }, ""},

		{"a full place", func(w *world) { w.place("b1").Capacity = 1 }, ""},
		{"a place with more than fits below it", func(w *world) { w.place("berlin").Capacity = 1 }, "low over_capacity |||Berlin| 2/1"},
		{"a key that is out takes no room", func(w *world) { w.place("berlin").Capacity = 1; w.hand("k3", "ada", 1) }, ""},

		{"enough spares", func(w *world) { spares(w, policy.Spare{Model: "yubikey 5c*", Site: "berlin", Level: 1}) }, ""},
		{"too few spares", func(w *world) { spares(w, policy.Spare{Model: "YubiKey 5C*", Site: "Berlin", Level: 2}) }, "medium spare_pool_low |||Berlin| 1/2"},
		{"spares of another model", func(w *world) { spares(w, policy.Spare{Model: "YubiKey 5 Nano", Level: 1}) }, "medium spare_pool_low |||| 0/1"},
		{"spares at another site", func(w *world) { spares(w, policy.Spare{Site: "Rome", Level: 1}) }, "medium spare_pool_low |||Rome| 0/1"},
		{"a spare that is out is none", func(w *world) { spares(w, policy.Spare{Level: 1}); w.hand("k3", "ada", 1) }, "medium spare_pool_low |||| 0/1"},
		{"a spare that is bound is none", func(w *world) {
			spares(w, policy.Spare{Level: 1})
			w.Bindings = append(w.Bindings, inventory.Binding{AccountID: "222222222222", KeyID: "k3"})
		}, "medium spare_pool_low |||| 0/1"},
		{"a token is no spare", func(w *world) { spares(w, policy.Spare{Level: 1}); token(w, time.Time{}) }, "medium spare_pool_low |||| 0/1"},

		{"a copy at another site", func(w *world) { replicas(w, "rome") }, ""},
		{"a copy at the same site", func(w *world) { replicas(w, "berlin") }, "medium replica_missing |111111111111||Berlin/Safe 2|a1 0/1"},
		{"a copy that is retired", func(w *world) { replicas(w, "rome").RetiredAt = ago(1) }, "medium replica_missing |111111111111||Berlin/Safe 2|a1 0/1"},
		{"a copy that is nowhere", func(w *world) { replicas(w, "") }, "medium replica_missing |111111111111||Berlin/Safe 2|a1 0/1"},
		{"nobody knows where the first is", func(w *world) { replicas(w, "rome"); w.Artifacts[0].PlaceID, w.Artifacts[0].Place = "", "" }, "medium replica_missing |111111111111|||a1 0/1"},
		{"copies of another kind are not asked for", func(w *world) {
			w.policy.Custody.Replicas = []policy.Replica{{Kind: "seed_medium", OffSite: 1}}
			w.keep("a1", inventory.ArtifactVaultCopy, "b2")
		}, ""},

		{"a campaign", func(w *world) { campaign(w, nil) }, "medium campaign k1,k2,k3|111111111111||| 0/3"},
		{"a campaign that gets on", func(w *world) {
			campaign(w, nil)
			w.key("k2").Status, w.key("k3").Status = inventory.StatusRetired, inventory.StatusDisposed
		}, "medium campaign k1|111111111111||| 2/3"},
		{"a campaign that is done", func(w *world) {
			campaign(w, nil)
			for i := range w.Keys {
				w.Keys[i].Status = inventory.StatusRetired
			}
		}, ""},
		{"the deadline is today", func(w *world) {
			campaign(w, func(g *policy.Campaign) { g.Deadline.Time = now.Truncate(24 * time.Hour) })
		}, "medium campaign k1,k2,k3|111111111111||| 0/3"},
		{"the deadline was yesterday", func(w *world) {
			campaign(w, func(g *policy.Campaign) { g.Deadline.Time = now.Truncate(24*time.Hour).AddDate(0, 0, -1) })
		}, "high campaign k1,k2,k3|111111111111||| 0/3"},
		{"firmware that may stay", func(w *world) { campaign(w, func(g *policy.Campaign) { g.FirmwareBelow = policy.Version{5, 7, 4} }) }, ""},
		{"firmware that nobody knows", func(w *world) { campaign(w, nil); w.key("k1").Firmware = hw.Version{} }, "medium campaign k2,k3|111111111111||| 0/2"},
		{"keys of another model", func(w *world) { campaign(w, func(g *policy.Campaign) { g.Model = "YubiKey 4*" }) }, ""},
		{"keys that an advisory applies to", func(w *world) {
			campaign(w, func(g *policy.Campaign) { g.Advisories = []string{"YSA-2024-02", "YSA-2024-03"} })
		}, "medium campaign k1|111111111111||| 0/1"},

		{"an exception that holds", func(w *world) { exception(w, now.Add(time.Second)) }, ""},
		{"an exception that expires now", func(w *world) { exception(w, now) }, "medium exception_expired |111111111111|ada,ben|| 0/0"},

		{"as many keys as one can look after", func(w *world) { w.policy.KeysPerCustodian = 2; w.grant("berlin", "ada") }, ""},
		{"more keys than one can look after", func(w *world) { w.policy.KeysPerCustodian = 2; w.grant("berlin", "ada"); w.hand("k2", "ada", 1) }, "low custodian_overload k1,k2,k3||ada|| 3/2"},
		{"two people may open the place", func(w *world) { w.policy.KeysPerCustodian = 1; w.grant("berlin", "ada"); w.grant("berlin", "ben") }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := sound()
			tt.edit(w)
			r := Check(w.Snapshot, w.policy, applies, now)
			var got []string
			for _, f := range r.Findings {
				s := f.Subjects
				got = append(got, fmt.Sprintf("%s %s %s|%s|%s|%s|%s %g/%g", f.Severity, f.Rule, strings.Join(s.Keys, ","), strings.Join(s.Accounts, ","),
					strings.Join(s.People, ","), strings.Join(s.Places, ","), strings.Join(s.Artifacts, ","), f.Figure, f.Threshold))
				if f.Text == "" || f.Next == "" || strings.Contains(f.Text+f.Next, "%!") {
					t.Errorf("%s says %q and %q", f.Rule, f.Text, f.Next)
				}
				if i := slices.IndexFunc(r.Rules, func(o Outcome) bool { return o.Rule == f.Rule }); r.Rules[i].Findings != 1 || !r.Rules[i].Checked {
					t.Errorf("outcome %+v", r.Rules[i])
				}
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), tt.want)
			}
		})
	}
}

// applies is an advisory for one key.
func applies(k inventory.Key) []string {
	if k.ID == "k1" {
		return []string{"YSA-2024-03"}
	}
	return nil
}

// What the policy gives nothing to check is not called checked.
func TestNotChecked(t *testing.T) {
	w := sound()
	w.policy.Custody.SitesPerAccount = 1
	var not []string
	for _, o := range Check(w.Snapshot, w.policy, applies, now).Rules {
		if !o.Checked {
			not = append(not, string(o.Rule))
		}
	}
	if got, want := strings.Join(not, " "), "same_site spare_pool_low replica_missing campaign"; got != want {
		t.Errorf("not checked: %s, want %s", got, want)
	}
}

// The worst comes first.
func TestOrder(t *testing.T) {
	w := sound()
	w.put("k2", "b2")
	w.keep("a1", inventory.ArtifactVaultCopy, "b1")
	w.place("berlin").Capacity = 1
	var got []string
	for _, f := range Check(w.Snapshot, w.policy, applies, now).Findings {
		got = append(got, string(f.Rule))
	}
	if want := "key_with_password same_site over_capacity"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestWords: the policy spells the kinds of artifacts as the inventory does, and
// the page explains every rule.
func TestWords(t *testing.T) {
	var kinds []string
	for _, k := range inventory.ArtifactKinds() {
		kinds = append(kinds, string(k))
	}
	if !slices.Equal(kinds, policy.ArtifactKinds()) {
		t.Errorf("the policy knows %v, the inventory %v", policy.ArtifactKinds(), kinds)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "custody-check.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Rules() {
		if !strings.Contains(string(page), "| `"+string(r)+"` |") {
			t.Errorf("docs/custody-check.md says nothing of %s", r)
		}
	}
}

// crowd is n keys, two to each of n/2 accounts, in 100 safes, a hundredth of
// them with somebody.
func crowd(n int) *world {
	w := sound()
	w.Keys, w.Bindings = nil, nil
	for i := range 100 {
		site := fmt.Sprintf("site %d", i%10)
		w.Places = append(w.Places, inventory.Place{ID: fmt.Sprint("p", i), Path: fmt.Sprintf("%s/safe %d", site, i)})
		w.keep(fmt.Sprint("a", i), inventory.ArtifactVaultCopy, fmt.Sprint("p", i), "ada")
	}
	for i := range n {
		k := inventory.Key{
			ID: fmt.Sprint("k", i), Type: inventory.TypeKey, Product: "YubiKey 5C NFC", AddedAt: ago(300), EnrolledAt: ago(i % 200),
			Custody: inventory.Custody{Status: inventory.StatusInSafe, Since: ago(20)},
		}
		p := w.place(fmt.Sprint("p", i%100))
		k.PlaceID, k.Place = p.ID, p.Path
		if i%100 == 7 {
			k.HolderID, k.Status, k.Since = "ada", inventory.StatusCheckedOut, ago(40)
		}
		w.Keys = append(w.Keys, k)
		id := fmt.Sprintf("%012d", i/2)
		w.Bindings = append(w.Bindings, inventory.Binding{AccountID: id, KeyID: k.ID})
		w.Artifacts[i%100].Accounts = append(w.Artifacts[i%100].Accounts, id)
	}
	return w
}

// TestLarge: 100,000 keys are checked in seconds, a minute at the most, and what there is is found.
func TestLarge(t *testing.T) {
	w := crowd(100_000)
	start := time.Now()
	r := Check(w.Snapshot, w.policy, applies, now)
	took := time.Since(start)
	t.Logf("%d findings in %v", len(r.Findings), took)
	for _, o := range r.Rules {
		switch {
		case o.Rule == WithPerson && o.Findings != 1000, o.Rule == NotProved && o.Findings != 9500:
			t.Errorf("%s: %d findings", o.Rule, o.Findings)
		}
	}
	if took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		w := crowd(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Check(w.Snapshot, w.policy, applies, now)
			}
		})
	}
}
