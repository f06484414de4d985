package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hwmfa/iamcheck/awstest"
)

var update = flag.Bool("update", false, "write the files that scripts compare with anew")

// TestScripts runs every script of testdata/script. A script may bring
//
//	keys.json  the security keys of its machine (see scriptKey)
//	aws.json   the organization that its AWS has (awstest.Organization), or "demo"
//
// has $ROOT_ACCESS_KEY_ID for root of the management account and a program aws
// (standInAWS), acts as the login of $TEST_USER where that is set,
// may look at files of the data folder (see published) under [data], and has
// these commands beside testscript's own:
//
//	exits STATUS PROGRAM ARG…  run a program that must end with this status
//	keep NAME PATTERN          set NAME to the first match of PATTERN on standard output
//	fields FILE                the paths of the JSON on standard output are those in FILE;
//	                           one that ends in .* stands for all that is below it
//	plug KEY                   plug a key of keys.json in
//	unplug KEY [touch]         unplug it, now or as soon as it waits for a touch
//	replace KEY KEY            as soon as the first waits for a touch, the second takes its place
//	reset KEY                  reset its FIDO application, as its owner can
//	touches KEY never|DURATION from now on its owner never touches it, or takes so long
//	replug KEY KEY             when a program waits for the first to be unplugged, do that,
//	                           and plug the second in
//	awaits KEY                 wait until the key waits for a touch
//	looks N                    wait until a program has listed the keys N times more
//	deny NODE                  let nobody open a hidraw node or card reader
//	publish DIR                serve the files of a directory by https at $PUBLISHED, and have
//	                           the programs believe that server's certificate
//	organization FILE          from now on AWS has the organization of this file
//	authority FILE             run a time-stamping authority at $AUTHORITY, whose root is in FILE
//	hook                       run a web hook at $HOOK, which fails below /fail
//	hooked PATTERN             something came to it: its path, a space and the body
//	expand FILE                put variables in their places in a file
//	roots FILE                 write the roots that the keys' attestation ends at
func TestScripts(t *testing.T) { testscript.Run(t, scripts("testdata/script")) }

// scripts are those of a directory.
func scripts(dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Condition:           scriptCondition,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HWMFA_INVENTORY", "sqlite://"+filepath.Join(env.WorkDir, "inventory.db"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("NO_COLOR", "")
			return errors.Join(setUpKeys(env), setUpAWS(env), setUpData(env))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        scriptExits,
			"keep":         scriptKeep,
			"fields":       scriptFields,
			"plug":         scriptPlug,
			"unplug":       scriptUnplug,
			"replace":      scriptReplace,
			"reset":        scriptReset,
			"touches":      scriptTouches,
			"replug":       scriptReplug,
			"awaits":       scriptAwaits,
			"looks":        scriptLooks,
			"deny":         scriptDeny,
			"publish":      scriptPublish,
			"roots":        scriptRoots,
			"hook":         scriptHook,
			"authority":    scriptAuthority,
			"hooked":       scriptHooked,
			"expand":       scriptExpand,
			"organization": scriptOrganization,
		},
	}
}

// setUpAWS starts the loopback AWS of aws.json. A script without one has no
// credentials and nobody to ask for them.
func setUpAWS(env *testscript.Env) error {
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv("AWS_REGION", "us-east-1")
	description, err := os.ReadFile(filepath.Join(env.WorkDir, "aws.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return startAWS(description, env.Setenv, env.Defer, env.T().Fatal)
}

// startAWS starts a loopback AWS and has programs ask it.
func startAWS(description []byte, setenv func(name, value string), later func(func()), fatal func(...any)) error {
	org := awstest.Demo()
	if string(bytes.TrimSpace(description)) != `"demo"` {
		org = awstest.Organization{}
		if err := decodeStrictly(description, &org); err != nil {
			return fmt.Errorf("organization: %w", err)
		}
	}
	server, err := awstest.New(org)
	if err != nil {
		return err
	}
	later(func() {
		if err := server.Close(); err != nil {
			fatal(err)
		}
	})
	for name, value := range server.Env(server.Auditor()) {
		setenv(name, value)
	}
	if org.Management != "" {
		setenv("ROOT_ACCESS_KEY_ID", server.Root(org.Management).AccessKeyID)
	}
	return nil
}

// scriptOrganization puts another AWS in the place of the one before, which stays up
// until the script ends.
func scriptOrganization(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: organization FILE")
	}
	ts.Check(startAWS([]byte(ts.ReadFile(args[0])), ts.Setenv, ts.Defer, func(args ...any) { ts.Fatalf("%s", fmt.Sprint(args...)) }))
}

func decodeStrictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var ended *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func scriptKeep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME PATTERN")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	match := pattern.FindString(ts.ReadFile("stdout"))
	if match == "" {
		ts.Fatalf("nothing on standard output matches %s", args[1])
	}
	ts.Setenv(args[0], match)
}

func scriptFields(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fields FILE")
	}
	var doc any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc); err != nil {
		ts.Fatalf("standard output is no JSON: %v", err)
	}
	want := strings.Fields(ts.ReadFile(args[0]))
	slices.Sort(want)
	paths := map[string]bool{}
	fieldPaths("", doc, paths)
	for p := range paths {
		for _, w := range want {
			if above, ok := strings.CutSuffix(w, ".*"); ok && strings.HasPrefix(p, above+".") {
				delete(paths, p)
				paths[w] = true
			}
		}
	}
	var got []string
	for p := range paths {
		got = append(got, p)
	}
	slices.Sort(got)
	for _, p := range got {
		if !slices.Contains(want, p) {
			ts.Logf("not expected: %s", p)
		}
	}
	for _, p := range want {
		if !paths[p] {
			ts.Logf("missing: %s", p)
		}
	}
	if !slices.Equal(got, want) {
		ts.Fatalf("the fields are not those of %s", args[0])
	}
}

// fieldPaths collects the path of every field that is no object or list of
// objects itself: ".keys[].id".
func fieldPaths(at string, v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			fieldPaths(at+"."+name, value, into)
		}
		if len(v) == 0 {
			into[at] = true
		}
	case []any:
		for _, value := range v {
			fieldPaths(at+"[]", value, into)
		}
		if len(v) == 0 {
			into[at] = true
		}
	default:
		into[at] = true
	}
}
