package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"hwmfa/inventory"
)

// Kill has two processes enroll one key after the other, ends one of them with
// SIGKILL at a random moment, and so on. What a process was told is recorded
// has to be in the journal, and the journal and every row have to be whole,
// now and then and in the end.
func Kill(t *testing.T, d Database, kills int) {
	if err := d.store(t).Close(); err != nil { // it makes the database
		t.Fatal(err)
	}
	told := map[int64]string{}
	// Each process enrolls keys of its own.
	start := func(n int) *child {
		return spawn(t, urlVariable+"="+d.URL, workVariable+"="+workWrite, firstVariable+"="+strconv.Itoa(n*1000))
	}
	running := []*child{start(0), start(1)}
	for n := range kills {
		victim := running[n%2]
		victim.hear(t, told) // it writes
		time.Sleep(rand.N(20 * time.Millisecond))
		if err := victim.process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		victim.hearOut(t, told)
		running[n%2] = start(n + 2)
		if n%20 == 19 {
			whole(t, d, told)
		}
	}
	for _, c := range running {
		if err := c.process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.hearOut(t, told)
	}
	whole(t, d, told)
	t.Logf("%d kills, %d changes acknowledged", kills, len(told))
}

// hear takes in one line, "SEQ HASH", of an event that was acknowledged.
func (c *child) hear(t *testing.T, told map[int64]string) {
	t.Helper()
	c.note(t, c.answer(t), told)
}

// hearOut takes in all that the child still said, up to half a line.
func (c *child) hearOut(t *testing.T, told map[int64]string) {
	t.Helper()
	for c.out.Scan() {
		c.note(t, c.out.Text(), told)
	}
	if c.stderr.Len() > 0 {
		t.Errorf("a process ended by itself: %s", c.stderr)
	}
}

func (c *child) note(t *testing.T, line string, told map[int64]string) {
	t.Helper()
	var seq int64
	var hash string
	if _, err := fmt.Sscanf(line, "%d %s", &seq, &hash); err != nil || len(hash) != 64 {
		t.Fatalf("a process said %q: %s", line, c.stderr)
	}
	if other, twice := told[seq]; twice {
		t.Errorf("event %d was acknowledged twice: %s and %s", seq, other, hash)
	}
	told[seq] = hash
}

// whole holds the journal against what was acknowledged, and all rows against
// the journal.
func whole(t *testing.T, d Database, told map[int64]string) {
	t.Helper()
	s := d.store(t)
	view(t, s, func(tx inventory.Tx) error {
		left := len(told)
		err := inventory.Journal(tx, 1, func(e inventory.Event) error {
			if hash, ok := told[e.Seq]; ok {
				left--
				if hash != e.Hash.String() {
					t.Errorf("event %d has hash %s, acknowledged was %s", e.Seq, e.Hash, hash)
				}
			}
			return nil
		})
		if left != 0 {
			t.Errorf("%d acknowledged events are lost", left)
		}
		_, err2 := inventory.VerifyJournal(tx)
		return errors.Join(err, err2, inventory.VerifyRecords(tx), inventory.VerifyState(tx))
	})
}

// writeOn is a child of Kill: it enrolls keys, and says the last event's number
// and hash when each is recorded.
func writeOn(ctx context.Context, open Opener, url string) error {
	first, err := strconv.Atoi(os.Getenv(firstVariable))
	if err != nil {
		return err
	}
	s, err := open(ctx, url)
	if err != nil {
		return err
	}
	for n := first; ; n++ {
		var head inventory.Head
		err := s.Update(ctx, func(tx inventory.Tx) error {
			if _, err := inventory.EnrollKey(tx, act(0), enrollment(n)); err != nil {
				return err
			}
			var err error
			head, err = inventory.JournalHead(tx)
			return err
		})
		if err != nil {
			return errors.Join(err, s.Close())
		}
		// One write, so that a line is whole or not there.
		if _, err := os.Stdout.WriteString(fmt.Sprintf("%d %s\n", head.Seq, head.Hash)); err != nil {
			return errors.Join(err, s.Close())
		}
		time.Sleep(time.Millisecond) // SQLite's lock knows no queue: the other gets it now
	}
}
