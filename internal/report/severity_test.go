package report_test

import (
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
)

func TestWhatIsAcceptedIsNotCritical(t *testing.T) {
	expired := virtual()
	expired.Level2.Exception, expired.Level2.ExpiredException = nil, expired.Level2.Exception
	plain := virtual()
	plain.Level2.Exception = nil
	spared, both, unseen := plain, virtual(), plain
	spared.Level2.NotRequired, both.Level2.NotRequired, unseen.Level2.NotRequired = true, true, true
	unseen.Level2.Status = iamcheck.Unknown
	passes := spared
	passes.Level2.Status = iamcheck.Pass
	for name, test := range map[string]struct {
		finding           iamcheck.Finding
		label, word, asff string
	}{
		"a failure is what the control is":                       {plain, "CRITICAL", "Critical", "FAILED"},
		"an exception that has expired counts no more":           {expired, "CRITICAL", "Critical", "FAILED"},
		"an exception has the failure wait until it ends":        {virtual(), "MEDIUM", "Medium", "FAILED"},
		"what the tier does not demand needs nothing done":       {spared, "LOW", "Low", "FAILED"},
		"nor does it with an exception":                          {both, "LOW", "Low", "FAILED"},
		"nor where nobody could look":                            {unseen, "LOW", "Low", "WARNING"},
		"a pass is informational, whatever the tier does demand": {passes, "INFORMATIONAL", "Informational", "PASSED"},
	} {
		t.Run(name, func(t *testing.T) {
			f := asff(t, written(t, report.FormatASFF, head(), test.finding))[0]
			checkASFF(t, f)
			if string(f.Severity.Label) != test.label || f.FindingProviderFields.Severity.Label != f.Severity.Label || string(f.Compliance.Status) != test.asff {
				t.Errorf("ASFF: %s and %s, %s", f.Severity.Label, f.FindingProviderFields.Severity.Label, f.Compliance.Status)
			}
			if deref(f.Severity.Original) != iamcheck.Severity || deref(f.FindingProviderFields.Severity.Original) != iamcheck.Severity {
				t.Errorf("the control's own severity is %q, %q", deref(f.Severity.Original), deref(f.FindingProviderFields.Severity.Original))
			}
			d := ocsf(t, written(t, report.FormatOCSF, head(), test.finding))[0]
			if d["severity"] != test.word || d["status_code"] != string(test.finding.Level2.Status) {
				t.Errorf("OCSF: %v, %v", d["severity"], d["status_code"])
			}
			for _, also := range asff(t, written(t, report.FormatASFF, head(), test.finding)) {
				if *also.Id == "hwmfa/210000000002/recovery/root_access_keys_present" && also.Severity.Label != "CRITICAL" {
					t.Errorf("root's access keys are %s: nobody accepted those", also.Severity.Label)
				}
			}
		})
	}
}
