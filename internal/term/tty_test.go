//go:build linux

package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	xterm "golang.org/x/term"
)

// pty opens a pseudo-terminal: the person's side, the program's, and a second
// handle of the program's to look at its state by.
func pty(t *testing.T) (person, program, witness *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *os.File {
		f, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	person = os.NewFile(uintptr(fd), "ptmx")
	program, witness = open(), open()
	t.Cleanup(func() { witness.Close(); person.Close() })
	return person, program, witness
}

// onPTY makes streams whose terminal is the program's side.
func onPTY(t *testing.T, program *os.File) *Streams {
	t.Helper()
	return &Streams{Out: io.Discard, Err: io.Discard, openTTY: func() (terminal, error) {
		state, err := xterm.GetState(int(program.Fd()))
		return &devTTY{File: program, state: state}, err
	}}
}

// await waits until the terminal's echo is on or off.
func await(t *testing.T, program *os.File, echo bool) {
	t.Helper()
	for range 60_000 {
		termios, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if (termios.Lflag&unix.ECHO != 0) == echo {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("the terminal's echo never became %t", echo)
}

func TestPIN_isNotEchoed(t *testing.T) {
	person, program, witness := pty(t)
	s := onPTY(t, program)
	got := make(chan string, 1)
	go func() {
		pin, err := s.PIN(context.Background(), "PIN:")
		got <- fmt.Sprintf("%s %v", pin, err)
	}()
	await(t, witness, false)
	if _, err := io.WriteString(person, "246810\n"); err != nil {
		t.Fatal(err)
	}
	if pin := <-got; pin != "246810 <nil>" {
		t.Fatalf("got %q", pin)
	}
	shown := make([]byte, 4096)
	n, err := person.Read(shown)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(shown[:n]); !strings.HasPrefix(text, "PIN: ") || strings.Contains(text, "246810") {
		t.Errorf("the terminal shows %q", text)
	}
}

func TestPIN_interruptedBringsTheEchoBack(t *testing.T) {
	person, program, witness := pty(t)
	s := onPTY(t, program)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := s.PIN(ctx, "PIN:")
		ended <- err
	}()
	await(t, witness, false)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	await(t, witness, true)
	// Let the reader that was left behind go.
	if _, err := io.WriteString(person, "\n"); err != nil {
		t.Fatal(err)
	}
}
