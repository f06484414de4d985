//go:build cgo

package guest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hwmfa/hw/softkey"
)

// TestU2F is the life of a key from before FIDO2 on a real USB bus: seen,
// registered by our own U2F with a touch, proved with a touch and with nothing
// less, and told from another of its kind.
func TestU2F(t *testing.T) {
	const owner = 1500 * time.Millisecond
	cfg := softkey.Config{Quirks: softkey.Quirks{U2FOnly: true, NoCard: true}, Touch: softkey.After(owner)}
	k := plug(t, cfg)
	newInventory(t, k.ca)
	contains(t, run(t, "", "fido2-token", "-I", k.Hidraw()), "caps: 0x01 (wink, nocbor, msg)")

	var seen struct {
		Keys []struct {
			AAGUID *string
			FIDO   struct{ Versions []string }
		}
	}
	text := run(t, "", "hwmfa", "detect", "--json")
	decode(t, text, &seen)
	if len(seen.Keys) != 1 || seen.Keys[0].AAGUID != nil || strings.Join(seen.Keys[0].FIDO.Versions, " ") != "U2F_V2" {
		t.Errorf("detect prints %s", text)
	}

	// touched runs hwmfa, which has to wait for the key's owner.
	touched := func(args ...string) string {
		t.Helper()
		start := time.Now()
		out := run(t, "", "hwmfa", args...)
		if took := time.Since(start); took < owner {
			t.Errorf("hwmfa %s was done after %v, before the touch", args[0], took)
		}
		return out
	}
	var done struct {
		FIDO   struct{ Status, Format string }
		Silent string
	}
	out := touched("enroll", "--place", "Berlin", "--tag", "OLD", "--json")
	decode(t, out, &done)
	if done.FIDO.Status != "verified" || done.FIDO.Format != "fido-u2f" || done.Silent != "no" {
		t.Errorf("enroll printed %s", out)
	}
	_, err := try(t, "", "hwmfa", "enroll", "--place", "Berlin")
	wantExit(t, err, 1, "already recorded")
	contains(t, touched("verify"), "present", "OLD", "touch")
	contains(t, touched("verify", "--key", "OLD"), "present")

	k.SetTouch(softkey.Never())
	verdict(t, "skipped", "touch_required", "verify", "--all", "--no-touch")
	if k.TouchWanted() {
		t.Error("with --no-touch it blinks")
	}
	node := k.Hidraw()
	if err := k.Detach(context.Background()); err != nil {
		t.Fatal(err)
	}

	// Another of its kind at the same node, to be touched at once if asked.
	other := plug(t, softkey.Config{Quirks: cfg.Quirks})
	if other.Hidraw() != node {
		t.Errorf("it is at %s, want the first one's %s again", other.Hidraw(), node)
	}
	verdict(t, "not_enrolled", "not_enrolled", "verify", "--all")
	verdict(t, "reset_or_other", "no_credential", "verify", "--key", "OLD")
	verdict(t, "not_enrolled", "not_enrolled", "verify", "--all", "--no-touch")
	run(t, "", "hwmfa", "verify", "--evidence", "OLD")
	run(t, "", "hwmfa", "journal", "verify")
}

// TestU2F_unplugged pulls a key out while it is polled for its touch.
func TestU2F_unplugged(t *testing.T) {
	k := plug(t, softkey.Config{Quirks: softkey.Quirks{U2FOnly: true, NoCard: true}, Touch: softkey.Never()})
	newInventory(t, k.ca)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for deadline := time.Now().Add(patience); !k.TouchWanted(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Error("the key never waited for a touch")
				return
			}
		}
		if err := k.Detach(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	_, err := try(t, "", "hwmfa", "enroll", "--place", "Berlin")
	<-over
	wantExit(t, err, 6, "unplugged")
	nothingRecorded(t)
}

// verdict runs hwmfa for one key that is not to be proved, and wants what it
// says of it.
func verdict(t *testing.T, word, reason string, args ...string) {
	t.Helper()
	out, err := try(t, "", "hwmfa", append(args, "--json")...)
	if exitStatus(err) != 3 {
		t.Errorf("hwmfa %s: got %v, want status 3", strings.Join(args, " "), err)
	}
	var got struct {
		Keys []struct {
			Verdict, Reason string
			Proof           json.RawMessage
		}
	}
	decode(t, out, &got)
	if len(got.Keys) != 1 || got.Keys[0].Verdict != word || got.Keys[0].Reason != reason || string(got.Keys[0].Proof) != "null" {
		t.Errorf("hwmfa %s prints %s, want %s, %s", strings.Join(args, " "), out, word, reason)
	}
}
