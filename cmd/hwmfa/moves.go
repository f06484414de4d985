package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/ceremony"
	"hwmfa/inventory"
)

// movesOptions are the flags of the commands that do something with keys.
type movesOptions struct {
	reason, ticket, witnessKey string
	pinFD                      int
	json                       bool
}

// witnessHelp says in a help page what a second person does.
const witnessHelp = `

Where it takes two people and there is only one, nothing is done yet: the
request waits a day for a second person, who runs hwmfa witness confirm from a
login of their own, and the command ends with 3. With --witness-key the second
person is here: they plug in the key that they have, and touch it.`

func (o *movesOptions) addFlags(cmd *cobra.Command, schema string) {
	f := cmd.Flags()
	f.StringVar(&o.reason, "reason", "", "why: a `line` for the journal")
	f.StringVar(&o.ticket, "ticket", "", "`reference` into another system")
	f.BoolVar(&o.json, "json", false, "print JSON ("+schema+")")
}

func (o *movesOptions) addWitness(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.witnessKey, "witness-key", "", "`KEY` of a second person, plugged in, who touches it")
	f.IntVar(&o.pinFD, "pin-fd", -1, "read the PIN of that key from this `descriptor`")
}

// plan says, in a transaction, what is to be done.
type plan func(tx inventory.Tx, act inventory.Act) ([]inventory.Move, error)

// eachKey plans the same for several keys; one that is named twice is meant once.
func eachKey(refs []string, m inventory.Move) plan {
	return func(tx inventory.Tx, _ inventory.Act) ([]inventory.Move, error) {
		var moves []inventory.Move
		for _, ref := range refs {
			k, err := inventory.FindKey(tx, ref)
			if err != nil {
				return nil, err
			}
			m.KeyID = k.ID
			if !slices.Contains(moves, m) {
				moves = append(moves, m)
			}
		}
		return moves, nil
	}
}

// moved is what a command came to: the keys as they are now or, where a second
// person has to confirm it, what waits for that.
type moved struct {
	Keys    []inventory.Key
	Request *inventory.Request
	Why     error // it takes two
}

// makeMoves carries out a plan, all of it or nothing.
func (a *app) makeMoves(ctx context.Context, opts movesOptions, p plan) (done moved, err error) {
	s, err := a.openExisting(ctx)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	act, err := a.act(s)
	if err != nil {
		return done, err
	}
	carryOut := func(tx inventory.Tx, act inventory.Act, w *inventory.Witness) error {
		moves, err := p(tx, act)
		if err == nil {
			done.Keys, err = inventory.MoveKeys(tx, act, moves, w)
		}
		return err
	}
	// A second person is not asked for what is refused anyway.
	err = s.Update(ctx, func(tx inventory.Tx) error {
		err := carryOut(tx, act, nil)
		if err == nil && opts.witnessKey != "" {
			err = errTried
		}
		return err
	})
	needs := errors.Is(err, inventory.ErrNeedsWitness)
	switch {
	case !needs && !errors.Is(err, errTried):
		return done, err
	case opts.witnessKey != "":
		return done, a.askWitnessKey(ctx, s, act, opts, carryOut)
	}
	done = moved{Why: err}
	return done, s.Update(ctx, func(tx inventory.Tx) error {
		moves, err := p(tx, act)
		if err != nil {
			return err
		}
		r, err := inventory.AskWitness(tx, act, moves)
		done.Request = &r
		return err
	})
}

func (a *app) askWitnessKey(ctx context.Context, s inventory.Store, act inventory.Act, opts movesOptions, do func(inventory.Tx, inventory.Act, *inventory.Witness) error) error {
	bench, err := a.openBench(ctx)
	if err != nil {
		return err
	}
	return ceremony.WithWitness(ctx, bench, s, ceremony.PresenceRequest{
		Ref: opts.witnessKey, Actor: act.Actor, Now: a.now, PIN: pinAsker(a.streams, opts.pinFD), Tell: a.tellTouch,
	}, do)
}

// askSecond leaves to a second person what is not for one to do, and why says so.
func (a *app) askSecond(ctx context.Context, why error, json bool, ask func(inventory.Tx, inventory.Act) (inventory.Request, error)) error {
	done := moved{Why: why}
	err := a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) error {
		r, err := ask(tx, act)
		done.Request = &r
		return err
	})
	switch {
	case err != nil:
		return err
	case json:
		err = a.streams.JSON(movedReport(done))
	default:
		err = printMoved(a, done)
	}
	if err != nil {
		return err
	}
	return errFound
}

