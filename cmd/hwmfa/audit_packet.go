package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/pflag"

	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/packet"
	"hwmfa/internal/policy"
	"hwmfa/internal/report"
	"hwmfa/internal/term"
)

// packetOptions say where the evidence of an audit goes, or where it comes from.
type packetOptions struct {
	evidence, from, supplied string
	resume                   bool
	// head is the one that the evidence decided on has to have, signed whether
	// somebody known has to have signed it.
	head   string
	signed bool
}

func (o *packetOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.evidence, "evidence", "", "keep every answer, the inventory's state, the policy and the report in the new folder `DIR`")
	f.StringVar(&o.from, "from-evidence", "", "decide again on the evidence in `DIR`; nothing is asked of AWS")
	f.StringVar(&o.head, "head", "", "with --from-evidence, want the `HEAD` that was kept elsewhere")
	f.BoolVar(&o.signed, "require-signature", false, "with --from-evidence, want a signature by somebody known")
	f.StringVar(&o.supplied, "supplied", "", "take answers that the aws command printed, one folder an account, from `DIR`")
	f.BoolVar(&o.resume, "resume", false, "go on with an audit that was interrupted, here or in --evidence DIR")
}

// headForm is the form of a packet's head.
var headForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// errOtherHead: the evidence is not the one whose head was kept. errUnsigned:
// nobody signed it who is known.
var (
	errOtherHead = errors.New("the evidence is not that of --head")
	errUnsigned  = errors.New("no signature by somebody known")
)

// check refuses what does not go together.
func (o *packetOptions) check(scope scopeOptions) error {
	switch {
	case o.from != "" && (o.evidence != "" || o.resume || o.supplied != ""):
		return errors.New("--from-evidence asks nobody: --evidence, --resume and --supplied do not go with it")
	case o.from != "" && !reflect.DeepEqual(scope, scopeOptions{workers: scope.workers}):
		return errors.New("--from-evidence: which accounts, and as whom, was said when the evidence was collected")
	case o.from == "" && (o.head != "" || o.signed):
		return errors.New("--head and --require-signature are for --from-evidence")
	case o.head != "" && !headForm.MatchString(o.head):
		return errors.New("--head: want the 64 hexadecimal digits that the audit printed")
	case o.resume && o.evidence == "" && !scope.org:
		return errors.New("--resume goes on with an audit of an organization: add --org and the other flags that it was begun with")
	}
	return nil
}

// collected is what decides which answers a run collects: whoever goes on with it
// has to give the same, and whoever decides again asks the same of the answers.
type collected struct {
	Org         bool     `json:"org"`
	Accounts    []string `json:"accounts"`
	Units       []string `json:"ous"`
	Tags        []string `json:"tags"`
	Tiers       []string `json:"tiers"`
	Exclude     []string `json:"exclude"`
	Profiles    []string `json:"profiles"`
	RoleName    *string  `json:"role_name"`
	ExternalID  *string  `json:"external_id"`
	SessionName *string  `json:"session_name"`
	SessionTags []string `json:"session_tags"`
	// OnlySupplied: AWS was not asked.
	OnlySupplied bool `json:"only_supplied"`
}

func collectedWith(o scopeOptions, only bool) collected {
	return collected{
		o.org, o.accounts, o.units, o.tags, o.tiers, o.exclude, o.profiles, null(o.roleName), null(o.externalID), null(o.session), o.sessionTags, only,
	}
}

func (k collected) scope() scopeOptions {
	return scopeOptions{
		org: k.Org, accounts: k.Accounts, units: k.Units, tags: k.Tags, tiers: k.Tiers, exclude: k.Exclude, profiles: k.Profiles,
		roleName: deref(k.RoleName), externalID: deref(k.ExternalID), session: deref(k.SessionName), sessionTags: k.SessionTags,
		workers: awsapi.DefaultWorkers,
	}
}

// rules are those that a report was decided by, beside the policy.
type rules struct {
	Require   *string `json:"require"`
	Benchmark *string `json:"benchmark"`
}

