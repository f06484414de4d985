package iamcheck

import (
	"errors"
	"strings"
	"testing"
)

const (
	here      = "222222222222"
	elsewhere = "999999999999"
)

func TestParseSerial(t *testing.T) {
	for _, c := range []struct {
		name, serial string
		kind         Kind
		device       string
		err          error
	}{
		{"a security key", "arn:aws:iam::222222222222:u2f/root/yk-1-ABCDEF123", FIDO, "yk-1", nil},
		{"a security key whose name has hyphens", "arn:aws:iam::222222222222:u2f/root/site-a-safe-2-ABC", FIDO, "site-a-safe-2", nil},
		{"a security key without a name", "arn:aws:iam::222222222222:u2f/root/ABC", FIDO, "", nil},
		{"a virtual device", "arn:aws:iam::222222222222:mfa/root-account-mfa-device", Virtual, "root-account-mfa-device", nil},
		{"a virtual device under a path", "arn:aws-us-gov:iam::222222222222:mfa/team/phone", Virtual, "phone", nil},
		{"an SMS device", "arn:aws:iam::222222222222:sms-mfa/+15550100", SMS, "", nil},
		{"a hardware token", "GAHT12345678", TOTP, "", nil},
		{"an IAM user's security key", "arn:aws:iam::222222222222:u2f/user/eve/key-ABC", "", "", nil},
		{"an unheard-of kind", "arn:aws:iam::222222222222:neural/root/implant", "", "", nil},
		{"nothing", "", "", "", ErrSerial},
		{"an account of eleven digits", "arn:aws:iam::22222222222:mfa/x", "", "", ErrSerial},
		{"an account that is a word", "arn:aws:iam::root:mfa/x", "", "", ErrSerial},
		{"a region", "arn:aws:iam:us-east-1:222222222222:mfa/x", "", "", ErrSerial},
		{"another service", "arn:aws:sts::222222222222:mfa/x", "", "", ErrSerial},
		{"a partition of no such form", "arn:AWS:iam::222222222222:mfa/x", "", "", ErrSerial},
		{"no name", "arn:aws:iam::222222222222:mfa/", "", "", ErrSerial},
		{"no resource", "arn:aws:iam::222222222222:mfa", "", "", ErrSerial},
		{"control characters for a token", "GAHT\x1b[2J", "", "", ErrSerial},
		{"a very long one", "arn:aws:iam::222222222222:mfa/" + strings.Repeat("x", maxSerial), "", "", ErrSerial},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseSerial(c.serial)
			if !errors.Is(err, c.err) || got.Kind != c.kind || got.Name() != c.device {
				t.Fatalf("got %+v named %q, %v; want kind %q named %q, %v", got, got.Name(), err, c.kind, c.device, c.err)
			}
		})
	}
}

func TestARNAccount(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::222222222222:root":                       "aws 222222222222",
		"arn:aws-cn:iam::222222222222:user/root/eve":           "aws-cn 222222222222",
		"arn:aws:sts::222222222222:assumed-role/audit/session": "aws 222222222222",
		"arn:aws:iam::222222222222:":                           "",
		"arn:aws:s3::222222222222:bucket":                      "",
		"arn:aws:iam::2222:root":                               "",
		"root":                                                 "",
	} {
		partition, account, ok := ARNAccount(arn)
		if got := strings.TrimSpace(partition + " " + account); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v; want %q", arn, got, ok, want)
		}
	}
}

func FuzzParseSerial(f *testing.F) {
	for _, s := range []string{
		"GAHT12345678", "arn:aws:iam::222222222222:u2f/root/yk-1-ABC", "arn:aws:iam::222222222222:mfa/a/b",
		"arn:aws-us-gov:iam::222222222222:sms-mfa/+1", "arn:aws:iam::222222222222:x/\x00", "arn:::::", "arn:aws:iam::22222222222é:mfa/x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, serial string) {
		got, err := ParseSerial(serial)
		if err != nil {
			if !errors.Is(err, ErrSerial) || got != (Serial{}) {
				t.Fatalf("%q: got %+v, %v", serial, got, err)
			}
			return
		}
		if got.String() != serial {
			t.Fatalf("%q is written back as %q", serial, got.String())
		}
		if got.Kind != TOTP && (!IsAccountID(got.Account) || got.Partition == "") {
			t.Fatalf("%q: an ARN without an account: %+v", serial, got)
		}
		if name := got.Name(); !strings.Contains(serial, name) {
			t.Fatalf("%q: the name %q is not in it", serial, name)
		}
	})
}
