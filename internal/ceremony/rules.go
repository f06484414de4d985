package ceremony

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

var (
	// ErrPolicy: a rule of the policy refuses the key; nothing is recorded.
	ErrPolicy = errors.New("refused by policy")
	// ErrPolicyPIN: all that the policy wants is a PIN.
	ErrPolicyPIN = errors.New("policy wants a PIN")
)

// PolicyError names the rules that refuse a key.
type PolicyError struct {
	Who        string
	Violations []policy.Violation
	// TakesPIN says that the key can be given a PIN.
	TakesPIN bool
}

func (e *PolicyError) Error() string {
	var why []string
	for _, v := range e.Violations {
		why = append(why, "rule "+v.Rule+": "+v.Text)
	}
	return fmt.Sprintf("%s: %v: %s", e.Who, ErrPolicy, strings.Join(why, "; "))
}

// Is makes errors.Is hold for ErrPolicy, and for ErrPolicyPIN where no other
// rule refuses and the key can have a PIN.
func (e *PolicyError) Is(target error) bool {
	onlyPIN := e.TakesPIN && len(e.Violations) == 1 && e.Violations[0].Rule == policy.RulePIN
	return target == ErrPolicy || target == ErrPolicyPIN && onlyPIN
}

// obey holds the key against the policy: what refuses is a PolicyError, what
// warns becomes a warning once all is known.
func (e *enrollment) obey(stage policy.Stage) error {
	facts := e.claimed()
	if stage == policy.Attested {
		facts = e.attested()
	}
	var refused []policy.Violation
	for _, v := range e.request.Rules.Judge(facts, stage) {
		switch {
		case v.Action == policy.Refuse:
			refused = append(refused, v)
		case stage == policy.Attested:
			e.seen.Warnings = append(e.seen.Warnings, Warning{Code: "policy_" + v.Rule, Text: "policy: " + v.Text})
		}
	}
	if len(refused) > 0 {
		_, takesPIN := e.seen.FIDO.Options["clientPin"]
		return &PolicyError{Who: e.seen.Name(), Violations: refused, TakesPIN: takesPIN}
	}
	return nil
}

// claimed is what the key says of itself. That it is of a FIPS series would
// have to be proved; that it is of none is taken from it.
func (e *enrollment) claimed() policy.Key {
	s := e.seen
	k := e.model(s.Firmware)
	k.AAGUID = inventory.FormatAAGUID(s.FIDO.AAGUID)
	if s.Device != nil && !s.Device.FIPSSeries {
		k.FIPS = new(bool)
	}
	return k
}

// attested is what a trusted root vouches for. Line and firmware stay claims
// where no certificate names them.
func (e *enrollment) attested() policy.Key {
	if e.fido.Status != hw.StatusVerified {
		return e.model(e.seen.Firmware)
	}
	k := e.model(cmp.Or(e.fido.Firmware, e.pivFirmware(), e.seen.Firmware))
	k.AAGUID, k.Certification = inventory.FormatAAGUID(e.fido.AAGUID), e.fido.Certification
	fips := e.fido.FIPS || e.fido.FIPSLevel != ""
	for _, p := range e.piv {
		fips = fips || p.Status == hw.StatusVerified && p.FIPS
	}
	k.FIPS = &fips
	return k
}

// model is what firmware and device info decide, and the PIN.
func (e *enrollment) model(firmware hw.Version) policy.Key {
	s := e.seen
	k := policy.Key{
		Line:     string(hw.LineOf(s.Key.USB, s.Device, firmware)),
		Firmware: policy.Version{firmware.Major, firmware.Minor, firmware.Patch},
		PIN:      s.FIDO.Options["clientPin"] || e.request.SetPIN,
	}
	for _, a := range attest.Advisories(attest.Model{USB: s.Key.USB, Firmware: firmware, Device: s.Device}) {
		k.Advisories = append(k.Advisories, a.ID)
	}
	return k
}
