package main

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/notary"
	"hwmfa/internal/packet"
	"hwmfa/internal/report"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// signOptions say who vouches for evidence, and whom to believe that did.
type signOptions struct {
	slot, serial string
	pinFD        int
	authority    string
	authorityCA  string
	signerCA     string
	signerKeys   []string
}

func (o *signOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.slot, "sign-piv", "", "sign the evidence with PIV `SLOT` (9a, 9c, 82…) of a key that is plugged in")
	f.StringVar(&o.serial, "sign-key", "", "`SERIAL` of that key, where several are plugged in")
	f.IntVar(&o.pinFD, "pin-fd", -1, "read that key's PIV PIN from this file `DESCRIPTOR` instead of asking")
	f.StringVar(&o.authority, "timestamp", "", "have the evidence stamped by the time-stamping authority at `URL` (RFC 3161)")
	o.believeFlags(f)
}

func (o *signOptions) believeFlags(f *pflag.FlagSet) {
	f.StringVar(&o.authorityCA, "timestamp-ca", "", "`FILE` of certificates (PEM) that a time stamp has to lead to")
	f.StringVar(&o.signerCA, "signer-ca", "", "`FILE` of certificates (PEM) that make a signer known")
	f.StringArrayVar(&o.signerKeys, "signer-key", nil, "`SHA256` of a public key, as a report shows it, that makes a signer known; may be repeated")
}

func (o *signOptions) asks() bool { return o.slot != "" || o.authority != "" }

// check refuses what does not go together; evidence says that there will be a
// folder to sign.
func (o *signOptions) check(evidence bool) error {
	switch {
	case o.asks() && !evidence:
		return errors.New("--sign-piv and --timestamp vouch for evidence: add --evidence DIR")
	case o.slot == "" && (o.serial != "" || o.pinFD >= 0):
		return errors.New("--sign-key and --pin-fd go with --sign-piv")
	}
	if o.slot != "" {
		if _, err := o.pivSlot(); err != nil {
			return err
		}
	}
	_, err := o.vouchers()
	return err
}

func (o *signOptions) pivSlot() (byte, error) {
	b, err := hex.DecodeString(o.slot)
	if err != nil || len(b) != 1 || !ceremony.IsSigningSlot(b[0]) {
		return 0, fmt.Errorf("--sign-piv %q: want 9a, 9c, 9d, 9e, or 82 to 95", o.slot)
	}
	return b[0], nil
}

// vouchers are the certificates that the command line says to believe; nil
// where it says nothing.
type vouchers struct {
	signers, authorities *x509.CertPool
	keys                 []string // SHA-256 of public keys, in lower-case hexadecimal
}

func (o *signOptions) vouchers() (v vouchers, err error) {
	if v.signers, err = readCertificates(o.signerCA); err != nil {
		return v, fmt.Errorf("--signer-ca: %w", err)
	}
	if v.authorities, err = readCertificates(o.authorityCA); err != nil {
		return v, fmt.Errorf("--timestamp-ca: %w", err)
	}
	for _, k := range o.signerKeys {
		k = strings.ToLower(strings.TrimSpace(k))
		if !headForm.MatchString(k) {
			return v, fmt.Errorf("--signer-key %q: want 64 hexadecimal digits", k)
		}
		v.keys = append(v.keys, k)
	}
	return v, nil
}

// maxCertificates bounds a file of certificates, in bytes: all that browsers
// believe are a quarter of it.
const maxCertificates = 1 << 20

func readCertificates(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := readBounded(path, maxCertificates)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate (PEM)", path)
	}
	return pool, nil
}

