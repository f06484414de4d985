package awsapi

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"hwmfa/iamcheck"
)

const (
	// maxOwnPages bounds root's own lists. Root has at most eight MFA devices and two access keys.
	maxOwnPages = 100
	// maxVirtualPages bounds an account's virtual list.
	maxVirtualPages = 10_000
	// virtualPage is how many virtual devices are asked for at a time; AWS may send fewer.
	virtualPage = 1000
	// maxKept bounds the virtual devices that are kept of one account.
	maxKept = 1000
	// maxDevices bounds root's own device list.
	maxDevices = 1000
)

// summary reads the counters. Those that AWS did not send, or that cannot be, are left unknown and the call is named.
func (c *clients) summary(ctx context.Context, s *session, f *iamcheck.Facts) error {
	out, err := c.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{}, s.options...)
	if err == nil {
		f.Summary, err = counters(out.SummaryMap)
	}
	f.Calls = append(f.Calls, named("iam:GetAccountSummary", s.by, err))
	return err
}

// counters picks the four that speak of root.
func counters(m map[string]int32) (*iamcheck.Summary, error) {
	s, wrong := iamcheck.SummaryOf(m)
	if wrong != nil {
		return s, &malformedError{what: strings.Join(wrong, ", ")}
	}
	return s, nil
}

// ownDevices reads the device list of whoever calls. The session must be root's: of any other caller it is another list. An
// entry that says nothing leaves the list incomplete and hides none of those after it.
func (c *clients) ownDevices(ctx context.Context, s *session, f *iamcheck.Facts) error {
	list := iamcheck.RootList{}
	var wrong error
	err := pages(maxOwnPages, func(marker string) (string, bool, error) {
		out, err := c.iam.ListMFADevices(ctx, &iam.ListMFADevicesInput{Marker: markerOf(marker)}, s.options...)
		if err != nil {
			return "", false, err
		}
		list.Reading = iamcheck.Partial
		for _, d := range out.MFADevices {
			serial := aws.ToString(d.SerialNumber)
			if serial == "" {
				wrong = &malformedError{what: "a device without a serial"}
				continue
			}
			if len(list.Devices) >= maxDevices {
				return "", false, &malformedError{what: fmt.Sprintf("more than %d devices of root", maxDevices)}
			}
			list.Devices = append(list.Devices, iamcheck.Device{Serial: serial, EnabledAt: timeOf(d.EnableDate)})
		}
		return aws.ToString(out.Marker), out.IsTruncated, nil
	})
	if err == nil {
		err = wrong
	}
	if err == nil {
		list.Reading = iamcheck.Complete
	}
	f.Root = list
	f.Calls = append(f.Calls, named("iam:ListMFADevices", s.by, err))
	return err
}

// virtualDevices reads the account's virtual devices and keeps those that a rule looks at. As in ownDevices, an entry that
// says nothing hides no other.
func (c *clients) virtualDevices(ctx context.Context, s *session, f *iamcheck.Facts) error {
	list := iamcheck.VirtualList{}
	var wrong error
	err := pages(maxVirtualPages, func(marker string) (string, bool, error) {
		in := &iam.ListVirtualMFADevicesInput{Marker: markerOf(marker), MaxItems: aws.Int32(virtualPage)}
		out, err := c.iam.ListVirtualMFADevices(ctx, in, s.options...)
		if err != nil {
			return "", false, err
		}
		list.Reading = iamcheck.Partial
		for _, d := range out.VirtualMFADevices {
			device := iamcheck.VirtualDevice{Serial: aws.ToString(d.SerialNumber), EnabledAt: timeOf(d.EnableDate)}
			// An element User with nothing in it says what its absence does: the device is assigned to nobody.
			owned := d.User != nil && (d.User.Arn != nil || d.User.UserId != nil || d.User.UserName != nil)
			if owned {
				device.Owner = aws.ToString(d.User.Arn)
			}
			if device.Serial == "" || owned && device.Owner == "" {
				wrong = &malformedError{what: "a virtual device without a serial, or with an owner without an ARN"}
				continue
			}
			if !matters(device, f) {
				continue
			}
			if len(list.Devices) >= maxKept {
				return "", false, &malformedError{what: fmt.Sprintf("more than %d virtual devices that are not plainly a user's", maxKept)}
			}
			list.Devices = append(list.Devices, device)
		}
		return aws.ToString(out.Marker), out.IsTruncated, nil
	})
	if err == nil {
		err = wrong
	}
	if err == nil {
		list.Reading = iamcheck.Complete
	}
	f.Virtual = list
	f.Calls = append(f.Calls, named("iam:ListVirtualMFADevices", s.by, err))
	return err
}

