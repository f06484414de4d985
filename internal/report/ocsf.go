package report

import (
	"io"
	"time"

	"hwmfa/iamcheck"
)

// ocsfVersion is the version of the Open Cybersecurity Schema Framework that is written: the one Security Hub takes.
const ocsfVersion = "1.6.0"

// ocsfFinding is a Compliance Finding (class 2003) with the profile cloud, as far as we fill one.
type ocsfFinding struct {
	ActivityID   int               `json:"activity_id"`
	ActivityName string            `json:"activity_name"`
	CategoryName string            `json:"category_name"`
	CategoryUID  int               `json:"category_uid"`
	ClassName    string            `json:"class_name"`
	ClassUID     int               `json:"class_uid"`
	TypeName     string            `json:"type_name"`
	TypeUID      int               `json:"type_uid"`
	Time         int64             `json:"time"`
	Severity     string            `json:"severity"`
	SeverityID   int               `json:"severity_id"`
	Status       string            `json:"status"`
	StatusID     int               `json:"status_id"`
	StatusCode   string            `json:"status_code"`
	StatusDetail string            `json:"status_detail,omitempty"`
	Message      string            `json:"message"`
	Metadata     ocsfMetadata      `json:"metadata"`
	Cloud        ocsfCloud         `json:"cloud"`
	Compliance   ocsfCompliance    `json:"compliance"`
	FindingInfo  ocsfInfo          `json:"finding_info"`
	Remediation  *ocsfRemedy       `json:"remediation,omitempty"`
	Resources    []ocsfResource    `json:"resources"`
	Unmapped     map[string]string `json:"unmapped"`
}

type ocsfMetadata struct {
	EventCode string      `json:"event_code"`
	Product   ocsfProduct `json:"product"`
	Profiles  []string    `json:"profiles"`
	UID       string      `json:"uid"`
	Version   string      `json:"version"`
}

type ocsfProduct struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
	Version    string `json:"version,omitempty"`
}

type ocsfCloud struct {
	Account        ocsfAccount `json:"account"`
	CloudPartition string      `json:"cloud_partition,omitempty"`
	Provider       string      `json:"provider"`
}

type ocsfAccount struct {
	Name   string `json:"name,omitempty"`
	Type   string `json:"type"`
	TypeID int    `json:"type_id"`
	UID    string `json:"uid"`
}

type ocsfCompliance struct {
	Control       string      `json:"control,omitempty"`
	Desc          string      `json:"desc"`
	Standards     []string    `json:"standards,omitempty"`
	Requirements  []string    `json:"requirements,omitempty"`
	Checks        []ocsfCheck `json:"checks,omitempty"`
	Status        string      `json:"status"`
	StatusID      int         `json:"status_id"`
	StatusCode    string      `json:"status_code"`
	StatusDetails []string    `json:"status_details,omitempty"`
}

type ocsfCheck struct {
	Name      string   `json:"name"`
	Standards []string `json:"standards"`
	Status    string   `json:"status"`
	StatusID  int      `json:"status_id"`
	UID       string   `json:"uid"`
	Version   string   `json:"version"`
}

type ocsfInfo struct {
	Analytic     ocsfAnalytic `json:"analytic"`
	Desc         string       `json:"desc"`
	LastSeenTime int64        `json:"last_seen_time"`
	ModifiedTime int64        `json:"modified_time"`
	Title        string       `json:"title"`
	Types        []string     `json:"types"`
	UID          string       `json:"uid"`
}

type ocsfAnalytic struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	TypeID int    `json:"type_id"`
	UID    string `json:"uid"`
}

type ocsfRemedy struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

type ocsfResource struct {
	CloudPartition string `json:"cloud_partition,omitempty"`
	Name           string `json:"name,omitempty"`
	Role           string `json:"role"`
	RoleID         int    `json:"role_id"`
	Type           string `json:"type"`
	UID            string `json:"uid"`
}

// ocsfWriter writes one finding a line.
type ocsfWriter struct {
	lines
	from source
}

// OCSF writes a Compliance Finding of the Open Cybersecurity Schema Framework for each control on each account, one a line.
func OCSF(w io.Writer) Writer { return &ocsfWriter{lines: lines{w}} }

