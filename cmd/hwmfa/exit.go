package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/fetch"
	"hwmfa/internal/label"
	"hwmfa/internal/notary"
	"hwmfa/internal/packet"
	"hwmfa/internal/term"
	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
	"hwmfa/inventory/store"
	"hwmfa/udev"
)

// Exit statuses. docs/exit-status.md explains them to scripts.
const (
	exitDone        = 0
	exitFailure     = 1
	exitUsage       = 2
	exitFound       = 3
	exitNoKey       = 4
	exitNoAccess    = 5
	exitRefused     = 6
	exitCredentials = 7
	exitInterrupted = 130
)

// statuses says in a line what each exit status means.
var statuses = []struct {
	status  int
	meaning string
}{
	{exitDone, "done"},
	{exitFailure, "failure"},
	{exitUsage, "the command line or the settings are wrong"},
	{exitFound, "done, and it found something"},
	{exitNoKey, "no security key"},
	{exitNoAccess, "the device is not built in or not accessible"},
	{exitRefused, "PIN or touch refused, or the key is gone"},
	{exitCredentials, "no usable AWS credentials"},
	{exitInterrupted, "interrupted"},
}

// errFound ends a command that did its work and printed what it found: exit 3
// without a message.
var errFound = errors.New("found something")

// errStopped ends a command that goes on until it is interrupted: exit 130
// without a message.
var errStopped = errors.New("interrupted")

// usageError is a command line or a setting that cannot be carried out.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// ending maps one kind of error to what the person is told to do about it and
// to the exit status.
type ending struct {
	name   string // as docs/exit-status.md calls it
	is     func(error) bool
	status int
	hint   string
}

