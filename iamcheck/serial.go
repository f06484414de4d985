package iamcheck

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is what sort of device a serial at AWS stands for.
type Kind string

// The kinds of MFA device. A FIDO device is a security key or a passkey: the serial does not tell them apart.
const (
	FIDO    Kind = "fido"
	TOTP    Kind = "totp"
	Virtual Kind = "virtual"
	SMS     Kind = "sms"
)

// ErrSerial says that a device's serial has no form that AWS gives out.
var ErrSerial = errors.New("malformed device serial")

// maxSerial bounds a serial, in bytes. IAM's own limit is 256 characters.
const maxSerial = 1024

// Serial is a device's serial, taken apart.
type Serial struct {
	// Kind is "" for an ARN of no known kind, or of an IAM user's FIDO device, which can never be root's.
	Kind Kind
	// Partition and Account are the ARN's; "" for a TOTP token, whose serial is no ARN.
	Partition, Account string
	// Resource is what follows the account, such as u2f/root/NAME-ID; for a TOTP token, the serial itself.
	Resource string
}

// String is the serial as AWS writes it.
func (s Serial) String() string {
	if s.Account == "" {
		return s.Resource
	}
	return "arn:" + s.Partition + ":iam::" + s.Account + ":" + s.Resource
}

// ParseSerial takes a device's serial apart, or answers ErrSerial. What it accepts, String writes back unchanged.
func ParseSerial(serial string) (Serial, error) {
	if len(serial) > maxSerial {
		return Serial{}, fmt.Errorf("%w: %d bytes", ErrSerial, len(serial))
	}
	if isToken(serial) {
		return Serial{Kind: TOTP, Resource: serial}, nil
	}
	parts := strings.SplitN(serial, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || parts[3] != "" || !isPartition(parts[1]) || !IsAccountID(parts[4]) {
		return Serial{}, fmt.Errorf("%w: %q", ErrSerial, serial)
	}
	kind, name, ok := strings.Cut(parts[5], "/")
	if !ok || kind == "" || name == "" {
		return Serial{}, fmt.Errorf("%w: %q", ErrSerial, serial)
	}
	s := Serial{Partition: parts[1], Account: parts[4], Resource: parts[5]}
	switch {
	case kind == "mfa":
		s.Kind = Virtual
	case kind == "sms-mfa":
		s.Kind = SMS
	case kind == "u2f" && !strings.HasPrefix(name, "user/"):
		s.Kind = FIDO
	}
	return s, nil
}

// Name is the name a person gave the device: NAME of u2f/root/NAME-ID, and of mfa/NAME. A TOTP token has none.
func (s Serial) Name() string {
	name := s.Resource[strings.LastIndexByte(s.Resource, '/')+1:]
	switch s.Kind {
	case FIDO:
		// AWS appends an identifier of its own, which holds no hyphen; the name may hold any number of them.
		if i := strings.LastIndexByte(name, '-'); i > 0 && i < len(name)-1 {
			return name[:i]
		}
		return ""
	case Virtual:
		return name
	}
	return ""
}

// IsAccountID reports whether id is twelve digits.
func IsAccountID(id string) bool {
	if len(id) != 12 {
		return false
	}
	for i := range len(id) {
		if id[i] < '0' || id[i] > '9' {
			return false
		}
	}
	return true
}

// RootARN is the ARN of an account's root user: the exact string, since a user or a path may be called root too.
func RootARN(partition, account string) string {
	return "arn:" + partition + ":iam::" + account + ":root"
}

// CustomarySerial is the serial the console gives to root's virtual device, and the one the benchmark's own audit text looks
// for. Root's may have any other, and a user or nobody may own this one.
func CustomarySerial(partition, account string) string {
	return "arn:" + partition + ":iam::" + account + ":mfa/root-account-mfa-device"
}

// ARNAccount is the account field of an IAM ARN, with its partition; ok is false for anything else.
func ARNAccount(arn string) (partition, account string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !isPartition(parts[1]) || (parts[2] != "iam" && parts[2] != "sts") ||
		parts[3] != "" || !IsAccountID(parts[4]) || parts[5] == "" {
		return "", "", false
	}
	return parts[1], parts[4], true
}

// isToken reports whether serial is that of a TOTP token, such as GAHT12345678: letters and digits, no ARN.
func isToken(serial string) bool {
	if len(serial) < 4 || len(serial) > 64 {
		return false
	}
	for i := range len(serial) {
		c := serial[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return true
}

// isPartition reports whether p has the form of an ARN's partition.
func isPartition(p string) bool {
	if !strings.HasPrefix(p, "aws") || len(p) > 32 {
		return false
	}
	for i := range len(p) {
		if c := p[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
