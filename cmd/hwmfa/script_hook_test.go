package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"hwmfa/internal/notary/tsatest"
)

// hook is a web hook and what came in.
type hook struct {
	mu  sync.Mutex
	got []string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || strings.HasPrefix(r.URL.Path, "/fail") {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "cannot deliver to "+r.URL.Path)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, r.URL.Path+" "+string(body))
}

// hooks are those of running scripts, by their address.
var hooks sync.Map

func scriptHook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: hook")
	}
	h := &hook{}
	s := httptest.NewServer(h)
	ts.Defer(s.Close)
	hooks.Store(s.URL, h)
	ts.Setenv("HOOK", s.URL)
}

func scriptHooked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hooked PATTERN")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	found, _ := hooks.Load(ts.Getenv("HOOK"))
	h := found.(*hook)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, got := range h.got {
		if pattern.MatchString(got) {
			return
		}
	}
	ts.Fatalf("nothing that came matches %s: %q", args[0], h.got)
}

func scriptAuthority(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: authority FILE")
	}
	dir := ts.MkAbs("authority")
	ts.Check(os.Mkdir(dir, 0o700))
	a, err := tsatest.New(dir, tsatest.ECKeys, "critical, timeStamping")
	ts.Check(err)
	ts.Defer(a.Close)
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), ca, 0o600))
	ts.Setenv("AUTHORITY", a.URL)
}

func scriptExpand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
