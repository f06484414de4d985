package packet_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/packet"
)

// rewriteManifest is what somebody does who can compute a hash as well as anybody.
func rewriteManifest(t *testing.T, dir, text string) {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	put(t, filepath.Join(dir, "manifest.json"), []byte(text))
	put(t, filepath.Join(dir, "manifest.sha256"), []byte(hex.EncodeToString(sum[:])+"  manifest.json\n"))
}

// interrupted is a packet of the demo that was given up after some accounts.
func interrupted(t *testing.T, opts awsapi.Options, after int) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "evidence")
	w, err := packet.Create(dir, manifest(plain))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	opts.Record, opts.Workers = w, 2
	n := 0
	_, err = awsapi.Collect(ctx, opts, func(iamcheck.Facts) error {
		if n++; n == after {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWhatIsFinishedIsNotAskedAgain(t *testing.T) {
	server, opts := demo(t)
	whole := collect(t, opts)
	before := server.Calls()["sts:AssumeRoot"]
	dir := interrupted(t, opts, 6)
	// What a process that was killed may leave.
	kept, err := os.ReadFile(filepath.Join(dir, "accounts.part"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "accounts.part"), append(kept, `{"account":"210000000013","bytes":500,"sha256":"00"}
{"actor":"caller","action":"sts:Assu`...))
	put(t, filepath.Join(dir, "210000000013.jsonl.part"), []byte(`{"actor":"caller","action":"sts:Assu`))
	if err := os.Mkdir(filepath.Join(dir, "accounts"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "accounts", "210000000014.jsonl"), []byte(`{"actor":"caller","action":"sts:Assu`))
	if _, err := packet.Open(dir); !errors.Is(err, packet.ErrUnfinished) {
		t.Errorf("got %v", err)
	}
	w, err := packet.Resume(dir, manifest(plain))
	if err != nil {
		t.Fatal(err)
	}
	if n := w.Accounts(); n < 6 || n > 8 {
		t.Errorf("%d accounts are finished, want 6 and those that were under way", n)
	}
	opts.Record, opts.Recorded = w, w.Recorded
	again := collect(t, opts)
	if !reflect.DeepEqual(again, whole) {
		t.Errorf("got %+v, want %+v", again, whole)
	}
	// Once for the whole run, once for both parts of the other; an account that was cut off may have been asked twice.
	if n := server.Calls()["sts:AssumeRoot"] - before; n > before+3 {
		t.Errorf("AssumeRoot was called %d times, %d are needed", n, before)
	}
	seal(t, w, len(again))
	p := open(t, dir)
	if m := p.Manifest(); len(m.ResumedAt) != 1 || m.Accounts != len(whole) {
		t.Errorf("got %+v", m)
	}
	if played := collect(t, awsapi.Options{Org: true, RoleName: opts.RoleName, Recorded: p.Recorded, Offline: true}); !reflect.DeepEqual(played, whole) {
		t.Errorf("played: got %+v, want %+v", played, whole)
	}
}

func TestAPacketIsResumedAsItWasBegun(t *testing.T) {
	_, opts := demo(t)
	dir := interrupted(t, opts, 2)
	for _, c := range []struct {
		name, options, says string
	}{
		{"another role", `{"org":true,"role_name":"other"}`, `role_name was "hwmfa-audit" and is "other"`},
		{"one option less", `{"org":true}`, `role_name was "hwmfa-audit" and is null`},
		{"one option more", `{"org":true,"role_name":"hwmfa-audit","accounts":["1"]}`, `accounts was null and is ["1"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := packet.Resume(dir, manifest(c.options)); !errors.Is(err, packet.ErrOptions) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
	w, err := packet.Resume(dir, manifest(plain))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(awsapi.Caller{AccountID: "999999999999", OrganizationID: "o-exampleorgid"}); !errors.Is(err, packet.ErrOptions) {
		t.Errorf("another caller: got %v", err)
	}
	if err := w.Begin(awsapi.Caller{AccountID: "210000000000", OrganizationID: "o-other"}); !errors.Is(err, packet.ErrOptions) {
		t.Errorf("another organization: got %v", err)
	}
	if _, err := packet.Resume(dir, manifest(plain)); !errors.Is(err, packet.ErrInUse) {
		t.Errorf("beside another process: got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhereAPacketCanBeBegun(t *testing.T) {
	dir := t.TempDir()
	w, err := packet.Create(dir, manifest(plain)) // empty, but there
	if err != nil {
		t.Fatal(err)
	}
	if _, err := packet.Create(dir, manifest(plain)); !errors.Is(err, packet.ErrInUse) {
		t.Errorf("in use: got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := packet.Create(dir, manifest(plain)); !errors.Is(err, packet.ErrNotEmpty) {
		t.Errorf("not empty: got %v", err)
	}
	if _, err := packet.Resume(t.TempDir(), manifest(plain)); !errors.Is(err, packet.ErrNotBegun) {
		t.Errorf("not begun: got %v", err)
	}
	sealed, _, _ := demoPacket(t)
	if _, err := packet.Resume(sealed, manifest(plain)); !errors.Is(err, packet.ErrFinished) {
		t.Errorf("finished: got %v", err)
	}
}

// TestAFullDiskIsNeverTakenForAPacket lets each file in turn be on a disk without room.
func TestAFullDiskIsNeverTakenForAPacket(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	for _, name := range []string{"inventory.json", "report.json", "manifest.json.part", "manifest.sha256.part"} {
		t.Run(name, func(t *testing.T) {
			_, opts := demo(t)
			dir := filepath.Join(t.TempDir(), "evidence")
			w, err := packet.Create(dir, manifest(plain))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("/dev/full", filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				t.Fatal(err)
			}
			opts.Record = w
			_, err = awsapi.Collect(context.Background(), opts, func(iamcheck.Facts) error { return nil })
			for _, file := range []string{packet.Inventory, packet.Report} {
				if err == nil {
					err = w.Put(file, func(out io.Writer) error {
						_, err := out.Write([]byte("{}\n"))
						return err
					})
				}
			}
			if err == nil {
				_, err = w.Seal(context.Background(), packet.Ending{At: ended})
			}
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "write evidence to "+dir) {
				t.Errorf("got %v", err)
			}
			if _, again := w.Seal(context.Background(), packet.Ending{At: ended}); !errors.Is(again, syscall.ENOSPC) {
				t.Errorf("sealed all the same: %v", again)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			if _, err := packet.Open(dir); err == nil {
				t.Error("it is taken for a packet")
			}
		})
	}
}

func TestWhoeverResumesIsNamedBesideWhoBegan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evidence")
	w, err := packet.Create(dir, manifest(plain))
	for i, who := range []string{"ada", "bob", "bob"} {
		if err != nil {
			t.Fatal(err)
		}
		caller := awsapi.Caller{AccountID: "111122223333", ARN: "arn:aws:iam::111122223333:user/" + who, OrganizationID: "o-example"}
		if err := w.Begin(caller); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			break
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w, err = packet.Resume(dir, manifest(plain))
	}
	seal(t, w, 0)
	var names []string
	for _, c := range open(t, dir).Manifest().Callers {
		names = append(names, c.ARN[len(c.ARN)-3:])
	}
	if got := strings.Join(names, " "); got != "ada bob" {
		t.Errorf("the callers are %s", got)
	}
}

// An account that has left the organization between two tries is in no report, and its answers in no packet.
func TestAnAccountThatHasLeftIsNoPartOfThePacket(t *testing.T) {
	const stays, leaves = "111111111111", "222222222222"
	dir := filepath.Join(t.TempDir(), "evidence")
	record := func(w *packet.Writer, ids ...string) {
		t.Helper()
		for _, id := range ids {
			if err := w.Record(awsapi.Exchange{Account: id, Action: "iam:ListMFADevices", Status: 200, Answer: []byte("<a/>")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	finish := func(w *packet.Writer, ids ...string) {
		t.Helper()
		for _, id := range ids {
			if err := w.Finish(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	w, err := packet.Create(dir, manifest(plain))
	if err != nil {
		t.Fatal(err)
	}
	record(w, "", stays, stays, leaves)
	finish(w, stays, leaves)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w, err = packet.Resume(dir, manifest(plain)); err != nil {
		t.Fatal(err)
	}
	record(w, "", "", "")
	finish(w, stays)
	seal(t, w, 1)
	p := open(t, dir)
	var names []string
	for _, f := range p.Manifest().Files {
		if strings.HasPrefix(f.Name, "accounts/") {
			names = append(names, f.Name)
		}
	}
	if want := []string{"accounts/" + stays + ".jsonl"}; !reflect.DeepEqual(names, want) || p.Manifest().Exchanges != 5 {
		t.Errorf("the packet has %q with %d exchanges, want %q with 5", names, p.Manifest().Exchanges, want)
	}
}
