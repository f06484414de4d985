package awstest

import (
	"maps"
	"net/http"
	"slices"
)

// tree is who is in which unit, by its ID.
type tree struct {
	units    map[string][]*Unit
	accounts map[string][]*Account
	unit     map[string]*Unit
}

func plant(org *Organization) tree {
	t := tree{units: map[string][]*Unit{}, accounts: map[string][]*Account{}, unit: map[string]*Unit{RootID: {ID: RootID}}}
	parent := func(id string) string {
		if id == "" {
			return RootID
		}
		return id
	}
	for i := range org.Units {
		u := &org.Units[i]
		t.unit[u.ID] = u
		t.units[parent(u.Parent)] = append(t.units[parent(u.Parent)], u)
	}
	for i := range org.Accounts {
		a := &org.Accounts[i]
		t.accounts[parent(a.Unit)] = append(t.accounts[parent(a.Unit)], a)
	}
	return t
}

func (s *Server) listRoots(w http.ResponseWriter, c *call) {
	if !s.reader(w, c) {
		return
	}
	s.sendPage(w, c, "Roots", 1, func(int) any { return map[string]string{"Id": RootID, "Name": "Root"} })
}

// parent is the unit or root that a call is about; nil, and an answer, where there is none.
func (s *Server) parent(w http.ResponseWriter, c *call) *Unit {
	if !s.reader(w, c) {
		return nil
	}
	u := s.tree.unit[c.args.Get("ParentId")]
	if u == nil {
		c.fail(w, http.StatusBadRequest, "ParentNotFoundException", "You specified parent that doesn't exist.")
	}
	return u
}

func (s *Server) listUnits(w http.ResponseWriter, c *call) {
	if u := s.parent(w, c); u != nil {
		units := s.tree.units[u.ID]
		s.sendPage(w, c, "OrganizationalUnits", len(units), func(i int) any {
			return map[string]string{"Id": units[i].ID, "Name": units[i].Name}
		})
	}
}

func (s *Server) listAccountsOfUnit(w http.ResponseWriter, c *call) {
	if u := s.parent(w, c); u != nil {
		accounts := s.tree.accounts[u.ID]
		s.sendPage(w, c, "Accounts", len(accounts), func(i int) any { return s.entry(accounts[i]) })
	}
}

func (s *Server) listTags(w http.ResponseWriter, c *call) {
	if !s.reader(w, c) {
		return
	}
	a := s.accounts[c.args.Get("ResourceId")]
	if a == nil {
		c.fail(w, http.StatusBadRequest, "TargetNotFoundException", "You specified a target that doesn't exist.")
		return
	}
	names := slices.Sorted(maps.Keys(a.Tags))
	s.sendPage(w, c, "Tags", len(names), func(i int) any {
		return map[string]string{"Key": names[i], "Value": a.Tags[names[i]]}
	})
}
