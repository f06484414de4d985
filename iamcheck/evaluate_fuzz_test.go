package iamcheck

import (
	"encoding/json"
	"slices"
	"testing"
)

// world is an account as it truly is; observe is what an audit that sees everything answers.
type world struct {
	devices                      []string
	password, keys, certificates bool
	management, central          bool
}

// worldOf makes a world of fuzzed bits.
func worldOf(bits uint16) world {
	w := world{
		password: bits&1 != 0, keys: bits&2 != 0, certificates: bits&4 != 0,
		management: bits&8 != 0, central: bits&16 != 0,
	}
	for i, serial := range []string{
		"arn:aws:iam::" + here + ":u2f/root/yk-1-AAA", "arn:aws:iam::" + here + ":u2f/root/yk-2-BBB", "GAHT12345678",
		"arn:aws:iam::" + here + ":mfa/root-account-mfa-device", "arn:aws:iam::" + here + ":mfa/phone", "arn:aws:iam::" + here + ":sms-mfa/+1",
	} {
		if bits&(1<<(5+i)) != 0 {
			w.devices = append(w.devices, serial)
		}
	}
	if bits&(1<<15) != 0 {
		slices.Reverse(w.devices)
	}
	return w
}

func (w world) has(kind Kind) bool {
	return slices.ContainsFunc(w.devices, func(s string) bool {
		p, _ := ParseSerial(s)
		return p.Kind == kind
	})
}

func (w world) observe() Facts {
	presence := func(is bool) Presence {
		if is {
			return Present
		}
		return Absent
	}
	count := func(is bool) *int {
		n := 0
		if is {
			n = 1
		}
		return &n
	}
	f := Facts{
		AccountID: here, Partition: "aws", State: "ACTIVE", Membership: Member, CentralRemoval: &w.central,
		Summary:        &Summary{count(len(w.devices) > 0), count(w.password), count(w.keys), count(w.certificates)},
		Root:           RootList{Reading: Complete},
		Virtual:        VirtualList{Reading: Complete},
		Certifications: map[string]map[string]string{},
		Credentials:    Credentials{presence(w.password), presence(w.keys), presence(w.certificates)},
	}
	if w.management {
		f.Membership = Management
	}
	for i, serial := range w.devices {
		f.Root.Devices = append(f.Root.Devices, Device{Serial: serial})
		p, _ := ParseSerial(serial)
		switch p.Kind {
		case Virtual:
			f.Virtual.Devices = append(f.Virtual.Devices, VirtualDevice{Serial: serial, Owner: RootARN("aws", here)})
		case FIDO:
			f.Certifications[serial] = map[string]string{"FIDO": []string{"L1", "L2"}[i%2]}
		}
	}
	return f
}

// blind takes evidence away: each bit is a call that failed, cut is how many entries of a list came before it broke off.
func blind(f Facts, bits uint16, cut uint8) Facts {
	s := *f.Summary
	f.Summary = &s
	for i, gone := range []func(){
		func() { f.Summary = nil },
		func() { s.MFAEnabled = nil },
		func() { s.PasswordPresent = nil },
		func() { s.AccessKeysPresent = nil },
		func() { f.Root = RootList{} },
		func() { f.Root = RootList{Partial, f.Root.Devices[:min(int(cut), len(f.Root.Devices))]} },
		func() { f.Virtual = VirtualList{} },
		func() { f.Virtual = VirtualList{Partial, f.Virtual.Devices[:min(int(cut), len(f.Virtual.Devices))]} },
		func() { f.Certifications = nil },
		func() { f.CentralRemoval = nil },
		func() { f.Membership = "" },
		func() { f.Credentials.LoginProfile = Unseen },
		func() { f.Credentials.AccessKeys = Unseen },
		func() { f.Credentials.SigningCertificates = Unseen },
	} {
		if bits&(1<<i) != 0 {
			gone()
		}
	}
	return f
}

// FuzzLessEvidenceNeverPasses holds the law of the package: where AWS tells the truth, a call that failed never makes a
// verdict better. The one exception is in the design: root's own list unreadable, MFA on and no virtual device is a pass
// that is inferred, and an SMS device cannot be seen in that way.
func FuzzLessEvidenceNeverPasses(f *testing.F) {
	for w := range uint16(12) {
		f.Add(w<<5|w, uint16(1)<<w, uint8(1), uint8(w%7))
	}
	f.Add(uint16(0b00110_0000), uint16(0), uint8(0), uint8(1))
	f.Add(uint16(0b100000_00000|1), uint16(1<<4), uint8(0), uint8(0))
	f.Fuzz(lessEvidence)
}

func TestLessEvidenceNeverPassesInAnyWorldWithOneCallGone(t *testing.T) {
	for w := range uint16(1 << 11) {
		for call := range 14 {
			for cut := range uint8(2) {
				lessEvidence(t, w|uint16(cut)<<15, 1<<call, cut, uint8(w%7))
			}
		}
		if t.Failed() {
			return
		}
	}
}

