package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"hwmfa/inventory"
)

// The variables of the children below, beside the database's: what they do,
// with which key, for whom, and from which number on.
const (
	workVariable   = "HWMFA_STORETEST_WORK"
	keyVariable    = "HWMFA_STORETEST_KEY"
	personVariable = "HWMFA_STORETEST_PERSON"

	workContend = "contend"
	workWrite   = "write"
)

// child is the test binary once more, as a process that is spoken to by lines.
type child struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	stderr  *strings.Builder
}

// spawn starts a child with these variables.
func spawn(t *testing.T, variables ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{process: exec.Command(self), stderr: &strings.Builder{}}
	c.process.Env = append(os.Environ(), variables...)
	c.process.Stderr = c.stderr
	in, err1 := c.process.StdinPipe()
	out, err2 := c.process.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	c.in, c.out = in, bufio.NewScanner(out)
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Both fail where it has ended.
		_ = c.process.Process.Kill()
		_ = c.process.Wait()
	})
	return c
}

// Contest has so many processes take one key at the same moment, round after
// round, each for a person of its own: one gets it each time, the others are
// told that it is gone, and the journal holds just that.
func Contest(t *testing.T, d Database, processes, rounds int) {
	s := d.store(t)
	k := enroll(t, s, act(0), enrollment(0))
	safe := place(t, s, "Zürich/Safe 1")
	before := Events(t, d.Open, d.URL)
	people := make([]string, processes)
	children := make([]*child, processes)
	for i := range children {
		people[i] = person(t, s, inventory.Person{Name: fmt.Sprintf("Person %d", i)}).ID
		children[i] = spawn(t, urlVariable+"="+d.URL, workVariable+"="+workContend, keyVariable+"="+k.ID, personVariable+"="+people[i])
	}
	for _, c := range children {
		c.expect(t, "ready")
	}
	wins := make([]int, processes)
	for round := range rounds {
		for _, c := range children {
			if _, err := io.WriteString(c.in, "take it\n"); err != nil {
				t.Fatalf("round %d: %v: %s", round, err, c.stderr)
			}
		}
		winner := -1
		for i, c := range children {
			if c.answer(t) != "won" {
				continue
			}
			if winner >= 0 {
				t.Fatalf("round %d: %s and %s both have the key", round, people[winner], people[i])
			}
			winner = i
		}
		if winner < 0 {
			t.Fatalf("round %d: nobody has the key", round)
		}
		wins[winner]++
		if now := keyNow(t, s, k.ID); now.HolderID != people[winner] {
			t.Fatalf("round %d: %q has the key, %q was told so", round, now.HolderID, people[winner])
		}
		update(t, s, move(act(1), inventory.Move{Verb: inventory.VerbCheckIn, KeyID: k.ID, PlaceID: safe.ID}))
	}
	for _, c := range children {
		if err := c.in.Close(); err != nil {
			t.Error(err)
		}
		if err := c.process.Wait(); err != nil {
			t.Errorf("a process ended with %v: %s", err, c.stderr)
		}
	}
	if got, want := Events(t, d.Open, d.URL), before+int64(processes+2*rounds); got != want {
		t.Errorf("%d events, want %d", got, want)
	}
	t.Logf("%d rounds, won by each of %d processes: %v", rounds, processes, wins)
}

// answer is the next line that the child says.
func (c *child) answer(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("a process said no more (%v): %s", c.out.Err(), c.stderr)
	}
	return c.out.Text()
}

func (c *child) expect(t *testing.T, want string) {
	t.Helper()
	if got := c.answer(t); got != want {
		t.Fatalf("a process said %q, want %q: %s", got, want, c.stderr)
	}
}

// contend is a child of Contest: for each line it reads it tries to take the
// key, and says how that ended.
func contend(ctx context.Context, open Opener, url string) (err error) {
	s, err := open(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	take := move(act(1), inventory.Move{
		Verb: inventory.VerbCheckOut, KeyID: os.Getenv(keyVariable), PersonID: os.Getenv(personVariable), Reason: "contest",
	})
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch err := s.Update(ctx, take); {
		case err == nil:
			fmt.Println("won")
		case errors.Is(err, inventory.ErrStatus):
			fmt.Println("gone")
		default:
			return err
		}
	}
	return nil
}
