package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync/atomic"
	"time"

	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/config"
	"hwmfa/internal/packet"
)

// keepToResume begins a packet that nobody asked for, so that an audit of an
// organization can be gone on with, or takes up the one of these options. An
// audit must not fail for want of a folder: then it is nil.
func (a *app) keepToResume(m packet.Manifest, resume bool) (*packet.Writer, error) {
	folder := a.resumeFolder()
	if folder == "" {
		if resume {
			return nil, packet.ErrNotBegun
		}
		return nil, nil
	}
	dir := filepath.Join(folder, folderOf(m))
	if resume {
		w, err := packet.Resume(dir, m)
		if errors.Is(err, packet.ErrNotBegun) {
			err = otherOptions(folder, m, err)
		}
		return w, err
	}
	a.dropAbandoned(folder)
	err := packet.Discard(dir)
	var w *packet.Writer
	if err == nil {
		w, err = packet.Create(dir, m)
	}
	if err != nil {
		a.log.Debug("this audit cannot be resumed", "reason", err)
		return nil, nil
	}
	return w, nil
}

// folderOf names the folder of an audit of these options.
func folderOf(m packet.Manifest) string {
	sum := sha256.Sum256(m.Options)
	return hex.EncodeToString(sum[:8])
}

// What is kept of audits that were interrupted: one that nobody has gone on with
// for so long shows an organization that is another by now, and an audit that is
// run with ever other flags leaves one of each.
const (
	resumeFor  = 30 * 24 * time.Hour
	resumeMost = 10
)

// resumeName is the form of a folder's name that keepToResume gives.
var resumeName = regexp.MustCompile(`^[0-9a-f]{16}$`)

// dropAbandoned removes what was kept of audits that nobody has gone on with for
// long, and of the oldest where there are many. Only what keepToResume made is
// looked at, nothing that is finished is touched, and nothing that is written to.
func (a *app) dropAbandoned(folder string) {
	type kept struct {
		dir string
		at  time.Time
	}
	entries, _ := os.ReadDir(folder) // where there is none there is nothing to drop
	var all []kept
	for _, entry := range entries {
		dir := filepath.Join(folder, entry.Name())
		if at := packet.LastWritten(dir); entry.IsDir() && resumeName.MatchString(entry.Name()) && !at.IsZero() {
			all = append(all, kept{dir, at})
		}
	}
	slices.SortFunc(all, func(x, y kept) int { return y.at.Compare(x.at) })
	for i, k := range all {
		if i < resumeMost-1 && a.now().Sub(k.at) <= resumeFor {
			continue
		}
		if err := packet.Discard(k.dir); err != nil {
			a.log.Debug("an audit that nobody goes on with stays", "reason", err)
		}
	}
}

// otherOptions says how the options differ from those of the audit that was
// interrupted last; err where there is none.
func otherOptions(folder string, m packet.Manifest, err error) error {
	entries, _ := os.ReadDir(folder)
	var newest fs.FileInfo
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.IsDir() && (newest == nil || info.ModTime().After(newest.ModTime())) {
			newest = info
		}
	}
	if newest == nil {
		return err
	}
	w, other := packet.Resume(filepath.Join(folder, newest.Name()), m)
	if other == nil {
		return errors.Join(err, w.Close())
	}
	return other
}

// resumeFolder is where unfinished audits are kept; "" where no home is known.
func (a *app) resumeFolder() string {
	dir := config.StateDir(a.getenv)
	if dir == "" || a.aws != nil { // the demo changes nothing of the user's
		return ""
	}
	return filepath.Join(dir, "audits")
}

// lenient keeps a run going that cannot be kept: nobody asked for it.
type lenient struct {
	awsapi.Recorder
	log    *slog.Logger
	failed atomic.Bool
}

// Begin refuses to go on with the audit of somebody else's.
func (l *lenient) Begin(c awsapi.Caller) error {
	err := l.Recorder.Begin(c)
	if errors.Is(err, packet.ErrOptions) {
		return err
	}
	return l.forgive(func() error { return err })
}

// Record drops what cannot be kept.
func (l *lenient) Record(x awsapi.Exchange) error {
	return l.forgive(func() error { return l.Recorder.Record(x) })
}

// Finish drops what cannot be kept.
func (l *lenient) Finish(account string) error {
	return l.forgive(func() error { return l.Recorder.Finish(account) })
}

func (l *lenient) forgive(keep func() error) error {
	if l.failed.Load() {
		return nil
	}
	if err := keep(); err != nil && !l.failed.Swap(true) {
		l.log.Debug("this audit cannot be resumed any more", "reason", err)
	}
	return nil
}
