package fetch

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"time"
)

// Trusting makes a Fetcher for a test's own server: it believes ca, goes through
// proxy where there is one, and waits no longer than wait.
func Trusting(ca *x509.Certificate, proxy *url.URL, wait time.Duration) *Fetcher {
	f := New("hwmfa/test")
	t := f.client.Transport.(*http.Transport)
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	t.TLSClientConfig.RootCAs.AddCert(ca)
	t.ResponseHeaderTimeout = wait
	if proxy != nil {
		t.Proxy = http.ProxyURL(proxy)
	}
	f.silence = wait
	return f
}
