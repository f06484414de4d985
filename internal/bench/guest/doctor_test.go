//go:build cgo

package guest

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/go-piv/piv-go/v2/piv"
	"golang.org/x/sys/unix"

	"hwmfa/hw/softkey"
)

// plugdev is Debian's group for pluggable devices (base-passwd).
const plugdev = 46

// asUser runs hwmfa as somebody who is not root, without a seat, in these
// groups beside its own, and says how it ended.
func asUser(t *testing.T, groups []uint32, args ...string) (output string, status int) {
	t.Helper()
	const nobody = 65534
	cmd := exec.CommandContext(t.Context(), "hwmfa", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Credential: &syscall.Credential{Uid: nobody, Gid: nobody, Groups: groups},
	}
	cmd.Env = append(cmd.Environ(), "HOME=/run/nobody", "HWMFA_INVENTORY=sqlite:///run/nobody/inventory.db")
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err := cmd.Run()
	t.Logf("hwmfa %s: status %d\n%s", strings.Join(args, " "), exitStatus(err), both.String())
	return both.String(), exitStatus(err)
}

// doctor runs hwmfa doctor as root.
func doctor(t *testing.T) (output string, status int) {
	t.Helper()
	out, err := try(t, "", "hwmfa", "doctor")
	t.Logf("%s", out)
	return out, exitStatus(err)
}

func TestUdev_rulesForAnOrdinaryUser(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial})
	node := k.Hidraw()

	out, status := asUser(t, nil, "doctor")
	if status != 3 {
		t.Errorf("without rules doctor ends with %d, want 3", status)
	}
	contains(t, out, "fail  hidraw.permission: "+node, "only for the person at the seat", "/70-uaccess.rules:", "mend it with: sudo hwmfa udev install")
	if out, status = asUser(t, nil, "udev", "check"); status != 3 {
		t.Errorf("without rules udev check ends with %d, want 3", status)
	}
	contains(t, out, "not_yours "+node)
	if out, status = asUser(t, nil, "udev", "install"); status != 5 {
		t.Errorf("udev install of somebody who is not root ends with %d, want 5", status)
	}
	contains(t, out, "only root may do this", "sudo hwmfa udev install")

	defer func() {
		contains(t, run(t, "", "hwmfa", "udev", "install", "--remove"), "removed /etc/udev/rules.d/70-hwmfa.rules")
	}()
	contains(t, run(t, "", "hwmfa", "udev", "install"), "installed /etc/udev/rules.d/70-hwmfa.rules", node)
	contains(t, run(t, "", "hwmfa", "udev", "install"), "unchanged ")

	if out, status = asUser(t, nil, "doctor"); status != 3 {
		t.Errorf("doctor of somebody in no group ends with %d, want 3", status)
	}
	contains(t, out, "open for the group plugdev, which you are not in", "mend it with: sudo usermod --append --groups plugdev nobody")
	group := []uint32{plugdev}
	if out, status = asUser(t, group, "doctor"); status != 0 {
		t.Errorf("doctor of somebody in the group ends with %d, want 0", status)
	}
	contains(t, out, "ok    hidraw.permission: FIDO interfaces that you may open: 1", "ok    udev.rules: ", "ok    pcscd: ")
	if out, status = asUser(t, group, "udev", "check"); status != 0 {
		t.Errorf("udev check of somebody in the group ends with %d, want 0", status)
	}
	contains(t, out, "ok "+node, "/etc/udev/rules.d/70-hwmfa.rules:")
	if out, status = asUser(t, group, "detect"); status != 0 {
		t.Errorf("detect of somebody in the group ends with %d, want 0", status)
	}
	contains(t, out, "serial 12345678")
}

