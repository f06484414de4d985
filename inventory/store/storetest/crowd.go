package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"hwmfa/inventory"
)

// Each of these many writers enrolls this many keys.
const (
	writers   = 4
	perWriter = 8
)

func testGoroutines(t *testing.T, d Database) {
	s := d.store(t)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range perWriter {
				err := s.Update(t.Context(), func(tx inventory.Tx) error {
					_, err := inventory.EnrollKey(tx, act(i), enrollment(w*perWriter+i))
					return err
				})
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
				err = s.View(t.Context(), func(tx inventory.Tx) error {
					_, err := inventory.VerifyJournal(tx)
					return err
				})
				if err != nil {
					t.Errorf("reader %d: %v", w, err)
				}
			}
		})
	}
	wg.Wait()
	expectKeys(t, s, writers*perWriter)
}

func testProcesses(t *testing.T, d Database) {
	// No process has made the database yet: they also meet in doing that.
	outcomes := children(t, d, func(w int) (first, count int) { return w * perWriter, perWriter })
	for w, o := range outcomes {
		if o != (outcome{enrolled: perWriter}) {
			t.Errorf("process %d: %+v, want %d enrolled", w, o, perWriter)
		}
	}
	expectKeys(t, d.store(t), writers*perWriter)
}

func testRace(t *testing.T, d Database) {
	var total outcome
	for _, o := range children(t, d, func(int) (first, count int) { return 0, perWriter }) {
		total.enrolled += o.enrolled
		total.refused += o.refused
	}
	if want := (outcome{enrolled: perWriter, refused: (writers - 1) * perWriter}); total != want {
		t.Errorf("all processes together: %+v, want %+v", total, want)
	}
	expectKeys(t, d.store(t), perWriter)
}

// expectKeys looks for n keys, a journal that verifies and has an event for
// each and for the two places, and evidence that stands by it.
func expectKeys(t *testing.T, s inventory.Store, n int) {
	t.Helper()
	view(t, s, func(tx inventory.Tx) error {
		keys, err := inventory.Keys(tx, inventory.KeyFilter{})
		if len(keys) != n {
			t.Errorf("%d keys, want %d", len(keys), n)
		}
		head, err2 := inventory.VerifyJournal(tx)
		if head.Seq != int64(n+2) {
			t.Errorf("%d events, want %d", head.Seq, n+2)
		}
		return errors.Join(err, err2, inventory.VerifyRecords(tx))
	})
}

// outcome is what one child did.
type outcome struct{ enrolled, refused int }

// The variables that turn a test binary into a child: the database and the
// first and number of the keys to enroll.
const (
	urlVariable   = "HWMFA_STORETEST_URL"
	firstVariable = "HWMFA_STORETEST_FIRST"
	countVariable = "HWMFA_STORETEST_COUNT"
)

// children runs the test binary again, several times at once, each process to
// enroll the keys that share gives it.
func children(t *testing.T, d Database, share func(w int) (first, count int)) []outcome {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	outcomes := make([]outcome, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			first, count := share(w)
			c := exec.CommandContext(t.Context(), self)
			c.Env = append(os.Environ(), urlVariable+"="+d.URL,
				firstVariable+"="+strconv.Itoa(first), countVariable+"="+strconv.Itoa(count))
			var stderr strings.Builder
			c.Stderr = &stderr
			out, err := c.Output()
			if err != nil {
				t.Errorf("process %d: %v: %s", w, err, stderr.String())
				return
			}
			if _, err := fmt.Sscanf(string(out), "%d %d", &outcomes[w].enrolled, &outcomes[w].refused); err != nil {
				t.Errorf("process %d said %q: %v", w, out, err)
			}
		})
	}
	wg.Wait()
	return outcomes
}

// Main is for the TestMain of a database's tests: it runs the tests or, in a
// process that a test started, does its work. It returns the exit status.
func Main(m *testing.M, open Opener) int {
	url, ok := os.LookupEnv(urlVariable)
	if !ok {
		return m.Run()
	}
	ctx := context.Background()
	var err error
	switch os.Getenv(workVariable) {
	case workContend:
		err = contend(ctx, open, url)
	case workWrite:
		err = writeOn(ctx, open, url)
	default:
		var o outcome
		if o, err = work(ctx, open, url); err == nil {
			fmt.Println(o.enrolled, o.refused)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// work enrolls keys one by one; keys that are there already are counted.
func work(ctx context.Context, open Opener, url string) (o outcome, err error) {
	first, err1 := strconv.Atoi(os.Getenv(firstVariable))
	count, err2 := strconv.Atoi(os.Getenv(countVariable))
	if err := errors.Join(err1, err2); err != nil {
		return o, err
	}
	s, err := open(ctx, url)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for i := range count {
		err := s.Update(ctx, func(tx inventory.Tx) error {
			_, err := inventory.EnrollKey(tx, act(i), enrollment(first+i))
			return err
		})
		switch {
		case err == nil:
			o.enrolled++
		case errors.Is(err, inventory.ErrExists):
			o.refused++
		default:
			return o, err
		}
	}
	return o, nil
}
