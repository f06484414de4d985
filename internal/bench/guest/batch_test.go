//go:build cgo

package guest

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hwmfa/hw/softkey"
)

// pane is a terminal of tmux with one program in it.
type pane struct {
	t   *testing.T
	pid int
}

// openPane runs a command line in a terminal of that size, until the test ends.
func openPane(t *testing.T, columns, lines int, command string) pane {
	t.Helper()
	t.Setenv("TERM", "xterm")
	run(t, "", "tmux", "-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(columns), "-y", strconv.Itoa(lines), "sleep 1; exec "+command,
		";", "set", "remain-on-exit", "on", ";", "set", "status", "off")
	t.Cleanup(func() {
		if err := exec.Command("tmux", "kill-server").Run(); err != nil {
			t.Errorf("end tmux: %v", err)
		}
	})
	pid, err := strconv.Atoi(strings.TrimSpace(run(t, "", "tmux", "list-panes", "-F", "#{pane_pid}")))
	if err != nil {
		t.Fatal(err)
	}
	return pane{t, pid}
}

// screen is what the terminal shows.
func (p pane) screen() string {
	p.t.Helper()
	out, err := exec.CommandContext(p.t.Context(), "tmux", "capture-pane", "-p").Output()
	if err != nil {
		p.t.Fatal(err)
	}
	return string(out)
}

// until waits for a screen that matches, and returns it.
func (p pane) until(pattern string, limit time.Duration) string {
	p.t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(100 * time.Millisecond) {
		screen := p.screen()
		if regexp.MustCompile(pattern).MatchString(screen) {
			return screen
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the screen never matched %q; it is\n%s", pattern, screen)
		}
	}
}

// TestBatchOfTwenty enrolls 20 keys, 16 with a card, in one command; it is killed
// at the ninth and run again, with a one-time password typed into it.
func TestBatchOfTwenty(t *testing.T) {
	inside(t)
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux to look at the screen with")
	}
	ca, err := softkey.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	newInventory(t, ca)
	plugManyOf(t, ca, softkey.After(300*time.Millisecond))
	const command = `hwmfa enroll --batch --place "Berlin/safe 1" --tag-prefix YK-`

	t.Run("killed at the ninth", func(t *testing.T) {
		p := openPane(t, 80, 24, command)
		p.until(`([3-9]|1\d) done`, 2*time.Minute)
		run(t, "", "tmux", "send-keys", "cccccccccccbgtivcjjbhkdurjhkvrhjkfjbnleklbrt", "Enter")
		screen := p.until(`([89]|1[0-7]) done`, 2*time.Minute)
		if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		t.Logf("80 by 24:\n%s", screen)
		if strings.Contains(screen, "cccccc") {
			t.Error("the password that a key typed is shown")
		}
	})
	before := len(tagsOfAll(t))
	if before < 8 || before > 19 {
		t.Fatalf("%d keys recorded when it was killed", before)
	}
	run(t, "", "hwmfa", "journal", "verify")

	t.Run("and run again", func(t *testing.T) {
		p := openPane(t, 120, 40, command+" --once")
		t.Logf("120 by 40:\n%s", p.until(`TOUCH key`, 2*time.Minute))
		run(t, "", "tmux", "send-keys", "cccccccccccbgtivcjjbhkdurjhkvrhjkfjbnleklbrt", "Enter")
		screen := p.until(`\d+ failed; `, 4*time.Minute)
		t.Logf("at the end:\n%s", screen)
		t.Logf("%d keystrokes and a touch for each key, which its owner takes 300 ms for", len(command)+1)
		contains(t, screen, fmt.Sprintf("%d enrolled, 0 untrusted, %d enrolled before, 0 refused, 0 failed", 20-before, before))
		if strings.Contains(screen, "cccccc") {
			t.Error("the password that a key typed is shown")
		}
	})
	var want []string
	for i := range manyKeys {
		want = append(want, fmt.Sprintf("YK-%03d", i+1))
	}
	if got := tagsOfAll(t); !slices.Equal(got, want) {
		t.Errorf("tags %v", got)
	}
	run(t, "", "hwmfa", "journal", "verify")
}

// tagsOfAll lists the tags in the inventory.
func tagsOfAll(t *testing.T) []string {
	t.Helper()
	var list struct{ Keys []struct{ Tag string } }
	decode(t, run(t, "", "hwmfa", "key", "list", "--json"), &list)
	var tags []string
	for _, k := range list.Keys {
		tags = append(tags, k.Tag)
	}
	slices.Sort(tags)
	return tags
}
