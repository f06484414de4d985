package inventory

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"hwmfa/hw"
)

// VerifyState holds the rows that answers are given from against what the
// events of the journal come to, and names each that differs, is gone or was
// put there by nobody. The journal itself is for VerifyJournal, stored evidence
// for VerifyRecords, proofs for VerifyProofs.
func VerifyState(tx Tx) error {
	c := newStateCheck()
	return c.end(tx, walk(tx, c))
}

// stateCheck holds rows against what the events come to.
type stateCheck struct {
	want projection
	bad  []error // events that say nothing: they are named, and the others count
}

func newStateCheck() *stateCheck { return &stateCheck{want: newProjection()} }

func (c *stateCheck) see(e *RawEvent) bool {
	if err := c.want.apply(e); err != nil {
		c.bad = append(c.bad, fmt.Errorf("verify state: %w", err))
	}
	return len(c.bad) < maxBadEvents
}

// maxBadEvents is how many are named.
const maxBadEvents = 100

// end returns what is wrong; err is what ended the reading.
func (c *stateCheck) end(tx Tx, err error) error {
	if len(c.bad) >= maxBadEvents {
		return errors.Join(c.bad...)
	}
	var have map[string]string
	var keys, names []error
	if err == nil {
		keys, err = c.want.compareKeys(tx)
	}
	if err == nil {
		c.bad = append(c.bad, c.want.finish())
		have, err = stateRows(tx)
	}
	if err == nil {
		names, err = misfolded(tx)
	}
	if err != nil {
		return errors.Join(append(c.bad, fmt.Errorf("verify state: %w", err))...)
	}
	bad := slices.Concat(c.bad, keys, names)
	for _, name := range slices.Sorted(maps.Keys(c.want.rows)) {
		row, there := have[name]
		switch {
		case !there:
			bad = append(bad, goneRow(name))
		case row != c.want.rows[name]:
			bad = append(bad, changedRow(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, known := c.want.rows[name]; !known {
			bad = append(bad, strangeRow(name))
		}
	}
	return errors.Join(bad...)
}

// misfolded names the rows that are looked up by something else than what they
// show.
func misfolded(tx Tx) (bad []error, err error) {
	err = tx.EachFolded(func(f Folded) error {
		if f.Folded != Fold(f.Text) {
			bad = append(bad, fmt.Errorf("%s is not found by what it is called: %w", f.Row, ErrDamaged))
		}
		return nil
	})
	return bad, err
}

func goneRow(name string) error { return fmt.Errorf("%s is gone: %w", name, ErrDamaged) }
func changedRow(name string) error {
	return fmt.Errorf("%s is not what the journal recorded: %w", name, ErrDamaged)
}
func strangeRow(name string) error {
	return fmt.Errorf("%s is not of the journal: %w", name, ErrDamaged)
}

// projection is the state that events come to: what rows there are, by a name
// for people, and what each holds.
type projection struct {
	rows   map[string]string
	keys   map[string]*keyState
	people map[string]Person
	orders map[string]Order
	places map[string]placeState
	bags   map[string]Bag
}

func newProjection() projection {
	return projection{
		rows: map[string]string{}, keys: map[string]*keyState{}, people: map[string]Person{}, orders: map[string]Order{},
		places: map[string]placeState{}, bags: map[string]Bag{},
	}
}

// placeState is what the events come to for one place.
type placeState struct {
	Made  string // the payload of place.made
	Path  string
	Rules placeRules
}

// keyState is what the events come to for one key. It can be compared by ==.
type keyState struct {
	Serial, Tag, Product, Order, BatteryEnd string
	Type                                    Type
	Custody                                 Custody
	Shown                                   shownKey
	Proved                                  Summary
	AddedAt, AddedBy                        string
	EnrolledAt, EnrolledBy                  string
	// moved is the last move since then, as it was recorded: only the last says
	// where the key is, and there may be hundreds.
	moved, movedAt string
}

// shownKey is what a plugged key shows, as its row holds it; zero: not yet.
type shownKey struct {
	USBVendor, USBProduct uint16
	FormFactor            byte
	Firmware, AAGUID      string
}

// apply takes in the next event.
func (p projection) apply(raw *RawEvent) error {
	if k, known := p.keys[raw.Subject]; known && isMove(raw.Kind) {
		k.moved, k.movedAt = raw.Payload, raw.Time
		return nil
	}
	e, err := raw.event()
	if err != nil {
		return err
	}
	if err := p.applied(e); err != nil {
		return damagedEvent(e.Seq, err)
	}
	return nil
}

func (p projection) applied(e Event) error {
	switch e.Kind {
	case KindPlaceMade:
		p.places[e.Subject] = placeState{Made: e.Payload}
	case KindPlaceChanged:
		place := p.places[e.Subject]
		err := json.Unmarshal([]byte(e.Payload), &place.Rules)
		p.places[e.Subject] = place
		return err
	case KindAccountSaved:
		p.rows[accountRow(e.Subject)] = e.Payload
	case KindAnchorAdded:
		p.rows[anchorRow(e.Subject)] = dated(e.Payload, e.Time, e.Actor)
	case KindAnchorRemoved:
		delete(p.rows, anchorRow(e.Subject))
	case KindBindingAdded, KindBindingRemoved:
		return p.binding(e)
	case KindPlaceGranted, KindPlaceRevoked:
		return p.access(e)
	case KindArtifactAdded, KindArtifactMoved, KindArtifactChanged, KindArtifactRetired:
		return p.artifact(e)
	case KindExceptionAdded:
		p.rows[exceptionRow(e.Subject)] = dated(e.Payload, e.Time, e.Actor)
	case KindExceptionEnded:
		delete(p.rows, exceptionRow(e.Subject))
	case KindBagSealed, KindBagOpened, KindBagBroken:
		return p.bag(e)
	case KindShipmentSent:
		p.rows[shipmentRow(e.Subject)] = dated(e.Payload, e.Time, e.Actor)
	case KindRequestMade:
		p.rows[requestRow(e.Subject)] = dated(fmt.Sprint(e.Seq, " ", e.Payload), e.Time, e.Actor)
	case KindRequestConfirmed, KindRequestWithdrawn:
		delete(p.rows, requestRow(e.Subject))
	case KindOrderListed, KindOrderReceived:
		return p.order(e)
	case KindPersonSaved, KindPersonLeft:
		return p.person(e)
	case KindAuditRecorded:
		return p.audit(e)
	}
	if strings.HasPrefix(e.Kind, "key.") {
		return p.key(e)
	}
	return nil
}

func (p projection) binding(e Event) error {
	var b struct {
		Account string `json:"account"`
	}
	if err := json.Unmarshal([]byte(e.Payload), &b); err != nil {
		return err
	}
	if e.Kind == KindBindingAdded {
		p.rows[bindingRow(e.Subject, b.Account)] = dated(e.Payload, e.Time, e.Actor)
	} else {
		delete(p.rows, bindingRow(e.Subject, b.Account))
	}
	return nil
}

func (p projection) order(e Event) error {
	o := p.orders[e.Subject]
	if e.Kind == KindOrderListed {
		var listed orderJSON
		if err := json.Unmarshal([]byte(e.Payload), &listed); err != nil {
			return err
		}
		sum, err := ParseHash(listed.Manifest)
		if err != nil {
			return err
		}
		o = Order{Number: e.Subject, Supplier: text(listed.Supplier), Manifest: sum, Lines: listed.Lines, At: e.Time, By: e.Actor}
	} else {
		var received receivedJSON
		if err := json.Unmarshal([]byte(e.Payload), &received); err != nil {
			return err
		}
		if len(received.Counts) > 0 {
			o.Lines = received.Counts
		}
	}
	p.orders[e.Subject] = o
	return nil
}

// audit keeps of a run what its row has, not the verdicts.
func (p projection) audit(e Event) error {
	var j auditJSON
	if err := json.Unmarshal([]byte(e.Payload), &j); err != nil {
		return err
	}
	head, err := canonicalJSON(j)
	p.rows[auditRow(e.Subject)] = auditState(string(head), e.Actor, e.Seq, e.Time)
	return err
}

func (p projection) access(e Event) error {
	var a accessJSON
	if err := json.Unmarshal([]byte(e.Payload), &a); err != nil {
		return err
	}
	if e.Kind == KindPlaceGranted {
		p.rows[accessRow(e.Subject, a.Person)] = dated(e.Payload, e.Time, e.Actor)
	} else {
		delete(p.rows, accessRow(e.Subject, a.Person))
	}
	return nil
}

func (p projection) artifact(e Event) error {
	var a artifactState
	if err := json.Unmarshal([]byte(e.Payload), &a.Is); err != nil {
		return err
	}
	a.Is.Reason = nil
	if e.Kind == KindArtifactRetired {
		a.RetiredAt = FormatTime(e.Time)
	}
	return putRow(p.rows, artifactRow(e.Subject), a)
}

func (p projection) bag(e Event) error {
	bag := Bag{Number: e.Subject, State: BagIntact, SealedAt: e.Time, SealedBy: e.Actor}
	for state, kind := range bagEnds {
		if kind != e.Kind {
			continue
		}
		var ended bagEnded
		if err := json.Unmarshal([]byte(e.Payload), &ended); err != nil {
			return err
		}
		bag = p.bags[e.Subject]
		bag.State, bag.EndedAt, bag.EndedBy, bag.Reason = state, e.Time, e.Actor, ended.Reason
	}
	p.bags[e.Subject] = bag
	return putRow(p.rows, bagRow(e.Subject), bag)
}

func (p projection) person(e Event) error {
	who := p.people[e.Subject]
	if e.Kind == KindPersonLeft {
		who.LeftAt = e.Time
	} else {
		var saved personJSON
		if err := json.Unmarshal([]byte(e.Payload), &saved); err != nil {
			return err
		}
		who = Person{
			ID: e.Subject, Name: saved.Name, Email: text(saved.Email), Login: text(saved.Login), Site: text(saved.Site), LeftAt: who.LeftAt,
		}
	}
	p.people[e.Subject] = who
	return nil
}

// key takes in an event about a key.
func (p projection) key(e Event) error {
	k, known := p.keys[e.Subject]
	if !known {
		k = &keyState{Type: TypeKey, AddedAt: FormatTime(e.Time), AddedBy: e.Actor, Proved: Summarize(hw.FIDOStatement{}, nil)}
	}
	payload := []byte(e.Payload)
	switch e.Kind {
	case KindKeyDeclared:
		var d declaredJSON
		if err := json.Unmarshal(payload, &d); err != nil {
			return err
		}
		k.Serial, k.Tag, k.Type, k.Product, k.Order = text(d.Serial), text(d.Tag), d.Type, text(d.Product), text(d.Order)
		k.BatteryEnd = text(d.BatteryEnd)
		k.Custody = Custody{Status: d.Status, PlaceID: text(d.Place), Since: e.Time}
	case KindKeyEnrolled:
		if err := p.enrolled(k, e); err != nil {
			return err
		}
	case KindKeyPIVIdentity:
		if err := k.gotPIVIdentity(payload); err != nil {
			return err
		}
	case KindKeyTagged:
		var t taggedJSON
		if err := json.Unmarshal(payload, &t); err != nil {
			return err
		}
		k.Tag = text(t.Tag)
	default:
		if !isMove(e.Kind) {
			return nil
		}
		var c custodyJSON
		err := json.Unmarshal(payload, &c)
		if err == nil {
			k.Custody, err = c.custody(e.Time)
		}
		if err != nil {
			return err
		}
	}
	if k.Custody.Status == "" {
		return errors.New("the key came from nowhere")
	}
	p.keys[e.Subject] = k
	return nil
}

func (p projection) enrolled(k *keyState, e Event) error {
	var is enrolledJSON
	if err := json.Unmarshal([]byte(e.Payload), &is); err != nil {
		return err
	}
	fido, piv, err := decodeStatements(is.Statements)
	if err != nil {
		return err
	}
	if c := is.Credential; c != nil {
		p.rows[credentialRow(e.Subject, e.Time)] = fmt.Sprint(*c)
	}
	k.Proved, k.Shown = Summarize(fido, piv), is.shown()
	if is.Order != nil {
		k.Order = *is.Order
	}
	k.Serial, k.Tag, k.Product = text(is.Serial), text(is.Tag), text(is.Product)
	k.Custody = Custody{Status: is.Status, PlaceID: text(is.Place), HolderID: text(is.Holder), Since: e.Time}
	k.moved, k.movedAt = "", ""
	k.EnrolledAt, k.EnrolledBy = FormatTime(e.Time), e.Actor
	return nil
}

// shown is what of the payload only the key's row holds.
func (k enrolledJSON) shown() shownKey {
	return shownKey{
		USBVendor: k.USBVendor, USBProduct: k.USBProduct, FormFactor: k.FormFactor, Firmware: text(k.Firmware), AAGUID: text(k.AAGUID),
	}
}

// finish writes down what more than one event makes.
func (p projection) finish() error {
	var errs []error
	for number, o := range p.orders {
		o.Lines = append([]OrderLine{}, o.Lines...)
		errs = append(errs, putRow(p.rows, orderRow(number), o))
	}
	for id, who := range p.people {
		errs = append(errs, putRow(p.rows, personRow(id), who))
	}
	for id, place := range p.places {
		place.Path = p.path(id)
		errs = append(errs, putRow(p.rows, placeRow(id), place))
	}
	return errors.Join(errs...)
}

// path is that of a place.
func (p projection) path(id string) string {
	var names []string
	for range placeLevels {
		var made placeJSON
		if json.Unmarshal([]byte(p.places[id].Made), &made) != nil || made.Name == "" {
			break
		}
		names = append(names, made.Name)
		id = text(made.Parent)
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

// finish takes in the last move.
func (k *keyState) finish() error {
	if k.moved == "" {
		return nil
	}
	at, err := ParseTime(k.movedAt)
	if err != nil {
		return err
	}
	var c custodyJSON
	if err := json.Unmarshal([]byte(k.moved), &c); err != nil {
		return err
	}
	k.moved, k.movedAt = "", ""
	k.Custody, err = c.custody(at)
	return err
}

// compareKeys names the keys whose rows are not what the events come to. Their
// last moves are read while the rows come.
func (p projection) compareKeys(tx Tx) (bad []error, err error) {
	var wg sync.WaitGroup
	wg.Go(func() {
		for id, k := range p.keys {
			if err := k.finish(); err != nil {
				bad = append(bad, fmt.Errorf("the last move of %s: %w: %w", id, ErrDamaged, err))
			}
		}
	})
	keys, err := tx.ListKeys(KeyFilter{})
	wg.Wait()
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(keys))
	for _, k := range keys {
		seen[k.ID] = true
		switch want, known := p.keys[k.ID]; {
		case !known:
			bad = append(bad, strangeRow(keyRow(k.ID)))
		case *want != stateOf(k):
			bad = append(bad, changedRow(keyRow(k.ID)))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.keys)) {
		if !seen[id] {
			bad = append(bad, goneRow(keyRow(id)))
		}
	}
	return bad, nil
}

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

// stateOf is a key's row in the form of a projection.
func stateOf(k Key) keyState {
	s := keyState{
		Serial: k.Serial, Tag: k.Tag, Product: k.Product, Order: k.Order, BatteryEnd: text(nullTime(k.BatteryEnd)),
		Type: k.Type, Custody: k.Custody, Proved: k.Attestation,
		AddedAt: FormatTime(k.AddedAt), AddedBy: k.AddedBy, EnrolledAt: text(nullTime(k.EnrolledAt)), EnrolledBy: k.EnrolledBy,
	}
	if k.Attested() {
		s.Shown = enrolledPayload(k, nil, Hash{}, nil).shown()
	}
	return s
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
