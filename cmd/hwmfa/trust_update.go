package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/hw/attest"
	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

// Where the files are published.
const (
	metadataURL      = "https://mds3.fidoalliance.org/"
	intermediatesURL = "https://developers.yubico.com/PKI/yubico-intermediate.pem"
)

type trustUpdateOptions struct {
	from, name string
	json       bool
}

func newTrustUpdateCommand(a *app) *cobra.Command {
	var opts trustUpdateOptions
	cmd := &cobra.Command{
		Use:   "update --from FILE",
		Short: "Take newer FIDO metadata or newer intermediates",
		Long: `Take a file that was downloaded, with no network:

The FIDO Alliance's metadata (a signed BLOB, published at
` + metadataURL + `). Its signature is checked against GlobalSign's roots, its
number never goes backwards, and one that is out of date is taken and said to be
so. From then on a model that is revoked or compromised is refused, keys of other
makers reach the anchor named for their model, and certification is shown.

A PEM bundle of a maker's newer intermediates (Yubico's is published at
` + intermediatesURL + `). Each must be issued by
what is trusted already; a new root is refused here and added with hwmfa trust
add. Certificates that are there already are passed over.` + exitStatusHelp(),
		Example: `  hwmfa trust update --from blob.jwt
  hwmfa trust update --from yubico-intermediate.pem`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runTrustUpdate(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.from, "from", "", "`FILE` to take: a metadata BLOB or a PEM bundle")
	f.StringVar(&opts.name, "name", "", "what to call the certificates (default the file's `name`)")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.trust-update/v1)")
	return cmd
}

func runTrustUpdate(ctx context.Context, a *app, opts trustUpdateOptions) error {
	if opts.from == "" {
		return usageError{fmt.Errorf("--from is missing: download the FIDO metadata from %s or a maker's intermediates (Yubico: %s) and name the file", metadataURL, intermediatesURL)}
	}
	file, err := readBounded(opts.from, attest.MaxMetadata)
	if err != nil {
		return err
	}
	signer, err := attest.FIDOAlliance()
	if err != nil {
		return err
	}
	name := cmp.Or(opts.name, filepath.Base(opts.from))
	var done ceremony.TrustUpdate
	err = a.update(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		done, err = ceremony.UpdateTrust(tx, act, signer, name, file)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", opts.from, err)
	}
	if opts.json {
		err = a.streams.JSON(trustUpdateReport(done, a.now()))
	} else {
		err = printTrustUpdate(a, done)
	}
	if m := done.Metadata; m != nil && m.Expired(a.now()) {
		a.streams.Notice("this metadata is out of date: what happened to a model since is not known; get a newer one from %s", metadataURL)
	}
	return err
}

func printTrustUpdate(a *app, done ceremony.TrustUpdate) error {
	already := ""
	if done.Unchanged {
		already = ", which was there already"
	}
	if m := done.Metadata; m != nil {
		return a.streams.Printf("FIDO metadata no. %d%s: %d models, %s\n", m.Number, already, m.Models, metadataDate(m, a.now()))
	}
	var errs error
	for _, x := range done.Added {
		errs = errors.Join(errs, a.streams.Printf("added: %s, SHA-256 %s\n", x.Name, x.SHA256))
	}
	return errors.Join(errs, a.streams.Printf("%d certificates added, %d were there already\n", len(done.Added), done.Known))
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

// metadataJSON is FIDO metadata as trust list and trust update show it.
type metadataJSON struct {
	Number      int64  `json:"no"`
	NextUpdate  string `json:"next_update"`
	Expired     bool   `json:"expired"`
	ExpiredDays int    `json:"expired_days"`
	Models      int    `json:"models"`
	SHA256      string `json:"sha256"`
	Signer      string `json:"signer"`
}

func metadataToJSON(m *attest.Metadata, now time.Time) *metadataJSON {
	if m == nil {
		return nil
	}
	return &metadataJSON{
		m.Number, m.NextUpdate.Format(time.DateOnly), m.Expired(now), m.Age(now), m.Models, inventory.Hash(m.SHA256).String(), m.Signer,
	}
}

type trustUpdateJSON struct {
	Schema   string        `json:"schema"`
	Changed  bool          `json:"changed"`
	Metadata *metadataJSON `json:"metadata"`
	Added    []addedAnchor `json:"added"`
	Known    int           `json:"known"`
}

type addedAnchor struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

func trustUpdateReport(done ceremony.TrustUpdate, now time.Time) trustUpdateJSON {
	return trustUpdateJSON{
		Schema: "hwmfa.trust-update/v1", Changed: !done.Unchanged, Metadata: metadataToJSON(done.Metadata, now),
		Added: addedAnchors(done.Added), Known: done.Known,
	}
}

func addedAnchors(added []inventory.Anchor) []addedAnchor {
	list := []addedAnchor{}
	for _, x := range added {
		list = append(list, addedAnchor{x.Name, x.SHA256.String()})
	}
	return list
}