// covered does something while an empty read-only file system, or nothing that
// can be run, lies over a path.
func covered(t *testing.T, path string, do func()) {
	t.Helper()
	var err error
	if path == "/etc/udev/rules.d" {
		err = unix.Mount("tmpfs", path, "tmpfs", unix.MS_RDONLY, "")
	} else {
		err = unix.Mount("/dev/null", path, "", unix.MS_BIND, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Unmount(path, 0); err != nil {
			t.Error(err)
		}
	}()
	do()
}

func TestUdev_installFaults(t *testing.T) {
	inside(t)
	const file = "/etc/udev/rules.d/70-hwmfa.rules"
	_, err := try(t, "", "hwmfa", "udev", "install", "--remove")
	if err != nil {
		t.Fatal(err)
	}
	covered(t, "/etc/udev/rules.d", func() {
		_, err := try(t, "", "hwmfa", "udev", "install")
		wantExit(t, err, 1, "the file system is read-only")
	})
	covered(t, "/usr/bin/udevadm", func() {
		_, err := try(t, "", "hwmfa", "udev", "install")
		wantExit(t, err, 1, "udevadm is not installed")
	})
	contains(t, run(t, "", "cat", file), "hwmfa_end") // it is in place all the same
	covered(t, "/run/udev/control", func() {
		_, err := try(t, "", "hwmfa", "udev", "install")
		wantExit(t, err, 1, "udev was not told")
	})
	contains(t, run(t, "", "hwmfa", "udev", "install"), "unchanged "+file)
	contains(t, run(t, "", "hwmfa", "udev", "install", "--remove"), "removed "+file)
}

func TestUdev_ourRulesAsUdevReadsThem(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial})
	run(t, "", "hwmfa", "udev", "install")
	defer run(t, "", "hwmfa", "udev", "install", "--remove")
	// In the guest's own words: udevd warns of every line it does not take.
	out, err := exec.CommandContext(t.Context(), "udevadm", "test", "--action=change", strings.TrimSpace(run(t, "", "udevadm", "info", "--query=path", k.Hidraw()))).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "70-hwmfa.rules") && !strings.Contains(line, "Reading rules file") {
			t.Logf("%s", line)
			if strings.Contains(line, "nvalid") || strings.Contains(line, "nknown") || strings.Contains(line, "gnoring") {
				t.Errorf("udev does not take a line of ours: %s", line)
			}
		}
	}
	contains(t, string(out), "Reading rules file: /etc/udev/rules.d/70-hwmfa.rules")
	applied := regexp.MustCompile(`/etc/udev/rules\.d/70-hwmfa\.rules:[0-9]+`).FindString(string(out))
	if applied == "" {
		t.Fatalf("udev applies no rule of ours:\n%s", out)
	}
	contains(t, run(t, "", "hwmfa", "udev", "check"), applied+"\n")
	contains(t, run(t, "", "stat", "--format=%a %G", k.Hidraw()), "660 plugdev")
}

func TestDoctor_cardServiceStopped(t *testing.T) {
	plug(t, softkey.Config{Serial: serial})
	withoutCardService(t, func() {
		out, status := doctor(t)
		if status != 3 {
			t.Errorf("doctor ends with %d, want 3", status)
		}
		contains(t, out, "fail  pcscd.stopped: ", "mend it with: sudo systemctl enable --now pcscd.socket")
	})
	out, _ := doctor(t)
	contains(t, out, "ok    pcscd: the smart-card service answers; cards that it shows: 1")
}

func TestDoctor_cardHeldByAnotherProgram(t *testing.T) {
	plug(t, softkey.Config{Serial: serial})
	names, err := piv.Cards()
	if err != nil || len(names) != 1 {
		t.Fatalf("readers %q, %v", names, err)
	}
	held, err := piv.Open(names[0]) // exclusively
	if err != nil {
		t.Fatal(err)
	}
	out, status := doctor(t)
	if err := held.Close(); err != nil {
		t.Error(err)
	}
	if status != 3 {
		t.Errorf("doctor ends with %d, want 3", status)
	}
	contains(t, out, "fail  card.held: "+names[0]+": another program has the card, by all appearances internal-bench-", "mend it with: kill ")
	if strings.Contains(out, "pcscd.unseen") {
		t.Error("a card that is held is called unseen")
	}
}

func TestDoctor_noHidrawModule(t *testing.T) {
	plug(t, softkey.Config{Serial: serial})
	// Afterwards: udev would load it with the key.
	run(t, "", "modprobe", "-r", "usbhid")
	const mend = "modprobe --all usbhid hid-generic"
	out, status := doctor(t)
	run(t, "", "sh", "-c", mend)
	if status != 3 {
		t.Errorf("doctor ends with %d, want 3", status)
	}
	contains(t, out, "fail  hidraw.kernel: YubiKey 4/5 at ", "mend it with: sudo "+mend)
	run(t, "", "udevadm", "settle", "--timeout=60")
	out, _ = doctor(t)
	contains(t, out, "ok    hidraw.kernel: FIDO interfaces: 1")
}
