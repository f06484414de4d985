package awsapi_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
)

func TestAProfileThatWantsAnMFACode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	text := `[profile audit]
role_arn = arn:aws:iam::111122223333:role/audit
source_profile = base
mfa_serial = arn:aws:iam::111122223333:mfa/ada
[profile base]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = x
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
		"AWS_SESSION_TOKEN": "", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	_, err := awsapi.Collect(context.Background(), awsapi.Options{Org: true, Profiles: []string{"audit"}}, func(iamcheck.Facts) error { return nil })
	if !errors.Is(err, awsapi.ErrMFACode) || !errors.Is(err, awsapi.ErrCredentials) {
		t.Errorf("got %v", err)
	}
}
