package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Key is what is known of a key that is to be enrolled. Zero values and nil
// are not known.
type Key struct {
	Line     string // product line, one of Lines
	Firmware Version
	AAGUID   string
	FIPS     *bool
	// PIN says whether the key has a PIN, or is about to be given one.
	PIN bool
	// Certification is the status word of the FIDO metadata, such as
	// FIDO_CERTIFIED_L2; "" where it says nothing of the model.
	Certification string
	Advisories    []string // IDs of those that apply
}

// Stage is how much of a key is known.
type Stage int

const (
	// Claimed: the key has told what it is and proved nothing. What is not known
	// yet may still become known.
	Claimed Stage = iota
	// Attested: all that will ever be known is known; what is not known breaks
	// the rule that asks for it.
	Attested
)

// Names of the rules.
const (
	RuleFirmware      = "firmware"
	RuleModels        = "models"
	RuleFIPS          = "fips"
	RulePIN           = "pin"
	RuleCertification = "certification"
	RuleAdvisories    = "advisories"
)

// Violation is a rule that a key does not pass.
type Violation struct {
	Rule   string
	Action Action
	Text   string // why, for people
}

// Judge holds a key against the rules, in the order in which they are
// documented; nil means that it passes.
func (e Enrollment) Judge(k Key, stage Stage) []Violation {
	var found []Violation
	breaks := func(rule string, a Action, format string, args ...any) {
		found = append(found, Violation{rule, a, fmt.Sprintf(format, args...)})
	}
	attested := stage == Attested
	if r := e.Firmware; r != nil {
		least, line := r.Minimum, ""
		if v, ok := r.Lines[k.Line]; ok {
			least, line = v, " for "+k.Line
		}
		switch {
		case least == Version{}:
		case k.Firmware == Version{} && attested:
			breaks(RuleFirmware, r.Action, "its firmware is not known, and has to be %s or newer%s", least, line)
		case k.Firmware != Version{} && slices.Compare(k.Firmware[:], least[:]) < 0:
			breaks(RuleFirmware, r.Action, "its firmware %s is older than %s%s", k.Firmware, least, line)
		}
	}
	if r := e.Models; r != nil {
		same := func(aaguid string) bool { return strings.EqualFold(aaguid, k.AAGUID) }
		switch {
		case k.AAGUID == "" && attested:
			breaks(RuleModels, r.Action, "no trusted attestation says which model it is")
		case k.AAGUID != "" && !slices.ContainsFunc(r.AAGUIDs, same) && !slices.Contains(r.Lines, k.Line):
			breaks(RuleModels, r.Action, "its model %s is none of those allowed", k.AAGUID)
		}
	}
	if r := e.FIPS; r != nil {
		switch {
		case k.FIPS == nil && attested:
			breaks(RuleFIPS, r.Action, "no trusted attestation says that it is of a FIPS series")
		case k.FIPS != nil && !*k.FIPS:
			breaks(RuleFIPS, r.Action, "it is not of a FIPS series")
		}
	}
	if r := e.PIN; r != nil && !k.PIN {
		breaks(RulePIN, r.Action, "it has no PIN")
	}
	if r := e.Certification; r != nil && attested && certificationRank(k.Certification) < slices.Index(CertificationLevels(), r.Level) {
		word := k.Certification
		if word == "" {
			word = "not known"
		}
		breaks(RuleCertification, r.Action, "its FIDO certification is %s, and has to be %s or higher", word, r.Level)
	}
	for _, id := range k.Advisories {
		a, named := e.Advisories[id]
		if !named {
			a = e.Advisories[AnyAdvisory]
		}
		if a != "" {
			breaks(RuleAdvisories, a, "security advisory %s applies to it", id)
		}
	}
	return found
}

// certificationRank is the index of a metadata status among the levels, -1 for
// none. A certification from before there were levels is the first.
func certificationRank(status string) int {
	if status == "FIDO_CERTIFIED" {
		return 0
	}
	level, ok := strings.CutPrefix(status, "FIDO_CERTIFIED_")
	if !ok {
		return -1
	}
	return slices.Index(CertificationLevels(), level)
}
