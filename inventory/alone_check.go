package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// aloneCheck replays which places took two people at each event, and finds what
// one person alone did there: somebody who may write into the database can do
// without this program and its rules.
type aloneCheck struct {
	state   *stateCheck // as it was before the event
	parents map[string]string
	rules   map[string]bool   // the places that take two people by a rule of their own
	inside  map[string]bool   // those, and all that is in them
	missing map[string]string // by key: where it lay when it was lost or its bag broken
	emptied map[string]bool   // by key: seen to be reset since it was enrolled
	things  artifactsAlone
}

func newAloneCheck(state *stateCheck) aloneCheck {
	return aloneCheck{state: state, parents: map[string]string{}, rules: map[string]bool{}, inside: map[string]bool{}, missing: map[string]string{}, emptied: map[string]bool{}, things: newArtifactsAlone()}
}

// see says what is wrong with an event, "" for nothing. verb is that of a move;
// witnessed: it names a second person; done is the request that was confirmed last.
func (c *aloneCheck) see(e *RawEvent, verb Verb, witnessed bool, done askedFor) string {
	if len(c.state.bad) >= maxBadEvents {
		return "" // the state followed no further
	}
	if verb != "" {
		return c.move(e, verb, witnessed)
	}
	if done.confirmedBy != e.Actor || done.at != e.Time {
		done = askedFor{}
	}
	asks := done.asks
	switch e.Kind {
	case KindPlaceMade:
		c.made(e)
	case KindPlaceChanged:
		return c.changed(e, asks)
	case KindPlaceGranted:
		return c.granted(e, asks)
	case KindKeyFIDOReset:
		var reset struct {
			Proved bool `json:"proved"`
		}
		c.emptied[strings.Clone(e.Subject)] = json.Unmarshal([]byte(e.Payload), &reset) == nil && reset.Proved
	case KindKeyEnrolled:
		delete(c.emptied, e.Subject)
		return c.begins(e)
	case KindKeyDeclared:
		return c.begins(e)
	case KindArtifactAdded, KindArtifactMoved, KindArtifactChanged, KindArtifactRetired:
		return c.things.see(e, c.inside, done)
	}
	return ""
}

func (c *aloneCheck) made(e *RawEvent) {
	var made placeJSON
	if json.Unmarshal([]byte(e.Payload), &made) != nil {
		return // what cannot be read is for the state
	}
	id, parent := strings.Clone(e.Subject), strings.Clone(text(made.Parent))
	c.parents[id] = parent
	if c.inside[parent] {
		c.inside[id] = true
	}
}

func (c *aloneCheck) changed(e *RawEvent, asks requestJSON) string {
	var rules placeRules
	if json.Unmarshal([]byte(e.Payload), &rules) != nil {
		return ""
	}
	was := c.rules[e.Subject]
	if was == rules.TwoPeople {
		return ""
	}
	c.rules[strings.Clone(e.Subject)] = rules.TwoPeople
	clear(c.inside)
	for id := range c.parents {
		if slices.ContainsFunc(c.path(id), func(above string) bool { return c.rules[above] }) {
			c.inside[id] = true
		}
	}
	p := asks.Place
	if was && (p == nil || *p != PlaceChange{e.Subject, rules.Capacity, rules.TwoPeople}) {
		return "one person alone ended that it takes two people"
	}
	return ""
}

func (c *aloneCheck) granted(e *RawEvent, asks requestJSON) string {
	var to accessJSON
	if json.Unmarshal([]byte(e.Payload), &to) != nil {
		return ""
	}
	opens := c.inside[e.Subject]
	for id := range c.inside {
		opens = opens || slices.Contains(c.path(id), e.Subject)
	}
	if a := asks.Access; opens && (a == nil || *a != AccessChange{e.Subject, to.Person}) {
		return "one person alone let somebody open what takes two people"
	}
	return ""
}

