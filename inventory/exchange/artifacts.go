package exchange

import (
	"slices"
	"strings"

	"hwmfa/inventory"
)

// Artifacts carries what has to be kept apart from keys: where it is and whom it
// concerns. What it holds is in no column, and in no file that is read.
func Artifacts() Kind {
	return Kind{
		Name: "artifacts", About: "a vault copy, seed medium, PIN envelope or printed sheet",
		Schema: schema("artifacts", append([]Column{
			{Name: "artifact_id", Aliases: []string{"id"}, Unique: true},
			{Name: "kind", Aliases: []string{"type"}, Required: true, Parse: parseWord("kind of artifact", func(k inventory.ArtifactKind) bool {
				return slices.Contains(inventory.ArtifactKinds(), k)
			})},
			{Name: "label", Aliases: []string{"name"}, Required: true},
			{Name: "accounts", Aliases: []string{"account"}, Parse: parseAccounts},
			{Name: "place", Aliases: []string{"location"}, Parse: inventory.NormalizePlace},
			{Name: "openers"},
			{Name: "seal", Aliases: []string{"seal_no", "seal_number"}},
			{Name: "replica_of"},
			{Name: "retired_at", Time: true, Out: true},
		}, keyColumns(false)...)...),
		rows: artifactRows, step: artifactStep,
		identity: func(r *register, row Record) string {
			if a, known, _ := r.artifact(row); known {
				return a.ID
			}
			return inventory.Fold("new " + row.Text("label"))
		},
	}
}

// listSeparator stands between the entries of a cell that holds several: names
// hold commas.
const listSeparator = "; "

func splitList(s string) []string {
	var list []string
	for entry := range strings.SplitSeq(s, ";") {
		if entry = strings.TrimSpace(entry); entry != "" {
			list = append(list, entry)
		}
	}
	return list
}

func parseAccounts(s string) (string, error) {
	list := splitList(s)
	for i, entry := range list {
		id, err := parseAccount(entry)
		if err != nil {
			return "", err
		}
		list[i] = id
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), listSeparator), nil
}

func artifactRows(tx inventory.Tx) ([][]string, error) {
	r, err := newRegister(tx)
	if err != nil {
		return nil, err
	}
	all, err := inventory.Artifacts(tx)
	if err != nil {
		return nil, err
	}
	// A copy comes after what it is a copy of, so that it can be read back so.
	isCopy := func(a inventory.Artifact) bool { return a.ReplicaOf != "" }
	originals, copies := slices.DeleteFunc(slices.Clone(all), isCopy), slices.DeleteFunc(all, func(a inventory.Artifact) bool { return !isCopy(a) })
	rows := make([][]string, 0, len(originals)+len(copies))
	for _, a := range append(originals, copies...) {
		k := r.keys[a.KeyID]
		rows = append(rows, []string{
			a.ID, string(a.Kind), a.Label, strings.Join(a.Accounts, listSeparator), a.Place, r.openers(a.Openers), a.Seal,
			r.artifacts[a.ReplicaOf].Label, exportTime(a.RetiredAt), a.KeyID, k.Serial, k.Tag,
		})
	}
	return rows, nil
}

// openers names people so that a file can be read back: by e-mail address, and
// by name where they have none.
func (r *register) openers(personIDs []string) string {
	var names []string
	for _, id := range personIDs {
		p := r.personIDs[id]
		if p.Email != "" {
			names = append(names, p.Email)
		} else {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, listSeparator)
}

// artifact finds the artifact that a row is about: by ID, and by the label of
// those in use where the ID is none of this inventory.
func (r *register) artifact(row Record) (a inventory.Artifact, known bool, fault string) {
	if a, known = r.artifacts[row.Text("artifact_id")]; known {
		return a, true, ""
	}
	return r.artifactCalled(row.Text("label"))
}

func (r *register) artifactCalled(label string) (a inventory.Artifact, known bool, fault string) {
	switch same := r.byLabel[inventory.Fold(label)]; len(same) {
	case 0:
		return a, false, ""
	case 1:
		return same[0], true, ""
	}
	return a, false, "several artifacts have this label; name one by its ID"
}

func artifactStep(r *register, row Record) Step {
	old, known, fault := r.artifact(row)
	s := Step{Name: row.Text("label")}
	switch {
	case fault != "":
		s.conflict("%s", fault)
		return s
	case known:
		s.Name = old.Name()
	case row.Text("retired_at") != "":
		s.Notes = append(s.Notes, "is retired and does not come in")
		return s
	default:
		s.Action = ActionCreate
	}
	a := old
	if s.set("kind", string(old.Kind), row.Text("kind")) {
		a.Kind = inventory.ArtifactKind(row.Text("kind"))
	}
	if s.set("label", old.Label, row.Text("label")) {
		a.Label = row.Text("label")
	}
	if s.set("accounts", strings.Join(old.Accounts, listSeparator), row.Text("accounts")) {
		a.Accounts = splitList(row.Text("accounts"))
	}
	if s.set("seal", old.Seal, row.Text("seal")) {
		a.Seal = row.Text("seal")
	}
	moves := s.setFolded("place", old.Place, row.Text("place"))
	if moves {
		r.newPlace(&s, row.Text("place"))
	}
	r.setOpeners(&s, &a, row)
	r.setKey(&s, &a, row)
	original := row.Text("replica_of")
	s.setFolded("replica_of", r.artifacts[old.ReplicaOf].Label, original)
	s.do = func(tx inventory.Tx, act inventory.Act) error {
		if moves {
			p, err := inventory.EnsurePlace(tx, act, row.Text("place"))
			if err != nil {
				return err
			}
			a.PlaceID = p.ID
		}
		if original != "" {
			o, err := inventory.FindArtifact(tx, original)
			if err != nil {
				return err
			}
			a.ReplicaOf = o.ID
		}
		_, err := inventory.SaveArtifact(tx, act, a)
		return err
	}
	return s
}

func (r *register) setOpeners(s *Step, a *inventory.Artifact, row Record) {
	var ids []string
	for _, called := range splitList(row.Text("openers")) {
		p, fault := r.person(called)
		if fault != "" {
			s.conflict("openers: %s", fault)
			return
		}
		ids = append(ids, p.ID)
	}
	if s.set("openers", r.openers(a.Openers), r.openers(ids)) {
		a.Openers = ids
	}
}

func (r *register) setKey(s *Step, a *inventory.Artifact, row Record) {
	if row.Text("key_id") == "" && row.Text("serial") == "" && row.Text("tag") == "" {
		return
	}
	k, known, fault := r.key(row)
	if fault == "" && !known {
		fault = "there is no such key; import keys first"
	}
	if fault != "" {
		s.conflict("%s", fault)
		return
	}
	if s.set("key_id", a.KeyID, k.ID) {
		a.KeyID = k.ID
	}
}
