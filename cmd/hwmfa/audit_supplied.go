package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/iamcheck/supplied"
	"hwmfa/internal/packet"
)

// answersOf are supplied answers, from wherever they come.
type answersOf interface {
	Files(account string) ([]supplied.File, error)
	Close() error
}

// suppliedAnswers are what an audit takes beside, or instead of, AWS's.
type suppliedAnswers struct {
	from     answersOf
	accounts []string
	// taken are the accounts that are done.
	taken map[string]bool
}

// openSupplied looks what is supplied: in a folder, or in a packet.
func (r *audit) openSupplied() error {
	dir := r.opts.packet.supplied
	if p := r.evidence.packet; p != nil {
		from := packed{p}
		r.supplied = &suppliedAnswers{from: from, accounts: from.accounts(), taken: map[string]bool{}}
		return nil
	}
	if dir == "" {
		return nil
	}
	folder, err := supplied.Open(dir)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	for _, name := range folder.Strange {
		r.app.streams.Notice("%s: not used: no folder named by the twelve digits of an account", path.Join(dir, name))
	}
	r.supplied = &suppliedAnswers{from: folder, accounts: folder.Accounts, taken: map[string]bool{}}
	return nil
}

// alone reports whether what is supplied is all that the audit looks at.
func (o packetOptions) alone(scope scopeOptions) bool {
	return o.supplied != "" && !scope.org && len(scope.profiles) == 0
}

// with adds what is supplied about an account to what AWS answered.
func (r *audit) with(facts iamcheck.Facts) (iamcheck.Facts, error) {
	s := r.supplied
	if s == nil || !slices.Contains(s.accounts, facts.AccountID) || s.taken[facts.AccountID] {
		return facts, nil
	}
	s.taken[facts.AccountID] = true
	files, err := s.from.Files(facts.AccountID)
	if err != nil {
		return facts, err
	}
	for i, f := range files {
		if !packet.ValidName(f.Name) {
			// Whoever decides again on the evidence is to have the same files.
			files[i] = supplied.File{Name: f.Name, Wrong: "no evidence can keep a file of such a name"}
		}
	}
	account := supplied.Read(facts.AccountID, files)
	for _, line := range account.Unused {
		r.app.streams.Notice("supplied for %s, and not used: %s", facts.AccountID, line)
	}
	if w := r.evidence.writer; w != nil && r.evidence.asked {
		for _, f := range files {
			if f.Wrong != "" {
				continue
			}
			name := path.Join(packet.Supplied, facts.AccountID, f.Name)
			if err := w.Put(name, func(out io.Writer) error {
				_, err := out.Write(f.Data)
				return err
			}); err != nil {
				return facts, err
			}
		}
	}
	return supplied.Merge(facts, account), nil
}

// restSupplied judges the accounts that are supplied and that AWS was not asked
// about, such as those of no organization.
func (r *audit) restSupplied(ctx context.Context) error {
	if r.supplied == nil {
		return nil
	}
	for _, id := range r.supplied.accounts {
		switch {
		case r.supplied.taken[id]:
			continue
		case len(r.what.Filter.Terms()) > 0:
			r.app.streams.Notice("supplied for %s, and not used: the account is not among those that are asked for", id)
			continue
		}
		if err := errors.Join(context.Cause(ctx), r.add(iamcheck.Facts{AccountID: id})); err != nil {
			return err
		}
		if r.onlySupplied {
			r.scope.Listed++
			r.scope.Audited++
		} else {
			r.scope.Supplied++ // AWS does not say that it is one of those asked for
		}
	}
	return nil
}

// collect asks AWS, unless what is supplied is to be looked at alone.
func (r *audit) collect(ctx context.Context, each func(iamcheck.Facts) error) (err error) {
	if r.onlySupplied {
		r.scope = iamcheck.NewScope(r.what.Filter)
		by := iamcheck.ListedBySupplied
		r.scope.ListedBy = &by
	} else {
		r.scope, err = awsapi.Collect(ctx, r.what, each)
	}
	if err != nil && !errors.Is(err, awsapi.ErrNotInOrganization) {
		return err
	}
	if failed := r.restSupplied(ctx); failed != nil || r.spool.Len() == 0 {
		return errors.Join(err, failed)
	}
	// Everything that there is was looked at: what was named in vain costs no
	// evidence and nothing of the history.
	if err != nil {
		r.astray = fmt.Errorf("audit: %w", err)
	}
	return nil
}

// packed are the supplied answers that a packet keeps.
type packed struct{ packet *packet.Packet }

// Close leaves the packet to whoever opened it.
func (packed) Close() error { return nil }

func (p packed) accounts() []string {
	var ids []string
	for _, f := range p.packet.Manifest().Files {
		rest, ok := strings.CutPrefix(f.Name, packet.Supplied+"/")
		id, _, _ := strings.Cut(rest, "/")
		if ok && iamcheck.IsAccountID(id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Files are those of an account.
func (p packed) Files(account string) ([]supplied.File, error) {
	var files []supplied.File
	left := int64(supplied.MaxAccount)
	for _, f := range p.packet.Manifest().Files {
		name, ok := strings.CutPrefix(f.Name, packet.Supplied+"/"+account+"/")
		if !ok {
			continue
		}
		if left -= f.Size; left < 0 {
			return nil, fmt.Errorf("evidence: the supplied files of %s have more than %d bytes: %w", account, supplied.MaxAccount, packet.ErrDamaged)
		}
		data, err := p.packet.Read(f.Name)
		if err != nil {
			return nil, err
		}
		files = append(files, supplied.File{Name: name, Data: data})
	}
	return files, nil
}
