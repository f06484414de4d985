package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"hwmfa/iamcheck"
	"hwmfa/internal/history"
	"hwmfa/internal/notify"
	"hwmfa/inventory"
)

func (a *app) addNotifyFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&a.flags.notify, "notify", nil, "`URL` of a service to send one message about the run to (slack://, smtp://, generic+https://, …); others on this machine can see it here, so prefer --notify-file")
	f.StringVar(&a.flags.notifyFile, "notify-file", "", "`FILE` of such URLs, one a line")
}

const (
	// maxTargets bounds how many services get a message.
	maxTargets = 20
	// maxNotifyFile bounds the file of addresses, in bytes.
	maxNotifyFile = 256 << 10
)

// notifyTargets are the services of the settings. They are read before AWS is
// asked, so that a message that could never be sent ends the command at once.
func (a *app) notifyTargets() ([]notify.Target, error) {
	if a.given.Notify != nil {
		a.streams.Notice("warning: everybody on this machine can see the URLs in --notify: keep them in a file, and give --notify-file")
	}
	addresses := a.settings.Notify
	if a.settings.NotifyFile != "" {
		more, err := readAddresses(a.settings.NotifyFile)
		if err != nil {
			return nil, fmt.Errorf("read the addresses to notify: %w", err)
		}
		addresses = append(addresses[:len(addresses):len(addresses)], more...)
	}
	if len(addresses) > maxTargets {
		return nil, fmt.Errorf("%d addresses to notify: at most %d", len(addresses), maxTargets)
	}
	var targets []notify.Target
	for i, address := range addresses {
		t, err := notify.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("address %d to notify: %w", i+1, err)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

var errOpenToOthers = errors.New("others can read it, and it holds secrets: chmod 600")

// readAddresses reads a file of addresses. Empty lines and those that begin with
// # say nothing.
func readAddresses(path string) ([]string, error) {
	if info, err := os.Stat(path); err == nil && info.Mode().Type() != 0 {
		// Before it is opened: a pipe that nobody writes to would never be.
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Mode().Perm()&0o077 != 0:
		return nil, &fs.PathError{Op: "read", Path: path, Err: errOpenToOthers}
	case info.Size() > maxNotifyFile:
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("more than %d bytes", maxNotifyFile)}
	}
	var addresses []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			addresses = append(addresses, line)
		}
	}
	return addresses, lines.Err()
}

// tell sends the message about the run: what is new since the last one of the
// same scope, or where there is none, what needs attention. missing is what kept
// it from being all of its scope. A failure is a message on standard error and
// nothing more: it changes neither a verdict nor how the command ends.
func (r *audit) tell(ctx context.Context, missing error) {
	if len(r.notify) == 0 || r.evidence.packet != nil { // of evidence that is judged again nothing is news
		return
	}
	fresh := map[string]bool{}
	before, err := r.since(ctx, r.entry(missing), func(_ inventory.AuditRun, d history.Difference) error {
		if d.New {
			fresh[d.AccountID()] = true
		}
		return nil
	})
	digest := notify.Digest{Incomplete: missing != nil || r.astray != nil, Compared: before != nil}
	if err == nil {
		err = r.spool.Each(func(f iamcheck.Finding) error {
			digest.Add(f, f.NeedsAttention(), fresh[f.AccountID])
			return nil
		})
	}
	if err == nil {
		err = notify.Send(ctx, r.notify, digest.Message(r.app.now()), notify.MaxWait)
	}
	if err != nil {
		r.app.notices("warning: notification by ", err)
	}
}
