package custody

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

// What was kept, as it comes back out of JSON, is judged as the inventory is, whatever the policy.
func TestWhatIsKeptIsEnoughToJudgeAgain(t *testing.T) {
	policies := map[string]func(*policy.Policy){
		"the default":         func(*policy.Policy) {},
		"three sites":         func(p *policy.Policy) { p.Custody.SitesPerAccount = 3 },
		"one key a custodian": func(p *policy.Policy) { p.KeysPerCustodian = 1 },
		"spares of a model": func(p *policy.Policy) {
			p.Custody.Spares = []policy.Spare{{Model: "YubiKey 5C*", Site: "Berlin", Level: 2}}
		},
		"spares of any model":   func(p *policy.Policy) { p.Custody.Spares = []policy.Spare{{Level: 1}, {Level: 9}} },
		"nothing is asked here": func(p *policy.Policy) { p.Custody.SitesPerAccount = 1 },
	}
	found := map[Rule]int{}
	for name, edit := range map[string]func(*world){
		"all is as it should be":    func(*world) {},
		"an empty inventory":        func(w *world) { w.Snapshot = Snapshot{} },
		"both keys at one site":     func(w *world) { w.put("k2", "b2") },
		"a key with somebody there": func(w *world) { w.hand("k2", "ada", 1); w.People[0].Site = "Berlin" },
		"one opener of two keys":    func(w *world) { w.put("k3", "b1b"); w.grant("berlin", "ada") },
		"two keys with somebody":    func(w *world) { w.hand("k2", "ada", 1); w.hand("k3", "ada", 1) },
		"a token is no spare key":   func(w *world) { w.key("k3").Type = inventory.TypeToken },
		"a lost key":                func(w *world) { w.key("k3").Status = inventory.StatusLost },
		"a key that is nowhere":     func(w *world) { w.key("k2").PlaceID, w.key("k2").Place = "", "" },
	} {
		w := sound()
		edit(w)
		doc, err := json.Marshal(w.Keep())
		if err != nil {
			t.Fatal(err)
		}
		for _, person := range w.People {
			if strings.Contains(string(doc), `"`+person.Name+`"`) {
				t.Errorf("%s: the name of %s is kept", name, person.Name)
			}
		}
		var kept Kept
		if err := json.Unmarshal(doc, &kept); err != nil {
			t.Fatal(err)
		}
		for wanted, change := range policies {
			p := w.policy
			change(&p)
			was, is := Check(w.Snapshot, p, applies, now, KeptRules()...), Check(kept.Snapshot(), p, applies, now, KeptRules()...)
			if !reflect.DeepEqual(was.Rules, is.Rules) || !slices.EqualFunc(was.Findings, is.Findings, func(a, b Finding) bool {
				return a.Rule == b.Rule && reflect.DeepEqual(a.Subjects, b.Subjects) && a.Figure == b.Figure && a.Threshold == b.Threshold
			}) {
				t.Errorf("%s, %s: kept comes to\n%+v\nand the inventory to\n%+v", name, wanted, is, was)
			}
			for _, f := range was.Findings {
				found[f.Rule]++
			}
		}
	}
	for _, r := range KeptRules() {
		if found[r] == 0 {
			t.Errorf("nothing here breaks %s", r)
		}
	}
}
