package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
)

// The limits of BatchImportFindings and of the fields that can grow, in characters (API reference of Security Hub CSPM,
// AwsSecurityFinding).
const (
	asffDescription = 1024
	asffReasons     = 32
)

// asffTypes classifies a finding in Security Hub's taxonomy: by the benchmark, or as a good practice.
func asffTypes(c check) []string {
	if c.number == "" {
		return []string{"Software and Configuration Checks/AWS Security Best Practices"}
	}
	return []string{"Software and Configuration Checks/Industry and Regulatory Standards/CIS AWS Foundations Benchmark"}
}

// asffFinding is an AwsSecurityFinding, as far as we fill one.
type asffFinding struct {
	SchemaVersion  string
	ID             string `json:"Id"`
	ProductArn     string
	ProductName    string
	GeneratorID    string `json:"GeneratorId"`
	AwsAccountID   string `json:"AwsAccountId"`
	Types          []string
	CreatedAt      string
	UpdatedAt      string
	LastObservedAt string
	Severity       asffSeverity
	Title          string
	Description    string
	Remediation    *asffRemediation `json:",omitempty"`
	ProductFields  map[string]string
	Resources      []asffResource
	Compliance     asffCompliance
	Workflow       struct{ Status string }
	RecordState    string
	// FindingProviderFields are what an import of the same finding updates.
	FindingProviderFields asffProvided
}

type asffSeverity struct {
	Label      string
	Normalized int
	Original   string
}

type asffRemediation struct {
	Recommendation struct {
		Text string
		URL  string `json:"Url,omitempty"`
	}
}

type asffResource struct {
	Type      string
	ID        string       `json:"Id"`
	Partition string       `json:",omitempty"`
	Region    string       `json:",omitempty"`
	Details   *asffDetails `json:",omitempty"`
}

type asffDetails struct{ Other map[string]string }

type asffCompliance struct {
	Status              string
	StatusReasons       []asffReason `json:",omitempty"`
	RelatedRequirements []string     `json:",omitempty"`
}

type asffReason struct{ ReasonCode, Description string }

type asffProvided struct {
	Severity struct{ Label, Original string }
	Types    []string
}

// asffWriter writes one array of findings, a line each.
type asffWriter struct {
	out  io.Writer
	from source
	some bool
}

// ASFF writes an array in the AWS Security Finding Format (2018-10-08): a finding for each control on each account.
func ASFF(w io.Writer) Writer { return &asffWriter{out: w} }

func (a *asffWriter) Begin(h Head) error {
	a.from = newSource(h)
	return a.write("[")
}

func (a *asffWriter) Finding(f iamcheck.Finding) error {
	for _, c := range a.from.checks(f) {
		doc, err := term.MarshalJSONLine(asff(a.from.Head, c))
		if err != nil {
			return err
		}
		between := "\n"
		if a.some {
			between = ",\n"
		}
		a.some = true
		if err := a.write(between + string(doc)); err != nil {
			return err
		}
	}
	return nil
}

func (a *asffWriter) End(iamcheck.Totals) error { return a.write("\n]\n") }

func (a *asffWriter) write(text string) error {
	if _, err := io.WriteString(a.out, text); err != nil {
		return fmt.Errorf("write ASFF: %w", err)
	}
	return nil
}

// asff is one finding.
func asff(h Head, c check) asffFinding {
	at := h.GeneratedAt.UTC().Format(time.RFC3339)
	importer := h.Importer
	if importer.Account == "" {
		importer.Account, importer.Partition = c.account, c.partition
	}
	importer.Partition, importer.Region = cmp.Or(importer.Partition, "aws"), cmp.Or(importer.Region, "us-east-1")
	doc := asffFinding{
		SchemaVersion: "2018-10-08", ID: c.id(), ProductName: "hwmfa", GeneratorID: "hwmfa/" + c.slug, AwsAccountID: importer.Account,
		ProductArn: "arn:" + importer.Partition + ":securityhub:" + importer.Region + ":" + importer.Account + ":product/" + importer.Account + "/default",
		Types:      asffTypes(c), CreatedAt: at, UpdatedAt: at, LastObservedAt: at,
		Severity:    asffSeverity{Label: strings.ToUpper(c.shownSeverity()), Normalized: asffNormalized[c.shownSeverity()], Original: c.severity},
		Title:       c.title,
		Description: clip(c.describe(), asffDescription),
		Resources:   []asffResource{asffAccount(importer.Region, c)},
		Compliance:  asffCompliance{Status: asffStatus[c.status], RelatedRequirements: c.related},
		RecordState: "ACTIVE", ProductFields: map[string]string{},
	}
	doc.FindingProviderFields.Severity.Label, doc.FindingProviderFields.Severity.Original = doc.Severity.Label, doc.Severity.Original
	doc.FindingProviderFields.Types = asffTypes(c)
	for name, value := range c.fields {
		doc.ProductFields["hwmfa/"+name] = value
	}
	for _, r := range c.reasons[:min(len(c.reasons), asffReasons)] {
		doc.Compliance.StatusReasons = append(doc.Compliance.StatusReasons, asffReason{r.code, r.text})
	}
	if c.advice.Remedy != "" {
		doc.Remediation = &asffRemediation{}
		doc.Remediation.Recommendation.Text, doc.Remediation.Recommendation.URL = c.advice.Remedy, c.advice.URL
	}
	doc.Workflow.Status = "RESOLVED"
	if c.status.Open() {
		doc.Workflow.Status = "NEW"
	}
	// Back in force, an archived finding is NEW by itself; one that only became NOT_AVAILABLE and then FAILED is not.
	if c.status == iamcheck.NotApplicable {
		doc.RecordState = "ARCHIVED"
	}
	return doc
}

// asffAccount is what the finding is about.
func asffAccount(region string, c check) asffResource {
	r := asffResource{Type: "AwsAccount", ID: "AWS::::Account:" + c.account, Region: region}
	switch c.partition {
	case "aws", "aws-cn", "aws-us-gov":
		r.Partition = c.partition
	}
	if c.name != "" {
		r.Details = &asffDetails{map[string]string{"AccountName": clip(c.name, 1024)}}
	}
	return r
}

// asffStatus is Compliance.Status by verdict. What could not be seen is never PASSED.
var asffStatus = map[iamcheck.Status]string{
	iamcheck.Pass: "PASSED", iamcheck.Fail: "FAILED", iamcheck.Unknown: "WARNING", iamcheck.NotApplicable: "NOT_AVAILABLE",
}

// asffNormalized is the figure that Security Hub gives to a label.
var asffNormalized = map[string]int{informational: 0, "low": 1, "medium": 40, "high": 70, "critical": 90}