// endings is the only place where errors become statuses and advice. The first
// row that matches counts.
var endings = []ending{
	{"interrupted", isError(context.Canceled), exitInterrupted, ""},
	{"usage", isType[usageError], exitUsage, "add --help to the command to see what it takes"},
	{"no terminal", isError(term.ErrNoInput), exitUsage, "run it on a terminal, or give what it would ask for as a flag"},
	{"not confirmed", isError(term.ErrNotConfirmed), exitFailure, "nothing was changed"},
	{"secrets in the file", isError(exchange.ErrSecret), exitFailure, "nothing was imported: secrets have no place in the inventory"},
	{"no table", isError(exchange.ErrFile), exitFailure, "nothing was imported"},
	{"import conflict", isError(exchange.ErrConflict), exitFailure, "nothing was imported: settle these rows, or leave them out"},
	{"import changed", isError(exchange.ErrChanged), exitFailure, "nothing was imported: run it without --apply and look again"},
	{"faults in the file", isType[*exchange.Problems], exitFailure, "nothing was imported: the whole file has to fit"},
	{"file exists", isError(errFileExists), exitFailure, "--force replaces it"},
	{"label too small", isError(label.ErrTooSmall), exitFailure, "take larger paper with --paper"},
	{"PIN blocked", isError(hw.ErrPINBlocked), exitRefused, "only a reset unblocks it, and a reset ends every registration made with this key"},
	{"wrong PIN", isType[*hw.PINError], exitRefused, "the last try blocks the key: make sure of the PIN before trying again"},
	{"PIN entry blocked", isError(hw.ErrPINAuthBlocked), exitRefused, "unplug the key, plug it in again, and try once more"},
	{"PIN never set", isError(ceremony.ErrFirstPIN), exitRefused, "give the key its first PIN: hwmfa enroll --set-pin does, and so do the tools of its maker"},
	{"PIN required", isError(hw.ErrPINRequired), exitRefused, "run it on a terminal to be asked for the PIN, or pass it with --pin-fd"},
	{"no PIN set", isError(hw.ErrPINNotSet), exitRefused, "this key has no PIN: run it without one, or give it one with --set-pin"},
	{"PIN set already", isError(hw.ErrPINSet), exitRefused, "--change-pin replaces it"},
	{"PIN to be changed", isError(hw.ErrPINChange), exitRefused, "change it with --change-pin, when it is enrolled or with hwmfa key set"},
	{"PIN not allowed", isError(hw.ErrPINPolicy), exitRefused, "choose another PIN: 4 characters to 63 bytes, as long as the key wants, and not the old one"},
	{"reset too late", isError(hw.ErrResetWindow), exitRefused, "run it again, and touch the key within five seconds of plugging it in; nothing was erased"},
	{"no touch", isError(hw.ErrTouchTimeout), exitRefused, "run it again and touch the key when it blinks"},
	{"touch required", isError(hw.ErrTouchRequired), exitRefused, "this key cannot be asked silently"},
	{"unplugged", isError(hw.ErrGone), exitRefused, "plug the key in again, and run it again"},
	{"replaced", isError(hw.ErrReplaced), exitRefused, "leave the same key plugged in until the command is done"},
	// Before "no key": what is not built in was not looked at.
	{"not built in", isError(hw.ErrNotBuilt), exitNoAccess, "build with cgo and the libraries that make demo installs"},
	{"no key", isError(hw.ErrNoDevice), exitNoKey, "plug a security key in; lsusb says whether the machine sees it"},
	{"no permission", isError(hw.ErrPermission), exitNoAccess, "hwmfa doctor says what is in the way; sudo hwmfa udev install lets you open keys"},
	{"no card service", isError(hw.ErrService), exitNoAccess, "start the smart-card service: systemctl start pcscd.socket"},
	{"rules need root", isError(udev.ErrPermission), exitNoAccess, "run it as root: sudo hwmfa udev install"},
	{"rules cannot be written", isError(udev.ErrReadOnly), exitFailure, "mount it writable, or put what hwmfa udev print shows into the image that it is made from"},
	{"foreign rules file", isError(udev.ErrForeign), exitFailure, "look what it is; --force puts ours in its place"},
	{"no such group", isError(udev.ErrGroup), exitFailure, "make it with groupadd --system, or name another with --group; nothing was changed"},
	{"no udevadm", isError(udev.ErrNoUdevadm), exitFailure, "the rules file is as you want it; install the package udev and run this again, or restart the machine"},
	{"udev not told", isError(udev.ErrUdevadm), exitFailure, "the rules file is as you want it; run this again when systemd-udevd runs, or restart the machine"},
	{"held by another program", isError(hw.ErrBusy), exitFailure, "close the other program that uses the key (gpg-agent, a browser) and try again"},
	{"serial unread", isError(ceremony.ErrSerialUnread), exitFailure, "hwmfa detect says which path fails and why; plug the key in again, or enroll it by its credential alone with --without-serial"},
	{"wrong PIV management key", isError(hw.ErrManagementKey), exitRefused, "give the one that was set on this key with --management-key-fd; nothing was written to PIV or recorded"},
	{"refused by the key", isError(hw.ErrRefused), exitRefused, ""},
	{"serials disagree", isError(hw.ErrSerialsDisagree), exitFailure, "leave only one key plugged in; if it persists, do not use this key"},
	{"several keys", isError(ceremony.ErrSeveralKeys), exitUsage, "name one with --serial, or leave only that one plugged in"},
	{"only key", isError(inventory.ErrOnlyKey), exitFailure, "bind a second key to the account, plug it in, and run hwmfa verify; nothing was changed"},
	{"not the enrolled key", isError(ceremony.ErrNotProved), exitFailure, "hwmfa verify says what it is; nothing was changed"},
	{"policy wants a PIN", isError(ceremony.ErrPolicyPIN), exitFailure, "enroll it with --set-pin; nothing was recorded"},
	{"on no delivery list", isError(inventory.ErrNoDelivery), exitFailure, "ask where it came from; hwmfa order list shows what was announced, and hwmfa receive --manifest reads a supplier's list. Nothing was recorded"},
	{"bad signature", isError(notary.ErrSignature), exitFailure, "do not rely on this evidence as it is; remove manifest.sig only if you know why it is wrong"},
	{"bad time stamp", isError(notary.ErrTimestamp), exitFailure, "do not rely on this time stamp; the evidence can be stamped again by another authority"},
	{"policy", isError(ceremony.ErrPolicy), exitFailure, "what a key is made of stays: take another key, or change the rule under enrollment in the policy file; nothing was recorded"},
	{"untrusted attestation", isError(ceremony.ErrUntrusted), exitFailure, "add its maker's root with hwmfa trust add, or enroll it without --piv-identity; nothing was recorded"},
	{"false attestation", isError(ceremony.ErrAttestation), exitFailure, "do not use this key; nothing was recorded"},
	{"AWS credentials want a code", isError(awsapi.ErrMFACode), exitCredentials, `have the aws command ask for it: eval "$(aws configure export-credentials --profile NAME --format env)", and leave --profile and AWS_PROFILE out`},
	{"no AWS credentials", isError(awsapi.ErrCredentials), exitCredentials, "set AWS_PROFILE or sign in with the aws command; aws sts get-caller-identity must work"},
	{"not in the organization", isError(awsapi.ErrNotInOrganization), exitFailure, "name accounts and units of the organization that these credentials are for; what was found is reported"},
	{"no account left", isError(awsapi.ErrNothingLeft), exitFailure, "leave a filter out: a report on no account proves nothing"},
	{"other evidence", isError(errOtherHead), exitFailure, "nothing was decided: this is not the evidence whose head was kept; get it again as it was collected"},
	{"evidence unsigned", isError(errUnsigned), exitFailure, "nothing was decided: name who may sign it with --signer-ca or --signer-key, or enroll the key that does; or have it signed by whoever collected it"},
	{"evidence changed", isError(packet.ErrDamaged), exitFailure, "nothing was decided: get the evidence again as it was collected, and compare its head"},
	{"evidence of another version", isError(packet.ErrVersion), exitFailure, "nothing was decided: use the version of hwmfa that wrote it, or a later one"},
	{"evidence unfinished", isError(packet.ErrUnfinished), exitFailure, "go on with the flags that it was begun with, --evidence DIR and --resume"},
	{"evidence of other options", isError(packet.ErrOptions), exitUsage, "give the flags that it was begun with, or begin anew without --resume"},
	{"evidence there already", isError(packet.ErrNotEmpty), exitUsage, "name a folder that is new or empty; --resume goes on with an audit that was interrupted"},
	{"strange files among evidence", isError(packet.ErrStranger), exitUsage, "the folder is to hold an audit that was interrupted and nothing else"},
	{"nothing to resume", isError(packet.ErrNotBegun), exitUsage, "run it without --resume"},
	{"nothing left to resume", isError(packet.ErrFinished), exitUsage, "hwmfa audit --from-evidence decides on it again"},
	{"evidence in use", isError(packet.ErrInUse), exitFailure, "wait until it is done"},
	{"no room", isError(syscall.ENOSPC), exitFailure, "make room on the disk; an audit that kept evidence goes on with --resume"},
	{"unsupported address", isError(fetch.ErrURL), exitUsage, "give an address that begins with https://"},
	{"not fetched", isError(fetch.ErrNotFetched), exitFailure, "download it where that works, and give the file with --from; HTTPS_PROXY names a proxy"},
	{"unsupported inventory URL", isError(store.ErrUnsupportedURL), exitUsage, "give --inventory sqlite:///absolute/path or postgres://user@host/database; docs/postgresql.md says how to reach a server"},
	{"no inventory yet", isError(store.ErrNoInventory), exitFailure, "hwmfa enroll makes it; if there is one, name it with --inventory"},
	{"inventory in the way", isError(store.ErrNotEmpty), exitFailure, "nothing was changed; name a place without one, or set the one in a file aside with --replace"},
	{"copy differs", isError(store.ErrCopy), exitFailure, "nothing was kept; try again"},
	{"foreign file", isError(store.ErrForeign), exitFailure, "it was left as it is; name the inventory with --inventory"},
	{"newer inventory", isError(store.ErrNewer), exitFailure, "use the version of hwmfa that wrote it, or a later one"},
	{"older inventory", isError(store.ErrOlder), exitFailure, "a command that writes brings it up to date"},
	{"inventory locked", isError(store.ErrBusy), exitFailure, "end the other hwmfa and try again"},
	{"unknown outcome", isError(store.ErrOutcome), exitFailure, "when the server answers again, look with hwmfa journal list whether it was recorded, before doing it again"},
	{"no space", isError(store.ErrNoSpace), exitFailure, "make room on the disk; nothing was recorded"},
	{"no such database", isError(store.ErrNoDatabase), exitFailure, "make it with createdb, or name another with --inventory"},
	{"login refused", isError(store.ErrLogin), exitFailure, "give the login's password in ~/.pgpass or PGPASSWORD"},
	{"not the owner", isError(store.ErrNotOwner), exitFailure, "have the owner of the database run hwmfa inventory init"},
	{"not allowed in the database", isError(store.ErrDenied), exitFailure, "have the owner of the database give this login a role: see hwmfa inventory roles; nothing was changed"},
	{"server not reachable", isError(store.ErrUnreachable), exitFailure, "try again when the server answers; nothing was recorded"},
	{"damaged inventory", isError(inventory.ErrDamaged), exitFailure, "it was left as it is; see hwmfa journal verify, and bring a backup back with hwmfa inventory restore"},
	{"broken journal", isError(inventory.ErrJournal), exitFailure, "see hwmfa journal verify"},
	{"ambiguous name", isError(inventory.ErrAmbiguous), exitFailure, "name it by its ID"},
	{"same person", isError(inventory.ErrSamePerson), exitFailure, "somebody else has to approve it; nothing was changed"},
	{"built in", isError(ceremony.ErrBuiltIn), exitFailure, "only what was added can be removed; hwmfa trust list says what that is"},
	{"changed meanwhile", isError(ceremony.ErrChanged), exitFailure, "run it again"},
	{"stale", isError(inventory.ErrStale), exitFailure, "what is there already is newer and stays"},
	{"new root", isError(attest.ErrNewRoot), exitFailure, "if you do trust it, add it with hwmfa trust add"},
	{"sealed", isError(inventory.ErrSealed), exitFailure, "open the bag first, with a second person: hwmfa seal open NUMBER --reason R"},
	{"not proved since", isError(inventory.ErrNotProved), exitFailure, "plug the key in, run hwmfa verify, and try again"},
	{"not a witness", isError(inventory.ErrWitness), exitFailure, "the second person confirms it with a login or a key of their own; nothing was changed"},
	{"needs a second person", isError(inventory.ErrNeedsWitness), exitFailure, "record it without the place, or elsewhere, and put it there with hwmfa move, which asks for the second person; nothing was changed"},
	{"request over", isError(inventory.ErrOver), exitFailure, "end it with hwmfa witness withdraw, and ask again"},
	{"place full", isError(inventory.ErrFull), exitFailure, "choose another place; nothing was changed"},
	{"with a person", isStatus(inventory.StatusCheckedOut, inventory.StatusInUse), exitFailure, "it has to come back first: hwmfa checkin KEY --place P"},
	{"in transit", isStatus(inventory.StatusInTransit), exitFailure, "it has to come first: hwmfa ship arrive SHIPMENT"},
	{"put away already", isStatus(inventory.StatusInSafe, inventory.StatusSealed), exitFailure, "it is put away already; hwmfa move takes it to another place"},
	{"lost", isStatus(inventory.StatusLost), exitFailure, "if it has turned up: hwmfa key find KEY"},
	{"found again", isStatus(inventory.StatusFound), exitFailure, "plug it in, run hwmfa verify, and then hwmfa checkin KEY --place P"},
	{"not enrolled", isStatus(inventory.StatusDeclared, inventory.StatusReceived), exitFailure, "plug it in and enroll it first: hwmfa enroll; hwmfa move takes it to another place"},
	{"expected", isStatus(inventory.StatusExpected), exitFailure, "it has to come first: hwmfa receive"},
	{"out of use", isStatus(inventory.StatusCompromised, inventory.StatusRetired, inventory.StatusDisposed), exitFailure, "it is out of use for good; hwmfa custody KEY says since when, and why"},
	{"no runs of the audit", isError(errNoRuns), exitFailure, "hwmfa audit records each run where there is an inventory"},
	{"run without an earlier one", isError(errAlone), exitFailure, "hwmfa audit list shows the runs; --like RUN takes those of another scope"},
	{"runs not comparable", isError(errNotComparable), exitFailure, "hwmfa audit list shows the runs; name one of the same scope, benchmark and --require"},
	{"invalid value", isError(inventory.ErrInvalid), exitUsage, ""},
}

