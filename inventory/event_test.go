package inventory

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// example is the event that docs/journal.md works out.
func example() Event {
	return Event{
		Seq: 1, Time: time.Date(2026, 3, 1, 11, 0, 0, 123456000, time.UTC), Actor: "anna",
		Kind: KindPlaceMade, Subject: "P-7Q2M4XRD", Payload: `{"name":"Zürich","parent":null}`,
	}
}

// page is a page of the project's documentation.
func page(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestDigestDocumented: the page's example has the hash that this program
// computes, and the page names every kind of event.
func TestDigestDocumented(t *testing.T) {
	doc := page(t, "journal.md")
	hash := example().Digest().String()
	if !strings.Contains(doc, hash) {
		t.Errorf("docs/journal.md does not give its example the hash %s", hash)
	}
	kinds := []string{
		KindKeyEnrolled, KindKeyDoubted, KindKeyDeclared, KindKeyTagged, KindPlaceMade, KindPlaceChanged, KindPersonSaved, KindPersonLeft, KindPlaceGranted, KindPlaceRevoked,
		KindArtifactAdded, KindArtifactMoved, KindArtifactChanged, KindArtifactRetired, KindExceptionAdded, KindExceptionEnded, KindOrderListed, KindOrderReceived, KindOrderCut, KindAnchorAdded, KindAnchorRemoved,
		KindAccountSaved, KindBindingAdded, KindBindingRemoved, KindMetadataSet,
	}
	kinds = append(kinds, KindBagSealed, KindBagOpened, KindBagBroken, KindShipmentSent, KindRequestMade, KindRequestConfirmed, KindRequestWithdrawn)
	kinds = append(kinds, KindStocktakeStarted, KindStocktakeCounted, KindStocktakeClosed)
	for _, step := range steps {
		kinds = append(kinds, step.kind)
	}
	for _, kind := range kinds {
		if !regexp.MustCompile("`" + regexp.QuoteMeta(kind) + "`").MatchString(doc) {
			t.Errorf("docs/journal.md says nothing of %s", kind)
		}
	}
}

func TestDigest(t *testing.T) {
	base := example()
	seen := map[Hash]string{base.Digest(): "the example"}
	tests := []struct {
		name string
		edit func(e *Event)
	}{
		{"another number", func(e *Event) { e.Seq = 2 }},
		{"another time", func(e *Event) { e.Time = e.Time.Add(time.Microsecond) }},
		{"another actor", func(e *Event) { e.Actor = "anne" }},
		{"another kind", func(e *Event) { e.Kind = KindKeyTagged }},
		{"another subject", func(e *Event) { e.Subject = "P-7Q2M4XRE" }},
		{"another payload", func(e *Event) { e.Payload = "{}" }},
		{"another event before it", func(e *Event) { e.PrevHash[31] = 1 }},
		{"text moved from one field to the next", func(e *Event) { e.Actor, e.Kind = "ann", "a"+e.Kind }},
	}
	for _, tt := range tests {
		e := base
		tt.edit(&e)
		if other, ok := seen[e.Digest()]; ok {
			t.Errorf("%s has the hash of %s", tt.name, other)
		}
		seen[e.Digest()] = tt.name
	}
	same := base
	same.Time = base.Time.In(time.FixedZone("CET", 3600))
	same.Hash[0] = 1
	if same.Digest() != base.Digest() {
		t.Error("the zone of the time or the hash itself is hashed")
	}
}

func TestParseHash(t *testing.T) {
	h := example().Digest()
	if got, err := ParseHash(h.String()); got != h || err != nil {
		t.Errorf("ParseHash(%s) = %s, %v", h, got, err)
	}
	for _, s := range []string{"", "00", strings.ToUpper(h.String()), h.String() + "00", h.String()[:63] + "g"} {
		if _, err := ParseHash(s); err == nil {
			t.Errorf("ParseHash(%q) is accepted", s)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	e := example()
	e.Payload = strings.Repeat("x", 1000)
	b.SetBytes(1000)
	for b.Loop() {
		e.Digest()
	}
}
