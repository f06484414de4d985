package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

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
	sum := sha256.Sum256(m.Options)
	dir := filepath.Join(folder, hex.EncodeToString(sum[:8]))
	if resume {
		w, err := packet.Resume(dir, m)
		if errors.Is(err, packet.ErrNotBegun) {
			err = otherOptions(folder, m, err)
		}
		return w, err
	}
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
