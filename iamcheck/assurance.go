package iamcheck

import (
	"slices"
	"strings"
)

// grade is the assurance of an account: what was seen, and the best it could still be if what was not readable were.
type grade struct {
	seen, possible Assurance
}

// rank orders assurances, best first; a word that is none ranks below all.
func (a Assurance) rank() int {
	if i := slices.Index(Assurances(), a); i >= 0 {
		return i
	}
	return len(Assurances())
}

// Meets reports whether a is at least as good as want.
func (a Assurance) Meets(want Assurance) bool { return a.rank() <= want.rank() }

// gradeOf is the weakest of root's devices.
func gradeOf(e *evidence, m matches, inferred bool) grade {
	if inferred {
		return grade{seen: Inferred, possible: Proven}
	}
	g := grade{seen: Proven, possible: Proven}
	for _, d := range e.own {
		seen, possible := deviceGrade(e, m, d)
		if seen.rank() > g.seen.rank() {
			g.seen = seen
		}
		if possible.rank() > g.possible.rank() {
			g.possible = possible
		}
	}
	return g
}

// deviceGrade grades one device of root's own list.
func deviceGrade(e *evidence, m matches, d ownDevice) (seen, possible Assurance) {
	if d.serial.Kind == TOTP {
		return HardwareToken, HardwareToken
	}
	key, bound := m.byDevice[d.Serial]
	certifications, read := e.facts.Certifications[d.Serial]
	switch {
	case bound && key.proven():
		return Proven, Proven
	case hardwareCertified(certifications):
		return Certified, Certified
	case bound:
		seen = NamedKey
	default:
		seen = Unproven
	}
	if !read {
		return seen, Certified
	}
	return seen, seen
}

// demand turns a pass that is weaker than required into a fail, or into unknown where the assurance that is missing could
// not have been observed.
func (g grade) demand(require Assurance, v verdict) verdict {
	switch {
	case require == "" || g.seen.Meets(require):
		return v
	case g.possible.Meets(require):
		return verdict{status: Unknown, reasons: []Reason{AssuranceNotObservable}}
	}
	return verdict{status: Fail, reasons: []Reason{AssuranceTooLow}}
}

// hardwareCertified reports whether AWS names a certification that only hardware can have: FIDO level 2 or higher, or a
// FIPS validation. FIDO level 1 does not require hardware.
func hardwareCertified(certifications map[string]string) bool {
	level, fips := levelsOf(certifications)
	return level >= 2 || fips
}

// isFIDO and isFIPS read the names of certification schemes as AWS writes them, such as FIDO-FIPS-140-2.
func isFIDO(scheme string) bool { return strings.ToUpper(strings.TrimSpace(scheme)) == "FIDO" }

func isFIPS(scheme string) bool {
	scheme = strings.ToUpper(strings.TrimSpace(scheme))
	return strings.HasPrefix(scheme, "FIPS-") || strings.HasPrefix(scheme, "FIDO-FIPS-")
}

// levelOf is the number of L1, L2, L3plus, …; 0 for anything else.
func levelOf(level string) int {
	level = strings.ToLower(strings.TrimSpace(level))
	level = strings.TrimSuffix(strings.TrimSuffix(level, "plus"), "+")
	if len(level) == 2 && level[0] == 'l' && level[1] >= '1' && level[1] <= '9' {
		return int(level[1] - '0')
	}
	return 0
}
