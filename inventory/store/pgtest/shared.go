package pgtest

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// Shared is one server for all tests of a package, started when the first of
// them wants it.
type Shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Get starts the server or skips the test where PostgreSQL is not installed.
func (s *Shared) Get(t testing.TB) *Server {
	t.Helper()
	s.once.Do(func() { s.server, s.err = Start(context.Background()) })
	if errors.Is(s.err, ErrNotInstalled) {
		t.Skip(s.err)
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.server
}

// Stop ends the server if it was started; TestMain calls it after all tests.
func (s *Shared) Stop() error {
	if s.server == nil {
		return nil
	}
	return s.server.Stop()
}
