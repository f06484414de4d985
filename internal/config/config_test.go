package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// home lays a settings file under a fresh XDG_CONFIG_HOME and returns the
// environment with it.
func home(t *testing.T, file string, env map[string]string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	if file != "" {
		if err := os.MkdirAll(filepath.Join(dir, "hwmfa"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "hwmfa", "config.yaml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) string {
		switch name {
		case "XDG_CONFIG_HOME":
			return dir
		case "HOME":
			return "/home/ada"
		}
		return env[name]
	}
}

func ptr[T any](v T) *T { return &v }

func TestLoad(t *testing.T) {
	const byDefault = "sqlite:///home/ada/.local/share/hwmfa/inventory.db"
	tests := []struct {
		name  string
		file  string
		env   map[string]string
		flags Flags
		want  Settings
		err   string
	}{
		{name: "nothing given is the default", want: Settings{Inventory: byDefault}},
		{name: "an empty file is the default", file: "# empty\n", want: Settings{Inventory: byDefault}},
		{name: "the file beats the default", file: "inventory: sqlite:///file\nno_input: true\npolicy: /p\n",
			want: Settings{Inventory: "sqlite:///file", NoInput: true, Policy: "/p"}},
		{name: "the environment beats the file", file: "inventory: sqlite:///file\nno_input: true\n",
			env:  map[string]string{"HWMFA_INVENTORY": "sqlite:///env", "HWMFA_NO_INPUT": "false"},
			want: Settings{Inventory: "sqlite:///env"}},
		{name: "a flag beats the environment", env: map[string]string{"HWMFA_INVENTORY": "sqlite:///env", "HWMFA_DEBUG": "1", "HWMFA_POLICY": "/e"},
			flags: Flags{Inventory: ptr("sqlite:///flag"), Debug: ptr(false), Policy: ptr("/f")},
			want:  Settings{Inventory: "sqlite:///flag", Policy: "/f"}},
		{name: "an absolute XDG_DATA_HOME is the place of the inventory", env: map[string]string{"XDG_DATA_HOME": "/data"},
			want: Settings{Inventory: "sqlite:///data/hwmfa/inventory.db"}},
		{name: "a directory with a question mark stays a directory", env: map[string]string{"XDG_DATA_HOME": "/da?ta"},
			want: Settings{Inventory: "sqlite:///da%3Fta/hwmfa/inventory.db"}},
		{name: "a relative XDG_DATA_HOME is ignored", env: map[string]string{"XDG_DATA_HOME": "data"}, want: Settings{Inventory: byDefault}},
		{name: "addresses are a list in the file", file: "trust_urls: [https://a/, https://b/]\n",
			want: Settings{Inventory: byDefault, TrustURLs: []string{"https://a/", "https://b/"}}},
		{name: "addresses stand one after the other in the environment", file: "trust_urls: [https://a/]\n",
			env:  map[string]string{"HWMFA_TRUST_URLS": " https://b/  https://c/ "},
			want: Settings{Inventory: byDefault, TrustURLs: []string{"https://b/", "https://c/"}}},
		{name: "a flag beats the addresses of the environment", env: map[string]string{"HWMFA_TRUST_URLS": "https://b/"},
			flags: Flags{TrustURLs: ptr([]string{"https://d/"})}, want: Settings{Inventory: byDefault, TrustURLs: []string{"https://d/"}}},
		{name: "a misspelt setting is refused", file: "inventry: x\n", err: "field inventry not found"},
		{name: "a second document is refused", file: "debug: true\n---\ndebug: false\n", err: "more than one"},
		{name: "a switch that is no word for yes or no is refused", env: map[string]string{"HWMFA_DEBUG": "perhaps"}, err: `HWMFA_DEBUG="perhaps"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Load(tt.flags, home(t, tt.file, tt.env))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestLoad_withoutAHome(t *testing.T) {
	nothing := func(string) string { return "" }
	got, err := Load(Flags{}, nothing)
	if err != nil || !reflect.DeepEqual(got, Settings{}) {
		t.Errorf("got %+v, %v, want no inventory and no error", got, err)
	}
	got, err = Load(Flags{Inventory: ptr("sqlite:///x")}, nothing)
	if err != nil || got.Inventory != "sqlite:///x" {
		t.Errorf("an inventory given needs no home: got %+v, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("inventory: sqlite:///x\nno_input: true\n"))
	f.Add([]byte("&a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The law is only that a hostile file neither panics nor hangs.
		_, _ = parse(data)
	})
}