// vouch signs a finished packet and has it stamped, as the options ask, and puts
// what comes of it beside the manifest. The stamp is of the manifest too, and not
// of the signature: each holds without the other.
func (a *app) vouch(ctx context.Context, dir string, o signOptions) (err error) {
	v, err := o.vouchers()
	if err != nil {
		return usageError{err}
	}
	p, err := packet.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	manifest, err := p.ManifestText()
	if err != nil {
		return err
	}
	var errs []error
	if o.slot != "" {
		errs = append(errs, a.sign(ctx, p, manifest, o))
	}
	if o.authority != "" {
		stamp, _, err := notary.Timestamp(ctx, o.authority, manifest, v.authorities, a.now)
		if err == nil {
			err = p.PutBeside(packet.Timestamp, stamp)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (a *app) sign(ctx context.Context, p *packet.Packet, manifest []byte, o signOptions) error {
	if _, err := p.Beside(packet.Signature); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("the evidence has a signature: %w", fs.ErrExist), err)
	}
	slot, err := o.pivSlot()
	if err != nil {
		return usageError{err}
	}
	bench, err := a.openBench(ctx)
	if err != nil {
		return err
	}
	signature, err := notary.Sign(ctx, manifest, ceremony.PIVSigner{
		Bench: bench, Serial: o.serial, Slot: slot, PIN: pinAsker(a.streams, o.pinFD), Tell: a.tellTouch,
	}, a.now())
	if err != nil {
		return err
	}
	return p.PutBeside(packet.Signature, signature)
}

// vouch has the evidence of this run signed and stamped, once it is complete. A
// failure leaves it as it is: it can be signed later.
func (r *audit) vouch(ctx context.Context) error {
	if r.evidence.head == nil || !r.opts.sign.asks() {
		return nil
	}
	err := r.app.vouch(ctx, r.opts.packet.evidence, r.opts.sign)
	if err != nil {
		return fmt.Errorf("the evidence is complete, and hwmfa audit sign signs it later: %w", err)
	}
	p, err := packet.Open(r.opts.packet.evidence)
	if err != nil {
		return err
	}
	return errors.Join(r.describeVouched(ctx, p), p.Close())
}

// checkVouched checks what vouches for the packet that is decided on again.
func (r *audit) checkVouched(ctx context.Context) error {
	err := r.describeVouched(ctx, r.evidence.packet)
	if signature := r.evidence.head.Signature; err == nil && r.opts.packet.signed && (signature == nil || !signature.Known) {
		err = errUnsigned
		if signature != nil {
			err = fmt.Errorf("%w: it is signed by %s, public key %s", err, signature.By, *signature.Key)
		}
	}
	return err
}

func (r *audit) describeVouched(ctx context.Context, p *packet.Packet) error {
	v, err := r.opts.sign.vouchers()
	if err != nil {
		return usageError{err}
	}
	r.evidence.head.Signature, r.evidence.head.Timestamp, err = r.app.vouched(ctx, p, v)
	return err
}

// vouched checks what stands beside a packet's manifest. What does not hold is an
// error; nil is what is not there.
func (a *app) vouched(ctx context.Context, p *packet.Packet, v vouchers) (signature, stamp *report.Vouched, err error) {
	manifest, err := p.ManifestText()
	if err != nil {
		return nil, nil, err
	}
	switch doc, err := p.Beside(packet.Signature); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, nil, err
	default:
		s, err := notary.Verify(manifest, doc, v.signers)
		if err != nil {
			return nil, nil, err
		}
		signature = &report.Vouched{By: s.Subject, Known: s.Known || slices.Contains(v.keys, s.Fingerprint), Key: &s.Fingerprint, At: s.SignedAt}
		if serial, ok, enrolled, err := a.attested(ctx, s); err != nil {
			return nil, nil, err
		} else if ok {
			// Anybody can have a genuine key: known is one of ours.
			signature.Known = signature.Known || enrolled
			signature.By = fmt.Sprintf("slot %s of key %s", s.Attestation.Slot, firstOf(serial, "that tells no serial"))
			if s.Certificate != nil {
				signature.By += ", " + s.Subject
			}
		}
	}
	switch doc, err := p.Beside(packet.Timestamp); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, nil, err
	default:
		t, err := notary.VerifyTimestamp(manifest, doc, *p.Manifest().FinishedAt, v.authorities)
		if err != nil {
			return nil, nil, err
		}
		stamp = &report.Vouched{By: t.Authority, Known: t.Known, At: t.Time}
	}
	return signature, stamp, nil
}

