package awsapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

const (
	// callTimeout bounds one attempt of a call, its answer read to the end.
	callTimeout = 30 * time.Second
	// defaultRegion serves where none is configured: IAM and Organizations are global, and AssumeRoot needs a regional
	// endpoint, whichever.
	defaultRegion = "us-east-1"
)

// ErrMFACode says that the profile's role is assumed with a code of an MFA device (mfa_serial), which nobody is asked for here.
// It is an ErrCredentials.
var ErrMFACode = fmt.Errorf("%w: the profile wants the code of an MFA device (mfa_serial)", ErrCredentials)

// open makes the clients of a profile; "" is what the environment says.
func open(ctx context.Context, opts Options, profile string) (*clients, error) {
	if opts.Offline {
		return openRecorded(opts.Recorded)
	}
	cfg, err := load(ctx, opts, profile)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" || cfg.Region == "aws-global" {
		cfg.Region = defaultRegion
	}
	attempts := cfg.RetryMaxAttempts
	if attempts <= 0 {
		attempts = defaultAttempts
	}
	cfg.RetryMaxAttempts = 0 // the retryer has it
	cl := connect(cfg, func() aws.Retryer { return newRetryer(attempts, opts.workers()+walkers+1) }, opts.Record)
	if opts.Recorded != nil {
		cl.recorded = replaying(cfg.Region, attempts)
	}
	return cl, nil
}

// connect makes the clients of a configuration that is settled.
func connect(cfg aws.Config, retryer func() aws.Retryer, record Recorder) *clients {
	cfg.Retryer = retryer
	cfg.Credentials = callerCredentials{cfg.Credentials}
	cfg.HTTPClient = wholeRequest{cfg.HTTPClient}
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		if record != nil {
			if err := stack.Deserialize.Add(recording{record}, middleware.After); err != nil {
				return err
			}
		}
		return stack.Deserialize.Add(guard{}, middleware.After)
	})
	return &clients{
		iam: iam.NewFromConfig(cfg),
		sts: sts.NewFromConfig(cfg),
		org: organizations.NewFromConfig(cfg), region: cfg.Region,
	}
}

// load reads the SDK's own environment and profiles, or takes what Static gives and reads nothing.
func load(ctx context.Context, opts Options, profile string) (aws.Config, error) {
	// A BuildableClient, so that AWS_CA_BUNDLE and the proxy variables keep working.
	client := awshttp.NewBuildableClient().WithTimeout(callTimeout).WithTransportOptions(func(t *http.Transport) {
		// Every worker keeps its connection to each of the services.
		t.MaxIdleConnsPerHost = opts.workers() + walkers + 1
		t.MaxIdleConns = 3 * t.MaxIdleConnsPerHost
	})
	if s := opts.Static; s != nil {
		return aws.Config{
			Region:       s.Region,
			BaseEndpoint: aws.String(s.Endpoint),
			Credentials:  credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey, s.SessionToken),
			HTTPClient:   client,
		}, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithHTTPClient(client), config.WithLogger(sdkLogger(opts.Log)), config.WithSharedConfigProfile(profile))
	var code config.AssumeRoleTokenProviderNotSetError
	if errors.As(err, &code) {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration: %w", ErrMFACode)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration: %w: %w", ErrCredentials, err)
	}
	return cfg, nil
}

// sdkLogger keeps the SDK from writing to standard error on its own, which is what it does where nobody gives it a logger.
// It is asked for no traces of requests, so that no credentials can be among what it says.
func sdkLogger(log *slog.Logger) logging.Logger {
	if log == nil {
		return logging.Nop{}
	}
	return logging.LoggerFunc(func(level logging.Classification, format string, args ...any) {
		log.Debug("the AWS SDK says", "level", string(level), "text", clean(fmt.Sprintf(format, args...), maxText))
	})
}

// callerCredentials marks a failure to get the caller's own credentials, so that it is not taken for a fault of AWS.
type callerCredentials struct{ aws.CredentialsProvider }

// Retrieve gets the caller's credentials or answers ErrCredentials.
func (c callerCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if c.CredentialsProvider == nil {
		return aws.Credentials{}, fmt.Errorf("%w: none are configured", ErrCredentials)
	}
	got, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	return got, nil
}
