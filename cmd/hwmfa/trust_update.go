package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/hw/attest"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/fetch"
	"hwmfa/internal/term"
	"hwmfa/inventory"
)

type trustUpdateOptions struct {
	from, name string
	json       bool
}

func newTrustUpdateCommand(a *app) *cobra.Command {
	var opts trustUpdateOptions
	var published string
	for _, p := range ceremony.Published() {
		published += "\n  " + p.URL
	}
	cmd := &cobra.Command{
		Use:   "update [--from FILE | --url URL]",
		Short: "Take newer FIDO metadata and newer intermediates",
		Long: `Fetch what is published for everybody, and take what is new in it:
` + published + `

or what is published at the addresses that --url, HWMFA_TRUST_URLS or trust_urls
in the settings file name. Only https is spoken, through the proxy that
HTTPS_PROXY names. Each file is taken or refused for itself; if one fails, the
others are taken and the status is 1. With --from a file that was downloaded is
taken, and no network is asked.

The FIDO Alliance's metadata is a signed BLOB. Its signature is checked against
GlobalSign's roots, its number never goes backwards, and one that is out of date
is taken and said to be so. From then on a model that is revoked or compromised is
refused, keys of other makers reach the anchor named for their model, and
certification is shown.

Of a PEM bundle of a maker's newer intermediates each must be issued by what is
trusted already; a new root is refused here and added with hwmfa trust add.
Certificates that are there already are passed over.` + exitStatusHelp(),
		Example: `  hwmfa trust update
  hwmfa trust update --from blob.jwt
  hwmfa trust update --url https://mirror.example.org/blob.jwt`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.from != "" && cmd.Flags().Changed("url") {
				return usageError{errors.New("--from and --url exclude each other")}
			}
			return runTrustUpdate(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.from, "from", "", "`FILE` to take: a metadata BLOB or a PEM bundle")
	f.StringArrayVar(&a.flags.trustURLs, "url", nil, "fetch from this `URL` instead; may be given more than once")
	f.StringVar(&opts.name, "name", "", "what to call the certificates (default the file's `name`)")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.trust-update/v1)")
	return cmd
}

// trustSource is where one file comes from.
type trustSource struct {
	from string // path or address
	name string // what certificates of it are called
	get  func(context.Context) ([]byte, error)
}

// trustSources are the files to take: the one that was given, or what is
// published.
func (a *app) trustSources(opts trustUpdateOptions) ([]trustSource, error) {
	if opts.from != "" {
		return []trustSource{{opts.from, cmp.Or(opts.name, filepath.Base(opts.from)), func(context.Context) ([]byte, error) {
			return readBounded(opts.from, attest.MaxMetadata)
		}}}, nil
	}
	published := ceremony.Published()
	if urls := a.settings.TrustURLs; urls != nil {
		published = ceremony.PublishedAt(urls)
	}
	var sources []trustSource
	for _, p := range published {
		if err := fetch.CheckURL(p.URL); err != nil { // all of them, before any is asked
			return nil, err
		}
		u, err := url.Parse(p.URL)
		if err != nil {
			return nil, err
		}
		sources = append(sources, trustSource{p.URL, cmp.Or(opts.name, publishedName(u)), func(ctx context.Context) ([]byte, error) {
			return a.fetchPublished(ctx, p)
		}})
	}
	return sources, nil
}

func (a *app) fetchPublished(ctx context.Context, p ceremony.Publication) ([]byte, error) {
	file, err := a.fetchTelling(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := p.Check(file); err != nil {
		return nil, fmt.Errorf("%s: %w", p.URL, err)
	}
	return file, nil
}

// fetchTelling says how far it is, also while nothing comes.
func (a *app) fetchTelling(ctx context.Context, p ceremony.Publication) (file []byte, err error) {
	progress := a.streams.Progress(a.now)
	defer progress.Done()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var sofar atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		file, err = a.fetch(ctx, p.URL, p.MaxSize, sofar.Store)
	}()
	for {
		select {
		case <-done:
			return file, err
		case <-tick.C:
			progress.Step("fetching %s, %d kB so far", p.URL, sofar.Load()/1000)
		}
	}
}

// publishedName is what certificates from an address are called.
func publishedName(u *url.URL) string {
	if base := path.Base(u.Path); base != "." && base != "/" {
		return base
	}
	return u.Host
}

// trustTaken is what became of one source.
type trustTaken struct {
	from string
	done ceremony.TrustUpdate
	err  error
}

func runTrustUpdate(ctx context.Context, a *app, opts trustUpdateOptions) error {
	sources, err := a.trustSources(opts)
	if err != nil {
		return err
	}
	signer, err := attest.FIDOAlliance()
	if err != nil {
		return err
	}
	var taken []trustTaken
	var failed []error
	for _, s := range sources {
		done, err := a.takeTrust(ctx, signer, s)
		if errors.Is(err, context.Canceled) {
			return errors.Join(append(failed, err)...)
		}
		taken = append(taken, trustTaken{s.from, done, err})
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if !opts.json {
			if err := printTrustUpdate(a, done); err != nil {
				return err
			}
		}
		if m := done.Metadata; m != nil && m.Expired(a.now()) {
			a.streams.Notice("this metadata is out of date: what happened to a model since is not known; get a newer one from %s", ceremony.Published()[0].URL)
		}
	}
	if opts.json && len(failed) < len(taken) {
		failed = append(failed, a.streams.JSON(trustUpdateReport(taken, a.now())))
	}
	return errors.Join(failed...)
}

// takeTrust takes the file of one source whole, or not at all.
func (a *app) takeTrust(ctx context.Context, signer attest.MetadataSigner, s trustSource) (done ceremony.TrustUpdate, err error) {
	file, err := s.get(ctx)
	if err != nil {
		return done, err // it names the source
	}
	err = a.update(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		done, err = ceremony.UpdateTrust(tx, act, signer, s.name, file)
		return err
	})
	if err != nil {
		return done, fmt.Errorf("%s: %w", s.from, err)
	}
	return done, nil
}

func printTrustUpdate(a *app, done ceremony.TrustUpdate) error {
	already := ""
	if done.Unchanged {
		already = ", which was there already"
	}
	if m := done.Metadata; m != nil {
		return a.streams.Printf("FIDO metadata no. %d%s: %s, %s\n", m.Number, already, term.Count(m.Models, "model", "models"), metadataDate(m, a.now()))
	}
	var errs error
	for _, x := range done.Added {
		errs = errors.Join(errs, a.streams.Printf("added: %s, SHA-256 %s\n", x.Name, x.SHA256))
	}
	return errors.Join(errs, a.streams.Printf("%s added, there already: %d\n", term.Count(len(done.Added), "certificate", "certificates"), done.Known))
}

// metadataDate says until when metadata is good, or how long ago that was.
func metadataDate(m *attest.Metadata, now time.Time) string {
	due := m.NextUpdate.Format(time.DateOnly)
	switch days := m.Age(now); {
	case days == 0:
		return "next one due " + due
	case days == 1:
		return "next one due " + due + ", expired a day ago"
	default:
		return fmt.Sprintf("next one due %s, expired %d days ago", due, days)
	}
}
