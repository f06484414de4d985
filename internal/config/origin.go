package config

import (
	_ "embed" // the commented file
	"strconv"
	"strings"
)

// Origin is where a setting comes from, a word.
type Origin string

// The origins of settings, the strongest first.
const (
	FromFlag        Origin = "flag"
	FromEnvironment Origin = "environment"
	FromFile        Origin = "file"
	FromDefault     Origin = "default"
)

// Setting is one setting as it is in force.
type Setting struct {
	Name     string // in the file
	Variable string // in the environment
	Value    string // "" none; several have a space between them
	Origin   Origin
}

// Explain says of every setting what it is and where it comes from.
func Explain(flags Flags, getenv func(string) string) ([]Setting, error) {
	s, err := Load(flags, getenv)
	if err != nil {
		return nil, err
	}
	fromFile, err := readFile(Path(getenv))
	if err != nil {
		return nil, err
	}
	fromEnv, err := readEnv(getenv)
	if err != nil {
		return nil, err
	}
	return []Setting{
		{"inventory", "HWMFA_INVENTORY", s.Inventory, origin(flags.Inventory, fromEnv.Inventory, fromFile.Inventory)},
		{"no_input", "HWMFA_NO_INPUT", strconv.FormatBool(s.NoInput), origin(flags.NoInput, fromEnv.NoInput, fromFile.NoInput)},
		{"debug", "HWMFA_DEBUG", strconv.FormatBool(s.Debug), origin(flags.Debug, fromEnv.Debug, fromFile.Debug)},
		{"policy", "HWMFA_POLICY", s.Policy, origin(flags.Policy, fromEnv.Policy, fromFile.Policy)},
		{"trust_urls", "HWMFA_TRUST_URLS", strings.Join(s.TrustURLs, " "), origin(flags.TrustURLs, fromEnv.TrustURLs, fromFile.TrustURLs)},
		{"notify", "HWMFA_NOTIFY", hidden(s.Notify), origin(flags.Notify, fromEnv.Notify, nil)},
		{"notify_file", "HWMFA_NOTIFY_FILE", s.NotifyFile, origin(flags.NotifyFile, fromEnv.NotifyFile, fromFile.NotifyFile)},
	}, nil
}

// hidden says how many addresses there are, and none of them: they hold secrets.
func hidden(addresses []string) string {
	if len(addresses) == 0 {
		return ""
	}
	return strconv.Itoa(len(addresses)) + " not shown"
}

// origin says which of the candidates pick takes.
func origin[T any](flag, env, file *T) Origin {
	switch {
	case flag != nil:
		return FromFlag
	case env != nil:
		return FromEnvironment
	case file != nil:
		return FromFile
	}
	return FromDefault
}

// Template is a settings file that says what every setting does and sets none.
//
//go:embed config.yaml
var Template string
