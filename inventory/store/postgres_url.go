package store

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Times of a PostgreSQL connection.
const (
	connectTimeout = 15 * time.Second // unless the URL says connect_timeout
	// idleTimeout is how long the server lets a program that stands still keep
	// others from writing.
	idleTimeout = time.Minute
)

// isPostgres says whether a URL names a PostgreSQL database.
func isPostgres(inventoryURL string) bool {
	scheme, _, _ := strings.Cut(inventoryURL, ":")
	return scheme == "postgres" || scheme == "postgresql"
}

// postgresKeys are what a URL may say after its "?": what is needed to reach
// and to trust a server. All else could change what a statement means.
var postgresKeys = []string{
	"host", "port", "user", "password", "database", "dbname", "service", "servicefile", "passfile",
	"sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslsni", "sslnegotiation",
	"channel_binding", "require_auth", "connect_timeout", "target_session_attrs", "application_name",
}

// parsePostgres reads a URL, and what it leaves open from the variables and
// files that every PostgreSQL client knows (PGHOST, PGPASSWORD, ~/.pgpass).
// What goes over a network is encrypted: the server's certificate is verified
// unless sslmode says less, and less than require is refused.
func parsePostgres(inventoryURL string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(inventoryURL)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be parsed", ErrUnsupportedURL) // the error quotes the URL
	}
	cfg, err := parseConfig(u)
	if err != nil {
		return nil, err
	}
	if !encrypted(&cfg.Config) && !u.Query().Has("sslmode") && os.Getenv("PGSSLMODE") == "" {
		q := u.Query()
		q.Set("sslmode", "verify-full")
		u.RawQuery = q.Encode()
		if cfg, err = parseConfig(u); err != nil {
			return nil, err
		}
	}
	switch {
	case cfg.Database == "":
		return nil, fmt.Errorf("%w: it names no database", ErrUnsupportedURL)
	case !encrypted(&cfg.Config):
		return nil, fmt.Errorf("%w: over a network it wants sslmode=verify-full, or at least require", ErrUnsupportedURL)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	settings := map[string]string{
		"search_path":                         postgresSchema + ", pg_temp",
		"client_encoding":                     "UTF8",
		"lock_timeout":                        fmt.Sprint(busyTimeout),
		"idle_in_transaction_session_timeout": fmt.Sprint(idleTimeout.Milliseconds()),
	}
	for name, value := range settings {
		cfg.RuntimeParams[name] = value
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "hwmfa"
	}
	return cfg, nil
}

func parseConfig(u *url.URL) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfigWithOptions(u.String(), pgx.ParseConfigOptions{
		ParseConfigOptions: pgconn.ParseConfigOptions{ConnStringAllowedKeys: postgresKeys},
	})
	if err == nil {
		return cfg, nil
	}
	// The driver's text quotes the URL with what it takes for the password
	// taken out; only what comes after that is safe to show.
	why := "it cannot be parsed"
	if at := strings.LastIndex(err.Error(), "`: "); at >= 0 && !hasSecret(u, err.Error()[at:]) {
		why = err.Error()[at+len("`: "):]
	}
	return nil, fmt.Errorf("%w: %s", ErrUnsupportedURL, why)
}

// hasSecret says whether a password of the URL is in a text.
func hasSecret(u *url.URL, text string) bool {
	inUser, _ := u.User.Password()
	for _, secret := range []string{inUser, u.Query().Get("password"), u.Query().Get("sslpassword")} {
		if secret != "" && strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

// HasPassword says whether an inventory URL carries a password.
func HasPassword(inventoryURL string) bool {
	u, err := url.Parse(inventoryURL)
	if err != nil || !isPostgres(inventoryURL) {
		return false
	}
	_, inUser := u.User.Password()
	return inUser || u.Query().Has("password") || u.Query().Has("sslpassword")
}

// encrypted says whether every way to the server that the driver would try is
// encrypted, or never leaves this machine.
func encrypted(cfg *pgconn.Config) bool {
	if cfg.TLSConfig == nil && !isLocal(cfg.Host) {
		return false
	}
	for _, f := range cfg.Fallbacks {
		if f.TLSConfig == nil && !isLocal(f.Host) {
			return false
		}
	}
	return true
}

func isLocal(host string) bool {
	if filepath.IsAbs(host) || strings.HasPrefix(host, "@") || host == "localhost" {
		return true // a socket's directory, or the name that never leaves
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// postgresName names the database in messages, without a secret.
func postgresName(cfg *pgx.ConnConfig) string {
	host := cfg.Host
	if cfg.Port != 5432 {
		host = fmt.Sprintf("%s:%d", host, cfg.Port)
	}
	return fmt.Sprintf("%s on %s", cfg.Database, host)
}

// Describe names the database of a URL for people: a file's path, or the
// database and the server, never a password.
func Describe(inventoryURL string) (string, error) {
	if !isPostgres(inventoryURL) {
		return Path(inventoryURL)
	}
	cfg, err := parsePostgres(inventoryURL)
	if err != nil {
		return "", err
	}
	return postgresName(cfg), nil
}