func isError(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// isStatus matches what is not done with a key in one of these statuses.
func isStatus(statuses ...inventory.Status) func(error) bool {
	return func(err error) bool {
		var wrong *inventory.StatusError
		return errors.As(err, &wrong) && slices.Contains(statuses, wrong.Status)
	}
}

func isType[T error](err error) bool {
	var t T
	return errors.As(err, &t)
}

// failure is what --json prints for an error.
type failure struct {
	Schema string  `json:"schema"`
	Error  string  `json:"error"`
	Hint   *string `json:"hint"`
	Exit   int     `json:"exit"`
}

// exit reports err and returns the status to end with.
func exit(streams *term.Streams, asJSON bool, err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFound):
		return exitFound
	case errors.Is(err, errStopped):
		return exitInterrupted
	}
	end := endingOf(err)
	if asJSON {
		f := failure{Schema: "hwmfa.error/v1", Error: err.Error(), Exit: end.status}
		if end.hint != "" {
			f.Hint = &end.hint
		}
		// There is nowhere left to report a standard error that fails.
		_ = streams.ErrJSON(f)
		return end.status
	}
	notices(streams, "", err)
	if end.hint != "" {
		streams.Notice("hint: %s", end.hint)
	}
	return end.status
}

func endingOf(err error) ending {
	for _, e := range endings {
		if e.is(err) {
			return e
		}
	}
	return ending{status: exitFailure}
}

// exitStatusHelp is the section of a help page that lists what a command may
// end with. Done, failure, usage and interrupted go for every command.
func exitStatusHelp(more ...int) string {
	var b strings.Builder
	b.WriteString("\n\nEXIT STATUS\n")
	for _, s := range statuses {
		common := s.status <= exitUsage || s.status == exitInterrupted
		for _, m := range more {
			common = common || m == s.status
		}
		if common {
			fmt.Fprintf(&b, "  %-4d %s\n", s.status, s.meaning)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}
