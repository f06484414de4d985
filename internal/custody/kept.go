package custody

import "hwmfa/inventory"

// KeptRules are the rules that can be checked on what is Kept: those that audits raise flags by.
func KeptRules() []Rule { return []Rule{SameSite, CustodianOverload, SparePoolLow} }

// Kept is as much of a snapshot as KeptRules look at, for evidence that is judged again by another policy. Nobody's name is in it.
type Kept struct {
	Keys     []KeptKey     `json:"keys"`
	Places   []KeptPlace   `json:"places"`
	People   []KeptPerson  `json:"people"` // those who work at a site
	Access   []KeptAccess  `json:"access"`
	Bindings []KeptBinding `json:"bindings"`
}

// KeptKey is a key, and where it is.
type KeptKey struct {
	ID      string           `json:"id"`
	Type    inventory.Type   `json:"type"`
	Product *string          `json:"product"` // null: unknown
	Status  inventory.Status `json:"status"`
	PlaceID *string          `json:"place_id"`  // null: nowhere
	Holder  *string          `json:"holder_id"` // null: nobody
}

// KeptPlace is a place.
type KeptPlace struct {
	ID       string  `json:"id"`
	ParentID *string `json:"parent_id"` // null for a site
	Path     string  `json:"path"`
}

// KeptPerson is where somebody works.
type KeptPerson struct {
	ID   string `json:"id"`
	Site string `json:"site"`
}

// KeptAccess is who may open a place.
type KeptAccess struct {
	PlaceID  string `json:"place_id"`
	PersonID string `json:"person_id"`
}

// KeptBinding is a key that opens an account.
type KeptBinding struct {
	AccountID string `json:"account_id"`
	KeyID     string `json:"key_id"`
}

// Keep is what of a snapshot is kept.
func (s Snapshot) Keep() Kept {
	kept := Kept{[]KeptKey{}, []KeptPlace{}, []KeptPerson{}, []KeptAccess{}, []KeptBinding{}}
	for _, k := range s.Keys {
		kept.Keys = append(kept.Keys, KeptKey{k.ID, k.Type, orNull(k.Product), k.Status, orNull(k.PlaceID), orNull(k.HolderID)})
	}
	for _, p := range s.Places {
		kept.Places = append(kept.Places, KeptPlace{p.ID, orNull(p.ParentID), p.Path})
	}
	for _, p := range s.People {
		if p.Site != "" {
			kept.People = append(kept.People, KeptPerson{p.ID, p.Site})
		}
	}
	for _, a := range s.Access {
		kept.Access = append(kept.Access, KeptAccess{a.PlaceID, a.PersonID})
	}
	for _, b := range s.Bindings {
		kept.Bindings = append(kept.Bindings, KeptBinding{b.AccountID, b.KeyID})
	}
	return kept
}

// Snapshot is what was kept, for KeptRules.
func (k Kept) Snapshot() Snapshot {
	var s Snapshot
	paths := map[string]string{}
	for _, p := range k.Places {
		paths[p.ID] = p.Path
		s.Places = append(s.Places, inventory.Place{ID: p.ID, ParentID: deref(p.ParentID), Path: p.Path})
	}
	for _, key := range k.Keys {
		place := deref(key.PlaceID)
		s.Keys = append(s.Keys, inventory.Key{
			ID: key.ID, Type: key.Type, Product: deref(key.Product), Place: paths[place],
			Custody: inventory.Custody{Status: key.Status, PlaceID: place, HolderID: deref(key.Holder)},
		})
	}
	for _, p := range k.People {
		s.People = append(s.People, inventory.Person{ID: p.ID, Site: p.Site})
	}
	for _, a := range k.Access {
		s.Access = append(s.Access, inventory.Access{PlaceID: a.PlaceID, PersonID: a.PersonID})
	}
	for _, b := range k.Bindings {
		s.Bindings = append(s.Bindings, inventory.Binding{AccountID: b.AccountID, KeyID: b.KeyID})
	}
	return s
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
