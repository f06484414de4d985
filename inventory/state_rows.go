package inventory

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// putRow keeps a row in a form that can be compared.
func putRow(rows map[string]string, name string, content any) error {
	b, err := canonicalJSON(content)
	rows[name] = string(b)
	return err
}

// stateRows is what the store holds, in the form of a projection.
func stateRows(tx Tx) (map[string]string, error) {
	rows := map[string]string{}
	credentials, err2 := tx.ListCredentials("")
	places, err3 := tx.ListPlaces()
	anchors, err4 := tx.ListAnchors()
	accounts, err5 := tx.ListAccounts()
	bindings, err6 := tx.ListBindings("", "")
	people, err7 := tx.ListPeople()
	orders, err8 := tx.ListOrders()
	access, err9 := tx.ListAccess("", "")
	artifacts, err10 := tx.ListArtifacts()
	exceptions, err11 := tx.ListExceptions("")
	errs := []error{err2, err3, err4, err5, err6, err7, err8, err9, err10, err11}
	bags, errBags := tx.ListBags()
	shipments, errShipments := tx.ListShipments()
	requests, errRequests := tx.ListRequests()
	audits, errAudits := tx.ListAuditRuns("")
	errs = append(errs, errBags, errShipments, errRequests, errAudits)
	put := func(name string, payload any, at time.Time, by string) {
		content, err := canonicalJSON(payload)
		errs = append(errs, err)
		rows[name] = string(content)
		if by != "" {
			rows[name] = dated(string(content), at, by)
		}
	}
	for _, c := range credentials {
		rows[credentialRow(c.KeyID, c.At)] = fmt.Sprint(credentialJSON{c.RPID, hex.EncodeToString(c.ID), hex.EncodeToString(c.PublicKey), c.Silent})
	}
	for _, p := range places {
		made, err := canonicalJSON(placePayload(p))
		errs = append(errs, err, putRow(rows, placeRow(p.ID), placeState{string(made), p.Path, placeRules{p.Capacity, p.TwoPeople}}))
	}
	for _, a := range accounts {
		put(accountRow(a.ID), accountPayload(a), time.Time{}, "")
	}
	for _, a := range anchors {
		put(anchorRow(a.SHA256.String()), anchorPayload(a), a.At, a.By)
	}
	for _, o := range orders {
		o.Lines = append([]OrderLine{}, o.Lines...)
		errs = append(errs, putRow(rows, orderRow(o.Number), o))
	}
	for _, p := range people {
		errs = append(errs, putRow(rows, personRow(p.ID), p))
	}
	for _, b := range bags {
		errs = append(errs, putRow(rows, bagRow(b.Number), b))
	}
	for _, s := range shipments {
		put(shipmentRow(s.ID), shipmentPayload(s), s.At, s.By)
	}
	for _, q := range requests {
		rows[requestRow(q.ID)] = dated(fmt.Sprint(q.Event, " ", q.Moves), q.At, q.By)
	}
	for _, r := range audits {
		head, err := r.Head()
		errs = append(errs, err)
		rows[auditRow(r.ID)] = auditState(head, r.By, r.Event, r.At)
	}
	for _, b := range bindings {
		put(bindingRow(b.KeyID, b.AccountID), bindingPayload(b), b.At, b.By)
	}
	for _, a := range access {
		put(accessRow(a.PlaceID, a.PersonID), accessPayload(a), a.At, a.By)
	}
	for _, a := range artifacts {
		errs = append(errs, putRow(rows, artifactRow(a.ID), artifactState{artifactPayload(a), text(nullTime(a.RetiredAt))}))
	}
	for _, e := range exceptions {
		put(exceptionRow(e.AccountID), exceptionPayload(e), e.At, e.By)
	}
	return rows, errors.Join(errs...)
}

func dated(content string, at time.Time, by string) string {
	return strings.Join([]string{content, FormatTime(at), by}, "\n")
}

func keyRow(id string) string       { return "key " + id }
func orderRow(number string) string { return "order " + number }
func personRow(id string) string    { return "person " + id }
func placeRow(id string) string     { return "place " + id }
func accountRow(id string) string   { return "account " + id }
func anchorRow(sum string) string   { return "anchor " + sum }

func artifactRow(id string) string       { return "artifact " + id }
func exceptionRow(account string) string { return "the exception of account " + account }

func accessRow(place, person string) string { return "the access of " + person + " to place " + place }

func bagRow(number string) string  { return "bag " + number }
func shipmentRow(id string) string { return "shipment " + id }
func requestRow(id string) string  { return "request " + id }
func auditRow(id string) string    { return "audit run " + id }

func bindingRow(key, account string) string {
	return "the binding of " + key + " to account " + account
}

func credentialRow(key string, at time.Time) string {
	return "the identity credential of " + key + " of " + FormatTime(at)
}
