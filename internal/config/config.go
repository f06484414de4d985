// Package config finds the settings of the program: a flag beats an HWMFA_*
// environment variable, which beats the file, which beats the default. The
// file is $XDG_CONFIG_HOME/hwmfa/config.yaml. It holds no secret and no
// setting of AWS, which has its own; a key it does not know is an error, so
// that a misspelt setting is never silently the default.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Settings is what the program runs with.
type Settings struct {
	// Inventory is the URL of the inventory's database, sqlite:///abs/path or
	// postgres://user@host/database; "" where none was given and no home
	// directory is known to put one in.
	Inventory string
	// NoInput refuses every question.
	NoInput bool
	// Debug logs to standard error.
	Debug bool
	// Policy is the path of the file of thresholds, "" for the defaults.
	Policy string
	// TrustURLs are fetched by trust update in the place of what the program
	// knows to be published; nil for that.
	TrustURLs []string
	// Notify are addresses of notification services, which hold secrets and
	// are shown to nobody. NotifyFile is a file of more of them, "" for none.
	Notify     []string
	NotifyFile string
}

// Flags are the settings given on the command line; nil where none was.
type Flags struct {
	Inventory  *string
	NoInput    *bool
	Debug      *bool
	Policy     *string
	TrustURLs  *[]string
	Notify     *[]string
	NotifyFile *string
}

// file is what config.yaml may say, with the names that people type.
type file struct {
	Inventory *string `yaml:"inventory"`
	NoInput   *bool   `yaml:"no_input"`
	Debug     *bool   `yaml:"debug"`
	Policy    *string `yaml:"policy"`
	// TrustURLs is a list of addresses.
	TrustURLs  *[]string `yaml:"trust_urls"`
	NotifyFile *string   `yaml:"notify_file"`
}

// environment is what variables may say: what the file may, and what holds
// secrets, for which a file that others may read is no place.
type environment struct {
	file
	Notify *[]string
}

// maxFile bounds the settings file, in bytes.
const maxFile = 1 << 20

// Load merges flags, the environment and the settings file. It reads that one
// file and opens nothing else.
func Load(flags Flags, getenv func(string) string) (Settings, error) {
	fromFile, err := readFile(Path(getenv))
	if err != nil {
		return Settings{}, err
	}
	fromEnv, err := readEnv(getenv)
	if err != nil {
		return Settings{}, err
	}
	s := Settings{
		Inventory:  pick("", flags.Inventory, fromEnv.Inventory, fromFile.Inventory),
		NoInput:    pick(false, flags.NoInput, fromEnv.NoInput, fromFile.NoInput),
		Debug:      pick(false, flags.Debug, fromEnv.Debug, fromFile.Debug),
		Policy:     pick("", flags.Policy, fromEnv.Policy, fromFile.Policy),
		TrustURLs:  pick(nil, flags.TrustURLs, fromEnv.TrustURLs, fromFile.TrustURLs),
		Notify:     pick(nil, flags.Notify, fromEnv.Notify),
		NotifyFile: pick("", flags.NotifyFile, fromEnv.NotifyFile, fromFile.NotifyFile),
	}
	if s.Inventory == "" {
		s.Inventory = defaultInventory(getenv)
	}
	return s, nil
}

// pick takes the first value that was given.
func pick[T any](fallback T, candidates ...*T) T {
	for _, c := range candidates {
		if c != nil {
			return *c
		}
	}
	return fallback
}

func readEnv(getenv func(string) string) (environment, error) {
	var f environment
	for name, into := range map[string]**string{"HWMFA_INVENTORY": &f.Inventory, "HWMFA_POLICY": &f.Policy, "HWMFA_NOTIFY_FILE": &f.NotifyFile} {
		if v := getenv(name); v != "" {
			*into = &v
		}
	}
	for name, into := range map[string]**bool{"HWMFA_NO_INPUT": &f.NoInput, "HWMFA_DEBUG": &f.Debug} {
		v := getenv(name)
		if v == "" {
			continue
		}
		b, err := strconv.ParseBool(v)
		if err != nil {
			return environment{}, fmt.Errorf("%s=%q: want true or false", name, v)
		}
		*into = &b
	}
	// An address has no spaces in it.
	for name, into := range map[string]**[]string{"HWMFA_TRUST_URLS": &f.TrustURLs, "HWMFA_NOTIFY": &f.Notify} {
		if list := strings.Fields(getenv(name)); len(list) > 0 {
			*into = &list
		}
	}
	return f, nil
}

// readFile parses the settings file; a missing one is an empty one.
func readFile(path string) (file, error) {
	if path == "" {
		return file{}, nil
	}
	r, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return file{}, nil
	}
	if err != nil {
		return file{}, fmt.Errorf("read settings: %w", err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return file{}, fmt.Errorf("read settings: %w", err)
	}
	if len(data) > maxFile {
		return file{}, fmt.Errorf("read settings: %s is larger than %d bytes", path, maxFile)
	}
	f, err := parse(data)
	if err != nil {
		return file{}, fmt.Errorf("read settings: %s: %w", path, err)
	}
	return f, nil
}

func parse(data []byte) (file, error) {
	var f file
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return file{}, err
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return file{}, errors.New("more than one YAML document")
	}
	return f, nil
}

// Path is where the settings file would be, "" where no home is known.
func Path(getenv func(string) string) string {
	dir := xdg(getenv, "XDG_CONFIG_HOME", ".config")
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "hwmfa", "config.yaml")
}

// StateDir is where the program keeps what it can do without, "" where no home
// is known.
func StateDir(getenv func(string) string) string {
	dir := xdg(getenv, "XDG_STATE_HOME", ".local/state")
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "hwmfa")
}

func defaultInventory(getenv func(string) string) string {
	dir := xdg(getenv, "XDG_DATA_HOME", ".local/share")
	if dir == "" {
		return ""
	}
	// A directory may hold characters that mean something in a URL.
	path := filepath.Join(dir, "hwmfa", "inventory.db")
	return (&url.URL{Scheme: "sqlite", Path: path}).String()
}

// xdg follows the XDG base directory specification: a relative path in the
// variable is ignored. It returns "" where no home is known.
func xdg(getenv func(string) string, variable, underHome string) string {
	if dir := getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, underHome)
	}
	return ""
}