// lessEvidence holds the law for one world, the calls that failed in it, where lists broke off, and what is demanded.
func lessEvidence(t *testing.T, worldBits, blindBits uint16, cut, require uint8) {
	requires := append([]Assurance{""}, Assurances()...)
	w := worldOf(worldBits)
	opts := Options{Require: requires[int(require)%len(requires)]}
	bound := []BoundKey{
		{AccountID: here, DeviceName: "yk-1", KeyID: "k1", Origin: Witnessed, Attested: true, ProvedSince: true},
		{AccountID: here, DeviceName: "yk-2", KeyID: "k2", Origin: Named},
	}
	full := w.observe()
	part := blind(full, blindBits, cut)
	all, less := Evaluate(full, bound, opts), Evaluate(part, bound, opts)

	sms := w.has(SMS) && less.Level2.Assurance != nil && *less.Level2.Assurance == Inferred
	if less.Level2.Status == Pass && all.Level2.Status != Pass && !sms {
		t.Errorf("passes with less: %s for %s (%v)", show(less), show(all), w)
	}
	if less.Level2.Status == NotApplicable && all.Level2.Status != NotApplicable {
		t.Errorf("applies no more with less: %s for %s (%v)", show(less), show(all), w)
	}
	if less.Level2.Status == Fail && all.Level2.Status == Pass {
		t.Errorf("fails for what was not seen: %s for %s (%v)", show(less), show(all), w)
	}
	if less.Level1.Status == Pass && all.Level1.Status != Pass {
		t.Errorf("level 1 passes with less: %s for %s (%v)", show(less), show(all), w)
	}
	if l := less.Level2.Literal; l != Unknown && l != all.Level2.Literal {
		t.Errorf("the literal verdict turns with less: %s for %s (%v)", show(less), show(all), w)
	}
	if a, b := less.Level2.Assurance, all.Level2.Assurance; a != nil && b != nil && a.rank() < b.rank() {
		t.Errorf("more sure with less: %s for %s (%v)", show(less), show(all), w)
	}
	seen := slices.ContainsFunc(part.Root.Devices, func(d Device) bool {
		p, _ := ParseSerial(d.Serial)
		return p.Kind == Virtual || p.Kind == SMS
	})
	if (seen || len(part.Virtual.Devices) > 0) && less.Level2.Status != Fail {
		t.Errorf("evidence of the wrong kind is forgiven: %s (%v)", show(less), w)
	}
}

// FuzzEvaluate holds what is true of every finding, whatever AWS sends.
func FuzzEvaluate(f *testing.F) {
	f.Add("aws", "ACTIVE", "arn:aws:iam::222222222222:u2f/root/yk-1-ABC", "arn:aws:iam::222222222222:mfa/x", "arn:aws:iam::222222222222:root", 1, uint8(2), uint8(2))
	f.Add("aws", "", "GAHT12345678", "", "", -1, uint8(1), uint8(0))
	f.Add("aws-us-gov", "CLOSED", "arn:aws:iam::999999999999:mfa/x", "\x00", "root", 0, uint8(0), uint8(1))
	readings := []Reading{Unread, Partial, Complete}
	f.Fuzz(func(t *testing.T, partition, state, serial, virtualSerial, owner string, mfa int, own, virtual uint8) {
		facts := Facts{
			AccountID: here, Partition: partition, State: state, Summary: &Summary{MFAEnabled: &mfa},
			Root:    RootList{readings[own%3], []Device{{Serial: serial}}},
			Virtual: VirtualList{readings[virtual%3], []VirtualDevice{{Serial: virtualSerial, Owner: owner}}},
		}
		got := Evaluate(facts, []BoundKey{{AccountID: here, DeviceName: "x", KeyID: "k"}}, Options{})
		parsed, err := ParseSerial(serial)
		switch {
		case got.Level2.Status == Pass && (err != nil || parsed.Kind != FIDO && parsed.Kind != TOTP) && *got.Level2.Assurance != Inferred:
			t.Errorf("%q passes as %s", serial, *got.Level2.Assurance)
		case got.Level2.Status == Pass && owner == RootARN(partition, here):
			t.Errorf("a virtual device of root passes")
		case (got.Level2.Status == Pass) != (got.Level2.Assurance != nil):
			t.Errorf("a %s with the assurance %v", got.Level2.Status, got.Level2.Assurance)
		case (got.Level2.Status == Pass) != (len(got.Level2.Reasons) == 0):
			t.Errorf("a %s for the reasons %v", got.Level2.Status, got.Level2.Reasons)
		case got.Level2.Status == Pass && (partition != "aws" || state == "SUSPENDED" || state == "CLOSED"):
			t.Errorf("partition %q and state %q pass", partition, state)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Error(err)
		}
	})
}

func show(f Finding) string {
	b, _ := json.Marshal(f.Level2)
	return string(b)
}
