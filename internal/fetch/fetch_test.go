package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hwmfa/internal/fetch"
)

const limit = 1 << 16

func silent(int64) {}

// serve is a server with a certificate of its own on this machine.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that we end
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestGet(t *testing.T) {
	file := bytes.Repeat([]byte("0123456789abcdef"), limit/16)
	var agent, encoding string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		agent, encoding = r.UserAgent(), r.Header.Get("Accept-Encoding")
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/file", http.StatusFound)
			return
		}
		w.Write(file)
	})
	for _, path := range []string{"/file", "/moved"} {
		var last int64
		got, err := fetch.Trusting(s.Certificate(), nil, time.Minute).Get(t.Context(), s.URL+path, limit, func(n int64) { last = n })
		if err != nil || !bytes.Equal(got, file) || last != int64(len(file)) {
			t.Errorf("%s: got %d bytes, told of %d, %v; want %d", path, len(got), last, err, len(file))
		}
	}
	if agent != "hwmfa/test" || encoding != "identity" {
		t.Errorf("it called itself %q and asked for %q", agent, encoding)
	}
}

// TestHostileAnswers: nothing that is not the whole file is taken for it.
func TestHostileAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, says string
		answer     http.HandlerFunc
		slow       bool
	}{
		{"a file that says it is too large", "larger than 65536 bytes", func(w http.ResponseWriter, _ *http.Request) {
			w.Write(make([]byte, limit+1))
		}, false},
		{"a file without end", "larger than 65536 bytes", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}, false},
		{"a file that is packed small", "packed its answer (gzip)", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, 16*limit))
			z.Close()
		}, false},
		{"an answer that never begins", "timeout awaiting response headers", func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, true},
		{"an answer that stops in the middle", "silent for 2s", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "the beginning")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, true},
		{"a file that is cut off", "unexpected EOF", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "the beginning")
		}, false},
		{"a web page", "a web page", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<!DOCTYPE html><title>Please log in</title>")
		}, false},
		{"not found", "404 Not Found", http.NotFound, false},
		{"a broken server", "500 Internal Server Error", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no", http.StatusInternalServerError)
		}, false},
		{"a part of the file", "206 Partial Content", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
		}, false},
		{"an empty answer with another status", "204 No Content", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		}, false},
		{"a redirect to plain http elsewhere", "want https", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/file", http.StatusFound)
		}, false},
		{"a redirect to a file", "want https", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, false},
		{"redirects in a circle", "more than 5 redirects", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/again", http.StatusFound)
		}, false},
		{"headers without end", "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wait := time.Minute // where the server is not what it waits for
			if tt.slow {
				wait = 2 * time.Second
			}
			s := serve(t, tt.answer)
			got, err := fetch.Trusting(s.Certificate(), nil, wait).Get(t.Context(), s.URL+"/file", limit, silent)
			if got != nil || !errors.Is(err, fetch.ErrNotFetched) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %d bytes, %v; want %q", len(got), err, tt.says)
			}
		})
	}
}

func TestAnUnknownCertificateIsRefused(t *testing.T) {
	s := serve(t, http.NotFound)
	_, err := fetch.New("hwmfa/test").Get(t.Context(), s.URL, limit, silent)
	if !errors.Is(err, fetch.ErrNotFetched) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v, want the certificate refused", err)
	}
}

func TestAddresses(t *testing.T) {
	for address, fine := range map[string]bool{
		"https://mds3.fidoalliance.org/":  true,
		"http://127.0.0.1:8080/blob.jwt":  true,
		"http://localhost/blob.jwt":       true,
		"http://[::1]:1/blob.jwt":         true,
		"http://mds3.fidoalliance.org/":   false,
		"http://localhost.example.org/":   false,
		"http://127.0.0.1.example.org/":   false,
		"https://user:secret@example.org": false,
		"ftp://example.org/":              false,
		"file:///etc/passwd":              false,
		"https:example.org":               false,
		"https://":                        false,
		"blob.jwt":                        false,
		"":                                false,
		"https://exa mple.org/\x00":       false,
	} {
		err := fetch.CheckURL(address)
		if fine != (err == nil) || err != nil && !errors.Is(err, fetch.ErrURL) {
			t.Errorf("%q: got %v, want it fetched: %v", address, err, fine)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error shows the password: %v", address, err)
		}
		if fine {
			continue
		}
		if _, err := fetch.New("hwmfa/test").Get(t.Context(), address, limit, silent); !errors.Is(err, fetch.ErrURL) {
			t.Errorf("%q was asked for: %v", address, err)
		}
	}
}

// proxied is a proxy that takes every address to be the server's.
func proxied(t *testing.T, s *httptest.Server) (at *url.URL, asked *atomic.Pointer[string]) {
	asked = new(atomic.Pointer[string])
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(&r.Host)
		if r.Method != http.MethodConnect {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		there, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer there.Close()
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer here.Close()
		fmt.Fprint(here, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(there, here)
		io.Copy(here, there)
	}))
	t.Cleanup(p.Close)
	at, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at, asked
}

func TestThroughAProxy(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/inside" { // what is on this machine is none of that server's business
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
			return
		}
		io.WriteString(w, "file")
	})
	proxy, asked := proxied(t, s)
	f := fetch.Trusting(s.Certificate(), proxy, time.Minute)
	got, err := f.Get(t.Context(), "https://example.com/blob", limit, silent)
	if err != nil || string(got) != "file" {
		t.Fatalf("got %q, %v", got, err)
	}
	if host := asked.Load(); host == nil || *host != "example.com:443" {
		t.Errorf("the proxy was asked for %v", host)
	}
	_, err = f.Get(t.Context(), "https://example.com/inside", limit, silent)
	if !errors.Is(err, fetch.ErrURL) || !strings.Contains(err.Error(), "to this machine") {
		t.Errorf("sent to this machine: %v", err)
	}
}

func TestCancel(t *testing.T) {
	asked := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	began := time.Now()
	_, err := fetch.Trusting(s.Certificate(), nil, time.Minute).Get(ctx, s.URL, limit, silent)
	if !errors.Is(err, context.Canceled) || errors.Is(err, fetch.ErrNotFetched) || time.Since(began) > 30*time.Second {
		t.Errorf("got %v after %v", err, time.Since(began))
	}
}
