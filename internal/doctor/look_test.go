package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/udev"
)

// root is a machine below a temporary folder.
func root(t *testing.T, files map[string]string, links map[string]string) Machine {
	t.Helper()
	dir := t.TempDir()
	rules, err := udev.This(dir, "eva")
	if err != nil {
		t.Fatal(err)
	}
	place := func(name string) string {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for name, text := range files {
		if err := os.WriteFile(place(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range links {
		if err := os.Symlink(to, place(name)); err != nil {
			t.Fatal(err)
		}
	}
	return Machine{Rules: rules, Now: now, GnuPG: filepath.Join(dir, "home/.gnupg")}
}

func TestLook_programs(t *testing.T) {
	files := map[string]string{
		"proc/1/comm": "systemd\n", "proc/1/maps": "7f00-7f01 r-xp 0 08:01 4 /usr/lib/libc.so.6\n",
		"proc/7/comm": "pcscd\n",
		"proc/8/comm": "scdaemon\n",
		"proc/9/comm": "opensc\x1b[2J\n", "proc/9/maps": "7f00-7f01 r-xp 0 08:01 4 /usr/lib/x/libpcsclite.so.1.0.0\n",
		"proc/10/comm": "hwmfa\n", "proc/10/maps": "/libpcsclite.so.1",
		"proc/12/comm":  "firefox\n",
		"proc/self.txt": "", "proc/uptime": "1",
		"run/pcscd/pcscd.comm": "", "usr/sbin/pcscd": "", "usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist": "",
	}
	links := map[string]string{
		"proc/self": "10", "proc/7/fd/3": "/dev/bus/usb/001/007", "proc/12/fd/4": "/dev/hidraw0", "proc/12/fd/5": "/dev/hidraw0", "proc/12/fd/6": "socket:[1]",
	}
	m := root(t, files, links)
	f, err := Look(t.Context(), m)
	if err != nil || f.Programs == nil || len(f.Unread) != 0 {
		t.Fatalf("got %+v, %v", f, err)
	}
	got := map[string]Program{}
	for _, p := range *f.Programs {
		got[p.Name] = p
	}
	if len(got) != 3 || !got["scdaemon"].Internal || !got["opensc\x1b[2J"].PCSC || len(got["firefox"].Nodes) != 1 {
		t.Errorf("got %+v", got)
	}
	if *f.Service != (Service{Program: true, Driver: true, Socket: true}) {
		t.Errorf("got %+v", *f.Service)
	}

	files["home/.gnupg/scdaemon.conf"] = "# x\npcsc-shared\n  disable-ccid  \n"
	m = root(t, files, links)
	if f, err = Look(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for _, p := range *f.Programs {
		if p.Internal {
			t.Errorf("%s is told to leave readers alone", p)
		}
	}
}

func TestLook_neverHangs(t *testing.T) {
	m := root(t, map[string]string{"proc/1/comm": "x"}, nil)
	m.Patience = 2 * time.Second
	released := make(chan struct{})
	defer close(released)
	m.Sightings = func(context.Context) ([]hw.Sighting, error) { <-released; return nil, nil } // heeds nothing
	m.AWS = func(ctx context.Context) (AWS, error) { <-ctx.Done(); return AWS{}, ctx.Err() }
	m.Inventory = func(context.Context) (Inventory, error) { return Inventory{}, errors.New("out of order") }
	start := time.Now()
	f, err := Look(t.Context(), m)
	if err != nil || time.Since(start) > 30*time.Second {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
	var said []string
	for _, x := range Judge(f) {
		if x.ID == idUnread {
			said = append(said, x.Text)
		}
		if x.ID == idPcscd || x.ID == idInventory || x.ID == idAWS {
			t.Errorf("judged unseen: %+v", x)
		}
	}
	want := []string{
		"could not look at what is plugged in: no answer within 2s",
		"could not look at the inventory: out of order",
		"could not look at AWS: no answer within 2s",
	}
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", said, want)
	}
}

func TestLook_interrupted(t *testing.T) {
	m := root(t, nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Look(ctx, m); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "doctor.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
			sections[id] = true
		}
	}
	for _, id := range IDs() {
		if !sections[id] {
			t.Errorf("docs/doctor.md has no section %q", id)
		}
		delete(sections, id)
	}
	for id := range sections {
		t.Errorf("docs/doctor.md has a section %q, which is no finding", id)
	}
}
