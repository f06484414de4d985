package ceremony

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"hwmfa/hw/attest"
	"hwmfa/inventory"
)

// Anchors are those built into the program and those that the inventory
// holds. now, unless zero, makes what is added later be valid then.
func Anchors(tx inventory.Tx, now time.Time) (*attest.Anchors, error) {
	added, err := inventory.Anchors(tx)
	if err != nil {
		return nil, fmt.Errorf("read trust anchors: %w", err)
	}
	anchors, err := anchorsOf(added)
	if err != nil {
		return nil, err
	}
	anchors.Now = now
	return anchors, nil
}

// BuiltIn is the Verifier that knows the built-in anchors and no inventory.
func BuiltIn(now time.Time) (attest.Verifier, error) {
	anchors, err := anchorsOf(nil)
	return attest.Verifier{Anchors: anchors, Now: now}, err
}

// anchorsOf are those built into the program and those added, in the order in
// which they were.
func anchorsOf(added []inventory.Anchor) (*attest.Anchors, error) {
	anchors, err := attest.Yubico()
	if err != nil {
		return nil, fmt.Errorf("built-in trust anchors: %w", err)
	}
	// What was one file then is one now: its certificates stand for each other.
	for len(added) > 0 {
		first := added[0]
		n := slices.IndexFunc(added, func(a inventory.Anchor) bool {
			return a.Name != first.Name || a.By != first.By || !a.At.Equal(first.At)
		})
		if n < 0 {
			n = len(added)
		}
		if err := addFile(anchors, added[:n]); err != nil {
			return nil, fmt.Errorf("trusted root %s: %w", first.Name, err)
		}
		added = added[n:]
	}
	return anchors, nil
}

// addFile adds the certificates of one file. Where they do not go together any
// more, because trust in one of them was taken back, each is what it is alone.
func addFile(anchors *attest.Anchors, file []inventory.Anchor) error {
	var all []byte
	for _, a := range file {
		all = append(all, a.PEM...)
	}
	err := anchors.AddPEM(file[0].Name, all)
	if err == nil || len(file) == 1 {
		return err
	}
	for _, a := range file {
		if err := anchors.AddPEM(a.Name, []byte(a.PEM)); err != nil {
			return err
		}
	}
	return nil
}

// Metadata reads the FIDO metadata that the inventory holds and checks its
// signature again, because a file can be changed; nil where there is none.
func Metadata(tx inventory.Tx, signer attest.MetadataSigner, now time.Time) (*attest.Metadata, *inventory.Metadata, error) {
	kept, err := inventory.CurrentMetadata(tx)
	if errors.Is(err, inventory.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	m, err := signer.Read([]byte(kept.JWT), now)
	if err != nil {
		return nil, nil, fmt.Errorf("FIDO metadata no. %d of the inventory: %w", kept.Number, err)
	}
	if m.Number != kept.Number || !m.NextUpdate.Equal(kept.NextUpdate) {
		return nil, nil, fmt.Errorf("FIDO metadata no. %d is kept as no. %d: %w", m.Number, kept.Number, inventory.ErrDamaged)
	}
	return m, &kept, nil
}

// TrustUpdate is what UpdateTrust did.
type TrustUpdate struct {
	Metadata  *attest.Metadata // what the file was, where it was a BLOB
	Added     []inventory.Anchor
	Known     int  // certificates of the file that were there already
	Unchanged bool // all of it was there already
}

// Publication is a file that is published for everybody.
type Publication struct {
	URL string
	// Metadata: what is there is FIDO metadata; a bundle of certificates would
	// leave us without news of models, and nobody would know.
	Metadata bool
	// MaxSize bounds it, in bytes.
	MaxSize int64
}

// maxIntermediates bounds a maker's bundle, in bytes; Yubico's has 30 kB.
const maxIntermediates = 1 << 20

// Published is what the FIDO Alliance and Yubico publish.
func Published() []Publication {
	return []Publication{
		{URL: "https://mds3.fidoalliance.org/", Metadata: true, MaxSize: attest.MaxMetadata},
		{URL: "https://developers.yubico.com/PKI/yubico-intermediate.pem", MaxSize: maxIntermediates},
	}
}

// PublishedAt is what somebody says is published at these addresses, of
// whatever kind.
func PublishedAt(urls []string) []Publication {
	var list []Publication
	for _, u := range urls {
		list = append(list, Publication{URL: u, MaxSize: attest.MaxMetadata})
	}
	return list
}

// Check says whether what was fetched is of the kind that is published there.
func (p Publication) Check(file []byte) error {
	if p.Metadata && !attest.IsMetadata(file) {
		return errors.New("it is no FIDO metadata BLOB")
	}
	return nil
}

// UpdateTrust takes a file that a maker or the FIDO Alliance publishes: a
// metadata BLOB, or a PEM bundle of intermediates. It adds no root: whom to
// trust is for a person to say. What is there already stays as it is.
func UpdateTrust(tx inventory.Tx, act inventory.Act, signer attest.MetadataSigner, name string, file []byte) (TrustUpdate, error) {
	if attest.IsMetadata(file) {
		return updateMetadata(tx, act, signer, file)
	}
	if !bytes.Contains(file, []byte("-----BEGIN")) {
		return TrustUpdate{}, errors.New("it is neither a FIDO metadata BLOB nor a PEM bundle of certificates")
	}
	anchors, err := Anchors(tx, act.At)
	if err != nil {
		return TrustUpdate{}, err
	}
	fresh, known, err := anchors.AddIntermediates(name, file)
	if err != nil {
		return TrustUpdate{}, err
	}
	u := TrustUpdate{Known: known, Unchanged: len(fresh) == 0}
	if !u.Unchanged {
		u.Added, err = inventory.AddAnchor(tx, act, name, fresh)
	}
	return u, err
}

func updateMetadata(tx inventory.Tx, act inventory.Act, signer attest.MetadataSigner, file []byte) (TrustUpdate, error) {
	m, err := signer.Read(file, act.At)
	if err != nil {
		return TrustUpdate{}, err
	}
	u := TrustUpdate{Metadata: m}
	_, err = inventory.SetMetadata(tx, act, m.Number, m.NextUpdate, attest.MetadataText(file))
	if errors.Is(err, inventory.ErrExists) {
		u.Unchanged, err = true, nil
	}
	return u, err
}
