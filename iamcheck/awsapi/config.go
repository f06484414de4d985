package awsapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
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
	// defaultAttempts is how often a call is tried where AWS_MAX_ATTEMPTS and the profile say nothing.
	defaultAttempts = 5
	// defaultRegion serves where none is configured: IAM and Organizations are global, and AssumeRoot needs a regional
	// endpoint, whichever.
	defaultRegion = "us-east-1"
)

// open makes the clients.
func open(ctx context.Context, opts Options) (*clients, error) {
	cfg, err := load(ctx, opts)
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
	cfg.Retryer = func() aws.Retryer { return newRetryer(attempts) }
	cfg.Credentials = callerCredentials{cfg.Credentials}
	cfg.HTTPClient = wholeRequest{cfg.HTTPClient}
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(guard{}, middleware.After)
	})
	return &clients{
		iam:      iam.NewFromConfig(cfg),
		sts:      sts.NewFromConfig(cfg),
		org:      organizations.NewFromConfig(cfg),
		attempts: attempts,
	}, nil
}

// load reads the SDK's own environment and profiles, or takes what Static gives and reads nothing.
func load(ctx context.Context, opts Options) (aws.Config, error) {
	// A BuildableClient, so that AWS_CA_BUNDLE and the proxy variables keep working.
	client := awshttp.NewBuildableClient().WithTimeout(callTimeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = opts.workers()
	})
	if s := opts.Static; s != nil {
		return aws.Config{
			Region:       s.Region,
			BaseEndpoint: aws.String(s.Endpoint),
			Credentials:  credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey, s.SessionToken),
			HTTPClient:   client,
		}, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(client), config.WithLogger(sdkLogger(opts.Log)))
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

// newRetryer is the SDK's adaptive retry: exponential with jitter, and slower while AWS throttles. Its token bucket for
// retries is off, since the attempts of each call are bounded already and a bucket shared by ten thousand accounts would
// let the first of them spend the retries of the rest.
func newRetryer(attempts int) aws.Retryer {
	return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.RateLimiter = ratelimit.None
		})
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
