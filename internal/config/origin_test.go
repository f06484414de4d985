package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	env := home(t, "inventory: sqlite:///file\npolicy: /p\ndebug: true\n", map[string]string{"HWMFA_POLICY": "/e", "HWMFA_TRUST_URLS": "https://a/ https://b/", "HWMFA_NOTIFY": "slack://a\nslack://b"})
	got, err := Explain(Flags{Debug: ptr(false)}, env)
	want := []Setting{
		{"inventory", "HWMFA_INVENTORY", "sqlite:///file", FromFile},
		{"no_input", "HWMFA_NO_INPUT", "false", FromDefault},
		{"debug", "HWMFA_DEBUG", "false", FromFlag},
		{"policy", "HWMFA_POLICY", "/e", FromEnvironment},
		{"trust_urls", "HWMFA_TRUST_URLS", "https://a/ https://b/", FromEnvironment},
		{"notify", "HWMFA_NOTIFY", "2 not shown", FromEnvironment},
		{"notify_file", "HWMFA_NOTIFY_FILE", "", FromDefault},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := Explain(Flags{}, home(t, "inventry: x", nil)); err == nil {
		t.Error("a misspelt setting is explained")
	}
	// Nothing that can be set is forgotten.
	if got, all := len(want), reflect.TypeFor[Settings]().NumField(); got != all {
		t.Errorf("%d settings of %d are explained", got, all)
	}
}

func TestTemplate(t *testing.T) {
	if got, err := parse([]byte(Template)); err != nil || got != (file{}) {
		t.Errorf("as it is, it sets %+v, %v", got, err)
	}
	// With the settings set, it is a file that is understood, and sets them all.
	var lines []string
	for line := range strings.Lines(Template) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "# "), ": "); ok && !strings.Contains(name, " ") {
			line = strings.TrimPrefix(line, "# ")
		}
		lines = append(lines, line)
	}
	got, err := parse([]byte(strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(got)
	for i := range v.NumField() {
		if v.Field(i).IsNil() {
			t.Errorf("%s is not in it", v.Type().Field(i).Name)
		}
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); !strings.Contains(Template, "HWMFA_"+strings.ToUpper(name)+")") {
			t.Errorf("the variable of %s is not in it", name)
		}
	}
}
