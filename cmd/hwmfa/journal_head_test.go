package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hwmfa/internal/term"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// TestJournalVerify_head: who cuts events off the end of the journal, or writes
// it anew from the middle, and adapts all rows, leaves an inventory in which
// nothing is wrong. Only a head that was kept elsewhere shows it.
func TestJournalVerify_head(t *testing.T) {
	const events, middle = 20, 10
	anna := func(int) string { return "anna" }
	_, kept := journalOf(t, events, anna)
	truncated, cut := journalOf(t, events-1, anna)
	if cut[events-1] != kept[events-1] {
		t.Fatal("the same events make other hashes: nothing is compared below")
	}
	rewritten, _ := journalOf(t, events, func(event int) string {
		if event < middle {
			return "anna"
		}
		return "eve"
	})
	expect := func(name, url string, head inventory.Head, want string) {
		t.Helper()
		streams, far := term.Test()
		a := newApp(streams)
		a.settings.Inventory = url
		opts := journalVerifyOptions{}
		if head.Seq > 0 {
			opts.head = head.String()
		}
		err := runJournalVerify(t.Context(), a, opts)
		if out := far.Out.String(); !strings.HasPrefix(out, want) || errors.Is(err, errFound) == strings.HasPrefix(want, "intact") {
			t.Errorf("%s: got %q, %v; want %q", name, out, err, want)
		}
	}
	expect("truncated, without a head", truncated, inventory.Head{}, "intact: 19 events")
	expect("truncated, with an older head", truncated, kept[events-1], "intact: 19 events")
	expect("truncated, with the head", truncated, kept[events], "broken: journal event 20 is missing: the journal ends before it")
	expect("rewritten, without a head", rewritten, inventory.Head{}, "intact: 20 events")
	expect("rewritten, with a head from before", rewritten, kept[middle-1], "intact: 20 events")
	for _, head := range kept[middle:] {
		expect("rewritten, with a head from then on", rewritten, head, fmt.Sprintf("broken: journal event %d is altered: its hash is not that of the head given", head.Seq))
	}
}

// journalOf makes an inventory of so many events, and returns its URL and the
// head after each. The same actors make the same events.
func journalOf(t *testing.T, events int, actor func(event int) string) (url string, heads []inventory.Head) {
	t.Helper()
	url = store.URL(filepath.Join(t.TempDir(), "inventory.db"))
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	heads = make([]inventory.Head, events+1)
	for i := 1; i <= events; i++ {
		err := s.Update(t.Context(), func(tx inventory.Tx) error {
			account := inventory.Account{ID: fmt.Sprintf("%012d", i)}
			err := inventory.SaveAccount(tx, inventory.Act{Actor: actor(i), At: time.Unix(1.8e9, 0)}, account)
			if err == nil {
				heads[i], err = inventory.JournalHead(tx)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return url, heads
}
