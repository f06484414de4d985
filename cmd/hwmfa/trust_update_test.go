package main

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hwmfa/internal/fetch"
	"hwmfa/internal/term"
)

// TestTrustUpdateFromAFileAsksNoNetwork: whoever gives a file may be on a
// machine that must not reach out.
func TestTrustUpdateFromAFileAsksNoNetwork(t *testing.T) {
	dial := func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("it reached out to %s", address)
		return nil, net.ErrClosed
	}
	before := http.DefaultTransport
	http.DefaultTransport = &http.Transport{DialContext: dial}
	t.Cleanup(func() { http.DefaultTransport = before })

	for _, file := range []string{"anchors/yubico-intermediate.pem", "fido_test.go"} {
		streams, terminal := term.Test()
		a := newApp(streams)
		a.fetch = func(_ context.Context, address string, _ int64, _ func(int64)) ([]byte, error) {
			t.Errorf("it fetched %s", address)
			return nil, net.ErrClosed
		}
		inventory := filepath.Join(t.TempDir(), "inventory.db")
		path := filepath.Join("..", "..", "hw", "attest", filepath.FromSlash(file))
		runApp(t.Context(), a, []string{"trust", "update", "--from", path, "--inventory", "sqlite://" + inventory})
		if out := terminal.Out.String() + terminal.Err.String(); !strings.Contains(out, "there already: ") && !strings.Contains(out, "neither") {
			t.Errorf("%s was not judged: %s", file, out)
		}
	}
}

// TestTrustUpdateTellsThatItFetches also while a server has not said a word.
func TestTrustUpdateTellsThatItFetches(t *testing.T) {
	streams, terminal := term.Test()
	a := newApp(streams)
	began, asked := time.Now(), atomic.Int32{}
	a.now = func() time.Time { // twenty times as fast
		asked.Add(1)
		return began.Add(20 * time.Since(began))
	}
	a.fetch = func(_ context.Context, _ string, _ int64, _ func(int64)) ([]byte, error) {
		// The time is asked whenever it may be told.
		for before := asked.Load(); asked.Load() < before+2 && time.Since(began) < time.Minute; time.Sleep(5 * time.Millisecond) {
		}
		return nil, fetch.ErrNotFetched
	}
	status := runApp(t.Context(), a, []string{
		"trust", "update", "--url", "https://example.org/blob.jwt", "--inventory", "sqlite://" + filepath.Join(t.TempDir(), "inventory.db"),
	})
	if said := terminal.Err.String(); status != exitFailure || !strings.Contains(said, "fetching https://example.org/blob.jwt, 0 kB so far") {
		t.Errorf("status %d, it said %q", status, said)
	}
}
