package term

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	xterm "golang.org/x/term"
)

// maxPIN bounds what is read as a PIN, in bytes: CTAP allows 63 (CTAP 2.1
// §6.5.1), a card 8; a line end and a little more lets a longer one be named
// as too long instead of being cut.
const maxPIN = 63

// PIN asks for a PIN on the terminal, without echo. The caller zeroes it. The
// terminal library may leave its first bytes in memory where it outgrew a
// buffer, which is one reason why core dumps are off.
func (s *Streams) PIN(ctx context.Context, question string) ([]byte, error) {
	pin, err := s.ask(ctx, Escape(question)+" ", func(t terminal) ([]byte, error) {
		line, err := t.readSecret()
		if err != nil {
			return nil, err
		}
		_, err = io.WriteString(t, "\n")
		return line, err
	})
	if err != nil {
		return nil, err
	}
	return checkPIN(pin)
}

// PINFromFD reads a PIN from an open file descriptor, up to its first line
// end, and closes it. The caller zeroes the PIN.
func PINFromFD(fd int) ([]byte, error) {
	if fd < 0 || fd == 1 || fd == 2 {
		return nil, fmt.Errorf("file descriptor %d is not one to read a PIN from", fd)
	}
	if xterm.IsTerminal(fd) {
		return nil, fmt.Errorf("file descriptor %d is a terminal, which would show the PIN", fd)
	}
	f := os.NewFile(uintptr(fd), "pin")
	if f == nil {
		return nil, fmt.Errorf("file descriptor %d is not open", fd)
	}
	pin, err := readPIN(f)
	return pin, errors.Join(err, f.Close())
}

// readPIN reads into one fixed buffer and zeroes it.
func readPIN(r io.Reader) ([]byte, error) {
	var buf [maxPIN + 3]byte
	defer clear(buf[:])
	n, err := io.ReadFull(r, buf[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read PIN: %w", err)
	}
	line, _, _ := bytes.Cut(buf[:n], []byte("\n"))
	return checkPIN(bytes.Clone(bytes.TrimSuffix(line, []byte("\r"))))
}

func checkPIN(pin []byte) ([]byte, error) {
	switch {
	case len(pin) == 0:
		return nil, errors.New("empty PIN")
	case len(pin) > maxPIN:
		clear(pin)
		return nil, fmt.Errorf("PIN longer than %d bytes", maxPIN)
	}
	return pin, nil
}
