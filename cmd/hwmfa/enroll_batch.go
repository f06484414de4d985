package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"hwmfa/hw"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/policy"
	"hwmfa/internal/term"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// batchOptions are the flags of hwmfa enroll --batch.
type batchOptions struct {
	on, once  bool
	tagPrefix string
	count     int
}

func (o *batchOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.on, "batch", false, "enroll key after key, or all that are plugged in")
	f.StringVar(&o.tagPrefix, "tag-prefix", "", "with --batch, `TEXT` that tags begin with; the next free number follows")
	f.BoolVar(&o.once, "once", false, "with --batch, end when all plugged keys are done")
	f.IntVar(&o.count, "count", 0, "with --batch, end when `N` keys are enrolled, those from before counted")
}

// notInBatch are the flags that are about one key, and what to do instead where
// that is not plain.
var notInBatch = []struct{ flag, instead string }{
	{"tag", "--tag-prefix numbers them"},
	{"serial", ""},
	{"set-pin", ownPIN}, {"change-pin", ownPIN}, {"new-pin-fd", ownPIN},
	{"min-pin-length", ownSettings}, {"force-pin-change", ownSettings}, {"always-uv", ownSettings},
	{"piv-identity", ownPIV}, {"default-management-key", ownPIV}, {"management-key-fd", ownPIV},
	{"without-serial", ""},
}

const (
	ownPIN      = "every key wants a PIN of its own: hwmfa key set KEY gives it one when it is enrolled"
	ownSettings = "only a reset takes that back, so that each serial is typed: hwmfa key set KEY, when it is enrolled"
	ownPIV      = "what is written there cannot be undone, so that each serial is typed: hwmfa key piv-identity KEY, when it is enrolled"
)

// check refuses flags that do not go together.
func (o *batchOptions) check(f *pflag.FlagSet) error {
	for _, name := range []string{"tag-prefix", "once", "count"} {
		if f.Changed(name) && !o.on {
			return fmt.Errorf("--%s goes with --batch", name)
		}
	}
	if !o.on {
		return nil
	}
	for _, n := range notInBatch {
		if !f.Changed(n.flag) {
			continue
		}
		err := fmt.Errorf("--%s is for one key, and does not go with --batch", n.flag)
		if n.instead != "" {
			err = fmt.Errorf("%w: %s", err, n.instead)
		}
		return err
	}
	switch {
	case f.Changed("count") && o.count < 1:
		return fmt.Errorf("--count %d: want 1 or more", o.count)
	case o.count > 0 && o.once:
		return errors.New("--once and --count exclude each other")
	case o.tagPrefix != "":
		return inventory.CheckTagPrefix(o.tagPrefix)
	}
	return nil
}

// incompleteError is a batch in which some keys could not be enrolled. It ends
// as the first of them would have.
type incompleteError struct {
	keys  int
	first error
}

func (e *incompleteError) Error() string {
	return fmt.Sprintf("%d of the keys could not be enrolled; run it again for them", e.keys)
}
func (e *incompleteError) Unwrap() error { return e.first }

func runBatch(ctx context.Context, a *app, opts enrollOptions, rules policy.Policy, bench hw.Bench) error {
	wait := !opts.batch.once && (opts.batch.count > 0 || a.streams.InTerminal() && !a.streams.NoInput)
	open := func() (inventory.Store, error) { return a.openForKeys(ctx, bench) }
	if wait { // keys may come later
		open = func() (inventory.Store, error) { return store.Open(ctx, a.settings.Inventory) }
	}
	s, err := open()
	if err != nil {
		return err
	}
	defer s.Close()
	act, err := a.act(s)
	if err != nil {
		return err
	}
	hush := a.streams.Hush()
	defer hush.End()
	view := newBatchView(a, opts, wait)
	stop := view.follow()
	defer stop()
	keys, err := ceremony.Batch(ctx, bench, s, ceremony.BatchRequest{
		Enroll: ceremony.EnrollRequest{
			Place: opts.place, Order: opts.order, RequireDelivery: rules.RequireDelivery, Rules: rules.Enrollment,
			Actor: act.Actor, Now: a.now, PIN: batchPIN(a.streams, opts.pin.pinFD, view, hush),
		},
		TagPrefix: opts.batch.tagPrefix, Wait: wait, Count: opts.batch.count,
		Tell: view.tell, Notice: view.notice,
	})
	stop() // nothing is drawn over what follows
	if errors.Is(err, hw.ErrNoDevice) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		err = errStopped
	}
	return errors.Join(view.summary(keys, err != nil), err, batchEnding(keys, err))
}

