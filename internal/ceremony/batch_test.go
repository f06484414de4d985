package ceremony_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

// runBatch runs one over the world's bench; tell may be nil.
func (w *world) runBatch(ctx context.Context, bench hw.Bench, change func(*ceremony.BatchRequest)) ([]ceremony.BatchKey, error) {
	w.t.Helper()
	r := ceremony.BatchRequest{
		Enroll: request(), TagPrefix: "YK-", Tell: func(ceremony.BatchKey) {}, Notice: func(error) {},
	}
	if change != nil {
		change(&r)
	}
	return ceremony.Batch(ctx, bench, w.store, r)
}

// enrollments is how many the journal has.
func (w *world) enrollments() (n int) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx inventory.Tx) error {
		return inventory.Journal(tx, 1, func(e inventory.Event) error {
			if e.Kind == inventory.KindKeyEnrolled {
				n++
			}
			return nil
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// outcomes counts them.
func outcomes(keys []ceremony.BatchKey) string {
	n := map[ceremony.Outcome]int{}
	for _, k := range keys {
		n[k.Outcome]++
	}
	var words []string
	for o, count := range n {
		words = append(words, fmt.Sprintf("%d %s", count, o))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func (w *world) tags() []string {
	var tags []string
	for _, k := range w.keys() {
		tags = append(tags, k.Tag)
	}
	slices.Sort(tags)
	return tags
}

// TestBatch enrolls 20 keys, is cut off while the ninth waits for its touch, and
// goes on.
func TestBatch(t *testing.T) {
	w := newWorld(t)
	w.trust()
	var keys []*softkey.Key
	for i := range 20 {
		cfg := softkey.Config{Serial: uint32(1000 + i), Touch: softkey.After(10 * time.Millisecond)}
		if i%5 == 4 { // one without a serial
			cfg = softkey.Config{SecurityKey: true, Touch: cfg.Touch, Quirks: softkey.Quirks{NoCard: true}}
		}
		keys = append(keys, w.plug(cfg))
	}
	ctx, cancel := context.WithCancel(t.Context())
	blinking := func() (n int) {
		for _, k := range keys {
			if k.TouchWanted() {
				n++
			}
		}
		return n
	}
	touched := func(p softkey.TouchPolicy) {
		for _, k := range keys {
			k.SetTouch(p)
		}
	}
	touches := 0
	ninth, cut := make(chan struct{}), make(chan struct{})
	go func() { // once one of the first eight is recorded, which may take a while
		defer close(cut)
		<-ninth
		for w.enrollments() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	got, err := w.runBatch(ctx, &w.bench, func(r *ceremony.BatchRequest) {
		r.Tell = func(k ceremony.BatchKey) {
			if k.Step != ceremony.StepTouch || k.Outcome != "" {
				return
			}
			if n := blinking(); n > 0 {
				t.Errorf("%d others wait for a touch", n)
			}
			if touches++; touches == 9 {
				touched(softkey.Never())
				close(ninth)
			}
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want it interrupted", err)
	}
	<-cut
	touched(softkey.After(10 * time.Millisecond))
	before := len(w.keys())
	if before == 0 || before > 8 || strings.Contains(outcomes(got), "failed") {
		t.Fatalf("%d keys recorded, outcomes %s", before, outcomes(got))
	}
	got, err = w.runBatch(t.Context(), &w.bench, nil)
	counts := []string{fmt.Sprintf("%d enrolled", 20-before), fmt.Sprintf("%d enrolled_before", before)}
	slices.Sort(counts) // as outcomes does: "1 …" comes before "19 …"
	if err != nil || outcomes(got) != strings.Join(counts, ", ") {
		t.Fatalf("then %s, %v; want %s", outcomes(got), err, counts)
	}
	for _, k := range got {
		if k.Outcome == ceremony.OutcomeKnown && !k.Proved {
			t.Errorf("%s is recognized without a proof: %s", k.Seen.Name(), k.Detail)
		}
	}
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("YK-%03d", i+1))
	}
	if tags := w.tags(); !slices.Equal(tags, want) {
		t.Errorf("tags %v, want %v", tags, want)
	}
	if n := w.enrollments(); n != 20 {
		t.Errorf("the journal has %d enrollments", n)
	}
}

// TestBatchOfAll has one key of each kind that a batch meets.
func TestBatchOfAll(t *testing.T) {
	w := newWorld(t)
	w.trust()
	_, old := w.enrolled(softkey.Config{Serial: 1})
	for _, k := range []inventory.Declaration{{Serial: "2", Tag: "OLD-7"}, {Serial: "3"}, {Tag: "YK-0041"}} {
		err := w.store.Update(t.Context(), func(tx inventory.Tx) error {
			_, err := inventory.DeclareKey(tx, act(), k)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.plug(softkey.Config{Serial: 2})                                            // declared with a tag
	w.plug(softkey.Config{Serial: 3})                                            // declared without
	w.plug(softkey.Config{Serial: 1, AAGUID: hw.AAGUID{9}})                      // shows the serial of another
	w.plug(softkey.Config{Serial: 5, Quirks: softkey.Quirks{CardSerial: 6}})     // names two serials
	w.plug(softkey.Config{Serial: 7, Quirks: refuses(softkey.SilentUPRequired)}) // wants a touch for a proof
	w.plug(nameless)
	got, err := w.runBatch(t.Context(), &w.bench, nil)
	if want := "1 enrolled_before, 2 refused, 4 enrolled"; err != nil || outcomes(got) != want {
		for _, k := range got {
			t.Logf("%s: %s %s", k.Seen.Name(), k.Outcome, k.Detail)
		}
		t.Fatalf("got %s, %v; want %s", outcomes(got), err, want)
	}
	tags := map[string]string{}
	for _, k := range w.keys() {
		tags[k.Serial] = k.Tag
	}
	if tags["2"] != "OLD-7" || tags["1"] != old.Tag || !strings.HasPrefix(tags["3"], "YK-00") || tags["3"] <= "YK-0041" {
		t.Errorf("tags %v", tags)
	}
	enrolled := w.enrollments()
	got, err = w.runBatch(t.Context(), &w.bench, nil)
	if err != nil || w.enrollments() != enrolled || strings.Contains(outcomes(got), "enrolled,") {
		t.Errorf("again: %s, %v", outcomes(got), err)
	}
}

func TestBatchPIN(t *testing.T) {
	always := func(serial uint32, pin string) softkey.Config {
		return softkey.Config{Serial: serial, PIN: pin, Quirks: softkey.Quirks{AlwaysUV: true}}
	}
	for _, tt := range []struct {
		name    string
		given   string
		keys    []softkey.Config
		asked   int
		want    string
		retries int // of all wrong tries together
	}{
		{"one PIN for all that want one", "2580", []softkey.Config{always(1, "2580"), always(2, "2580"), {Serial: 3, PIN: "9999"}, {Serial: 4}}, 1, "4 enrolled", 0},
		{"a wrong PIN goes to one key only", "0852", []softkey.Config{always(1, "2580"), always(2, "2580"), always(3, "2580"), {Serial: 4}}, 1, "1 enrolled, 3 failed", 1},
		{"none is given", "", []softkey.Config{always(1, "2580"), always(2, "2580"), {Serial: 4}}, 1, "1 enrolled, 2 failed", 0},
		{"none is wanted", "2580", []softkey.Config{{Serial: 3, PIN: "9999"}, {Serial: 4}}, 0, "2 enrolled", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust()
			for _, cfg := range tt.keys {
				w.plug(cfg)
			}
			asked := 0
			got, err := w.runBatch(t.Context(), &w.bench, func(r *ceremony.BatchRequest) {
				r.Enroll.PIN = func(context.Context, string, int) ([]byte, error) {
					asked++
					if tt.given == "" {
						return nil, errors.New("no PIN")
					}
					return []byte(tt.given), nil
				}
			})
			if err != nil || outcomes(got) != tt.want || asked != tt.asked {
				t.Errorf("got %s, %v, asked %d times; want %s, %d times", outcomes(got), err, asked, tt.want, tt.asked)
			}
			wrong := 0
			for _, k := range got {
				var e *hw.PINError
				if errors.As(k.Err, &e) {
					wrong++
				}
			}
			if wrong != tt.retries {
				t.Errorf("%d keys got a wrong PIN, want %d", wrong, tt.retries)
			}
		})
	}
}

// TestBatchPulledOut pulls one key out at a step; the others go on.
func TestBatchPulledOut(t *testing.T) {
	for _, step := range []ceremony.Step{ceremony.StepRead, ceremony.StepWait, ceremony.StepTouch, ceremony.StepCheck} {
		for _, swap := range []bool{false, true} {
			t.Run(fmt.Sprintf("at %s, another in its place: %v", step, swap), func(t *testing.T) {
				w := newWorld(t)
				w.trust()
				slow := softkey.After(30 * time.Millisecond)
				first := w.plug(softkey.Config{Serial: 1, Touch: slow})
				w.plug(softkey.Config{Serial: 2, Touch: slow})
				other := w.key(softkey.Config{Serial: 3, Touch: slow})
				b := &announced{changes: make(chan struct{}, 1)}
				b.Plug(first, hw.USB{})
				second := w.key(softkey.Config{Serial: 2, Touch: slow})
				b.Plug(second, hw.USB{})
				var once sync.Once
				got, err := w.runBatch(t.Context(), b, func(r *ceremony.BatchRequest) {
					r.Tell = func(k ceremony.BatchKey) {
						if k.Seen.Serial == "1" && k.Step == step && k.Outcome == "" {
							once.Do(func() {
								b.Unplug(first)
								if swap {
									b.Plug(other, hw.USB{})
								}
								b.changes <- struct{}{}
							})
						}
					}
				})
				want := "1 enrolled, 1 failed"
				if swap {
					want = "1 failed, 2 enrolled"
				}
				if err != nil || outcomes(got) != want {
					t.Fatalf("got %s, %v; want %s", outcomes(got), err, want)
				}
				for _, k := range got {
					if k.Outcome == ceremony.OutcomeFailed && (k.Seen.Serial != "1" || !errors.Is(k.Err, hw.ErrGone) && !errors.Is(k.Err, hw.ErrReplaced)) {
						t.Errorf("%s: %v", k.Seen.Name(), k.Err)
					}
				}
			})
		}
	}
}

// TestBatchGoesOn plugs key after key in, one of them twice.
func TestBatchGoesOn(t *testing.T) {
	w := newWorld(t)
	w.trust()
	b := &announced{changes: make(chan struct{}, 1)}
	ended := make(chan ceremony.BatchKey, 10)
	go func() {
		for i := range 3 {
			k := w.key(softkey.Config{Serial: uint32(i + 1)})
			if i == 1 { // pulled out while it waits, and plugged in again
				k.SetTouch(softkey.Never())
				b.Plug(k, hw.USB{})
				b.changes <- struct{}{}
				for !k.TouchWanted() {
					time.Sleep(time.Millisecond)
				}
				b.Unplug(k)
				b.changes <- struct{}{}
				<-ended
				k.SetTouch(softkey.Now())
			}
			b.Plug(k, hw.USB{})
			b.changes <- struct{}{}
			<-ended
			b.Unplug(k)
			b.changes <- struct{}{}
		}
	}()
	got, err := w.runBatch(t.Context(), b, func(r *ceremony.BatchRequest) {
		r.Wait, r.Count = true, 3
		r.Tell = func(k ceremony.BatchKey) {
			if k.Outcome != "" {
				ended <- k
			}
		}
	})
	if err != nil || outcomes(got) != "3 enrolled" {
		t.Errorf("got %s, %v", outcomes(got), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	idle := &announced{changes: make(chan struct{})}
	time.AfterFunc(100*time.Millisecond, cancel)
	if got, err := w.runBatch(ctx, idle, func(r *ceremony.BatchRequest) { r.Wait = true }); err != nil || len(got) != 0 {
		t.Errorf("interrupted with nothing to do: %v, %v", got, err)
	}
	if _, err := w.runBatch(t.Context(), idle, nil); !errors.Is(err, hw.ErrNoDevice) {
		t.Errorf("nothing plugged in: %v", err)
	}
}
