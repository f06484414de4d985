package notify

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// believed is the certificate of this machine's name that tests believe, and
// stranger one of the same name that nobody does.
var believed, stranger tls.Certificate

// TestMain makes the certificates: crypto/x509 reads the system's roots once.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "hwmfa-notify")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		believed, stranger = certificate(), certificate()
		roots := filepath.Join(dir, "roots.pem")
		if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: believed.Certificate[0]}), 0o600); err != nil {
			panic(err)
		}
		if err := os.Setenv("SSL_CERT_FILE", roots); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// mailServer is a mail server of 127.0.0.1 that takes everything.
type mailServer struct {
	address string

	mu   sync.Mutex
	mail []string // what came, as "tls=BOOL: text"
	said []string // every command
}

// serveMail starts one. Without a certificate it offers no STARTTLS.
func serveMail(t *testing.T, c *tls.Certificate) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{address: l.Addr().String()}
	var all sync.WaitGroup
	var conns []net.Conn
	t.Cleanup(func() {
		_ = l.Close()
		s.mu.Lock()
		for _, c := range conns { // the library leaves those open on which it failed
			_ = c.Close()
		}
		s.mu.Unlock()
		all.Wait()
	})
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			conns = append(conns, conn)
			s.mu.Unlock()
			all.Go(func() { s.serve(conn, c) })
		}
	})
	return s
}

func (s *mailServer) serve(conn net.Conn, c *tls.Certificate) {
	defer func() { _ = conn.Close() }()
	encrypted := false
	r := bufio.NewReader(conn)
	answer := func(text string) { _, _ = fmt.Fprintf(conn, "%s\r\n", text) }
	answer("220 localhost ESMTP")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		s.mu.Lock()
		s.said = append(s.said, strings.TrimSpace(line))
		s.mu.Unlock()
		switch verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); verb {
		case "EHLO":
			if c != nil && !encrypted {
				answer("250-localhost\r\n250 STARTTLS")
			} else {
				answer("250-localhost\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			answer("220 go on")
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*c}, MinVersion: tls.VersionTLS12})
			if secure.Handshake() != nil {
				return
			}
			conn, r, encrypted = secure, bufio.NewReader(secure), true
		case "AUTH":
			answer("235 ok")
		case "DATA":
			answer("354 go on")
			var text strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				text.WriteString(line)
			}
			s.mu.Lock()
			s.mail = append(s.mail, fmt.Sprintf("tls=%t: %s", encrypted, text.String()))
			s.mu.Unlock()
			answer("250 ok")
		case "QUIT":
			answer("221 bye")
			return
		default:
			answer("250 ok")
		}
	}
}

func (s *mailServer) got() (mail, said []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mail, s.said
}
