package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
)

// formatText is the format for people.
const formatText = "text"

// formOptions say by which version of the benchmark an audit judges and in which
// format it reports.
type formOptions struct {
	format, benchmark string
	json, all         bool
}

func (o *formOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", "write the report as `FORMAT`: "+strings.Join(formats(), ", ")+" (default text)")
	f.BoolVar(&o.json, "json", false, "print JSON (hwmfa.audit/v1), as --format json does")
	f.StringVar(&o.benchmark, "benchmark", "", "judge by `VERSION` of CIS AWS Foundations (default "+iamcheck.NewestBenchmark().Version+")")
	f.BoolVar(&o.all, "all", false, "list every account, also those of many that need no attention")
	completeWords(cmd, "format", formats())
	completeWords(cmd, "benchmark", versions())
}

// formats are the words that --format takes.
func formats() []string {
	words := []string{formatText}
	for _, f := range report.Formats() {
		words = append(words, string(f))
	}
	return words
}

// versions are those of the benchmark, as words.
func versions() []string {
	var words []string
	for _, b := range iamcheck.Benchmarks() {
		words = append(words, b.Version)
	}
	return words
}

// form is what formOptions mean.
type form struct {
	// format is "" for people.
	format    report.Format
	benchmark iamcheck.Benchmark
	all       bool
}

func (o formOptions) parse() (form, error) {
	word := o.format
	switch {
	case o.json && word != "" && word != string(report.FormatJSON):
		return form{}, fmt.Errorf("--json and --format %s: one report has one format", word)
	case o.json:
		word = string(report.FormatJSON)
	case word == "":
		word = formatText
	}
	if !slices.Contains(formats(), word) {
		return form{}, fmt.Errorf("--format %q: want one of %s", word, strings.Join(formats(), ", "))
	}
	if word == formatText {
		word = ""
	}
	if o.all && word != "" {
		return form{}, fmt.Errorf("--all: only the text leaves accounts out, --format %s never does", word)
	}
	b, err := iamcheck.BenchmarkOf(o.benchmark)
	if err != nil {
		return form{}, fmt.Errorf("--benchmark: %w", err)
	}
	return form{report.Format(word), b, o.all}, nil
}

// print writes the report.
func (r *audit) print() error {
	totals := r.totals()
	if r.form.format == "" {
		return errors.Join(printAudit(r.app.streams, r.spool, totals, r.form), printScope(r.app.streams, r.scope, r.what.Org), printEvidence(r.app.streams, r.evidence.head))
	}
	return r.write(report.New(r.form.format, r.app.streams.Out), totals)
}

// write writes the report for programs.
func (r *audit) write(out report.Writer, totals iamcheck.Totals) error {
	err := out.Begin(report.Head{
		GeneratedAt: r.now(), Benchmark: r.form.benchmark, Scope: r.scope, Program: currentVersion().Version, Importer: r.importer,
		Evidence: r.evidence.head,
	})
	if err != nil {
		return err
	}
	if err := r.spool.Write(out); err != nil {
		return err
	}
	return out.End(totals)
}

// calledBy notes who asks AWS, and takes the first caller for who imports the
// findings.
func (r *audit) calledBy(account, partition, region, arn string) {
	r.caller = caller{account, arn}
	if r.importer.Account == "" {
		r.importer = report.Importer{Partition: partition, Account: account, Region: region}
	}
}