// evidence is where a run's answers go, or come from.
type evidence struct {
	// writer keeps them; nil keeps none. asked: for the user, and not only for
	// --resume.
	writer *packet.Writer
	asked  bool
	// packet is what is decided on again; nil asks AWS.
	packet *packet.Packet
	head   *report.Evidence
}

// openEvidence takes from a packet all that a run is judged by, so far as the
// command line does not say it.
func (r *audit) openEvidence() (err error) {
	p, err := packet.Open(r.opts.packet.from)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	r.evidence.packet = p
	if want := r.opts.packet.head; want != "" && want != p.Head() {
		return fmt.Errorf("audit: %w: its head is %s", errOtherHead, p.Head())
	}
	m := p.Manifest()
	r.evidence.head = &report.Evidence{Head: p.Head(), StartedAt: m.StartedAt, FinishedAt: *m.FinishedAt, Again: true}
	at := *m.FinishedAt
	r.now = func() time.Time { return at }
	var options collected
	var by rules
	var state inventoryState
	inventory, err := p.Read(packet.Inventory)
	if err == nil {
		err = errors.Join(decodeEvidence(m.Options, &options), decodeEvidence(m.Rules, &by), decodeEvidence(inventory, &state))
	}
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	r.opts.scope, r.onlySupplied = options.scope(), options.OnlySupplied
	if r.opts.require == "" {
		r.opts.require = deref(by.Require)
	}
	if r.opts.form.benchmark == "" {
		r.opts.form.benchmark = deref(by.Benchmark)
	}
	// The run that is in the history is the one that collected.
	r.opts.history.noRecord = true
	if r.limits, err = r.policyOf(p); err != nil {
		return err
	}
	for id, t := range state.Terms {
		t.NotRequired = !r.limits.Level2Required(t.Tier)
		state.Terms[id] = t
	}
	if state.Custody != nil {
		state.Flags = ceremony.CustodyFlags(state.Custody.Snapshot(), r.limits, at)
	}
	r.known = state.known()
	return nil
}

// policyOf is the policy that the command line names, or else the packet's.
func (r *audit) policyOf(p *packet.Packet) (policy.Policy, error) {
	if r.app.given.Policy != nil {
		limits, err := policy.Load(*r.app.given.Policy)
		if err != nil {
			return limits, usageError{err}
		}
		return limits, nil
	}
	text, err := p.Read(packet.Policy)
	if err != nil {
		return policy.Policy{}, fmt.Errorf("audit: %w", err)
	}
	limits, err := policy.Read(bytes.NewReader(text))
	if err != nil {
		return limits, fmt.Errorf("audit: evidence: %s: %w", packet.Policy, err)
	}
	return limits, nil
}

// decodeEvidence reads a part of a packet; a name it does not know was written
// by a later version, and is not passed over.
func decodeEvidence(doc []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	return nil
}

// keepEvidence has what AWS answers kept: for the user, or so that an audit of
// an organization can be resumed.
func (r *audit) keepEvidence() error {
	o := r.opts.packet
	if p := r.evidence.packet; p != nil {
		r.what.Recorded, r.what.Offline, r.what.Workers = p.Recorded, true, 2*runtime.GOMAXPROCS(0)
		// Nothing is waited for here, so that collecting garbage is a tenth of the
		// work; an answer lives for a moment.
		debug.SetGCPercent(400)
		return nil
	}
	// An audit of ten thousand accounts is to take less than 64 MiB, and the
	// program itself is half of that: what lives here is small, and garbage may
	// not be twice it.
	debug.SetGCPercent(60)
	options, err := json.Marshal(collectedWith(r.opts.scope, r.onlySupplied))
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	v := currentVersion()
	m := packet.Manifest{
		Program:   packet.Program{Version: v.Version, Commit: v.Commit, Modified: v.Modified, Go: v.Go, Platform: v.Platform},
		StartedAt: r.app.now().UTC(), Options: options,
	}
	switch {
	case o.evidence != "" && o.resume:
		r.evidence.writer, err = packet.Resume(o.evidence, m)
	case o.evidence != "":
		r.evidence.writer, err = packet.Create(o.evidence, m)
	case r.what.Org:
		r.evidence.writer, err = r.app.keepToResume(m, o.resume)
	}
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	w := r.evidence.writer
	if w == nil {
		return nil
	}
	r.evidence.asked = o.evidence != ""
	r.what.Record = w
	if !r.evidence.asked {
		r.what.Record = &lenient{Recorder: w, log: r.app.log}
	}
	if o.resume {
		r.what.Recorded = w.Recorded
	}
	return nil
}

