package ceremony

import (
	"context"
	"slices"
	"time"

	"hwmfa/hw"
)

// What is a key's change on the bench, a word.
type What string

// The changes.
const (
	KeyAdded   What = "add"
	KeyRemoved What = "remove"
	// KeyChange: it shows more or less than before, most often its card a
	// moment after it was plugged in.
	KeyChange What = "change"
)

// KeyEvent is what became of one key while it was watched.
type KeyEvent struct {
	What  What
	At    time.Time
	Place string // tells one plugging in from all others
	Seen  Seen   // of a key that was removed, as it was last
}

// interfaceWait is how long a key is given to show every interface that its
// product has before what is missing is worth a word.
const interfaceWait = 3 * time.Second

// While a key is read for the first time, nothing else is listed, up to
// firstReading: that takes processors and the smart-card service from it, and
// whoever plugged it in waits for it. readingWait is when to look whether it is
// over.
const (
	firstReading = time.Second
	readingWait  = 20 * time.Millisecond
)

// watched is one key that is plugged in.
type watched struct {
	since   time.Time
	shape   string // when it was read, or began to be
	reading bool
	seen    *Seen // nil until it was read
	named   bool  // what it does not show was looked at
}

// reading is what reading one key came to.
type reading struct {
	place string
	of    *watched
	seen  Seen
}

// Watch tells of every key that is plugged in, and of each that comes, goes or
// changes, until ctx ends: the error is then ctx's. Each is read as Detect reads
// it (Quick), beside the others. notice is called with what keeps something from
// being seen, each time that it changes; nil when all is seen again.
func Watch(ctx context.Context, bench hw.Bench, now func() time.Time, tell func(KeyEvent) error, notice func(error)) error {
	l, polled := newLookout(ctx, bench)
	if polled != nil {
		notice(polled)
	}
	w := watch{lookout: l, bench: bench, now: now, tell: tell, keys: map[string]*watched{}, read: make(chan reading)}
	listed := make(chan listing, 1)
	list := func() {
		// Beside all else: the smart-card service may take its time.
		go func(l lookout) { listed <- l.list(ctx) }(*l)
	}
	list()
	said := ""
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, open := <-l.changes:
			l.changed(open)
			if err := w.step(ctx, l.glance(ctx)); err != nil {
				return err
			}
			if again != nil { // else a list is under way
				again = l.next()
			}
		case <-again:
			if w.readsNew() {
				again = time.After(readingWait)
				continue
			}
			again = nil
			list()
		case r := <-listed:
			// One from before a change may not have what came with it.
			if r.after == l.told {
				if err := w.step(ctx, r); err != nil {
					return err
				}
			}
			again = l.next()
			if missing := text(l.missing); missing != said {
				said = missing
				notice(l.missing)
			}
		case r := <-w.read:
			if err := w.done(ctx, r); err != nil {
				return err
			}
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

type watch struct {
	*lookout
	bench hw.Bench
	now   func() time.Time
	tell  func(KeyEvent) error
	keys  map[string]*watched
	read  chan reading
}

// step takes a list, and begins to read what is new or has changed.
func (w *watch) step(ctx context.Context, listed listing) error {
	here, gone, err := w.take(ctx, listed)
	if err != nil {
		return err
	}
	slices.Sort(gone)
	for _, place := range gone {
		k := w.keys[place]
		delete(w.keys, place)
		if k != nil && k.seen != nil {
			if err := w.tell(KeyEvent{KeyRemoved, w.now(), place, *k.seen}); err != nil {
				return err
			}
		}
	}
	for _, place := range here {
		k := w.keys[place]
		if k == nil {
			k = &watched{since: w.now()}
			w.keys[place] = k
		}
		// The device is announced before its node is; what it says of itself is
		// worth the moment.
		early := k.seen == nil && lacksFIDO(w.at[place]) && w.now().Sub(k.since) < interfaceWait
		if shape := shapeOf(w.at[place]); shape != k.shape && !k.reading && !early {
			w.begin(ctx, place, k)
		}
	}
	return w.nameMissing(here)
}

// readsNew says whether a key that came just now is being read.
func (w *watch) readsNew() bool {
	for _, k := range w.keys {
		if k.reading && k.seen == nil && w.now().Sub(k.since) < firstReading {
			return true
		}
	}
	return false
}

func (w *watch) begin(ctx context.Context, place string, k *watched) {
	key := w.at[place]
	k.shape, k.reading, k.named = shapeOf(key), true, false
	go func() {
		select {
		case w.read <- reading{place, k, Read(ctx, w.bench, key, Quick)}:
		case <-ctx.Done():
		}
	}()
}

// done tells of a key that was read, if it is still the one that is there.
func (w *watch) done(ctx context.Context, r reading) error {
	k := r.of
	k.reading = false
	if w.keys[r.place] != k {
		return nil
	}
	if shapeOf(w.at[r.place]) != k.shape {
		w.begin(ctx, r.place, k)
	}
	for _, warning := range r.seen.Warnings {
		if lost(warning.Err) { // the next look says whether it is gone
			k.shape = ""
			return nil
		}
	}
	what := KeyAdded
	if k.seen != nil {
		what = KeyChange
	}
	k.seen = &r.seen
	return w.tell(KeyEvent{what, w.now(), r.place, r.seen})
}

// nameMissing says of keys that had time enough which interface is missing.
func (w *watch) nameMissing(here []string) error {
	var seen []Seen
	var of []string
	for _, place := range here {
		if k := w.keys[place]; k.seen != nil {
			s := *k.seen
			s.Warnings = slices.Clone(s.Warnings)
			seen, of = append(seen, s), append(of, place)
		}
	}
	nameMissing(seen, w.missing)
	for i, s := range seen {
		k := w.keys[of[i]]
		if k.named || k.reading || w.now().Sub(k.since) < interfaceWait {
			continue
		}
		k.named = true
		if len(s.Warnings) == len(k.seen.Warnings) {
			continue
		}
		k.seen = &s
		if err := w.tell(KeyEvent{KeyChange, w.now(), of[i], s}); err != nil {
			return err
		}
	}
	return nil
}
