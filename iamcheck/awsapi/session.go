package awsapi

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"hwmfa/iamcheck"
)

const (
	// sessionSeconds is how long a session lives: 900 is the longest AWS gives root and the shortest it gives a role.
	sessionSeconds = 900
	// sessionName is how the audit role's sessions appear in CloudTrail.
	sessionName = "hwmfa-audit"
)

// session is whose credentials calls into an account are made with.
type session struct {
	by iamcheck.Actor
	// options put the session's credentials into a call; empty for the caller's own.
	options []func(*iam.Options)
}

// withCredentials makes a session of what STS minted. Each has a retryer of its own: AWS throttles each account apart.
func (c *clients) withCredentials(by iamcheck.Actor, k *ststypes.Credentials) (*session, error) {
	id, secret, token := aws.ToString(k.AccessKeyId), aws.ToString(k.SecretAccessKey), aws.ToString(k.SessionToken)
	if id == "" || secret == "" || token == "" {
		return nil, &malformedError{what: "incomplete credentials"}
	}
	provider, retryer := credentials.NewStaticCredentialsProvider(id, secret, token), newRetryer(c.attempts)
	return &session{by: by, options: []func(*iam.Options){func(o *iam.Options) {
		o.Credentials, o.Retryer = provider, retryer
	}}}, nil
}

// assumeRoot opens a root session that can audit root's credentials and nothing else.
func (c *clients) assumeRoot(ctx context.Context, partition, account string) (*session, error) {
	out, err := c.sts.AssumeRoot(ctx, &sts.AssumeRootInput{
		TargetPrincipal: aws.String(account),
		DurationSeconds: aws.Int32(sessionSeconds),
		TaskPolicyArn: &ststypes.PolicyDescriptorType{
			Arn: aws.String("arn:" + partition + ":iam::aws:policy/root-task/IAMAuditRootUserCredentials"),
		},
	})
	if err != nil {
		return nil, err
	}
	return c.withCredentials(iamcheck.ByRoot, out.Credentials)
}

// assumeRole opens a session of the audit role.
func (c *clients) assumeRole(ctx context.Context, partition, account string, opts Options) (*session, error) {
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String("arn:" + partition + ":iam::" + account + ":role/" + strings.TrimPrefix(opts.RoleName, "/")),
		RoleSessionName: aws.String(sessionName),
		DurationSeconds: aws.Int32(sessionSeconds),
	}
	if opts.ExternalID != "" {
		in.ExternalId = aws.String(opts.ExternalID)
	}
	out, err := c.sts.AssumeRole(ctx, in)
	if err != nil {
		return nil, err
	}
	return c.withCredentials(iamcheck.ByRole, out.Credentials)
}