// begins checks where a key is declared or enrolled: never in such a place, or
// out of one, but for one that lies there.
func (c *aloneCheck) begins(e *RawEvent) string {
	if len(c.inside) == 0 {
		return ""
	}
	before, err := c.state.want.custodyOf(e.Subject)
	var is struct {
		Place *string `json:"place"`
	}
	if err != nil || json.Unmarshal([]byte(e.Payload), &is) != nil {
		return ""
	}
	to := text(is.Place)
	switch rested := before.Status.Resting(); {
	case rested && slices.Contains(c.path(to), before.PlaceID):
		return ""
	case c.inside[to], rested && c.inside[before.PlaceID]:
		return "one person alone put it where it takes two people, or took it from there"
	}
	return ""
}

// move checks a move that names no second person.
func (c *aloneCheck) move(e *RawEvent, verb Verb, witnessed bool) string {
	from, gone := c.missing[e.Subject]
	switch verb {
	case VerbUnseal, VerbDispose, VerbLose, VerbBreak:
	default:
		if !gone && (witnessed || !c.concerns(e)) {
			return ""
		}
	}
	before, err := c.state.want.custodyOf(e.Subject)
	var is custodyJSON
	if err != nil || json.Unmarshal([]byte(e.Payload), &is) != nil {
		return "it or the move before it cannot be read"
	}
	if before.Status.Resting() {
		delete(c.missing, e.Subject)
		if verb == VerbLose || verb == VerbBreak {
			c.missing[strings.Clone(e.Subject)] = before.PlaceID
		}
	}
	if witnessed {
		return ""
	}
	ids := []string{before.PlaceID, text(is.Place)}
	switch to, fixed := outcomes[verb]; {
	case !slices.Contains(steps[verb].from, before.Status), is.From != before.Status,
		fixed && !slices.Contains(to, is.Status),
		fixed && verb != VerbFind && verb != VerbReceive && ids[0] != ids[1]:
		return fmt.Sprintf("nothing leads there from %s", before.Status)
	case verb == VerbUnseal:
		return "one person alone opened a sealed bag"
	case verb == VerbDispose:
		if k := c.state.want.keys[e.Subject]; !c.emptied[e.Subject] && (k.EnrolledAt != "" || k.Type != TypeKey) {
			return "one person alone disposed of a key that was not seen to be empty"
		}
		ids = ids[:1]
	case verb == VerbReceive:
		ids = ids[1:]
	case fixed:
		return "" // what has happened is for one to write down
	default:
		if before.Status != StatusFound {
			from = ""
		}
		if !before.Status.Resting() && before.Status != StatusFound {
			ids[0] = ""
		}
		if !is.Status.Resting() {
			ids[1] = ""
		}
		ids = append(ids, from)
	}
	if slices.ContainsFunc(ids, func(id string) bool { return c.inside[id] }) {
		return "one person alone moved it into or out of a place that takes two people"
	}
	return ""
}

// outcomes are the statuses that the moves come to which one person may write
// down of such a place, all but find and receive where the key is.
var outcomes = map[Verb][]Status{
	VerbReceive:    {StatusReceived, StatusInSafe},
	VerbBreak:      {StatusFound, StatusReceived, StatusDeclared, StatusLost, StatusCompromised, StatusRetired},
	VerbLose:       {StatusLost},
	VerbFind:       {StatusFound},
	VerbCompromise: {StatusCompromised},
	VerbRetire:     {StatusRetired},
}

// concerns says whether a move may begin or end in such a place. To read every
// payload would take longer than the journal's hashes.
func (c *aloneCheck) concerns(e *RawEvent) bool {
	const few = 32
	if len(c.inside) == 0 {
		return false
	}
	k, last := c.state.want.keys[e.Subject], c.state.want.moves[e.Subject]
	if k == nil || last == nil || len(c.inside) > few || strings.Contains(e.Payload, `\`) || bytes.Contains(last.payload, []byte(`\`)) {
		return true
	}
	for id := range c.inside {
		if strings.Contains(e.Payload, id) || bytes.Contains(last.payload, []byte(id)) || len(last.payload) == 0 && k.Custody.PlaceID == id {
			return true
		}
	}
	return false
}

// path is a place and what it is in.
func (c *aloneCheck) path(id string) []string {
	var ids []string
	for range placeLevels {
		if id != "" {
			ids = append(ids, id)
		}
		id = c.parents[id]
	}
	return ids
}
