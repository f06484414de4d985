package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Enrollment is the rules that a key has to pass to be enrolled. A rule that
// is not written does not exist.
type Enrollment struct {
	// Firmware is the oldest firmware.
	Firmware *Firmware `yaml:"firmware"`
	// Models are those that may be enrolled.
	Models *Models `yaml:"models"`
	// FIPS wants a key of a FIPS series, as its maker attests it.
	FIPS *Rule `yaml:"fips"`
	// PIN wants a FIDO PIN on the key.
	PIN *Rule `yaml:"pin"`
	// Certification wants a FIDO certification of the model.
	Certification *Certification `yaml:"certification"`
	// Advisories says what to do about keys that an advisory applies to, by its
	// ID; AnyAdvisory stands for all that are not named.
	Advisories map[string]Action `yaml:"advisories"`
}

// Action is what happens when a key does not pass a rule.
type Action string

// The actions. Refuse records nothing, and asks for no touch where the rule can
// be decided before one.
const (
	Refuse Action = "refuse"
	Warn   Action = "warn"
)

// AnyAdvisory is the advisory ID that stands for those without a line.
const AnyAdvisory = "any"

// Rule is a rule that takes nothing but its action.
type Rule struct {
	Action Action `yaml:"action"`
}

// Firmware is the rule of the oldest firmware. A product line without a
// minimum of its own has the overall one; a key whose firmware nobody knows
// does not pass where there is a minimum for it.
type Firmware struct {
	Action  Action             `yaml:"action"`
	Minimum Version            `yaml:"minimum"` // zero: only Lines
	Lines   map[string]Version `yaml:"lines"`
}

// Models is the rule of allowed models: by AAGUID, or by product line.
type Models struct {
	Action  Action   `yaml:"action"`
	AAGUIDs []string `yaml:"aaguids"` // 8-4-4-4-12 hexadecimal digits
	Lines   []string `yaml:"lines"`
}

// Certification is the rule of the lowest FIDO certification level.
type Certification struct {
	Action Action `yaml:"action"`
	Level  string `yaml:"level"` // one of CertificationLevels
}

// Version is a firmware version; zero is unknown.
type Version [3]uint8

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// UnmarshalYAML reads "5.7.0".
func (v *Version) UnmarshalYAML(n *yaml.Node) error {
	parts := strings.Split(n.Value, ".")
	if n.Kind != yaml.ScalarNode || len(parts) != len(v) {
		return fmt.Errorf("line %d: version %q: want three numbers, as in 5.7.0", n.Line, n.Value)
	}
	for i, p := range parts {
		b, err := strconv.ParseUint(p, 10, 8)
		if err != nil {
			return fmt.Errorf("line %d: version %q: want three numbers of at most 255", n.Line, n.Value)
		}
		v[i] = uint8(b)
	}
	return nil
}

// Lines are the product lines that rules may name, as hw spells them.
func Lines() []string {
	return []string{"YubiKey NEO", "YubiKey 4", "YubiKey FIPS", "YubiKey 5", "YubiKey 5 FIPS", "Security Key", "YubiKey Bio"}
}

// CertificationLevels are those of the FIDO Alliance's programme, lowest first.
func CertificationLevels() []string {
	return []string{"L1", "L1plus", "L2", "L2plus", "L3", "L3plus"}
}

// maxEntries bounds each list of a rule.
const maxEntries = 1000

var (
	aaguidForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	})
	advisoryForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z]{2,8}-[0-9]{4}-[0-9]{1,5}$`) })
)

func (e Enrollment) check() error {
	var errs []error
	wrong := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("enrollment.%s "+format, append([]any{name}, args...)...))
	}
	action := func(name string, a Action) {
		if a != Refuse && a != Warn {
			wrong(name, "is %q, want refuse or warn", a)
		}
	}
	entries := func(name string, n int) {
		if n > maxEntries {
			wrong(name, "has %d entries, at most %d", n, maxEntries)
		}
	}
	line := func(name, line string) {
		if !slices.Contains(Lines(), line) {
			wrong(name, "names %q, which is none of %s", line, strings.Join(Lines(), ", "))
		}
	}
	if r := e.Firmware; r != nil {
		action("firmware.action", r.Action)
		entries("firmware.lines", len(r.Lines))
		for l, v := range r.Lines {
			line("firmware.lines", l)
			if v == (Version{}) {
				wrong("firmware.lines", "has no version for %s", l)
			}
		}
		if r.Minimum == (Version{}) && len(r.Lines) == 0 {
			wrong("firmware", "has neither minimum nor lines")
		}
	}
	if r := e.Models; r != nil {
		action("models.action", r.Action)
		entries("models.aaguids", len(r.AAGUIDs))
		entries("models.lines", len(r.Lines))
		for _, a := range r.AAGUIDs {
			if !aaguidForm().MatchString(a) {
				wrong("models.aaguids", "holds %q, want 8-4-4-4-12 hexadecimal digits", a)
			}
		}
		for _, l := range r.Lines {
			line("models.lines", l)
		}
		if len(r.AAGUIDs)+len(r.Lines) == 0 {
			wrong("models", "allows none")
		}
	}
	if e.FIPS != nil {
		action("fips.action", e.FIPS.Action)
	}
	if e.PIN != nil {
		action("pin.action", e.PIN.Action)
	}
	if r := e.Certification; r != nil {
		action("certification.action", r.Action)
		if !slices.Contains(CertificationLevels(), r.Level) {
			wrong("certification.level", "is %q, want one of %s", r.Level, strings.Join(CertificationLevels(), ", "))
		}
	}
	entries("advisories", len(e.Advisories))
	for id, a := range e.Advisories {
		if id != AnyAdvisory && !advisoryForm().MatchString(id) {
			wrong("advisories", "names %q, want an ID such as YSA-2024-03, or %s", id, AnyAdvisory)
		}
		action("advisories."+id, a)
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
