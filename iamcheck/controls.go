package iamcheck

import (
	"errors"
	"fmt"
	"strings"
)

// ErrBenchmark says that a version of the benchmark is none that is known.
var ErrBenchmark = errors.New("unknown benchmark version")

// BenchmarkName is whose numbers the controls have.
const BenchmarkName = "CIS AWS Foundations"

// Control names what is judged, whatever number a version of the benchmark gives it.
type Control string

// The controls: hardware MFA for root (Level 2), and MFA of any kind for root (Level 1).
const (
	HardwareMFA Control = "root_hardware_mfa"
	RootMFA     Control = "root_mfa"
)

// Title says in our own words what a control demands.
func (c Control) Title() string {
	if c == HardwareMFA {
		return "the root user should be protected by hardware MFA"
	}
	return "the root user should be protected by MFA of any kind"
}

// Level is the profile of the benchmark a control belongs to.
func (c Control) Level() int {
	if c == HardwareMFA {
		return 2
	}
	return 1
}

// Certainty is how sure something is that we report and have not made.
type Certainty string

// How sure: the publisher says so itself; sources that we compared agree; one source that is not the publisher says so;
// sources contradict each other; nobody has been asked.
const (
	Published  Certainty = "published"
	Agreed     Certainty = "sources agree"
	OneSource  Certainty = "one source"
	Disputed   Certainty = "sources differ"
	Unverified Certainty = "not verified"
)

// Assessment is how the benchmark wants a control to be audited.
type Assessment string

// A person audits it, or a program may. Version 1.2 called the second "scored".
const (
	Manual    Assessment = "manual"
	Automated Assessment = "automated"
	Scored    Assessment = "scored"
)

// BenchmarkControl is a control as one version has it.
type BenchmarkControl struct {
	// ID is the control's number in this version.
	ID string `json:"id"`
	// Level is its profile, 1 or 2.
	Level int `json:"level"`
	// Title says in our own words what is demanded.
	Title string `json:"title"`
	// Assessment is how it is to be audited, and Certainty how sure we are of that.
	Assessment Assessment `json:"assessment"`
	Certainty  Certainty  `json:"assessment_certainty"`
}

// Benchmark is one version of CIS AWS Foundations, as far as it speaks of root's MFA.
type Benchmark struct {
	Version string `json:"version"`
	// Hardware is hardware MFA for root, RootMFA is MFA of any kind.
	Hardware BenchmarkControl `json:"level2"`
	RootMFA  BenchmarkControl `json:"level1"`
	// ExemptsRemoved is whether accounts whose root credentials were removed centrally need no MFA by it.
	ExemptsRemoved bool `json:"exempts_removed_credentials"`
}

// Control is the control as this version has it.
func (b Benchmark) Control(c Control) BenchmarkControl {
	if c == HardwareMFA {
		return b.Hardware
	}
	return b.RootMFA
}

// Benchmarks are the versions that are known, oldest first. Numbers are those of the benchmark; how a control is assessed is
// as Powerpipe's and other tools' copies of the text have it.
func Benchmarks() []Benchmark {
	return []Benchmark{
		version("1.2", "1.14", "1.13", Scored, Unverified, Scored, Unverified),
		version("1.3", "1.6", "1.5", Automated, Unverified, Automated, Unverified),
		version("1.4", "1.6", "1.5", Automated, Unverified, Automated, Unverified),
		version("1.5", "1.6", "1.5", Automated, OneSource, Automated, OneSource),
		version("2.0", "1.6", "1.5", Manual, Disputed, Automated, OneSource),
		version("3.0", "1.6", "1.5", Manual, Disputed, Automated, OneSource),
		version("4.0", "1.6", "1.5", Manual, Agreed, Automated, Unverified),
		version("4.0.1", "1.6", "1.5", Manual, Agreed, Automated, Unverified),
		exempting(version("5.0", "1.5", "1.4", Manual, Agreed, Automated, OneSource)),
		exempting(version("6.0", "2.5", "2.4", Manual, Agreed, Automated, Unverified)),
		exempting(version("7.0", "2.6", "2.5", Manual, Agreed, Automated, Unverified)),
	}
}

func version(v, hardware, root string, hardwareBy Assessment, hardwareSure Certainty, rootBy Assessment, rootSure Certainty) Benchmark {
	return Benchmark{
		Version:  v,
		Hardware: BenchmarkControl{hardware, HardwareMFA.Level(), HardwareMFA.Title(), hardwareBy, hardwareSure},
		RootMFA:  BenchmarkControl{root, RootMFA.Level(), RootMFA.Title(), rootBy, rootSure},
	}
}

func exempting(b Benchmark) Benchmark {
	b.ExemptsRemoved = true
	return b
}

// NewestBenchmark is the version that decides where none is asked for.
func NewestBenchmark() Benchmark {
	all := Benchmarks()
	return all[len(all)-1]
}

// BenchmarkOf is a version of the benchmark, the newest for "", or answers ErrBenchmark, naming those that are known.
func BenchmarkOf(version string) (Benchmark, error) {
	if version == "" {
		return NewestBenchmark(), nil
	}
	var known []string
	for _, b := range Benchmarks() {
		if b.Version == version {
			return b, nil
		}
		known = append(known, b.Version)
	}
	return Benchmark{}, fmt.Errorf("%w %q: want one of %s", ErrBenchmark, version, strings.Join(known, ", "))
}

// benchmark is the version that decides.
func (o Options) benchmark() Benchmark {
	b, err := BenchmarkOf(o.Benchmark)
	if err != nil {
		return NewestBenchmark()
	}
	return b
}
