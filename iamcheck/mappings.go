package iamcheck

// Mapping says that a requirement of another framework asks for what a control asks for.
type Mapping struct {
	// Framework is its name and version, such as NIST SP 800-53 Rev. 5.
	Framework string
	// Requirement is the number it has there.
	Requirement string
	// RelatedAs is how Security Hub writes the two in one text.
	RelatedAs string
	// Controls are those the mapping holds for.
	Controls []Control
	// Source says who maps it so, and Certainty how much that is worth.
	Source    string
	Certainty Certainty
}

// Sources of the mappings.
const (
	fromSecurityHub = "AWS Security Hub, related requirements of IAM.6 and IAM.9"
	fromConfig      = "AWS Config, list of managed rules"
	fromVendors     = "a vendor's mapping, not the framework's publisher"
)

// Mappings are what other frameworks ask for the same, those that AWS itself names first. Vendors' mappings are their
// opinion: an auditor of the framework decides.
func Mappings() []Mapping {
	both := []Control{HardwareMFA, RootMFA}
	one := func(c Control) []Control { return []Control{c} }
	list := []Mapping{
		{"AWS Security Hub", "IAM.6", "AWS Security Hub IAM.6", one(HardwareMFA), "AWS Security Hub, list of IAM controls", Published},
		{"AWS Security Hub", "IAM.9", "AWS Security Hub IAM.9", one(RootMFA), "AWS Security Hub, list of IAM controls", Published},
		{"AWS Config", "root-account-hardware-mfa-enabled", "AWS Config root-account-hardware-mfa-enabled", one(HardwareMFA), fromConfig, Published},
		{"AWS Config", "root-account-mfa-enabled", "AWS Config root-account-mfa-enabled", one(RootMFA), fromConfig, Published},
		{"PCI DSS v3.2.1", "8.3.1", "PCI DSS v3.2.1/8.3.1", both, fromSecurityHub, Published},
		{"PCI DSS v4.0.1", "8.4.2", "PCI DSS v4.0.1/8.4.2", both, fromSecurityHub, Published},
	}
	for _, id := range []string{"AC-2(1)", "AC-3(15)", "IA-2(1)", "IA-2(2)", "IA-2(6)", "IA-2(8)"} {
		list = append(list, Mapping{"NIST SP 800-53 Rev. 5", id, "NIST.800-53.r5 " + id, both, fromSecurityHub, Published})
	}
	vendors := func(framework string, controls []Control, ids ...string) {
		for _, id := range ids {
			list = append(list, Mapping{framework, id, framework + " " + id, controls, fromVendors, OneSource})
		}
	}
	vendors("NIST SP 800-171", both, "3.5.3")
	vendors("NIST CSF 1.1", both, "PR.AC-3", "PR.AC-7")
	vendors("NIST CSF 2.0", both, "PR.AA-01", "PR.AA-02", "PR.AA-03", "PR.AA-04")
	vendors("HIPAA", both, "164.308(a)(3)(ii)(A)", "164.312(d)")
	vendors("SOC 2", both, "CC6.6")
	vendors("CMMC", both, "IA.L2-3.5.3")
	vendors("CIS Controls v8", both, "6.5")
	vendors("GDPR", both, "Art. 25")
	vendors("NIS2", both, "11.6.1", "11.7.2")
	vendors("AWS Well-Architected", both, "SEC01-BP02")
	return append(list, Mapping{"CCE", "CCE-78911-5", "CCE-78911-5", one(HardwareMFA), fromVendors, OneSource})
}

// MappingsOf are those of one control.
func MappingsOf(c Control) []Mapping {
	var of []Mapping
	for _, m := range Mappings() {
		for _, has := range m.Controls {
			if has == c {
				of = append(of, m)
			}
		}
	}
	return of
}
