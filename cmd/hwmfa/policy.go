package main

import "github.com/spf13/cobra"

func newPolicyCommand(a *app) *cobra.Command {
	return newGroup("policy", "What AWS has to be told for an audit, as text to deploy or run",
		newPolicyAuditRoleCommand(a),
		newPolicyAlarmFilterCommand(a),
		newPolicyRootCaptureCommand(a),
	)
}