func (o *ocsfWriter) Begin(h Head) error {
	o.from = newSource(h)
	return nil
}

func (o *ocsfWriter) Finding(f iamcheck.Finding) error {
	for _, c := range o.from.checks(f) {
		if err := o.write(ocsf(o.from.Head, c)); err != nil {
			return err
		}
	}
	return nil
}

func (o *ocsfWriter) End(iamcheck.Totals) error { return nil }

// ocsfWord is a word of OCSF with its number.
type ocsfWord struct {
	id   int
	word string
}

// ocsfStatus is compliance.status_id by verdict. What could not be seen is Unknown, never Pass.
var ocsfStatus = map[iamcheck.Status]ocsfWord{
	iamcheck.Pass: {1, "Pass"}, iamcheck.Fail: {3, "Fail"}, iamcheck.Unknown: {0, "Unknown"}, iamcheck.NotApplicable: {99, "Not Applicable"},
}

// ocsfSeverity is severity_id by severity.
var ocsfSeverity = map[string]ocsfWord{
	informational: {1, "Informational"}, "low": {2, "Low"}, "medium": {3, "Medium"}, "high": {4, "High"}, "critical": {5, "Critical"},
}

// ocsf is one finding. It is always a Create: what was reported before is not known here, and finding_info.uid says which are
// the same.
func ocsf(h Head, c check) ocsfFinding {
	at, said := h.GeneratedAt.UnixMilli(), c.describe()
	severity, status, state := ocsfSeverity[c.shownSeverity()], ocsfStatus[c.status], ocsfWord{4, "Resolved"}
	if c.status.Open() {
		state = ocsfWord{1, "New"}
	}
	doc := ocsfFinding{
		ActivityID: 1, ActivityName: "Create", CategoryName: "Findings", CategoryUID: 2, ClassName: "Compliance Finding", ClassUID: 2003,
		TypeName: "Compliance Finding: Create", TypeUID: 200301, Time: at,
		Severity: severity.word, SeverityID: severity.id, Status: state.word, StatusID: state.id, StatusCode: string(c.status), Message: said,
		Metadata: ocsfMetadata{
			EventCode: c.slug, Product: ocsfProduct{Name: "hwmfa", VendorName: "hwmfa", Version: h.Program}, Profiles: []string{"cloud"},
			UID: stableUUID(c.id(), h.Benchmark.Version, h.GeneratedAt.UTC().Format(time.RFC3339Nano)), Version: ocsfVersion,
		},
		Cloud: ocsfCloud{
			Account:        ocsfAccount{Name: c.name, Type: "AWS Account", TypeID: 10, UID: c.account},
			CloudPartition: c.partition, Provider: "AWS",
		},
		Compliance: ocsfCompliance{
			Control: c.number, Desc: c.title, Requirements: c.related, Status: status.word, StatusID: status.id, StatusCode: string(c.status),
		},
		FindingInfo: ocsfInfo{
			Analytic: ocsfAnalytic{Name: c.title, Type: "Rule", TypeID: 1, UID: "hwmfa/" + c.slug},
			Desc:     said, LastSeenTime: at, ModifiedTime: at, Title: c.title, Types: asffTypes(c), UID: c.id(),
		},
		Resources: []ocsfResource{{
			CloudPartition: c.partition, Name: c.name, Role: "Target", RoleID: 1, Type: "AwsAccount", UID: "AWS::::Account:" + c.account,
		}},
		Unmapped: c.fields,
	}
	if c.number != "" {
		doc.Compliance.Standards = []string{standard(h.Benchmark)}
		doc.Compliance.Checks = []ocsfCheck{{
			Name: c.title, Standards: doc.Compliance.Standards, Status: status.word, StatusID: status.id, UID: c.number, Version: h.Benchmark.Version,
		}}
	}
	for _, r := range c.reasons {
		doc.Compliance.StatusDetails = append(doc.Compliance.StatusDetails, r.code+": "+r.text)
	}
	if len(c.reasons) > 0 {
		doc.StatusDetail = c.reasons[0].text
	}
	if c.advice.Remedy != "" {
		doc.Remediation = &ocsfRemedy{Desc: c.advice.Remedy}
		if c.advice.URL != "" {
			doc.Remediation.References = []string{c.advice.URL}
		}
	}
	return doc
}
