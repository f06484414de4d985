package ceremony_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/ceremony"
)

// announced is a bench that tells of hotplug, and whose card readers can be late.
type announced struct {
	softkey.Bench
	changes  chan struct{}
	noCards  atomic.Bool
	noUdev   bool
	listFail atomic.Bool
}

func (b *announced) Changes(context.Context) (<-chan struct{}, error) {
	if b.noUdev {
		return nil, hw.ErrUntold
	}
	return b.changes, nil
}

func (b *announced) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	all, err := b.Bench.Sightings(ctx)
	if b.listFail.Load() {
		return nil, hw.ErrService
	}
	var some []hw.Sighting
	for _, s := range all {
		if s.Interface != hw.InterfaceCard || !b.noCards.Load() {
			some = append(some, s)
		}
	}
	return some, err
}

func (b *announced) FIDOSightings(ctx context.Context) ([]hw.Sighting, error) {
	all, err := b.Bench.Sightings(ctx)
	return slices.DeleteFunc(all, func(s hw.Sighting) bool { return s.Interface != hw.InterfaceFIDO }), err
}

func TestWatch(t *testing.T) {
	w := newWorld(t)
	b := &announced{changes: make(chan struct{}, 1)}
	events, notices := make(chan ceremony.KeyEvent, 20), make(chan error, 20)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- ceremony.Watch(ctx, b, time.Now, func(e ceremony.KeyEvent) error { events <- e; return nil }, func(err error) { notices <- err })
	}()
	next := func(want ceremony.What, serial string) ceremony.Seen {
		t.Helper()
		select {
		case e := <-events:
			if e.What != want || e.Seen.Serial != serial {
				t.Fatalf("got %s of %s, want %s of %s", e.What, e.Seen.Name(), want, serial)
			}
			return e.Seen
		case <-time.After(20 * time.Second):
			t.Fatalf("no %s of %s", want, serial)
		}
		return ceremony.Seen{}
	}
	one, two := w.key(softkey.Config{Serial: 1}), w.key(softkey.Config{Serial: 2})
	b.noCards.Store(true)
	b.Plug(one, hw.USB{})
	b.changes <- struct{}{}
	if s := next(ceremony.KeyAdded, "1"); s.PIV != nil || len(s.Warnings) != 0 {
		t.Errorf("before its reader shows: %+v", s)
	}
	b.noCards.Store(false) // nobody announces that
	if s := next(ceremony.KeyChange, "1"); s.PIV == nil {
		t.Errorf("the card is not read: %+v", s)
	}
	b.listFail.Store(true)
	b.changes <- struct{}{}
	if err := <-notices; !errors.Is(err, hw.ErrService) {
		t.Errorf("told %v, want %v", err, hw.ErrService)
	}
	b.listFail.Store(false)
	b.changes <- struct{}{}
	if err := <-notices; err != nil {
		t.Errorf("told %v, want that all is seen again", err)
	}
	// Swapped between two looks: the node is the same, the key another.
	b.Unplug(one)
	b.Plug(two, hw.USB{})
	b.changes <- struct{}{}
	next(ceremony.KeyRemoved, "1")
	next(ceremony.KeyAdded, "2")
	close(b.changes) // udev went away
	b.Unplug(two)
	next(ceremony.KeyRemoved, "2")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if len(events) != 0 {
		t.Errorf("told besides: %+v", <-events)
	}
}

func TestWatchWithoutUdev(t *testing.T) {
	w := newWorld(t)
	b := &announced{noUdev: true}
	b.Plug(w.key(softkey.Config{Serial: 1}), hw.USB{})
	stop := errors.New("stop")
	var told error
	err := ceremony.Watch(t.Context(), b, time.Now, func(ceremony.KeyEvent) error { return stop }, func(err error) { told = err })
	if !errors.Is(err, stop) || !errors.Is(told, hw.ErrUntold) {
		t.Errorf("ended with %v, told %v", err, told)
	}
}

// slowKeys counts how often all was listed, and opens keys when it is let.
type slowKeys struct {
	announced
	listed atomic.Int32
	opened chan struct{} // tells of each key that is to be opened
	open   chan struct{}
}

func (b *slowKeys) Sightings(ctx context.Context) ([]hw.Sighting, error) {
	b.listed.Add(1)
	return b.announced.Sightings(ctx)
}

func (b *slowKeys) OpenFIDO(ctx context.Context, s hw.Sighting) (hw.Stream, error) {
	b.opened <- struct{}{}
	<-b.open
	return b.announced.OpenFIDO(ctx, s)
}

// TestWatchListsNothingBesideANewKey: what is read for the first time has the
// machine for itself, but not for long.
func TestWatchListsNothingBesideANewKey(t *testing.T) {
	w := newWorld(t)
	b := &slowKeys{announced: announced{changes: make(chan struct{}, 1)}, opened: make(chan struct{}, 9), open: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	events, ended := make(chan ceremony.KeyEvent, 20), make(chan error, 1)
	go func() {
		ended <- ceremony.Watch(ctx, b, time.Now, func(e ceremony.KeyEvent) error { events <- e; return nil }, func(error) {})
	}()
	for b.listed.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	key, plugged := w.key(softkey.Config{Serial: 1}), time.Now()
	b.Plug(key, hw.USB{})
	b.changes <- struct{}{}
	<-b.opened
	before := b.listed.Load()
	time.Sleep(400 * time.Millisecond) // otherwise it would look after 50, 150 and 350 ms
	now := b.listed.Load()
	// One may have been on its way; after a second it looks again.
	if long := time.Since(plugged) >= time.Second; now > before+1 && !long {
		t.Errorf("all was listed %d times while a new key was read", now-before)
	}
	for end := time.Now().Add(20 * time.Second); b.listed.Load() < before+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a key that does not answer keeps the others from being listed")
		}
	}
	close(b.open)
	if e := <-events; e.What != ceremony.KeyAdded || e.Seen.Serial != "1" {
		t.Errorf("got %s of %s", e.What, e.Seen.Name())
	}
	cancel()
	<-ended
}
