package inventory

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// artifactsAlone replays where artifacts lie, and finds what one person alone did
// to those in places that take two.
type artifactsAlone struct {
	last    map[string]artifactJSON // by artifact
	carried int64                   // the request that was carried out last: each is once
}

func newArtifactsAlone() artifactsAlone { return artifactsAlone{last: map[string]artifactJSON{}} }

// see says what is wrong with an event about an artifact, "" for nothing. inside
// are the places that take two people, request what was confirmed just before it
// by whoever made it.
func (c *artifactsAlone) see(e *RawEvent, inside map[string]bool, request askedFor) string {
	var is artifactJSON
	if json.Unmarshal([]byte(e.Payload), &is) != nil {
		return "" // what cannot be read is for the state
	}
	id := strings.Clone(e.Subject)
	was := c.last[id]
	c.last[id] = is
	switch asks := request.asks.Artifact; {
	case !inside[text(was.Place)] && !inside[text(is.Place)]:
		return ""
	case e.Kind == KindArtifactChanged && was.fewerMayOpen(is):
		return "" // that is for one to say
	case asks != nil && request.event != c.carried && asks.became(e, is):
		c.carried = request.event
		return ""
	}
	return "one person alone changed what lies where it takes two people, or was put there"
}

// became says whether what was asked for is what an event says.
func (a ArtifactChange) became(e *RawEvent, is artifactJSON) bool {
	if a.Retire != (e.Kind == KindArtifactRetired) || (a.ID == "") != (e.Kind == KindArtifactAdded) || a.ID != "" && a.ID != e.Subject {
		return false
	}
	return a.Is.same(is)
}

// fewerMayOpen says whether nothing is otherwise but that fewer people may open it.
func (j artifactJSON) fewerMayOpen(is artifactJSON) bool {
	added := slices.ContainsFunc(is.Openers, func(id string) bool { return !slices.Contains(j.Openers, id) })
	j.Openers = is.Openers
	return !added && j.same(is)
}

func (j artifactJSON) same(other artifactJSON) bool {
	a, err1 := canonicalJSON(j)
	b, err2 := canonicalJSON(other)
	return err1 == nil && err2 == nil && bytes.Equal(a, b)
}
