package policy

import (
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"
)

// Write writes a policy with everything that it leaves to its defaults, in the form that Read takes: what was in force at one
// time stays so under a later version.
func (p Policy) Write(w io.Writer) error {
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(p); err != nil {
		return fmt.Errorf("write policy: %w", err)
	}
	if err := e.Close(); err != nil {
		return fmt.Errorf("write policy: %w", err)
	}
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads, and null for none.
func (d Date) MarshalYAML() (any, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.Format(time.DateOnly), nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (v Version) MarshalYAML() (any, error) { return v.String(), nil }
