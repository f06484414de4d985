package ceremony

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hwmfa/hw"
)

// When a lookout looks again. A card reader shows up a while after its key, once
// the smart-card service has found it, and nobody says when: so after a change
// it is looked for more and more seldom. A card put into a plain reader is never
// announced, which is what the slow look is for.
var (
	looksAfterChange = []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond}
	slowLook         = 3 * time.Second
	polledLook       = 500 * time.Millisecond
)

// lookout follows which keys are plugged in.
type lookout struct {
	bench hw.Bench
	// changes tells of hotplug; nil where nobody does.
	changes <-chan struct{}
	looks   int
	told    int // changes so far
	at      map[string]hw.Key
	missing error // of the last look
}

// newLookout begins to follow. The notice is why keys are looked for again and
// again instead, nil where the system tells of them.
func newLookout(ctx context.Context, bench hw.Bench) (l *lookout, notice error) {
	l = &lookout{bench: bench, at: map[string]hw.Key{}}
	h, ok := bench.(hw.Hotplug)
	if !ok {
		return l, nil
	}
	if l.changes, notice = h.Changes(ctx); notice != nil {
		notice = fmt.Errorf("%w: looking for keys every %v instead", notice, polledLook)
	}
	return l, notice
}

// next is when to look again though nobody tells of a change.
func (l *lookout) next() <-chan time.Time {
	wait := slowLook
	switch {
	case l.changes == nil:
		wait = polledLook
	case l.looks < len(looksAfterChange):
		wait = looksAfterChange[l.looks]
	}
	l.looks++
	return time.After(wait)
}

// changed is called with what came out of changes.
func (l *lookout) changed(open bool) {
	if !open {
		l.changes = nil
	}
	l.looks = 0
	l.told++
}

// listing is what the machine listed.
type listing struct {
	keys    []hw.Key
	missing error
	// quick says that only FIDO interfaces were listed.
	quick bool
	// after is how many changes had been told of before.
	after int
}

// list asks the machine what is plugged in.
func (l *lookout) list(ctx context.Context) listing {
	limited, stop := context.WithTimeout(ctx, listWait)
	defer stop()
	r := listing{after: l.told}
	sightings, missing := l.bench.Sightings(limited)
	r.keys, r.missing = hw.Merge(sightings), missing
	return r
}

// glance lists FIDO interfaces, which show what was just plugged in before its
// card can. It is called where changes are told of.
func (l *lookout) glance(ctx context.Context) listing {
	r := listing{after: l.told, quick: true}
	h, ok := l.bench.(hw.Hotplug)
	if !ok {
		return r
	}
	sightings, missing := h.FIDOSightings(ctx)
	r.keys, r.missing = hw.Merge(sightings), missing
	return r
}

// look lists the keys that are plugged in, in order, and says which of those
// that were listed before are gone.
func (l *lookout) look(ctx context.Context) (here []string, gone []string, err error) {
	return l.take(ctx, l.list(ctx))
}

// take compares a listing with the one before. A key that is merely missing from
// a list that is incomplete is not gone.
func (l *lookout) take(ctx context.Context, r listing) (here []string, gone []string, err error) {
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if !r.quick {
		l.missing = r.missing
	}
	listed := map[string]bool{}
	for _, k := range r.keys {
		place := placeOf(k)
		if before, known := l.at[place]; known && r.quick {
			k.Device, k.Card = before.Device, before.Card
		}
		here = append(here, place)
		listed[place] = true
		l.at[place] = k
	}
	for place, k := range l.at {
		switch {
		case listed[place]:
			continue
		case r.quick && k.FIDO == nil, r.missing != nil && !l.pulledOut(ctx, k):
			here = append(here, place)
			continue
		}
		gone = append(gone, place)
		delete(l.at, place)
	}
	return here, gone, nil
}

// pulledOut asks the system for the one key that a list has left out.
func (l *lookout) pulledOut(ctx context.Context, k hw.Key) bool {
	for _, s := range []*hw.Sighting{k.FIDO, k.Card, k.Device} {
		if s != nil {
			err := l.bench.Check(ctx, *s)
			return errors.Is(err, hw.ErrGone) || errors.Is(err, hw.ErrReplaced)
		}
	}
	return true
}

// placeOf tells one plugging in from all others: the kernel counts addresses on.
func placeOf(k hw.Key) string {
	switch u := k.USB; {
	case u != nil:
		return fmt.Sprintf("%d:%d %s", u.Bus, u.Address, u.ID())
	case k.FIDO != nil:
		return k.FIDO.Node
	case k.Card != nil:
		return fmt.Sprintf("%s %x", k.Card.Node, k.Card.ATR)
	}
	return ""
}

// shapeOf tells whether a key shows the same interfaces as before, and whether
// they may be opened.
func shapeOf(k hw.Key) string {
	shape := ""
	for _, s := range []*hw.Sighting{k.FIDO, k.Card} {
		if s != nil {
			shape += fmt.Sprintf("%s %v;", s.Node, s.Err)
		} else {
			shape += "-;"
		}
	}
	return shape
}

// lacksFIDO and lacksCard say whether the key's USB product has an interface that
// the machine does not show (yet).
func lacksFIDO(k hw.Key) bool { return k.FIDO == nil && productOf(k).Has(hw.USBFIDO) }
func lacksCard(k hw.Key) bool { return k.Card == nil && productOf(k).Has(hw.USBCard) }

func productOf(k hw.Key) hw.USBInterfaces {
	if k.USB == nil {
		return 0
	}
	product, _ := hw.ProductOf(k.USB.Vendor, k.USB.Product)
	return product.USB
}