// attested says whether the attestation of a signature's key leads to an anchor
// of the inventory, or to a built-in one, the serial it tells, and whether the
// inventory has that key.
func (a *app) attested(ctx context.Context, s notary.Signed) (serial string, ok, enrolled bool, err error) {
	if s.Attestation == nil {
		return "", false, false, nil
	}
	slot, err := hex.DecodeString(s.Attestation.Slot)
	if err != nil || len(slot) != 1 {
		return "", false, false, nil
	}
	told := func(v attest.Verifier) (string, bool) {
		said := v.PIV(hw.PIVEvidence{F9: s.Attestation.Issuer, Slots: []hw.PIVSlot{{Slot: slot[0], Certificate: s.Attestation.Certificate}}}, "")
		return said[0].Serial, said[0].Status == hw.StatusVerified
	}
	err = a.view(ctx, func(tx inventory.Tx) (err error) {
		v := attest.Verifier{Now: a.now()}
		if v.Anchors, err = ceremony.Anchors(tx, v.Now); err != nil {
			return err
		}
		if serial, ok = told(v); !ok || serial == "" {
			return nil
		}
		keys, err := tx.KeysBySerial(serial)
		enrolled = slices.ContainsFunc(keys, func(k inventory.Key) bool {
			// Whoever has it now may sign with it, and with any date.
			return k.Status != inventory.StatusLost && k.Status != inventory.StatusCompromised
		})
		return err
	})
	if errors.Is(err, store.ErrNoInventory) {
		var v attest.Verifier
		if v, err = ceremony.BuiltIn(a.now()); err == nil {
			serial, ok = told(v)
		}
	}
	return serial, ok, enrolled, err
}

func newAuditSignCommand(a *app) *cobra.Command {
	var opts signOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sign DIR",
		Short: "Sign the evidence of an audit, or have it time-stamped",
		Long: `Sign the evidence in DIR with a PIV slot of a security key that is plugged in, or
have it stamped by a time-stamping authority, or both, as hwmfa audit does with
the same flags. Every file of it is checked first. What vouches for it is put
beside its manifest, as manifest.sig and manifest.tsr, and is never replaced.` +
			exitStatusHelp(exitNoKey, exitNoAccess, exitRefused),
		Example: `  hwmfa audit sign evidence --sign-piv 9c
  hwmfa audit sign evidence --timestamp http://timestamp.example.com --timestamp-ca tsa.pem`,
		Args: exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runAuditSign(cmd.Context(), a, args[0], opts, asJSON)
		},
	}
	opts.flags(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.audit-sign/v1)")
	return cmd
}

func runAuditSign(ctx context.Context, a *app, dir string, opts signOptions, asJSON bool) (err error) {
	if !opts.asks() {
		return usageError{errors.New("name --sign-piv SLOT, --timestamp URL, or both")}
	}
	if err := opts.check(true); err != nil {
		return usageError{err}
	}
	if err := a.vouch(ctx, dir, opts); err != nil {
		return err
	}
	p, err := packet.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	v, err := opts.vouchers()
	if err != nil {
		return usageError{err}
	}
	signature, stamp, err := a.vouched(ctx, p, v)
	if err != nil {
		return err
	}
	if asJSON {
		return a.streams.JSON(struct {
			Schema    string          `json:"schema"`
			Head      string          `json:"head"`
			Signature *report.Vouched `json:"signature"`
			Timestamp *report.Vouched `json:"timestamp"`
		}{"hwmfa.audit-sign/v1", p.Head(), signature, stamp})
	}
	if err := a.streams.Printf("head %s\n", p.Head()); err != nil {
		return err
	}
	return printVouched(a.streams, signature, stamp)
}
