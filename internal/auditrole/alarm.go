package auditrole

import (
	"fmt"
	"strings"
)

// Alarm is what an alarm on root watches.
type Alarm string

// The alarms.
const (
	// RootUse is any use of root but the reads of an audit's root session.
	RootUse Alarm = "root-use"
	// RootSessions is a root session for any other task than an audit's: what
	// RootUse lets pass can be done by nobody without such an event before it.
	RootSessions Alarm = "root-sessions"
)

// Alarms are all of them.
func Alarms() []Alarm { return []Alarm{RootUse, RootSessions} }

// rootReads are the calls that an audit makes with a root session. A session
// for its task could make two more, which therefore raise the alarm.
var rootReads = []string{"GetAccountSummary", "GetLoginProfile", "ListAccessKeys", "ListMFADevices", "ListSigningCertificates"}

// MetricFilter is the alarm as a filter pattern of CloudWatch Logs, on one line
// of less than the 1024 characters that it takes. What a field that is missing
// compares as is documented nowhere, so no comparison is with one.
func MetricFilter(a Alarm, partition string) string {
	if a == RootSessions {
		return `{ ($.eventSource = "sts.amazonaws.com") && ($.eventName = "AssumeRoot") && ` +
			`(($.requestParameters.taskPolicyArn.arn NOT EXISTS) || ($.requestParameters.taskPolicyArn.arn != "` + taskARN(partition) + `")) }`
	}
	var others []string
	for _, name := range rootReads {
		others = append(others, fmt.Sprintf(`($.eventName != %q)`, name))
	}
	return `{ ($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != "AwsServiceEvent") && ` +
		`(($.userIdentity.sessionContext.assumedRoot NOT EXISTS) || ($.userIdentity.sessionContext.assumedRoot != "true") || ` +
		`($.eventSource != "iam.amazonaws.com") || (` + strings.Join(others, " && ") + `)) }`
}

// EventPattern is the alarm as an event pattern of EventBridge, for JSON.
func EventPattern(a Alarm, partition string) map[string]any {
	type fields = map[string]any
	absent := []any{fields{"exists": false}}
	but := func(values ...string) []any { return []any{fields{"anything-but": values}} }
	if a == RootSessions {
		task := func(match []any) fields {
			return fields{"requestParameters": fields{"taskPolicyArn": fields{"arn": match}}}
		}
		return fields{"detail": fields{
			"eventSource": []string{"sts.amazonaws.com"},
			"eventName":   []string{"AssumeRoot"},
			"$or":         []fields{task(absent), task(but(taskARN(partition)))},
		}}
	}
	session := func(match []any) fields {
		return fields{"userIdentity": fields{"sessionContext": fields{"assumedRoot": match}}}
	}
	return fields{"detail": fields{
		"userIdentity": fields{"type": []string{"Root"}, "invokedBy": absent},
		"eventType":    but("AwsServiceEvent"),
		"$or": []fields{
			session(absent),
			session(but("true")),
			{"eventSource": but("iam.amazonaws.com")},
			{"eventName": but(rootReads...)},
		},
	}}
}
