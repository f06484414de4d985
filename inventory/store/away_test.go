package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/store/pgtest"
	"hwmfa/inventory/store/storetest"
)

// makePlace makes a place, which is an event.
func makePlace(path string) func(tx inventory.Tx) error {
	return func(tx inventory.Tx) error {
		_, err := inventory.EnsurePlace(tx, inventory.Act{Actor: pgtest.Owner, At: time.Unix(1.8e9, 0)}, path)
		return err
	}
}

// TestServerGoesAway: a server that ends in the middle of a change leaves
// nothing of it, and once it is back the same store goes on.
func TestServerGoesAway(t *testing.T) {
	postgres.Get(t) // skips where there is none
	server, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	server.SQL(t, "postgres", "CREATE DATABASE inventory OWNER "+pgtest.Owner)
	database := server.URL("inventory", pgtest.Owner)
	s, err := Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Update(t.Context(), makePlace("Site")); err != nil {
		t.Fatal(err)
	}
	for name, how := range map[string]syscall.Signal{"it is shut down": syscall.SIGINT, "it crashes": syscall.SIGQUIT} {
		t.Run(name, func(t *testing.T) {
			before := everything(t, database)
			calls := 0
			err := s.Update(t.Context(), func(tx inventory.Tx) error {
				calls++
				if err := makePlace("Site/Half")(tx); err != nil {
					return err
				}
				if err := server.Halt(how); err != nil {
					t.Fatal(err)
				}
				return makePlace("Site/Other half")(tx)
			})
			if !errors.Is(err, ErrUnreachable) || errors.Is(err, ErrOutcome) || calls != 1 {
				t.Errorf("in the middle: %v after %d calls, want %v", err, calls, ErrUnreachable)
			}
			if err := s.Update(t.Context(), makePlace("Site/Half")); !errors.Is(err, ErrUnreachable) {
				t.Errorf("while it is away: %v, want %v", err, ErrUnreachable)
			}
			if err := s.View(t.Context(), func(inventory.Tx) error { return nil }); !errors.Is(err, ErrUnreachable) {
				t.Errorf("reading while it is away: %v, want %v", err, ErrUnreachable)
			}
			if err := server.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			if after := everything(t, database); after != before {
				t.Errorf("there is something of it\nbefore %s\nafter  %s", before, after)
			}
			if err := s.Update(t.Context(), makePlace("Site/"+name)); err != nil {
				t.Errorf("when it is back: %v", err)
			}
		})
	}
	t.Run("a program that stands still in a change is cut off", func(t *testing.T) {
		before := everything(t, database)
		err := s.Update(t.Context(), func(tx inventory.Tx) error {
			if err := makePlace("Site/Sleep")(tx); err != nil {
				return err
			}
			server.SQL(t, "inventory", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")
			return makePlace("Site/Awake")(tx)
		})
		if !errors.Is(err, ErrUnreachable) {
			t.Errorf("got %v, want %v", err, ErrUnreachable)
		}
		if after := everything(t, database); after != before {
			t.Error("there is something of it")
		}
	})
}

// Ways in which a relay loses a commit.
const (
	passOn       = iota
	loseAnswer   // the server gets it, and its answer is lost
	loseQuestion // the server never gets it
	loseServer   // the answer is lost, and so is every later connection
)

// relay stands between a client and a server's socket.
type relay struct {
	mode atomic.Int32
	dir  string
}

func newRelay(t *testing.T, database string) (*relay, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	server := filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")
	r := &relay{dir: t.TempDir()}
	l, err := net.Listen("unix", filepath.Join(r.dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(client, server)
		}
	}()
	u.RawQuery = url.Values{"host": {r.dir}}.Encode()
	return r, u.String()
}

func (r *relay) serve(client net.Conn, address string) {
	defer client.Close()
	if r.mode.Load() == loseServer {
		return
	}
	server, err := net.Dial("unix", address)
	if err != nil {
		return
	}
	defer server.Close()
	var cut atomic.Bool // what comes back is lost
	go func() {
		buffer := make([]byte, 1<<16)
		for {
			n, err := server.Read(buffer)
			if err != nil || cut.Load() {
				client.Close()
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], []byte("commit\x00")) {
			switch r.mode.Load() {
			case loseQuestion:
				return
			case loseAnswer, loseServer:
				cut.Store(true)
				_, _ = server.Write(buffer[:n])
				_, _ = io.Copy(io.Discard, client) // until the other side closes it
				return
			}
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestLostCommit: a commit whose answer does not arrive is asked for, and only
// where nobody answers the outcome is not known.
func TestLostCommit(t *testing.T) {
	database := postgres.Get(t).Database(t)
	relay, through := newRelay(t, database)
	opened, err := Open(t.Context(), through)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	s := opened.(*postgresStore)
	patience := s.patience
	tests := []struct {
		name     string
		mode     int32
		want     []error
		recorded bool
	}{
		{"nothing is lost", passOn, nil, true},
		{"the answer is lost", loseAnswer, nil, true},
		{"the question is lost", loseQuestion, []error{ErrUnreachable}, false},
		{"the server is lost with the answer", loseServer, []error{ErrOutcome, ErrUnreachable}, true},
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := storetest.Events(t, Open, database)
			calls := 0
			relay.mode.Store(tt.mode)
			if s.patience = patience; tt.mode == loseServer {
				s.patience = 300 * time.Millisecond // nobody will answer
			}
			err := s.Update(t.Context(), func(tx inventory.Tx) error {
				calls++
				return makePlace(fmt.Sprintf("Site %d", n))(tx)
			})
			relay.mode.Store(passOn)
			for _, want := range tt.want {
				if !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			if len(tt.want) == 0 && err != nil {
				t.Error(err)
			}
			if tt.mode != loseServer && errors.Is(err, ErrOutcome) {
				t.Errorf("%v, and the server could have been asked", err)
			}
			if calls != 1 {
				t.Errorf("the change was made %d times", calls)
			}
			if recorded := storetest.Events(t, Open, database) > before; recorded != tt.recorded {
				t.Errorf("recorded: %v, want %v", recorded, tt.recorded)
			}
		})
	}
}

// execRaw runs a statement in a transaction, whatever it is.
func execRaw(view inventory.Tx, statement string) error {
	t := view.(*tx)
	_, err := t.sql.ExecContext(t.ctx, statement)
	return mapped(err)
}

// TestAgain: a transaction that collides with another program's is carried out
// again, a few times and not for ever.
func TestAgain(t *testing.T) {
	server := postgres.Get(t)
	database := server.Database(t)
	s, err := Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	raise := func(tx inventory.Tx, state string) error {
		return execRaw(tx, "DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '"+state+"'; END $$")
	}
	for _, state := range []string{"40001", "40P01"} {
		calls := 0
		err := s.Update(t.Context(), func(tx inventory.Tx) error {
			if calls++; calls < 3 {
				return fmt.Errorf("in the middle: %w", raise(tx, state))
			}
			return makePlace("Site " + state)(tx)
		})
		if err != nil || calls != 3 {
			t.Errorf("%s: %d calls, %v", state, calls, err)
		}
		calls = 0
		err = s.Update(t.Context(), func(tx inventory.Tx) error {
			calls++
			return raise(tx, state)
		})
		if !errors.Is(err, ErrBusy) || calls != maxTries {
			t.Errorf("%s for ever: %d calls, %v; want %d, %v", state, calls, err, maxTries, ErrBusy)
		}
	}
	for state, want := range map[string]error{
		"23505": inventory.ErrExists, "25006": inventory.ErrReadOnly, "55P03": ErrBusy, "42501": ErrDenied,
		"53100": ErrNoSpace, "53200": ErrUnreachable, "57P01": ErrUnreachable, "XX001": ErrDamaged, "28P01": ErrLogin, "08006": ErrUnreachable,
	} {
		calls := 0
		err := s.Update(t.Context(), func(tx inventory.Tx) error {
			calls++
			return raise(tx, state)
		})
		if !errors.Is(err, want) || calls != 1 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %d calls, %v; want %v", state, calls, err, want)
		}
	}
	if n := storetest.Events(t, Open, database); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

// TestNoneTwice: writers at one moment wait for each other, so that none has to
// do its work twice.
func TestNoneTwice(t *testing.T) {
	s, err := Open(t.Context(), postgres.Get(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const writers, each = 4, 10
	var calls atomic.Int32
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				err := s.Update(t.Context(), func(tx inventory.Tx) error {
					calls.Add(1)
					return makePlace(fmt.Sprintf("Site %d/%d", w, n))(tx)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := calls.Load(); got != writers*each {
		t.Errorf("%d changes were made in %d calls", writers*each, got)
	}
}

// TestTurns: who waits too long for the writer before gives up, and a reader
// does not wait.
func TestTurns(t *testing.T) {
	database := postgres.Get(t).Database(t)
	s, err := Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Update(t.Context(), func(tx inventory.Tx) error {
		if err := makePlace("Site")(tx); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := s.Update(ctx, makePlace("Other")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second writer: %v, want %v", err, context.DeadlineExceeded)
		}
		return s.View(t.Context(), func(tx inventory.Tx) error {
			head, err := inventory.JournalHead(tx)
			if head.Seq != 0 {
				t.Errorf("a reader sees event %d of a change that is not done", head.Seq)
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := storetest.Events(t, Open, database); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
