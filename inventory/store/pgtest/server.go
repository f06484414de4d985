// Package pgtest runs a PostgreSQL server of Debian's for tests: in a directory
// of its own, reached through a socket in it and over no network, and gone when
// the tests are.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// ErrNotInstalled: there is no PostgreSQL server on this machine.
var ErrNotInstalled = errors.New("PostgreSQL is not installed (Debian: postgresql)")

// Password is the password of every login that Login makes.
const Password = "s3cret-of-the-tests"

// Logins that need no password.
const (
	// Superuser may do everything on the server.
	Superuser = "postgres"
	// Owner owns the databases that Database makes.
	Owner = "anna"
)

// Server is a running server.
type Server struct {
	dir       string
	binaries  string
	as        *syscall.SysProcAttr
	process   *exec.Cmd
	log       *bytes.Buffer
	databases atomic.Int64
}

// Start makes a cluster and starts a server on it. Stop has to be called.
func Start(ctx context.Context) (*Server, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return nil, ErrNotInstalled
	}
	dir, err := os.MkdirTemp(memory(), "hwmfa-pg-") // short: a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, binaries: filepath.Dir(found[len(found)-1])}
	if err := s.make(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Restart(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if _, err := s.Run("postgres", Superuser, "CREATE ROLE "+Owner+" LOGIN"); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// memory is a directory in memory that has room for a server, "" where there
// is none: there a database is made in half the time.
func memory() string {
	const dir, room = "/dev/shm", 1 << 30 // bytes; a container's has 64 MiB
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil || disk.Bavail*uint64(disk.Bsize) < room {
		return ""
	}
	return dir
}

// make initializes the cluster as a user who may: the server refuses to run as
// root.
func (s *Server) make(ctx context.Context) error {
	s.as = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres") // comes with Debian's package
		if err != nil {
			return err
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2, os.Chown(s.dir, uid, gid)); err != nil {
			return err
		}
		s.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	c := s.command(ctx, "initdb", "--pgdata="+s.data(), "--username="+Superuser, "--encoding=UTF8", "--locale=C",
		"--auth=trust", "--no-sync", "--no-instructions")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	hba := fmt.Sprintf("local all %s,%s trust\nlocal all all scram-sha-256\n", Superuser, Owner)
	return os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(hba), 0o600)
}

// Directory is the directory of the server, which belongs to the user that it
// runs as.
func (s *Server) Directory() string { return s.dir }

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.binaries, name), args...)
	c.Dir = s.dir
	c.Env = []string{"PATH=" + s.binaries + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "PGHOST=" + s.dir}
	c.SysProcAttr = s.as
	return c
}

// Restart starts a server that is not running.
func (s *Server) Restart(ctx context.Context) error {
	s.log = &bytes.Buffer{}
	// It ends with the tests (Pdeathsig), whatever ends them.
	s.process = s.command(context.WithoutCancel(ctx), "postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=80", "-c", "shared_buffers=32MB", "-c", "autovacuum=off")
	s.process.Stderr = s.log
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := s.command(ctx, "pg_isready", "-q").Run()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("postgres does not answer: %w", err), s.Halt(syscall.SIGQUIT))
		}
	}
}

// Halt ends the server: SIGINT lets it write down what it has, SIGQUIT is a
// crash.
func (s *Server) Halt(how syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	err := s.process.Process.Signal(how)
	waited := s.process.Wait()
	s.process = nil
	var exit *exec.ExitError
	if errors.As(waited, &exit) && how == syscall.SIGQUIT {
		waited = nil
	}
	if err := errors.Join(err, waited); err != nil {
		return fmt.Errorf("stop postgres: %w: %s", err, s.log)
	}
	return nil
}

// Stop ends the server and removes all that it had.
func (s *Server) Stop() error {
	return errors.Join(s.Halt(syscall.SIGQUIT), os.RemoveAll(s.dir))
}

// Database makes an empty database, to be removed with the test, and returns
// its URL as the owner knows it.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	s.SQL(t, "postgres", "CREATE DATABASE "+name+" OWNER "+Owner+" TEMPLATE template0")
	t.Cleanup(func() { s.SQL(t, "postgres", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return s.URL(name, Owner)
}

// URL is the URL of a database for a login. The password is not in it.
func (s *Server) URL(database, login string) string {
	u := url.URL{Scheme: "postgres", User: url.User(login), Path: "/" + database}
	u.RawQuery = url.Values{"host": {s.dir}}.Encode()
	return u.String()
}

// As is a database's URL for another login.
func As(t testing.TB, databaseURL, login string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(login, Password)
	return u.String()
}

// Login makes a login that is a member of roles.
func (s *Server) Login(t testing.TB, login string, roles ...string) {
	t.Helper()
	s.SQL(t, "postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", login, Password))
	t.Cleanup(func() { s.SQL(t, "postgres", "DROP ROLE IF EXISTS "+login) })
	for _, role := range roles {
		s.SQL(t, "postgres", fmt.Sprintf("GRANT %s TO %s", role, login))
	}
}

// SQL runs a script as the superuser with PostgreSQL's own client and returns what
// it prints.
func (s *Server) SQL(t testing.TB, database, script string) string {
	t.Helper()
	out, err := s.Run(database, Superuser, script)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return out
}

// Run runs a script under a login with PostgreSQL's own client.
func (s *Server) Run(database, login, script string) (string, error) {
	c := s.command(context.Background(), "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", login, "-d", database)
	c.Env = append(c.Env, "PGPASSWORD="+Password)
	c.Stdin = strings.NewReader(script)
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
