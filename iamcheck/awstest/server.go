package awstest

// Credentials are what a caller signs with.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

// Server is a running loopback AWS.
type Server struct {
	url string
}

// New serves the organization on a free port of 127.0.0.1 until Close.
func New(org Organization) (*Server, error) { return &Server{}, nil }

// URL is the endpoint of all three services.
func (s *Server) URL() string { return s.url }

// Auditor are the credentials of an IAM user of the management account who may do all the audit asks for.
func (s *Server) Auditor() Credentials { return Credentials{} }

// Env is the environment that points the AWS SDK and the aws command at the server with these credentials, and at nothing
// of the user's.
func (s *Server) Env(c Credentials) map[string]string { return nil }

// Close stops the server and drops its connections.
func (s *Server) Close() error { return nil }