// sealEvidence finishes what was kept when all accounts are judged.
func (r *audit) sealEvidence(ctx context.Context) error {
	w := r.evidence.writer
	if w == nil || !r.evidence.asked {
		return nil
	}
	err := errors.Join(
		w.Put(packet.Inventory, func(out io.Writer) error {
			e := json.NewEncoder(out)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			return e.Encode(r.known.inventoryState)
		}),
		w.Put(packet.Policy, r.limits.Write),
		w.Put(packet.Report, func(out io.Writer) error { return r.write(report.JSON(out), r.totals()) }),
	)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	at := r.now()
	head, err := w.Seal(ctx, packet.Ending{
		At: at, Rules: rules{null(r.opts.require), &r.form.benchmark.Version}, JournalHead: r.known.JournalHead, Accounts: r.spool.Len(),
	})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	r.evidence.head = &report.Evidence{Head: head, StartedAt: w.StartedAt(), FinishedAt: at}
	r.packetHead = &head
	return nil
}

// closeEvidence gives the folder up. What was kept only for --resume goes with a
// run that is complete, and all of it with one that found no account out; of one
// that did and is not complete it says how to go on.
func (r *audit) closeEvidence(missing error) (err error) {
	if r.supplied != nil {
		defer func() { err = errors.Join(err, r.supplied.from.Close()) }()
	}
	if p := r.evidence.packet; p != nil {
		return p.Close()
	}
	w := r.evidence.writer
	switch {
	case w == nil:
		return nil
	case missing == nil && !r.evidence.asked,
		missing != nil && !r.opts.packet.resume && (w.Accounts() == 0 || errors.Is(missing, awsapi.ErrNothingLeft)):
		// Nothing is in it to go on with, and a next try wants an empty folder.
		if err := w.Remove(); err != nil {
			r.app.log.Debug("what was kept is not removed", "reason", err)
		}
		return nil
	case missing != nil && r.spool != nil && w.Accounts() > 0:
		r.app.streams.Notice("%s kept: run it again with --resume, and no account is asked twice",
			term.Count(w.Accounts(), "account is", "accounts are"))
	}
	return w.Close()
}

// printEvidence says what the report rests on.
func printEvidence(s *term.Streams, e *report.Evidence) error {
	if e == nil {
		return nil
	}
	line := "evidence: collected from " + timeText(e.StartedAt) + " to " + timeText(e.FinishedAt)
	if e.Again {
		line += ", judged again"
	}
	err := errors.Join(s.Print("\n"), s.Paragraph(0, line), s.Paragraph(2, "head "+e.Head), printVouched(s, e.Signature, e.Timestamp))
	if e.Again && e.Signature == nil {
		err = errors.Join(err, s.Paragraph(2, "unsigned: whoever has had it could have made all of it up"))
	}
	return err
}

// printVouched says who vouches for evidence.
func printVouched(s *term.Streams, signature, stamp *report.Vouched) error {
	var errs []error
	if v := signature; v != nil {
		line := "signed at " + timeText(v.At) + " by " + v.By
		if !v.Known {
			line = "signed at " + timeText(v.At) + " by somebody unknown, " + v.By
		}
		errs = append(errs, s.Paragraph(2, line+", public key "+*v.Key))
	}
	if v := stamp; v != nil {
		line := "stamped at " + timeText(v.At) + " by " + v.By
		if !v.Known {
			line = "stamped at " + timeText(v.At) + " by an unknown authority, " + v.By
		}
		errs = append(errs, s.Paragraph(2, line))
	}
	return errors.Join(errs...)
}
