package awsapi

import (
	"cmp"
	"context"
	"errors"
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
	// defaultSessionName is how the audit role's sessions appear in CloudTrail where no other name is given.
	defaultSessionName = "hwmfa-audit"
)

// session is whose credentials calls into an account are made with.
type session struct {
	by iamcheck.Actor
	// options put the session's credentials into a call; empty for the caller's own.
	options []func(*iam.Options)
}

// withCredentials makes a session of what STS minted.
func (c *clients) withCredentials(by iamcheck.Actor, k *ststypes.Credentials) (*session, error) {
	id, secret, token := aws.ToString(k.AccessKeyId), aws.ToString(k.SecretAccessKey), aws.ToString(k.SessionToken)
	if id == "" || secret == "" || token == "" {
		return nil, &malformedError{what: "incomplete credentials"}
	}
	provider := credentials.NewStaticCredentialsProvider(id, secret, token)
	return &session{by: by, options: []func(*iam.Options){func(o *iam.Options) {
		o.Credentials = provider
		o.APIOptions = append(o.APIOptions, actAs(by))
	}}}, nil
}

// assumeRoot opens a root session that can audit root's credentials and nothing else.
func (c *clients) assumeRoot(ctx context.Context, partition, account string) (*session, error) {
	in := &sts.AssumeRootInput{
		TargetPrincipal: aws.String(account),
		DurationSeconds: aws.Int32(sessionSeconds),
		TaskPolicyArn: &ststypes.PolicyDescriptorType{
			Arn: aws.String("arn:" + partition + ":iam::aws:policy/root-task/IAMAuditRootUserCredentials"),
		},
	}
	return inSomeRegion(partition, func(region func(*sts.Options)) (*session, error) {
		out, err := c.sts.AssumeRoot(ctx, in, region)
		if err != nil {
			return nil, err
		}
		return c.withCredentials(iamcheck.ByRoot, out.Credentials)
	})
}

// assumeRole opens a session of the audit role.
func (c *clients) assumeRole(ctx context.Context, partition, account string, opts Options) (*session, error) {
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String("arn:" + partition + ":iam::" + account + ":role/" + strings.TrimPrefix(opts.RoleName, "/")),
		RoleSessionName: aws.String(cmp.Or(opts.SessionName, defaultSessionName)),
		DurationSeconds: aws.Int32(sessionSeconds),
	}
	if opts.ExternalID != "" {
		in.ExternalId = aws.String(opts.ExternalID)
	}
	for _, t := range opts.SessionTags {
		in.Tags = append(in.Tags, ststypes.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return inSomeRegion(partition, func(region func(*sts.Options)) (*session, error) {
		out, err := c.sts.AssumeRole(ctx, in, region)
		if err != nil {
			return nil, err
		}
		return c.withCredentials(iamcheck.ByRole, out.Credentials)
	})
}

// otherRegions are, by partition, regions where STS cannot be switched off. A session opened in one is good in all.
var otherRegions = map[string][]string{
	"aws":        {"us-east-1", "us-west-2", "eu-west-1"},
	"aws-us-gov": {"us-gov-west-1", "us-gov-east-1"},
}

// inSomeRegion opens a session in the configured region and, where the account has STS switched off there, in another.
func inSomeRegion(partition string, open func(region func(*sts.Options)) (*session, error)) (*session, error) {
	s, err := open(func(*sts.Options) {})
	for _, region := range otherRegions[partition] {
		var disabled *ststypes.RegionDisabledException
		if !errors.As(err, &disabled) {
			break
		}
		s, err = open(func(o *sts.Options) { o.Region = region })
	}
	return s, err
}
