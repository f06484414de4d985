//go:build cgo

package guest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is the person's side of a program's controlling terminal.
type terminal struct {
	*os.File
	mu   sync.Mutex
	text bytes.Buffer
}

// openTerminal makes a pseudo-terminal and keeps what is written to it.
func openTerminal(t *testing.T) (person *terminal, program *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	person = &terminal{File: os.NewFile(uintptr(fd), "terminal")}
	var reading sync.WaitGroup
	reading.Go(func() {
		var b [1024]byte
		for {
			n, err := person.Read(b[:])
			person.mu.Lock()
			person.text.Write(b[:n])
			person.mu.Unlock()
			if err != nil { // also when the last program has left it
				return
			}
		}
	})
	t.Cleanup(func() {
		program.Close()
		reading.Wait()
		person.Close()
	})
	return person, program
}

// shown is what the terminal shows.
func (p *terminal) shown() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// typeIn types a line.
func (p *terminal) typeIn(t *testing.T, text string) {
	t.Helper()
	if _, err := p.WriteString(text + "\n"); err != nil {
		t.Fatal(err)
	}
}

// beginOnTerminal starts a program that a person can answer. What it is to
// read from descriptor 3 is given as text.
func beginOnTerminal(t *testing.T, descriptor3, name string, args ...string) (*program, *terminal) {
	t.Helper()
	person, tty := openTerminal(t)
	p := &program{cmd: exec.CommandContext(t.Context(), name, args...)}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = tty, &p.stdout, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if descriptor3 != "" {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer read.Close()
		if _, err := write.WriteString(descriptor3 + "\n"); err != nil {
			t.Fatal(err)
		}
		if err := write.Close(); err != nil {
			t.Fatal(err)
		}
		p.cmd.ExtraFiles = []*os.File{read}
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p, person
}