// batchEnding is what a batch that was not interrupted ends with.
func batchEnding(keys []ceremony.BatchKey, err error) error {
	if err != nil {
		return nil
	}
	var failed incompleteError
	found := false
	for _, k := range keys {
		switch k.Outcome {
		case ceremony.OutcomeFailed:
			if failed.keys++; failed.first == nil {
				failed.first = k.Err
			}
		case ceremony.OutcomeRefused, ceremony.OutcomeUntrusted:
			found = true
		}
	}
	switch {
	case failed.keys > 0:
		return &failed
	case found:
		return errFound
	}
	return nil
}

// batchPIN asks for the PIN of all keys that want one, or reads the descriptor.
func batchPIN(streams *term.Streams, fd int, view *batchView, hush *term.Hush) ceremony.AskPIN {
	return func(ctx context.Context, who string, retries int) ([]byte, error) {
		if fd >= 0 {
			return term.PINFromFD(fd)
		}
		defer view.pause()()
		hush.Forget()
		return streams.PIN(ctx, fmt.Sprintf("PIN of %s (%s left) and of all others that want one:", who, term.Count(retries, "try", "tries")))
	}
}

// The JSON of hwmfa enroll --batch: a line for each key as it ends (schema
// hwmfa.enroll-batch-key/v1), and one for all of it (hwmfa.enroll-batch/v1).

type batchKeyJSON struct {
	Schema  string  `json:"schema"`
	Number  int     `json:"number"`
	Serial  *string `json:"serial"`
	Port    *string `json:"port"`
	Outcome string  `json:"outcome"`
	// Proved says of a key that was enrolled before that it proved to be it.
	Proved bool        `json:"proved"`
	Detail *string     `json:"detail"`
	Key    *keyJSON    `json:"key"`
	FIDO   *fidoProved `json:"fido"`
}

type batchJSON struct {
	Schema         string  `json:"schema"`
	Enrolled       int     `json:"enrolled"`
	Untrusted      int     `json:"untrusted"`
	EnrolledBefore int     `json:"enrolled_before"`
	Refused        int     `json:"refused"`
	Failed         int     `json:"failed"`
	Seconds        float64 `json:"seconds"`
	Interrupted    bool    `json:"interrupted"`
}

func batchKeyReport(k ceremony.BatchKey) batchKeyJSON {
	r := batchKeyJSON{
		Schema: "hwmfa.enroll-batch-key/v1", Number: k.Number, Serial: null(k.Seen.Serial), Port: null(portOf(k.Seen)),
		Outcome: string(k.Outcome), Proved: k.Proved, Detail: null(k.Detail),
	}
	if k.Key != nil {
		key := keyToJSON(*k.Key)
		r.Key = &key
	}
	if k.Enrolled != nil {
		fido := fidoProvedJSON(k.Enrolled.FIDO)
		r.FIDO = &fido
	}
	return r
}

func batchReport(keys []ceremony.BatchKey, took time.Duration, interrupted bool) batchJSON {
	r := batchJSON{Schema: "hwmfa.enroll-batch/v1", Seconds: took.Seconds(), Interrupted: interrupted}
	for _, k := range keys {
		switch k.Outcome {
		case ceremony.OutcomeEnrolled:
			r.Enrolled++
		case ceremony.OutcomeUntrusted:
			r.Untrusted++
		case ceremony.OutcomeKnown:
			r.EnrolledBefore++
		case ceremony.OutcomeRefused:
			r.Refused++
		case ceremony.OutcomeFailed:
			r.Failed++
		}
	}
	return r
}

// portOf is the socket that a key is in, "" where the system does not tell.
func portOf(s ceremony.Seen) string {
	if u := s.Key.USB; u != nil {
		return u.Path
	}
	return ""
}
