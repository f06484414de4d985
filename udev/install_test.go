package udev

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func (f *fakeRoot) rulesInPlace() string {
	f.t.Helper()
	text, err := os.ReadFile(f.path(rulesFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.t.Fatal(err)
	}
	return string(text)
}

func TestInstall(t *testing.T) {
	f := newFakeRoot(t)
	c, err := f.Install(t.Context(), "", false)
	if err != nil || !c.Changed || c.Told || f.rulesInPlace() != rulesText(t) {
		t.Fatalf("got %+v, %v", c, err)
	}
	info, err := os.Stat(f.path(rulesFile))
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v, want 0644", info.Mode(), err)
	}
	if c, err = f.Install(t.Context(), "", false); err != nil || c.Changed {
		t.Errorf("the second time: %+v, %v", c, err)
	}
	f.chmod(rulesFile, 0o600)
	if c, err = f.Install(t.Context(), "", false); err != nil || !c.Changed {
		t.Errorf("a file that udevd alone may read: %+v, %v", c, err)
	}
	if c, err = f.Install(t.Context(), "root", false); err != nil || !c.Changed || !strings.Contains(f.rulesInPlace(), `GROUP="root"`) {
		t.Errorf("another group: %+v, %v", c, err)
	}
	if c, err = f.Remove(t.Context(), false); err != nil || !c.Changed || f.rulesInPlace() != "" {
		t.Errorf("remove: %+v, %v", c, err)
	}
	if c, err = f.Remove(t.Context(), false); err != nil || c.Changed {
		t.Errorf("remove the second time: %+v, %v", c, err)
	}
	left, err := os.ReadDir(filepath.Dir(f.path(rulesFile)))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if f.asked != nil {
		t.Errorf("another root's udev was asked: %q", f.asked)
	}
}

func TestInstall_refusals(t *testing.T) {
	foreign := func(f *fakeRoot) { f.file(rulesFile, "# mine\n") }
	for _, c := range []struct {
		name  string
		set   func(*fakeRoot)
		group string
		want  error
	}{
		{"a file that somebody else wrote", foreign, "", ErrForeign},
		{"a link that takes the rules out", func(f *fakeRoot) { f.link("/dev/null", rulesFile) }, "", ErrForeign},
		{"a directory of that name", func(f *fakeRoot) { f.file(rulesFile+"/x", "") }, "", ErrForeign},
		{"a group that is not there", func(*fakeRoot) {}, "keyholders", ErrGroup},
		{"a group that is a rule", func(*fakeRoot) {}, `x", RUN+="sh`, ErrGroup},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFakeRoot(t)
			c.set(f)
			if _, err := f.Install(t.Context(), c.group, false); !errors.Is(err, c.want) {
				t.Errorf("install: %v, want %v", err, c.want)
			}
			if c.want != ErrForeign { //nolint:errorlint // the table's own value
				return
			}
			if _, err := f.Remove(t.Context(), false); !errors.Is(err, ErrForeign) {
				t.Errorf("remove: %v, want %v", err, ErrForeign)
			}
		})
	}
	f := newFakeRoot(t)
	foreign(f)
	if c, err := f.Install(t.Context(), "", true); err != nil || !c.Changed || f.rulesInPlace() != rulesText(t) {
		t.Errorf("with force: %+v, %v", c, err)
	}
}

// TestTell drives what happens on a machine's own root without changing it: the
// file is written elsewhere.
func TestTell(t *testing.T) {
	f := newFakeRoot(t)
	f.plug("1050", "0407", known, 0o660)
	real := f.Root
	for _, c := range []struct {
		name string
		run  func() ([]byte, error)
		want error
	}{
		{"udev takes the news", func() ([]byte, error) { return nil, nil }, nil},
		{"there is no udevadm", func() ([]byte, error) { return nil, exec.ErrNotFound }, ErrNoUdevadm},
		{"udevd does not run", func() ([]byte, error) { return []byte("Failed to \x1b\nsend"), errors.New("exit status 1") }, ErrUdevadm},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked []string
			m := *f.Machine
			m.Run = func(_ context.Context, name string, args ...string) ([]byte, error) {
				asked = append(asked, name+" "+strings.ReplaceAll(strings.Join(args, " "), real, ""))
				return c.run()
			}
			var change Change
			err := m.tellUdev(t.Context(), &change)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if change.Told != (c.want == nil) {
				t.Errorf("told: %v", change.Told)
			}
			const usb = "/sys/devices/pci0000:00/usb1/1-2"
			want := []string{
				"udevadm control --reload",
				"udevadm trigger --action=change --settle " + usb + " " + usb + "/1-2:1.0/0003:1050:0407.0001/hidraw/hidraw0",
			}
			if c.want == nil && strings.Join(asked, "\n") != strings.Join(want, "\n") {
				t.Errorf("asked %q, want %q", asked, want)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	for errno, want := range map[syscall.Errno]error{syscall.EROFS: ErrReadOnly, syscall.EACCES: ErrPermission, syscall.EPERM: ErrPermission} {
		if err := named(&fs.PathError{Op: "open", Path: "/etc", Err: errno}); !errors.Is(err, want) {
			t.Errorf("%v is %v, want %v", errno, err, want)
		}
	}
	if err := named(syscall.ENOSPC); !errors.Is(err, syscall.ENOSPC) || errors.Is(err, ErrReadOnly) {
		t.Errorf("got %v", err)
	}
}
