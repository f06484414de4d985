package awsapi_test

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
)

// static are credentials for an endpoint.
func static(endpoint string) *awsapi.Static {
	return &awsapi.Static{Endpoint: endpoint, Region: "us-east-1", AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "example"}
}

func ignore(iamcheck.Facts) error { return nil }

func TestAMachineWithoutANetworkIsToldSoSoon(t *testing.T) {
	// No resolver asks anybody for a label of more than 63 bytes.
	nowhere := "http://" + strings.Repeat("x", 64) + ".invalid"
	for _, c := range []struct {
		name, endpoint string
		is             func(error) bool
	}{
		{"nobody listens", "http://127.0.0.1:1", func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		{"the host has no address", nowhere, func(err error) bool {
			var dns *net.DNSError
			return errors.As(err, &dns)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			_, err := awsapi.Collect(t.Context(), awsapi.Options{Org: true, Static: static(c.endpoint)}, ignore)
			if took := time.Since(began); err == nil || !c.is(err) || took > 10*time.Second {
				t.Errorf("got %v after %s", err, took)
			}
		})
	}
}