// matters reports whether a rule would look at a virtual device: at any but one of this account, of one of its users or of
// nobody, under a name that is not root's. So a hundred thousand of them cost no memory.
func matters(d iamcheck.VirtualDevice, f *iamcheck.Facts) bool {
	serial, err := iamcheck.ParseSerial(d.Serial)
	plain := err == nil && serial.Kind == iamcheck.Virtual && serial.Account == f.AccountID && serial.Partition == f.Partition &&
		d.Serial != iamcheck.CustomarySerial(f.Partition, f.AccountID)
	if d.Owner != "" {
		partition, account, ok := iamcheck.ARNAccount(d.Owner)
		plain = plain && ok && partition == f.Partition && account == f.AccountID && d.Owner != iamcheck.RootARN(partition, account)
	}
	return !plain
}

// certifications asks about each FIDO device of root's own list. An answer is kept under the serial it names, so that one
// about another account is seen for what it is.
func (c *clients) certifications(ctx context.Context, s *session, f *iamcheck.Facts) error {
	var failed error
	for _, serial := range fido(f) {
		out, err := c.iam.GetMFADevice(ctx, &iam.GetMFADeviceInput{SerialNumber: aws.String(serial)}, s.options...)
		if err == nil {
			if f.Certifications == nil {
				f.Certifications = map[string]map[string]string{}
			}
			read := map[string]string{}
			for scheme, level := range out.Certifications {
				read[clean(scheme, 64)] = clean(level, 64)
			}
			answered := aws.ToString(out.SerialNumber)
			f.Certifications[answered] = read
			if answered != serial {
				err = &malformedError{what: "it is about another device"}
			}
		}
		if err != nil && failed == nil {
			failed = err
		}
		f.Calls = append(f.Calls, named("iam:GetMFADevice", s.by, err))
	}
	return failed
}

// maxAsked bounds how many devices are asked about: root can have eight.
const maxAsked = 16

// fido are the FIDO devices of root's own list that are of this account.
func fido(f *iamcheck.Facts) []string {
	var serials []string
	for _, d := range f.Root.Devices {
		if s, err := iamcheck.ParseSerial(d.Serial); err == nil && s.Kind == iamcheck.FIDO && s.Account == f.AccountID && len(serials) < maxAsked {
			serials = append(serials, d.Serial)
		}
	}
	return serials
}

// otherCredentials reads what rule 4 needs to see absent: root's login profile, access keys and signing certificates.
func (c *clients) otherCredentials(ctx context.Context, s *session, f *iamcheck.Facts) {
	_, err := c.iam.GetLoginProfile(ctx, &iam.GetLoginProfileInput{}, s.options...)
	switch {
	case err == nil:
		f.Credentials.LoginProfile = iamcheck.Present
	case isNoSuchEntity(err):
		f.Credentials.LoginProfile, err = iamcheck.Absent, nil
	}
	f.Calls = append(f.Calls, named("iam:GetLoginProfile", s.by, err))

	f.Credentials.AccessKeys, err = presence(func(marker string) (int, string, bool, error) {
		out, err := c.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{Marker: markerOf(marker)}, s.options...)
		if err != nil {
			return 0, "", false, err
		}
		return len(out.AccessKeyMetadata), aws.ToString(out.Marker), out.IsTruncated, nil
	})
	f.Calls = append(f.Calls, named("iam:ListAccessKeys", s.by, err))

	f.Credentials.SigningCertificates, err = presence(func(marker string) (int, string, bool, error) {
		out, err := c.iam.ListSigningCertificates(ctx, &iam.ListSigningCertificatesInput{Marker: markerOf(marker)}, s.options...)
		if err != nil {
			return 0, "", false, err
		}
		return len(out.Certificates), aws.ToString(out.Marker), out.IsTruncated, nil
	})
	f.Calls = append(f.Calls, named("iam:ListSigningCertificates", s.by, err))
}

// presence reports whether a list has an entry; it is absent only when the last page was read and none had one.
func presence(fetch func(marker string) (n int, next string, more bool, err error)) (iamcheck.Presence, error) {
	found := iamcheck.Unseen
	err := pages(maxOwnPages, func(marker string) (string, bool, error) {
		n, next, more, err := fetch(marker)
		if err == nil && n > 0 {
			found = iamcheck.Present
			return "", false, errStop
		}
		return next, more, err
	})
	if err == nil && found == iamcheck.Unseen {
		found = iamcheck.Absent
	}
	return found, err
}

func markerOf(marker string) *string {
	if marker == "" {
		return nil
	}
	return &marker
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