// runMoves carries out a plan and says what it came to.
func runMoves(ctx context.Context, a *app, opts movesOptions, p plan) error {
	done, err := a.makeMoves(ctx, opts, p)
	if err != nil {
		return err
	}
	if opts.json {
		err = a.streams.JSON(movedReport(done))
	} else {
		err = printMoved(a, done)
	}
	if err == nil && done.Request != nil {
		return errFound
	}
	return err
}

func printMoved(a *app, done moved) error {
	for _, k := range done.Keys {
		if err := a.streams.Printf("%s: %s\n", k.Label(), whereabouts(k)); err != nil {
			return err
		}
	}
	if done.Request == nil {
		return nil
	}
	return printRequest(a, *done.Request, done.Why)
}

// printRequest says why something waits for a second person, and what that one
// runs.
func printRequest(a *app, r inventory.Request, why error) error {
	a.streams.Notice("%v; nothing was done yet", why)
	return a.streams.Printf("%s waits for a second person until %s, who runs from a login of their own:\n  %s\n",
		r.ID, timeText(r.Ends()), confirmCommand(r))
}

func confirmCommand(r inventory.Request) string { return "hwmfa witness confirm " + r.ID }

// whereabouts says where a key is, who has it, and what is to be done next.
func whereabouts(k inventory.Key) string {
	at := "at no place"
	if k.Place != "" {
		at = "at " + k.Place
	}
	bag := ""
	if k.Seal != "" {
		bag = ", in sealed bag " + k.Seal
	}
	due := ""
	if !k.Due.IsZero() {
		due = " until " + timeText(k.Due)
	}
	switch k.Status {
	case inventory.StatusCheckedOut:
		return "with " + k.Holder + due
	case inventory.StatusInUse:
		return "with " + k.Holder + ", who keeps it"
	case inventory.StatusInTransit:
		return fmt.Sprintf("on its way to %s, in shipment %s, due %s%s", k.Place, k.Shipment, timeText(k.Due), bag)
	case inventory.StatusLost:
		return "lost"
	case inventory.StatusFound:
		if k.Attested() {
			return "found, not to be relied on: plug it in, run hwmfa verify, and then check it in" + bag
		}
		return "found; check it in" + bag
	case inventory.StatusCompromised:
		return "compromised; retire it once nothing is registered with it any more"
	case inventory.StatusRetired:
		return "retired, " + at + bag + "; hwmfa key reset erases it, hwmfa key dispose ends it"
	case inventory.StatusDisposed:
		return "disposed of"
	case inventory.StatusExpected:
		return "expected"
	}
	return at + bag
}

// movedJSON is the schema hwmfa.moved/v1.
type movedJSON struct {
	Schema  string       `json:"schema"`
	Keys    []keyJSON    `json:"keys"`
	Request *requestJSON `json:"request"`
}

// requestJSON is what waits for a second person.
type requestJSON struct {
	ID      string    `json:"id"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Ends    time.Time `json:"ends"`
	Over    bool      `json:"over"`
	Confirm string    `json:"confirm"`
	Event   int64     `json:"event"`
}

func requestToJSON(r inventory.Request, now time.Time) *requestJSON {
	return &requestJSON{r.ID, r.By, r.At.UTC(), r.Ends().UTC(), !now.Before(r.Ends()), confirmCommand(r), r.Event}
}

func movedReport(done moved) movedJSON {
	j := movedJSON{Schema: "hwmfa.moved/v1", Keys: make([]keyJSON, 0, len(done.Keys))}
	for _, k := range done.Keys {
		j.Keys = append(j.Keys, keyToJSON(k))
	}
	if done.Request != nil {
		j.Request = requestToJSON(*done.Request, done.Request.At)
	}
	return j
}

// atLeast wants arguments of these names, and any number of the last.
func atLeast(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usageError{fmt.Errorf("%s is missing", names[len(args)])}
		}
		return nil
	}
}

// given refuses a command without one of its flags.
func given(flags ...[2]string) error {
	for _, f := range flags {
		if f[1] == "" {
			return usageError{fmt.Errorf("--%s is missing", f[0])}
		}
	}
	return nil
}
