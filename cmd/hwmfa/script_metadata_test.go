package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"hwmfa/hw/local"
)

// published are files of the data folder beside the repository that scripts
// may use, each under the name of an environment variable.
var published = map[string]string{
	"METADATA":      "mds/real-20.jwt",
	"FAKE_METADATA": "mds/fake-conformance.jwt",
	"INTERMEDIATES": "roots/yubico-intermediate.pem",
}

// dataFolder is where that folder would be.
func dataFolder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "data"), nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above the test")
		}
		dir = up
	}
}

// setUpData names the published files to a script.
func setUpData(env *testscript.Env) error {
	dir, err := dataFolder()
	if err != nil {
		return err
	}
	for name, file := range published {
		env.Setenv(name, filepath.Join(dir, filepath.FromSlash(file)))
	}
	return nil
}

// scriptCondition is [data]: the data folder is there.
func scriptCondition(name string) (bool, error) {
	if name == "cgo" {
		return local.Libraries()[0].Built, nil
	}
	if name != "data" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	dir, err := dataFolder()
	if err != nil {
		return false, err
	}
	for _, file := range published {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(file))); err != nil {
			return false, nil
		}
	}
	return true, nil
}
