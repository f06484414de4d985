package main

import (
	"context"

	"github.com/spf13/cobra"
)

func newPolicyRootCaptureCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "root-capture",
		Short: "Print what root runs where no root session reaches",
		Long: `Print a shell script of a few reading commands, for AWS CloudShell signed in as
root: of the management account and of accounts in no organization nobody but
root sees root's own MFA devices. It changes nothing at AWS. What it writes is a
folder that hwmfa audit --supplied takes.` + exitStatusHelp(),
		Example: `  hwmfa policy root-capture > root-capture.sh
  hwmfa audit --org --supplied captured`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runPolicyRootCapture(cmd.Context(), a)
		},
	}
}

func runPolicyRootCapture(_ context.Context, a *app) error { return a.streams.Print(rootCapture) }

// rootCapture stops before it writes anything where it is not root who runs it.
// The names of its files say for people what they are; the audit looks at what
// is in them.
const rootCapture = `#!/bin/sh
# Reads which MFA devices root of this account has. It changes nothing.
#
# 1. Sign in to the AWS console as root of the account, and open CloudShell.
# 2. Paste this there, or upload it (Actions, Upload file) and run: sh root-capture.sh
# 3. Get the archive that it names: Actions, Download file.
# 4. Where the audit runs:
#      mkdir -p captured && tar -xzf root-capture-ACCOUNT.tar.gz -C captured
#      hwmfa audit --supplied captured            # or beside --org
#
# The archive holds the account's ID, the serials and certifications of root's
# devices, and the account's virtual MFA devices with the names of their users.
# It holds no secret. Sign out when you are done.
set -eu
umask 077
export AWS_PAGER=
caller=$(aws sts get-caller-identity --output json)
account=$(printf '%s\n' "$caller" | sed -n 's/.*"Account": *"\([0-9]\{12\}\)".*/\1/p')
case $caller in
*":$account:root\""*) ;;
*)
	echo "this is not root of an account: sign in as root" >&2
	exit 1
	;;
esac
dir=root-capture/$account
mkdir -p "$dir"
printf '%s\n' "$caller" > "$dir/get-caller-identity.json"
aws iam get-account-summary --output json > "$dir/get-account-summary.json"
aws iam list-virtual-mfa-devices --output json > "$dir/list-virtual-mfa-devices.json"
aws iam list-mfa-devices --output json > "$dir/list-mfa-devices.json"
n=0
sed -n 's/.*"SerialNumber": *"\([^"]*:u2f\/[^"]*\)".*/\1/p' "$dir/list-mfa-devices.json" |
	while read -r serial; do
		n=$((n + 1))
		aws iam get-mfa-device --serial-number "$serial" --output json > "$dir/get-mfa-device-$n.json" ||
			echo "the certifications of $serial were not read" >&2
	done
tar -czf "root-capture-$account.tar.gz" -C root-capture "$account"
echo "done: download root-capture-$account.tar.gz"
`
