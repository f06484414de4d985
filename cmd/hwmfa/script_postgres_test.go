package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hwmfa/inventory/store/pgtest"
)

// postgres is the server of this package's tests.
var postgres pgtest.Shared

// servedTests ends the server when the tests are done.
type servedTests struct{ *testing.M }

func (s servedTests) Run() int {
	status := s.M.Run()
	if err := postgres.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// TestPostgresScripts runs every script of testdata/postgres. Its inventory is
// an empty database of a server, $OWNER the URL of its owner, $OTHER that of
// another database; $SERVER is the server's socket and $DATABASE the database's
// name, for psql. The logins cora (a custodian), mara (a manager), otto (an
// auditor) and eve (nobody) have $SECRET for a password.
func TestPostgresScripts(t *testing.T) {
	server := postgres.Get(t)
	server.SQL(t, "postgres", "CREATE ROLE hwmfa_custodian NOLOGIN; CREATE ROLE hwmfa_manager NOLOGIN; CREATE ROLE hwmfa_auditor NOLOGIN")
	t.Cleanup(func() { server.SQL(t, "postgres", "DROP ROLE hwmfa_custodian, hwmfa_manager, hwmfa_auditor") })
	for login, role := range map[string]string{"cora": "hwmfa_custodian", "mara": "hwmfa_manager", "otto": "hwmfa_auditor"} {
		server.Login(t, login, role)
	}
	server.Login(t, "eve")
	params := scripts("testdata/postgres")
	setUp := params.Setup
	params.Setup = func(env *testscript.Env) error {
		// The scripts run at the same time, and this test waits for them all.
		owner, other := server.Database(t), server.Database(t)
		u, err := url.Parse(owner)
		if err := errors.Join(err, setUp(env)); err != nil {
			return err
		}
		env.Setenv("FILE", env.Getenv("HWMFA_INVENTORY"))
		env.Setenv("HWMFA_INVENTORY", owner)
		env.Setenv("OWNER", owner)
		env.Setenv("OTHER", other)
		for _, login := range []string{"cora", "mara", "otto", "eve"} {
			u.User = url.User(login)
			env.Setenv(strings.ToUpper(login), u.String())
		}
		env.Setenv("SERVER", u.Query().Get("host"))
		env.Setenv("DATABASE", strings.TrimPrefix(u.Path, "/"))
		env.Setenv("SECRET", pgtest.Password)
		return nil
	}
	testscript.Run(t, params)
}
